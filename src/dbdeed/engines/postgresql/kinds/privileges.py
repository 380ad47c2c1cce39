"""Grants on objects and columns, where they are not what PostgreSQL gives by default."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.grants import by_others, statements
from dbdeed.engines.postgresql.kinds.column import identity_sequence
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.naming import reference, routine
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.reading import OWN_TYPE
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.grants import Entry, Grant
    from dbdeed.engines.postgresql.reading import Reading


class Privileges(Named, frozen=True, tag="privileges"):
    """Who may do what with one object, beside what is so by default.

    Attributes:
        on: the object, or ("column", …) of a view.
        part_of: the object that the grants stand and fall with.
        granted: what there is beyond the default.
        revoked: what there is by default and is missing here.
        by_others: what others than the owner granted: (who did, to whom, what, with grant option).
    """

    on: ObjectId
    part_of: ObjectId
    granted: tuple[tuple[str, str, bool], ...]
    revoked: tuple[tuple[str, str, bool], ...]
    by_others: tuple[tuple[str, str, str, bool], ...] = ()

    @property
    def id(self) -> ObjectId:
        return ObjectId("privileges", (self.on.kind, *self.on.name))

    @property
    def parent(self) -> ObjectId | None:
        return self.part_of


# (catalog, column, owner, acldefault's letter, which rows)
_LISTS = (
    ("pg_class", "relacl", "relowner", "'r'", "relkind IN ('r', 'p', 'f', 'v', 'm')"),
    ("pg_class", "relacl", "relowner", "'s'", "relkind = 'S'"),
    ("pg_proc", "proacl", "proowner", "'f'", "true"),
    ("pg_type", "typacl", "typowner", "'T'", OWN_TYPE),
    ("pg_namespace", "nspacl", "nspowner", "'n'", "true"),
    ("pg_language", "lanacl", "lanowner", "'l'", "true"),
    ("pg_foreign_data_wrapper", "fdwacl", "fdwowner", "'F'", "true"),
    ("pg_foreign_server", "srvacl", "srvowner", "'S'", "true"),
)

# What initdb gives to everybody on the schema public is its default, not the empty list of other schemas.
_PUBLIC = "acldefault('n', nspowner) || makeaclitem(0, nspowner, 'USAGE', false)"

_COLUMNS = """
    SELECT 'pg_class'::regclass::oid AS classid, a.attrelid AS objid, a.attnum::int AS subid, c.relowner AS
        owner,
        a.attacl AS acl, NULL::aclitem[] AS base
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE a.attacl IS NOT NULL AND NOT
        a.attisdropped
"""


def _query() -> str:
    lists = []
    for catalog, acl, owner, letter, rows in _LISTS:
        base = f"acldefault({letter}, {owner})"
        if catalog == "pg_namespace":
            base = f"CASE WHEN nspname = 'public' THEN {_PUBLIC} ELSE {base} END"
        lists.append(
            f"SELECT '{catalog}'::regclass::oid, oid, 0, {owner}, {acl}, {base} FROM {catalog} "
            f"WHERE {acl} IS NOT NULL AND ({rows}) AND (oid >= 16384 OR '{catalog}' = 'pg_namespace')"
        )
    return f"""
        WITH plain AS ({" UNION ALL ".join([_COLUMNS, *lists])}),
        lists AS (SELECT p.classid, p.objid, p.subid, p.owner, p.acl,
            CASE WHEN m.objid IS NULL THEN p.base ELSE coalesce(i.initprivs, p.base) END AS base,
            m.objid IS NOT NULL AS member
            FROM plain p
            LEFT JOIN pg_depend m ON m.classid = p.classid AND m.objid = p.objid AND m.objsubid = 0
                AND m.deptype = 'e'
            LEFT JOIN pg_init_privs i ON i.classoid = p.classid AND i.objoid = p.objid AND i.objsubid =
                p.subid)
        SELECT l.classid, l.objid, l.subid, CASE WHEN l.member THEN (SELECT CASE
                WHEN o.type IN ('view', 'materialized view', 'foreign table') THEN 'TABLE'
                WHEN o.type = 'aggregate' THEN 'FUNCTION' WHEN o.type = 'server' THEN 'FOREIGN SERVER'
                ELSE replace(upper(o.type), '-', ' ') END || ' ' || o.identity
                FROM pg_identify_object(l.classid, l.objid, 0) o) END,
            CASE WHEN l.member THEN (SELECT attname::text FROM pg_attribute WHERE l.subid > 0 AND
                attrelid = l.objid AND attnum = l.subid) END, e.has,
            CASE WHEN e.has AND NOT l.member AND e.grantor <> l.owner
                THEN coalesce(quote_ident(g.rolname), e.grantor::text) ELSE '' END,
            CASE WHEN e.grantee = l.owner THEN 'OWNER' WHEN e.grantee = 0 THEN 'PUBLIC'
                ELSE coalesce(quote_ident(r.rolname), e.grantee::text) END, e.privilege_type, e.is_grantable
        FROM lists l
        CROSS JOIN LATERAL (SELECT true AS has, x.* FROM aclexplode(l.acl) x
            UNION ALL SELECT false, x.* FROM aclexplode(l.base) x) e
        LEFT JOIN pg_roles r ON r.oid = e.grantee
        LEFT JOIN pg_roles g ON g.oid = e.grantor
        ORDER BY 1, 2, 3
    """


@dataclass
class _Found:
    """What an object's lists hold: all rights that its owner gave, those by default, and what others gave."""

    rights: dict[tuple[str, str], bool] = field(default_factory=dict)
    default: dict[tuple[str, str], bool] = field(default_factory=dict)
    by_others: list[tuple[str, str, str, bool]] = field(default_factory=list)


def read(reading: Reading) -> None:
    found: defaultdict[tuple[int, int, int, tuple[str | None, ...]], _Found] = defaultdict(_Found)
    for *address, member, column, has, grantor, grantee, privilege, grantable in reading.fetch(_query()):
        there = found[address[0], address[1], address[2], (member, column)]
        if grantor:
            there.by_others.append((grantor, grantee, privilege, grantable))
            continue
        rights = there.rights if has else there.default
        right = grantee, privilege
        rights[right] = rights.get(right, False) or (grantable and grantee != "OWNER")
    for (classid, objid, subid, member), there in found.items():
        rights, default = there.rights, there.default
        granted = tuple(
            sorted((*right, rights[right]) for right in rights if rights[right] != default.get(right))
        )
        revoked = tuple(sorted((*right, default[right]) for right in default if right not in rights))
        on, part_of = _place(reading, (classid, objid, subid), member)
        if on is not None and part_of is not None and (granted or revoked or there.by_others):
            reading.add(Privileges(on, part_of, granted, revoked, tuple(sorted(there.by_others))))


def _place(
    reading: Reading, address: tuple[int, int, int], member: tuple[str | None, ...]
) -> tuple[ObjectId | None, ObjectId | None]:
    """What rights are on, and what they stand and fall with; an extension's member is a phrase, or two."""
    if member[0] is not None:
        part_of = reading.addresses.get((address[0], address[1], 0))
        return ObjectId("member", tuple(one for one in member if one is not None)), part_of
    if address in reading.views:
        return reading.views[address], reading.relations.get(address[1])
    on = reading.addresses.get(address)
    if on is not None and on.kind == "column" and not address[2]:
        return identity_sequence(reading, on), on
    return on, on


def on_phrase(one: ObjectId, catalog: Catalog) -> str:
    """`ON TABLE public.orders`; GRANT has words of its own for some kinds."""
    if one.kind == "member":
        return f"ON {one.name[0]}"
    if one.kind == "column":
        return f"ON TABLE {qualified(*one.name[:-1])}"
    if one.kind in ("table", "view", "materialized view"):
        return f"ON TABLE {qualified(*one.name)}"
    if one.kind == "server":
        return f"ON FOREIGN SERVER {qualified(*one.name)}"
    if one.kind == "aggregate":
        return f"ON FUNCTION {routine(one)}"
    return f"ON {reference(one, catalog)}"


def _owner(one: Privileges, catalog: Catalog) -> str:
    owner: Any = catalog.objects.get(ObjectId("owner", one.id.name))
    return ident(owner.role) if owner is not None else "CURRENT_USER"


def _steps(
    one: Privileges, had: Sequence[Entry], wanted: Sequence[Entry], catalog: Catalog
) -> tuple[Step, ...]:
    phrase, owner = on_phrase(one.on, catalog), _owner(one, catalog)
    if one.on.kind != "column" and not (one.on.kind == "member" and len(one.on.name) > 1):
        return tuple(step(sql, one.id) for sql in statements(had, wanted, phrase, owner))
    column = f" ({ident(one.on.name[-1])})"
    had = [(grantee, privilege + column, grantable) for grantee, privilege, grantable in had]
    wanted = [(grantee, privilege + column, grantable) for grantee, privilege, grantable in wanted]
    return tuple(step(sql, one.id) for sql in statements(had, wanted, phrase, owner))


def _others(one: Privileges, verb: str, entries: Sequence[Grant], catalog: Catalog) -> tuple[Step, ...]:
    """Granted by others, or revoked again; only they themselves can."""
    phrase, owner = on_phrase(one.on, catalog), _owner(one, catalog)
    column = f" ({ident(one.on.name[-1])})" if one.on.kind == "column" else ""
    return tuple(step(sql, one.id) for sql in by_others(verb, entries, phrase, owner, column))


def _of_columns(
    one: Privileges, had: Sequence[Entry], wanted: Sequence[Entry], context: Context
) -> tuple[Step, ...]:
    """What is taken away on a table is taken away on its columns too: given again where it stays there."""
    lost = {(grantee, privilege) for grantee, privilege, _ in {*had} - {*wanted}}
    if one.on.kind not in ("table", "view", "materialized view") or not lost:
        return ()
    steps: list[Step] = []
    for found in context.target.objects.values():
        if isinstance(found, Privileges) and found.on.kind == "column" and found.on.name[:-1] == one.on.name:
            again = [entry for entry in found.granted if entry[:2] in lost]
            there = found.part_of in context.current.objects or one.part_of not in context.current.objects
            if again and there:
                steps.extend(_steps(found, (), again, context.target))
    return tuple(steps)


def create(new: Privileges, context: Context) -> Making:
    steps = _steps(new, new.revoked, new.granted, context.target)
    others = _others(new, "GRANT", new.by_others, context.target)
    return Making((*steps, *others, *_of_columns(new, new.revoked, new.granted, context)))


def drop(old: Privileges, context: Context) -> tuple[Step, ...]:
    steps = _steps(old, old.granted, old.revoked, context.current)
    others = _others(old, "REVOKE", old.by_others, context.current)
    return (*others, *steps, *_of_columns(old, old.granted, old.revoked, context))


def alter(old: Privileges, new: Privileges, context: Context) -> Alteration | None:
    had = [*old.granted, *(one for one in new.revoked if one not in old.revoked)]
    wanted = [*new.granted, *(one for one in old.revoked if one not in new.revoked)]
    owned = ObjectId("owner", new.id.name) in context.target.objects  # else it still has the owner that goes
    steps = _steps(new, had, wanted, context.target if owned else context.current)
    gone = [one for one in old.by_others if one not in new.by_others]
    come = [one for one in new.by_others if one not in old.by_others]
    steps = (*_others(new, "REVOKE", gone, context.current), *steps)
    steps = (*steps, *_others(new, "GRANT", come, context.target))
    return Alteration((*steps, *_of_columns(new, had, wanted, context)))


KINDS = (Kind("privileges", Privileges, create, drop, alter),)
