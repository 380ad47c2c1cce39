"""Enum types. Values are added in place; removed or reordered ones swap the type and keep every row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import literal, qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.swap import swap_type
from dbdeed.engines.postgresql.system import PG_TYPE
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Enum(Named, frozen=True, tag="enum"):
    """An enum type with its values in their order."""

    schema: str
    name: str
    values: tuple[str, ...]

    @property
    def id(self) -> ObjectId:
        return ObjectId("enum", (self.schema, self.name))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("type", self.schema, self.name),)

    @property
    def sql_name(self) -> str:
        return qualified(self.schema, self.name)


_QUERY = f"""
    SELECT t.oid, t.typarray, n.nspname, t.typname,
        ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typtype = 'e' AND {OURS} ORDER BY n.nspname, t.typname
"""


def read(reading: Reading) -> None:
    for oid, array_type, *fields in reading.fetch(_QUERY):
        if (PG_TYPE, oid) not in reading.members:
            reading.add(Enum(*fields), (PG_TYPE, oid, 0), (PG_TYPE, array_type, 0))


def create(new: Enum, _: Context) -> Making:
    values = ", ".join(literal(value) for value in new.values)
    return Making((step(f"CREATE TYPE {new.sql_name} AS ENUM ({values})", new.id),))


def drop(old: Enum, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP TYPE {old.sql_name}", old.id),)


def alter(old: Enum, new: Enum, context: Context) -> Alteration | None:
    if not grows(old, new):
        return swap_type(old, new, create(new, context).steps, context)
    return Alteration(tuple(additions(old, new, context)))


def grows(old: Enum, new: Enum) -> bool:
    """Whether values only come, so that the type stays."""
    return tuple(value for value in new.values if value in old.values) == old.values


def additions(old: Enum, new: Enum, context: Context) -> list[Step]:
    """A new value can be used only after the transaction that added it, so it may need one of its own."""
    alone = _used_in_this_plan(new, context)
    steps = []
    before: str | None = None  # "" is a value as any other
    for value in new.values:
        if value not in old.values:
            place = f" AFTER {literal(before)}" if before is not None else f" BEFORE {literal(old.values[0])}"
            if not old.values or before == _last(old, new, value):
                place = ""
            one = step(f"ALTER TYPE {new.sql_name} ADD VALUE {literal(value)}{place}", new.id)
            steps.append(replace(one, transactional=not alone))
        before = value
    return steps


def _last(old: Enum, new: Enum, value: str) -> str:
    """What stands before `value` where it, and all that follows, is new: then no place need be said."""
    position = new.values.index(value)
    if any(later in old.values for later in new.values[position:]):
        return "\0"
    return new.values[position - 1] if position else "\0"


def _used_in_this_plan(new: Enum, context: Context) -> bool:
    """Whether anything that needs the type is made or changed, and so might name a new value."""
    current, target = context.current.objects, context.target.objects
    return any(target[one] != current.get(one) for one in context.target.dependents([new.id]))


KINDS = (Kind("enum", Enum, create, drop, alter),)
