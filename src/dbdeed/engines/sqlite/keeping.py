"""What a plan removes is kept first: tables by renaming them, values by copying them with their keys.

A table with foreign keys of its own is copied as well: renamed, it would still hold on to the rows that its
own refer to. Indexes and triggers stay behind, since their names cannot be changed.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action, Form, Hazard, HazardKind, Kept, LockLevel, Step
from dbdeed.engines.sqlite.alter import LENIENT, STRICT
from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.names import PRIVATE_PREFIX, fold, literal, written
from dbdeed.engines.sqlite.rebuild import rowid_name
from dbdeed.engines.sqlite.schema import text_of
from dbdeed.engines.sqlite.text import lex
from dbdeed.engines.sqlite.types import affinity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbdeed.engines.change import Change
    from dbdeed.engines.compare import Context
    from dbdeed.engines.sqlite.kinds.table import Column
    from dbdeed.engines.sqlite.kinds.virtual_table import VirtualTable

WAS, ROW, NEW, SAME = "dbdeed_was", "dbdeed_row", "dbdeed_new", "dbdeed_same"
"""Columns of a copy: the value, the row's number, what the value became, and whether it stayed so."""


def kept_first(change: Change, context: Context, name: Callable[[ObjectId], str]) -> tuple[Step, ...]:
    """The change's steps, with those that keep what they remove; they themselves where nothing is lost."""
    whole = change.action is Action.DROP and any(change.id in step.destroys for step in change.steps)
    if whole and isinstance(change.old, Table):
        if not change.old.foreign_keys and not _names_itself(change.old, context):
            return tuple(_moved(change, change.old, name(change.id), context))
        return (*_copied_table(change.old, name), *change.steps)
    if whole:
        return (*_copied_virtual(change.old, name), *change.steps)
    return tuple(_with_values(change, context, name))


def _names_itself(table: Table, context: Context) -> bool:
    """Whether its text says `table.column` of itself, which would lead nowhere under another name."""
    words = lex(text_of(context.current, table.id))
    return any(
        after.key == "." and fold(word.name) == fold(table.name) for word, after in itertools.pairwise(words)
    )


def _place(name: str) -> str:
    return f"{PRIVATE_PREFIX}{name}"


def _moved(change: Change, table: Table, name: str, context: Context) -> Iterator[Step]:
    for child in context.current.children.get(table.id, ()):
        if child.id in change.covers:
            there: Any = child
            yield Step(f"DROP {child.id.kind.upper()} {written(there.name)}", child.id, LockLevel.EXCLUSIVE)
    place = _place(name)
    gone = f"All rows of {table.name} leave the schema; the archive keeps them as {place}."
    yield Step(LENIENT, table.id)
    yield Step(
        f"ALTER TABLE {written(table.name)} RENAME TO {place}",
        table.id,
        lock=LockLevel.EXCLUSIVE,
        hazards=(Hazard(HazardKind.DESTROYS, gone),),
        destroys=(table.id,),
        keeps=(Kept(table.id, Form.MOVED, place),),
    )
    yield Step(STRICT, table.id)


def _copied_table(table: Table, name: Callable[[ObjectId], str]) -> Iterator[Step]:
    columns = [written(column.name) for column in table.columns if not column.generated]
    number = rowid_name(table) if table.has_rowid else ""
    selected = [*([f"{number} AS {ROW}"] if number else []), *columns]
    yield _copy(table.id, Form.COPIED, table.name, selected, _place(name(table.id)))
    if table.autoincrement:
        sequence = ObjectId("sequence", table.id.name)
        place = _place(name(sequence))
        sql = f"CREATE TABLE {place} AS SELECT seq FROM sqlite_sequence WHERE name = {literal(table.name)}"
        yield Step(sql, table.id, keeps=(Kept(sequence, Form.NUMBER, place),))


def _copied_virtual(table: Any, name: Callable[[ObjectId], str]) -> Iterator[Step]:
    """A full-text table that keeps no texts has none to give; other modules give all their columns."""
    if table.content is not None:
        return
    columns = [f"rowid AS {ROW}", *map(written, table.columns)] if table.columns else ["*"]
    yield _copy(table.id, Form.COPIED, table.name, columns, _place(name(table.id)))


def _copy(one: ObjectId, form: Form, table: str, selected: list[str], place: str, **more: Any) -> Step:
    return Step(
        f"CREATE TABLE {place} AS SELECT {', '.join(selected)} FROM {written(table)}",
        one,
        lock=LockLevel.EXCLUSIVE,
        scans=True,
        hazards=(Hazard(HazardKind.BLOCKS_WRITES, f"Nothing can be written while {table} is copied."),),
        keeps=(Kept(one, form, place, **more),),
    )


def _with_values(change: Change, context: Context, name: Callable[[ObjectId], str]) -> Iterator[Step]:
    old: Any = change.old
    after: list[Step] = []
    for step in change.steps:
        for one in step.destroys:
            if one.kind == "column":
                yield _values(old, one, Form.VALUES, name(one), context)
        for one in step.changes:
            kept = _values(old, one, Form.CHANGED, name(one), context)
            yield kept
            after.append(_became(old, kept.keeps[0]))
        yield step
    yield from after


def _values(table: Table | VirtualTable, one: ObjectId, form: Form, name: str, context: Context) -> Step:
    """The copy of a column's values with what finds their rows."""
    key = _key(table, context)
    column = next(each for each in column_names(table) if fold(each) == one.name[-1])
    finds = [written(each) for each in key] or [f"{number_of(table)} AS {ROW}"]
    selected = [*finds, f"{written(column)} AS {WAS}"]
    if form is Form.CHANGED:
        selected += [f"NULL AS {NEW}", f"1 AS {SAME}"]
    return _copy(one, form, table.name, selected, _place(name), key=key)


def _became(table: Table, kept: Kept) -> Step:
    """What each value is once it is converted, so that one written later is told apart."""
    column = next(each for each in column_names(table) if fold(each) == kept.object.name[-1])
    sql = (
        f"UPDATE {kept.place} AS a SET {NEW} = t.{written(column)} FROM {written(table.name)} AS t "
        f"WHERE {matches(table, kept)}"
    )
    return Step(sql, kept.object, lock=LockLevel.EXCLUSIVE, scans=True)


def matches(table: Any, kept: Kept) -> str:
    """The rows `t` of a table and `a` of a copy that belong together."""
    if kept.key:
        return " AND ".join(f"t.{written(one)} IS a.{written(one)}" for one in kept.key)
    return f"t.{number_of(table)} = a.{ROW}"


def number_of(table: Any) -> str:
    return rowid_name(table) if isinstance(table, Table) else "rowid"


def column_names(table: Any) -> tuple[str, ...]:
    if isinstance(table, Table):
        return tuple(column.name for column in table.columns)
    return tuple(table.columns)


def _key(table: Any, context: Context) -> tuple[str, ...]:
    """The primary key where it stays as it is; () where rows are found by their number."""
    new: Any = context.target.objects.get(table.id)
    if not isinstance(table, Table) or not isinstance(new, Table):
        return ()
    after = {fold(one.name): one for one in new.columns}
    before = {fold(one.name): one for one in table.columns}
    keys = [fold(one) for one in table.primary_key]
    there = bool(keys) and all(one in after for one in keys)
    if there and all(_alike(table, before[one], new, after[one]) for one in keys):
        return table.primary_key
    return table.primary_key if there and not _keeps_numbers(table, new) else ()


def _alike(table: Table, column: Column, new: Table, other: Column) -> bool:
    """Whether values of one column are the same values in the other."""
    return affinity(column.type, strict=table.strict) is affinity(other.type, strict=new.strict)


def _keeps_numbers(table: Table, new: Table) -> bool:
    """Whether each row has the same number in both."""
    alias = fold(new.rowid_alias)
    taken = alias in {fold(one.name) for one in table.columns} and alias != fold(table.rowid_alias)
    return table.has_rowid and new.has_rowid and not taken


def column_of(table: Table, one: ObjectId) -> Column:
    return next(column for column in table.columns if fold(column.name) == one.name[-1])
