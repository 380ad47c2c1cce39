"""ALTER DEFAULT PRIVILEGES: what objects made later are granted at once.

They change at the end of a plan, so that what the plan itself makes has exactly the rights that it says; what
those that are there already would add to a new object is taken back by `neutral`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.grants import statements
from dbdeed.engines.postgresql.kinds.privileges import on_phrase
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.system import PG_DEFAULT_ACL
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.grants import Entry
    from dbdeed.engines.postgresql.reading import Reading


class DefaultPrivileges(Named, frozen=True, tag="default privileges"):
    """What a role's new objects of one kind are granted.

    Attributes:
        role: whose objects; "" for whoever works here.
        schema: in which schema only; "" for all.
        objects: "TABLES", "SEQUENCES", "FUNCTIONS", "TYPES" or "SCHEMAS".
        granted, revoked: beside what PostgreSQL itself gives.
    """

    role: str
    schema: str
    objects: str
    granted: tuple[tuple[str, str, bool], ...]
    revoked: tuple[tuple[str, str, bool], ...]

    @property
    def id(self) -> ObjectId:
        return ObjectId("default privileges", (self.role, self.schema, self.objects))


_WORDS = {
    "r": "TABLES",
    "S": "SEQUENCES",
    "f": "FUNCTIONS",
    "T": "TYPES",
    "n": "SCHEMAS",
    "L": "LARGE OBJECTS",
}

# A list for one schema only adds; one for all schemas replaces what PostgreSQL gives.
_QUERY = """
    SELECT d.oid, CASE WHEN r.rolname = current_user THEN '' ELSE r.rolname::text END,
        coalesce(n.nspname::text, ''), d.defaclobjtype::text, e.has,
        CASE WHEN e.grantee = d.defaclrole THEN 'OWNER' WHEN e.grantee = 0 THEN 'PUBLIC'
            ELSE coalesce(quote_ident(g.rolname), e.grantee::text) END, e.privilege_type, e.is_grantable
    FROM pg_default_acl d
    JOIN pg_roles r ON r.oid = d.defaclrole
    LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
    LEFT JOIN LATERAL (SELECT true AS has, x.* FROM aclexplode(d.defaclacl) x
        UNION ALL SELECT false, x.* FROM aclexplode(
            CASE WHEN d.defaclnamespace = 0
                THEN acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole)
                END) x) e ON true
    LEFT JOIN pg_roles g ON g.oid = e.grantee
    ORDER BY 2, 3, 4
"""


def read(reading: Reading) -> None:
    found: defaultdict[tuple[int, str, str, str], tuple[dict[Any, bool], dict[Any, bool]]]
    found = defaultdict(lambda: ({}, {}))
    for oid, role, schema, letter, has, grantee, privilege, grantable in reading.fetch(_QUERY):
        both = found[oid, role, schema, letter]
        if has is not None:
            both[0 if has else 1][grantee, privilege] = grantable and grantee != "OWNER"
    for (oid, role, schema, letter), (rights, default) in found.items():
        granted = tuple(
            sorted((*right, rights[right]) for right in rights if rights[right] != default.get(right))
        )
        revoked = tuple(sorted((*right, default[right]) for right in default if right not in rights))
        one = DefaultPrivileges(role, schema, _WORDS[letter], granted, revoked)
        if granted or revoked:
            reading.add(one, (PG_DEFAULT_ACL, oid, 0))
        else:
            reading.addresses[PG_DEFAULT_ACL, oid, 0] = one.id


def _steps(one: DefaultPrivileges, had: Sequence[Entry], wanted: Sequence[Entry]) -> tuple[Step, ...]:
    head = "ALTER DEFAULT PRIVILEGES"
    if one.role:
        head += f" FOR ROLE {ident(one.role)}"
    if one.schema:
        head += f" IN SCHEMA {ident(one.schema)}"
    owner = ident(one.role) if one.role else "CURRENT_USER"
    found = statements(had, wanted, f"ON {one.objects}", owner)
    return tuple(replace(step(f"{head} {sql}", one.id), after_all=True) for sql in found)


def create(new: DefaultPrivileges, _: Context) -> Making:
    return Making(_steps(new, new.revoked, new.granted))


def drop(old: DefaultPrivileges, context: Context) -> tuple[Step, ...]:
    if old.schema and ObjectId("schema", (old.schema,)) not in context.target.objects:
        return ()  # they go with their schema
    return _steps(old, old.granted, old.revoked)


def alter(old: DefaultPrivileges, new: DefaultPrivileges, _: Context) -> Alteration | None:
    had = [*old.granted, *(one for one in new.revoked if one not in old.revoked)]
    wanted = [*new.granted, *(one for one in old.revoked if one not in new.revoked)]
    return Alteration(_steps(new, had, wanted))


_MADE = {
    "table": "TABLES",
    "view": "TABLES",
    "materialized view": "TABLES",
    "sequence": "SEQUENCES",
    "function": "FUNCTIONS",
    "aggregate": "FUNCTIONS",
    "enum": "TYPES",
    "domain": "TYPES",
    "composite type": "TYPES",
    "range type": "TYPES",
    "base type": "TYPES",
    "schema": "SCHEMAS",
}


def neutral(made: ObjectId, context: Context) -> Iterable[Step]:
    """After an object's creation: rights that the current defaults gave it and the target does not have.

    An identity column's are those of its sequence.
    """
    if made.kind == "column":
        there: Any = context.target.objects[made]
        if there.identity is None:
            return
        made = ObjectId("sequence", (there.identity.sequence_schema, there.identity.sequence_name))
    word = _MADE.get(made.kind)
    schema = made.name[0] if made.kind != "schema" else ""
    wanted: Any = context.target.objects.get(ObjectId("privileges", (made.kind, *made.name)))
    has = set(wanted.granted) if wanted is not None else set()
    lacks = set(wanted.revoked) if wanted is not None else set()
    for where in {"", schema}:
        found: Any = context.current.objects.get(ObjectId("default privileges", ("", where, word or "")))
        if found is not None:
            had = [one for one in found.granted if one not in has]
            missing = [one for one in found.revoked if one not in lacks]
            phrase = on_phrase(made, context.target)
            for sql in statements(had, missing, phrase, "CURRENT_USER"):
                yield step(sql, made)
            if made.kind == "range type" and context.target.version[0] < 17:  # later it has its range's
                whole: Any = context.target.objects[made]
                on = f"ON TYPE {whole.multirange}"
                for sql in statements(found.granted, found.revoked, on, "CURRENT_USER"):
                    yield step(sql, made)


def without(steps: Sequence[Step], context: Context) -> tuple[Step, ...]:
    """Steps that make what is not known one by one, an extension's members: under no defaults of ours."""
    there: tuple[Any, ...] = context.current.by_kind.get("default privileges", ())
    own = [one for one in there if not one.role]
    away = [each for one in own for each in _steps(one, one.granted, one.revoked)]
    back = [each for one in own for each in _steps(one, one.revoked, one.granted)]
    at_once = [replace(one, after_all=False) for one in (*away, *back)]
    return (*at_once[: len(away)], *steps, *at_once[len(away) :])


KINDS = (Kind("default privileges", DefaultPrivileges, create, drop, alter),)
