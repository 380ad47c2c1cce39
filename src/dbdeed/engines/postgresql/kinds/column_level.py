"""A column that moves from an heir to the table above it, or the other way, and keeps the heir's values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Making
from dbdeed.engines.postgresql.choosing import not_null_name
from dbdeed.engines.postgresql.kinds import column_create, sequence_write
from dbdeed.engines.postgresql.kinds.table_heir import handed_up
from dbdeed.engines.postgresql.kinds.table_moved import columns
from dbdeed.engines.postgresql.online import names
from dbdeed.engines.postgresql.quoting import ident, literal, qualified
from dbdeed.engines.postgresql.writing import exclusive, step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.kinds.table import Table


def heirs(column: Column, catalog: Catalog) -> Iterator[Table]:
    """The tables that inherit from a column's table, without those that inherit from these."""
    above = column.schema, column.table
    for one in sorted(catalog.needed_by.get(ObjectId("table", above), ())):
        found: Any = catalog.objects[one]
        if one.kind == "table" and above in found.inherits:
            yield found


def keeps(heir: Table, name: str, context: Context) -> bool:
    """Whether an heir has a column of the name afterwards."""
    there: Any = context.target.objects.get(heir.id)
    return there is not None and name in columns(there, context.target)


def heirs_keep(old: Column, context: Context) -> bool:
    """Whether some heir, or one of its heirs, keeps a column that goes from the table above."""
    there: Any = context.target.objects.get(old.id)
    anew = there is not None and there.local  # in its place, and in those of the heirs' ones
    if anew or ObjectId("table", (old.schema, old.table)) not in context.target.objects:
        return False
    waiting = list(heirs(old, context.current))
    while waiting:
        one: Any = waiting.pop()
        if keeps(one, old.name, context):
            return True
        below = _column_of(one, old)
        waiting += heirs(below, context.current)
    return False


def _column_of(heir: Table, column: Column) -> Column:
    return msgspec.structs.replace(column, schema=heir.schema, table=heir.name)


def from_above(new: Column, context: Context) -> Column | None:
    """What a column that becomes its table's own is now, where it only comes from a table above."""
    if not new.local or new.inherited or new.id in context.current.objects:
        return None
    was, wanted = _both(new, context)
    if was is None or was.inherits != wanted.inherits:
        return None
    return columns(was, context.current).get(new.name)


def goes_up(old: Column, context: Context) -> bool:
    """Whether a table above comes to have the column, so that it is no heir's own any more."""
    was, wanted = _both(old, context)
    if old.inherited or was is None or wanted is None or not wanted.inherits:
        return False
    if was.inherits != wanted.inherits or column_create.owned(old, context.current):
        return False
    return old.name in columns(wanted, context.target) and old.id not in context.target.objects


def with_heirs(new: Column, making: Making, context: Context) -> Making:
    """The making of a column above heirs whose own ones hand their values over to it."""
    if not new.local:
        return making
    before: list[Step] = []
    after: list[Step] = []
    waiting = list(heirs(new, context.target))
    while waiting:
        one = waiting.pop()
        own: Any = context.current.objects.get(_column_of(one, new).id)
        if own is not None and own.local and goes_up(own, context):
            first, then = handed_up(one, new.name, context)
            before += first
            after += then
        else:
            waiting += heirs(_column_of(one, new), context.target)
    if not before:
        return making
    if new.not_null and not new.not_null_name and context.target.version[0] >= 18:
        # The usual name is looked for in the whole schema, and the heir's has it already.
        named = msgspec.structs.replace(new, not_null_name=not_null_name(new.table, new.name))
        making = column_create.create(named, context)
    plain = [replace(one, online=None) for one in making.steps]
    return Making((*before, *plain, *after), making.covers)


def counted_below(new: Column, making: Making, context: Context) -> Making:
    """An identity above tables that inherit is none of theirs, so that PostgreSQL adds it to neither.

    The rows of all are numbered by a sequence that the identity then goes on from.
    """
    how = new.identity
    if how is None or not any(heirs(new, context.current)):
        return making
    aside = qualified(how.sequence_schema, names.aside(how.sequence_name))
    numbers = " ".join(sequence_write.numbers(how, new.type))
    default = f"nextval({literal(aside)}::regclass)"
    named = not_null_name(new.table, new.name) if context.target.version[0] >= 18 else ""
    plain = msgspec.structs.replace(
        new, identity=None, default=default, not_null=True, not_null_name=new.not_null_name or named
    )
    alter = f"ALTER TABLE {new.table_sql} ALTER COLUMN {ident(new.name)}"
    name = qualified(how.sequence_schema, how.sequence_name)
    return Making(
        (
            step(f"CREATE SEQUENCE {aside} AS {new.type} {numbers}".rstrip(), new.id),
            *(replace(one, online=None) for one in column_create.create(plain, context).steps),
            exclusive(f"{alter} DROP DEFAULT", new.id),
            exclusive(f"{alter} ADD {column_create.identity(new, how)}", new.id),
            step(sequence_write.counted(name, aside), new.id),
            step(f"DROP SEQUENCE {aside}", new.id),
            *([column_create.logging(how, new.id, how.logged)] if how.logged else []),
        ),
        making.covers,
    )


def _both(column: Column, context: Context) -> tuple[Any, Any]:
    table = ObjectId("table", (column.schema, column.table))
    return context.current.objects.get(table), context.target.objects.get(table)
