"""Heirs that count by an identity of their own in a column that they have from above.

Neither a default nor the loss of NOT NULL can go down to them. So the table above changes alone, and those
below it are set right one by one. From version 18 on that leaves each heir with the not-null constraint that
came from above so far, as its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.kinds.table_moved import columns
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.writing import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.kinds.table import Table


def below(column: Column, context: Context) -> Iterator[Table]:
    """The tables below that are there before and after, those above first."""
    waiting = [(column.schema, column.table)]
    while waiting:
        above = waiting.pop(0)
        for one in sorted(context.target.needed_by.get(ObjectId("table", above), ())):
            if one.kind != "table":
                continue
            was, wanted = _parents(one, context.current), _parents(one, context.target)
            if was == wanted and above in wanted:
                waiting.append((one.name[0], one.name[1]))
                found: Any = context.target.objects[one]
                yield found


def _parents(one: ObjectId, catalog: Catalog) -> tuple[tuple[str, ...], ...]:
    table: Any = catalog.objects.get(one)
    return table.above if table is not None else ()


def take_no_default(column: Column, context: Context) -> bool:
    """Whether a default of a column cannot go down to all below it."""
    return any(
        _counts(heir, column.name, catalog)
        for heir in below(column, context)
        for catalog in (context.current, context.target)
    )


def need_not_null(column: Column, context: Context) -> bool:
    """Whether NOT NULL cannot be taken away from a column and all below it at once.

    From version 18 on what an heir says itself stays anyhow.
    """
    for heir in below(column, context):
        was: Any = context.current.objects[heir.id]
        said = context.current.version[0] >= 18 and column.name in dict(was.requires)
        if not said and _counts(heir, column.name, context.current):
            return True
    return False


def _counts(table: Table, name: str, catalog: Catalog) -> bool:
    found: Any = catalog.objects.get(ObjectId("column", (table.schema, table.name, name)))
    return found is not None and found.identity is not None


def keeps_given(table: Table, name: str, context: Context) -> bool:
    """Whether an heir is left with a constraint that so far comes from above."""
    waiting: list[tuple[str, ...]] = list(table.inherits) if context.current.version[0] >= 18 else []
    for parent in waiting:
        key = ObjectId("column", (*parent, name))
        was, now = context.current.objects.get(key), context.target.objects.get(key)
        if was is not None and now is not None and _alone(was, now, context):
            return True
        waiting += _parents(ObjectId("table", parent), context.current)
    return False


def _alone(was: Any, now: Any, context: Context) -> bool:
    """Whether the table above gives its NOT NULL up alone."""
    return was.local and now.local and was.not_null and not now.not_null and need_not_null(now, context)


def constraints_settled(was: Column, now: Column, context: Context) -> Iterator[Step]:
    """After NOT NULL was taken away from a column alone: what is left of it below."""
    from dbdeed.engines.postgresql.kinds.heir_not_null import handed, required
    from dbdeed.engines.postgresql.kinds.table_heir import flipped

    if context.current.version[0] < 18 or not _alone(was, now, context):
        return
    loose = {(now.schema, now.table)}
    for heir in below(now, context):
        before: Any = context.current.objects[heir.id]
        left = handed(before, now.name, context.current)
        stays = required(before, now.name) or handed(heir, now.name, context.target)
        if not left or stays or loose.isdisjoint(heir.inherits):
            continue
        if flipped(before, heir, context):
            continue  # it lets go of those above for a while, and its constraints are made anew
        wanted = columns(heir, context.target)[now.name]
        name = required(heir, now.name)
        head = f"ALTER TABLE {heir.sql_name}"
        if wanted.not_null and name != left:
            yield exclusive(f"{head} RENAME CONSTRAINT {ident(left)} TO {ident(name)}", wanted.id)
        elif not wanted.not_null and not _sees_to_it(wanted.id, context):
            loose.add((heir.schema, heir.name))
            sql = f"ALTER TABLE ONLY {heir.sql_name} ALTER COLUMN {ident(now.name)} DROP NOT NULL"
            yield exclusive(sql, wanted.id)


def _sees_to_it(one: ObjectId, context: Context) -> bool:
    """Whether what is said of a column that only comes from above changes, and with it its NOT NULL."""
    there: Any = context.target.objects.get(one)
    return there is not None and not there.local and there != context.current.objects.get(one)
