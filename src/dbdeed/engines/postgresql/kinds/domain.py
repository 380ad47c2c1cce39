"""Domains, and those of their checks that call functions.

Such a function may need the domain itself, so that neither could be made whole before the other: these checks
are objects of their own, added when both are there. All others are parts of their domain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.choosing import not_null_name
from dbdeed.engines.postgresql.kinds.holding import columns_of
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.online.names import aside, free_type
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.swap import swap_type
from dbdeed.engines.postgresql.system import PG_CONSTRAINT, PG_TYPE
from dbdeed.engines.postgresql.writing import blocks_writes, may_fail, rewriting, step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Domain(Named, frozen=True, tag="domain"):
    """A domain.

    Attributes:
        base: the type below, with its modifiers.
        constraints: (name, definition without NOT VALID, validated), by name; not the objects of their own.
        not_null_name: of the not-null constraint where somebody chose it (version 18 on).
    """

    schema: str
    name: str
    base: str
    collation: str
    default: str
    not_null: bool
    constraints: tuple[tuple[str, str, bool], ...] = ()
    not_null_name: str = ""

    @property
    def id(self) -> ObjectId:
        return ObjectId("domain", (self.schema, self.name))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        parts = [("domain constraint", self.schema, self.name, one[0]) for one in self.constraints]
        return (("type", self.schema, self.name), *parts)

    @property
    def sql_name(self) -> str:
        return qualified(self.schema, self.name)


class DomainConstraint(Named, frozen=True, tag="domain constraint"):
    """A check of a domain that calls functions; `definition` without NOT VALID."""

    schema: str
    domain: str
    name: str
    definition: str
    validated: bool = True

    @property
    def id(self) -> ObjectId:
        return ObjectId("domain constraint", (self.schema, self.domain, self.name))

    @property
    def parent(self) -> ObjectId | None:
        return ObjectId("domain", (self.schema, self.domain))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("domain constraint", self.schema, self.domain, self.name),)

    @property
    def domain_sql(self) -> str:
        return qualified(self.schema, self.domain)


_QUERY = f"""
    SELECT t.oid, t.typarray, n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod),
        CASE WHEN t.typcollation <> b.typcollation THEN t.typcollation::regcollation::text ELSE '' END,
        coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault, ''), t.typnotnull
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_type b ON b.oid = t.typbasetype
    WHERE t.typtype = 'd' AND {OURS} ORDER BY n.nspname, t.typname
"""

_CONSTRAINTS = """
    SELECT contypid, oid, EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_constraint'::regclass
            AND d.objid = c.oid AND d.refclassid = 'pg_proc'::regclass AND d.refobjid >= 16384),
        conname, regexp_replace(pg_get_constraintdef(oid), ' NOT VALID$', ''), convalidated
    FROM pg_constraint c WHERE contypid <> 0 AND contype = 'c' ORDER BY contypid, conname
"""

_NOT_NULLS = "SELECT contypid, oid, conname FROM pg_constraint WHERE contypid <> 0 AND contype = 'n'"


def read(reading: Reading) -> None:
    constraints: dict[int, list[tuple[int, tuple[str, str, bool]]]] = {}
    apart: dict[int, list[tuple[int, tuple[str, str, bool]]]] = {}
    for domain, oid, calls, *fields in reading.fetch(_CONSTRAINTS):
        where = apart if calls else constraints
        where.setdefault(domain, []).append((oid, (fields[0], fields[1], fields[2])))
    not_nulls = {domain: (oid, name) for domain, oid, name in reading.fetch(_NOT_NULLS)}
    for oid, array_type, *fields in reading.fetch(_QUERY):
        if (PG_TYPE, oid) not in reading.members:
            own = constraints.get(oid, [])
            not_null, name = not_nulls.get(oid, (0, ""))
            if reading.major < 18 or name == not_null_name(fields[1], ""):
                name = ""
            one = Domain(*(*fields, tuple(found for _, found in own), name))
            addresses = [(PG_CONSTRAINT, constraint, 0) for constraint, _ in own]
            if not_null:
                addresses.append((PG_CONSTRAINT, not_null, 0))
            reading.add(one, (PG_TYPE, oid, 0), (PG_TYPE, array_type, 0), *addresses)
            for constraint, found in apart.get(oid, ()):
                reading.add(DomainConstraint(one.schema, one.name, *found), (PG_CONSTRAINT, constraint, 0))


def create(new: Domain, _: Context) -> Making:
    text = f"CREATE DOMAIN {new.sql_name} AS {new.base}"
    if new.collation:
        text += f" COLLATE {new.collation}"
    if new.default:
        text += f" DEFAULT {new.default}"
    if new.not_null:
        text += f" CONSTRAINT {ident(new.not_null_name)} NOT NULL" if new.not_null_name else " NOT NULL"
    inside = [one for one in new.constraints if one[2]]
    text += "".join(f"\n    CONSTRAINT {ident(name)} {definition}" for name, definition, _ in inside)
    later = [_add(new.sql_name, new.id, one) for one in new.constraints if not one[2]]
    return Making((step(text, new.id), *later))


def _add(domain: str, one: ObjectId, constraint: tuple[str, str, bool]) -> Step:
    name, definition, validated = constraint
    text = f"ALTER DOMAIN {domain} ADD CONSTRAINT {ident(name)} {definition}"
    if not validated:
        return step(text + " NOT VALID", one)
    return _reading(domain, one, text, "values that do not pass")


def _reading(domain: str, one: ObjectId, text: str, bad: str) -> Step:
    """A step that reads all tables with columns of the type."""
    hazards = (
        may_fail(f"Columns of type {domain} may hold {bad}."),
        blocks_writes(f"Writes to tables with columns of type {domain} wait until their rows are read."),
    )
    return step(text, one, LockLevel.SHARE, scans=True, hazards=hazards)


def drop(old: Domain, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP DOMAIN {old.sql_name}", old.id),)


def alter(old: Domain, new: Domain, context: Context) -> Alteration | None:
    other = (old.base, old.collation) != (new.base, new.collation)
    if other or (
        _demands_more(old, new) and any(inside for _, inside in columns_of(old.id, context.current))
    ):
        making = (*_not_null_aside(old, new, context), *create(new, context).steps)
        return swap_type(old, new, making, context)
    head = f"ALTER DOMAIN {new.sql_name}"
    steps = []
    was = {one[0]: one for one in old.constraints}
    wanted = {one[0]: one for one in new.constraints}
    said: set[ObjectId] = set()
    for name, one in was.items():
        if name not in wanted or wanted[name][1] != one[1] or (one[2] and not wanted[name][2]):
            steps.append(step(f"{head} DROP CONSTRAINT {ident(name)}", new.id))
            said.add(ObjectId("comment", ("domain constraint", *old.id.name, name)))
    if old.default != new.default:
        steps.append(
            step(f"{head} SET DEFAULT {new.default}" if new.default else f"{head} DROP DEFAULT", new.id)
        )
    if old.not_null and not new.not_null:
        steps.append(step(f"{head} DROP NOT NULL", new.id))
    if new.not_null and not old.not_null:
        named = f"ADD CONSTRAINT {ident(new.not_null_name)} NOT NULL"
        text = f"{head} {named if new.not_null_name else 'SET NOT NULL'}"
        steps.append(_reading(new.sql_name, new.id, text, "NULLs"))
    elif new.not_null and old.not_null_name != new.not_null_name:
        usual = not_null_name(new.name, "")
        names = f"{ident(old.not_null_name or usual)} TO {ident(new.not_null_name or usual)}"
        steps.append(step(f"{head} RENAME CONSTRAINT {names}", new.id))
    for name, one in wanted.items():
        if was.get(name) == one:
            continue
        if name in was and was[name][1] == one[1] and one[2]:
            text = f"{head} VALIDATE CONSTRAINT {ident(name)}"
            steps.append(_reading(new.sql_name, new.id, text, "values that do not pass"))
        else:
            steps.append(_add(new.sql_name, new.id, one))
    return Alteration(tuple(steps), frozenset(said & context.current.objects.keys()))


def _demands_more(old: Domain, new: Domain) -> bool:
    """Whether values that are there must be read."""
    return (new.not_null and not old.not_null) or any(
        one[2] and one not in old.constraints for one in new.constraints
    )


def _not_null_aside(old: Domain, new: Domain, context: Context) -> tuple[Step, ...]:
    """The usual name of a not-null constraint is free for the new one only when the old one has another."""
    both = old.not_null and new.not_null and context.current.version[0] >= 18
    if not both or old.not_null_name or new.not_null_name:
        return ()
    domain, usual = free_type(old.schema, old.name, context), not_null_name(old.name, "")
    names = f"{ident(usual)} TO {ident(aside(usual))}"
    return (step(f"ALTER DOMAIN {qualified(old.schema, domain)} RENAME CONSTRAINT {names}", old.id),)


def create_check(new: DomainConstraint, context: Context) -> Making:
    adding = _add(new.domain_sql, new.id, (new.name, new.definition, new.validated))
    before, after = _lists_as_they_are(new, context) if new.validated else ((), ())
    return Making((*before, adding, *after))


def _lists_as_they_are(new: DomainConstraint, context: Context) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Lists of the domain are lists of its type meanwhile: PostgreSQL looks into no list for a check."""
    domain = ObjectId("domain", (new.schema, new.domain))
    was: Any = context.current.objects.get(domain)
    wanted: Any = context.target.objects.get(domain)
    before: list[Step] = []
    after: list[Step] = []
    for key, inside in sorted(columns_of(domain, context.current)) if was is not None else ():
        one: Any = context.current.objects[key]
        same = context.target.objects.get(key) == one and was.base == wanted.base
        if not (inside and same and one.local and not one.generated and one.type == f"{was.sql_name}[]"):
            continue
        before.append(_retyped(one, f"{was.base}[]"))
        clauses = [f"SET STORAGE {one.storage}"] if one.storage else []
        clauses += [f"SET COMPRESSION {one.compression}"] if one.compression else []
        clauses += [f"SET DEFAULT {one.default}"] if one.default else []
        after.append(_retyped(one, one.type, *clauses))
    return tuple(before), tuple(after)


def _retyped(one: Any, type_name: str, *clauses: str) -> Step:
    column = f"ALTER COLUMN {ident(one.name)}"
    first = [f"{column} DROP DEFAULT"] if one.default and not clauses else []
    said = [*first, f"{column} TYPE {type_name} USING {ident(one.name)}::{type_name}"]
    said += [f"{column} {clause}" for clause in clauses]
    hazards = (
        rewriting(f"{one.table_sql} is written anew under an exclusive lock."),
        may_fail(f"{one.table_sql}.{ident(one.name)} may hold values that do not pass."),
    )
    sql = f"ALTER TABLE {one.table_sql} {', '.join(said)}"
    return step(sql, one.id, LockLevel.ACCESS_EXCLUSIVE, rewrites=True, hazards=hazards)


def drop_check(old: DomainConstraint, _: Context) -> tuple[Step, ...]:
    return (step(f"ALTER DOMAIN {old.domain_sql} DROP CONSTRAINT {ident(old.name)}", old.id),)


def alter_check(old: DomainConstraint, new: DomainConstraint, _: Context) -> Alteration | None:
    if old.definition != new.definition or (old.validated and not new.validated):
        return None
    text = f"ALTER DOMAIN {new.domain_sql} VALIDATE CONSTRAINT {ident(new.name)}"
    return Alteration((_reading(new.domain_sql, new.id, text, "values that do not pass"),))


KINDS = (
    Kind("domain", Domain, create, drop, alter),
    Kind("domain constraint", DomainConstraint, create_check, drop_check, alter_check),
)
