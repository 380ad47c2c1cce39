"""Columns that hold rows of a table: PostgreSQL changes no table whose row type is stored elsewhere.

So these hold their rows as JSON meanwhile, by the names of what is in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbdeed.engines.change import LockLevel
from dbdeed.engines.postgresql.kinds.holding import columns_of
from dbdeed.engines.postgresql.online import names
from dbdeed.engines.postgresql.quoting import ident, literal
from dbdeed.engines.postgresql.writing import rewriting, step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column

_STAYS = frozenset({"column", "table", "sequence", "comment", "owner", "privileges"})


@dataclass(frozen=True, slots=True)
class Around:
    """Steps around the change of a table, and what must be away meanwhile."""

    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    disturbs: frozenset[ObjectId] = frozenset()


def around(table: ObjectId, context: Context) -> Around:
    """What has to be done around a change of a table for the columns that hold its rows."""
    current, target = context.current, context.target
    holders: list[Any] = [
        current.objects[one]
        for one, _ in sorted(columns_of(table, current))
        if one.name[:-1] != table.name and current.objects[one] == target.objects.get(one)
    ]
    of: Any = current.objects[table]
    held = [one for one in holders if one.local and one.type in (of.sql_name, f"{of.sql_name}[]")]
    computed = {one.id for one in held if one.generated}  # they go, and are computed anew
    held = [one for one in held if not one.generated]
    before: list[Step] = []
    after: list[Step] = []
    function = f"pg_temp.{ident(names.aside(of.name))}"
    for one in held:
        before.append(_as_json(one))
        after.append(_as_rows(one, of.sql_name, function))
    if any(one.type.endswith("]") for one in held):
        making, drop = _lists(of.sql_name, function)
        after = [step(making, table), *after, step(drop, table)]
    needing = {
        other
        for one in held
        for other in current.needed_by.get(one.id, ())
        if other.kind not in _STAYS or bool(getattr(current.objects[other], "generated", ""))
    }
    return Around(tuple(before), tuple(after), frozenset(needing | computed))


def _as_json(one: Column) -> Step:
    name = ident(one.name)
    default = f"ALTER COLUMN {name} DROP DEFAULT, " if one.default else ""
    retype = f"ALTER COLUMN {name} TYPE jsonb USING pg_catalog.to_jsonb({name})"
    return _rewritten(one, f"ALTER TABLE {one.table_sql} {default}{retype}")


def _as_rows(one: Column, row: str, function: str) -> Step:
    name = ident(one.name)
    value = f"pg_catalog.jsonb_populate_record(NULL::{row}, {name})"
    if one.type.endswith("]"):
        value = f"{function}({name})"
    clauses = [f"ALTER COLUMN {name} TYPE {one.type} USING {value}", *_settings(one)]
    return _rewritten(one, f"ALTER TABLE {one.table_sql} {', '.join(clauses)}")


def _settings(one: Column) -> Iterator[str]:
    """A new type has a storage of its own."""
    name = ident(one.name)
    if one.storage:
        yield f"ALTER COLUMN {name} SET STORAGE {one.storage}"
    if one.compression:
        yield f"ALTER COLUMN {name} SET COMPRESSION {one.compression}"
    if one.default:
        yield f"ALTER COLUMN {name} SET DEFAULT {one.default}"


def _lists(row: str, function: str) -> tuple[str, str]:
    """A function from a list in JSON to a list of rows, and its end."""
    body = f"""SELECT CASE WHEN $1 IS NULL THEN NULL ELSE coalesce((SELECT pg_catalog.array_agg(
        CASE WHEN e = 'null' THEN NULL ELSE pg_catalog.jsonb_populate_record(NULL::{row}, e) END ORDER BY n)
        FROM pg_catalog.jsonb_array_elements($1) WITH ORDINALITY AS l(e, n)), '{{}}'::{row}[]) END"""
    making = f"CREATE FUNCTION {function}(jsonb) RETURNS {row}[] LANGUAGE sql AS {literal(body)}"
    return making, f"DROP FUNCTION {function}(jsonb)"


def _rewritten(one: Column, sql: str) -> Step:
    hazard = rewriting(f"{one.table_sql} is written anew under an exclusive lock.")
    return step(sql, one.id, LockLevel.ACCESS_EXCLUSIVE, rewrites=True, hazards=(hazard,))
