"""A column's values are copied with what finds their rows again, and a sequence's count with nothing.

Rows are found by the primary key, or by unique columns that are never NULL, as long as these stay as they
are; where there is no such key, by all columns that stay together, the first of equal rows first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Form, Kept, LockLevel
from dbdeed.engines.postgresql.archive.attributes import left_of
from dbdeed.engines.postgresql.archive.parts import columns_of, foreign_type, has_heirs
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.running import PRIVATE_SCHEMA
from dbdeed.engines.postgresql.writing import blocks_writes, step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.kinds.table import Table

WAS, REST, NEW, SAME = "dbdeed_was", "dbdeed_rest", "dbdeed_new", "dbdeed_same"
"""Columns of a copy: the value, the other columns as one text, what it became, and whether it stayed so."""


def values_kept(
    column: Column,
    name: str,
    context: Context,
    few: Callable[[ObjectId], bool],
    became: str = "",
    *,
    goes: bool = False,
) -> tuple[Step, ...]:
    """The steps that copy a column's values.

    Args:
        column: of the current catalog.
        name: in the archive.
        context: both catalogs.
        few: whether a table has few rows.
        became: the expression that converts them, if the column stays.
        goes: its table goes as well, right after it, and takes all other columns along.
    """
    table: Any = context.current.objects[ObjectId("table", (column.schema, column.table))]
    columns = columns_of(table, context.current)
    stays = [one for one in _staying(table, columns, context, all_=goes) if one != column.name]
    key = _key(table, columns, stays, context)
    rest = () if key else tuple(stays)
    texts = tuple(one for one in (*key, column.name) if foreign_type(columns[one]))
    place = qualified(PRIVATE_SCHEMA, name)
    form = Form.CHANGED if became else Form.VALUES
    kept = Kept(column.id, form, place, key=key, rest=rest, texts=texts)
    selected = [*(_plain(one, texts) for one in key), *([] if key else [f"{row_text(rest)} AS {REST}"])]
    selected.append(f"{_plain(column.name, texts, alone=True)} AS {WAS}")
    if became:
        selected.append(f"({became})::text AS {NEW}, true AS {SAME}")
    query = f"SELECT {', '.join(selected)} FROM {column.table_sql}"
    return _copied(column.id, column.table_sql, kept, query, few(table.id))


def rows_kept(table: Table, name: str, context: Context, few: bool) -> tuple[Step, ...]:
    """The steps that copy the rows of a table that cannot move, since it would not quite become itself again.

    That is so of heirs and typed tables: their columns would be their own.
    """
    columns = {one.name: one for one in columns_of(table, context.current).values() if not one.generated}
    texts = tuple(one.name for one in columns.values() if foreign_type(one))
    kept = Kept(table.id, Form.COPIED, qualified(PRIVATE_SCHEMA, name), key=tuple(columns), texts=texts)
    selected = ", ".join(_plain(one, texts) for one in columns)
    return _copied(table.id, table.sql_name, kept, f"SELECT {selected} FROM ONLY {table.sql_name}", few)


def _copied(about: ObjectId, table: str, kept: Kept, query: str, few: bool) -> tuple[Step, ...]:
    """Nobody may write between the copy and the loss."""
    lock = LockLevel.SHARE_ROW_EXCLUSIVE
    waits = () if few else (blocks_writes(f"Writes to {table} wait while values are copied."),)
    copy = step(f"CREATE TABLE {kept.place} AS {query}", about, lock, scans=True, hazards=waits)
    return (held(about, table), replace(copy, keeps=(kept,)))


def held(about: ObjectId, table: str) -> Step:
    """Nobody writes into the table until the transaction ends."""
    lock = LockLevel.SHARE_ROW_EXCLUSIVE
    return step(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE", about, lock)


def _plain(name: str, texts: Sequence[str], *, alone: bool = False) -> str:
    """A column, as text where its type may go away."""
    if name not in texts:
        return ident(name)
    return f"{ident(name)}::text" + ("" if alone else f" AS {ident(name)}")


def row_text(columns: Sequence[str], alias: str = "") -> str:
    """Some columns of a row as one text."""
    return f"ROW({', '.join(f'{alias}{ident(one)}' for one in columns)})::text"


def _key(
    table: Table, columns: Mapping[str, Column], stays: Sequence[str], context: Context
) -> tuple[str, ...]:
    """The columns that find a row of the table in both catalogs; () where there are none."""
    if has_heirs(table, context.current):
        return ()
    found = sorted(
        _keys(table, columns, frozenset(stays), context), key=lambda one: (not one[0], len(one[1]), one[1])
    )  # a primary key first, then the shortest
    return next((key for _, key in found), ())


def _keys(
    table: Table, columns: Mapping[str, Column], staying: frozenset[str], context: Context
) -> Iterator[tuple[bool, tuple[str, ...]]]:
    for one in context.current.children.get(table.id, ()):
        there: Any = one
        unique = one.id.kind == "constraint" and there.type in ("primary", "unique")
        if one.id.kind == "index":
            unique = there.unique and not there.partial and there.valid
        if not unique or getattr(there, "deferrable", False):
            continue
        plain = there.columns and set(there.columns) <= staying
        if plain and all(columns[name].not_null for name in there.columns):
            yield getattr(there, "type", "") == "primary", there.columns


def _staying(table: Table, columns: Mapping[str, Column], context: Context, *, all_: bool) -> tuple[str, ...]:
    """The columns that the plan leaves as they are, or all that are stored."""
    there: Any = context.target.objects.get(table.id)
    wanted = columns_of(there, context.target) if there is not None else {}
    return tuple(
        name
        for name, one in columns.items()
        if not one.generated and (all_ or _same(one, wanted.get(name), context))
    )


def _same(old: Column, new: Column | None, context: Context) -> bool:
    alike = new is not None and (old.type, old.collation) == (new.type, new.collation)
    return alike and not left_of(old, context.current, context.target)


def number_kept(about: ObjectId, sequence: ObjectId, name: str) -> Step:
    """The step that keeps how far a sequence has counted."""
    kept = Kept(sequence, Form.NUMBER, qualified(PRIVATE_SCHEMA, name))
    sql = f"CREATE TABLE {kept.place} AS SELECT last_value, is_called FROM {qualified(*sequence.name)}"
    return replace(step(sql, about), keeps=(kept,))
