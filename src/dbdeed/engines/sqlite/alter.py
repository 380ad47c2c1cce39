"""Changing a table in place.

SQLite's own ALTER TABLE is taken where it gives exactly the target, a rebuild everywhere else.
Source of what ALTER TABLE can do: its page, "ALTER TABLE ADD COLUMN" and "ALTER TABLE DROP COLUMN".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Hazard, HazardKind, LockLevel, Step
from dbdeed.engines.compare import Alteration
from dbdeed.engines.sqlite.definition import bare, divide
from dbdeed.engines.sqlite.names import fold, written
from dbdeed.engines.sqlite.needs import RELATIONS
from dbdeed.engines.sqlite.rebuild import rebuilt
from dbdeed.engines.sqlite.schema import text_of
from dbdeed.engines.sqlite.text import lex, names_in, relations_in, without_comments

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.engines.compare import Context
    from dbdeed.engines.sqlite.definition import ColumnText
    from dbdeed.engines.sqlite.kinds.table import Column, Table
    from dbdeed.engines.sqlite.text import Word

LENIENT = "PRAGMA legacy_alter_table=ON"
STRICT = "PRAGMA legacy_alter_table=OFF"

_ALWAYS = frozenset({"sqlite_schema", "sqlite_master", "sqlite_temp_schema", "sqlite_temp_master"})
_CAN_BE_ADDED = frozenset({"not", "null", "default", "collate", "check", "references", "generated", "as"})
_CAN_BE_DROPPED = frozenset({"not", "null", "default", "collate", "check", "generated", "as"})


def altered(old: Table, new: Table, context: Context) -> Alteration:
    """The cheapest way from one definition to the other."""
    if old.name == new.name and old.options == new.options and old.constraints == new.constraints:
        if old.columns == new.columns[: len(old.columns)]:
            steps = _additions(old, new, context)
            if steps:
                return Alteration(steps)
        gone = {fold(column.name) for column in old.columns} - {fold(column.name) for column in new.columns}
        if tuple(column for column in old.columns if fold(column.name) not in gone) == new.columns:
            alteration = _removals(old, gone, context)
            if alteration is not None:
                return alteration
    return rebuilt(old, new, context)


def _additions(old: Table, new: Table, context: Context) -> tuple[Step, ...]:
    """Empty where a column is one that ALTER TABLE cannot add."""
    sql = text_of(context.target, new.id)
    text = divide(sql)
    assert text is not None  # it was read from there
    steps = []
    for column, written_as in list(zip(new.columns, text.columns, strict=True))[len(old.columns) :]:
        valued = context.value_for(ObjectId("column", (fold(new.name), fold(column.name))))
        if valued or not _can_be_added(column, written_as):
            return ()
        definition = without_comments(sql[written_as.start : written_as.end])
        steps.append(
            Step(
                f"ALTER TABLE {written(new.name)} ADD COLUMN {definition}",
                new.id,
                lock=LockLevel.EXCLUSIVE,
                scans=written_as.clause("check") is not None,
                hazards=tuple(_addition_hazards(new, column, written_as)),
            )
        )
    return tuple(steps)


def _can_be_added(column: Column, text: ColumnText) -> bool:
    default = text.clause("default")
    computed = default is not None and (default[-1].key == ")" or default[-1].key.startswith("current_"))
    return (
        all(bare(clause)[0].key in _CAN_BE_ADDED for clause in text.clauses)
        and not computed  # only where there are no rows, which nobody knows before
        and column.generated != "stored"
    )


def _addition_hazards(table: Table, column: Column, text: ColumnText) -> Iterable[Hazard]:
    if not column.nullable and column.default.lower() in ("", "null") and not column.generated:
        yield Hazard(
            HazardKind.MAY_FAIL,
            f"{table.name}.{column.name} is NOT NULL without a default: only an empty table can take it.",
        )
    if text.clause("check") is not None:
        yield Hazard(HazardKind.MAY_FAIL, f"Every row of {table.name} must pass the check of {column.name}.")


def _removals(old: Table, gone: set[str], context: Context) -> Alteration | None:
    """None where a column is one that ALTER TABLE cannot drop."""
    text = divide(text_of(context.current, old.id))
    assert text is not None  # it was read from there
    parts = list(zip(old.columns, text.columns, strict=True))
    leaving = [part for part in parts if fold(part[0].name) in gone]
    staying = [word for column, part in parts if fold(column.name) not in gone for word in _words(part)]
    used = {fold(word.name) for word in (*staying, *(word for one in text.constraints for word in one))}
    keyed = {
        *old.primary_key,
        *(name for key in (*old.unique, *(k.columns for k in old.foreign_keys)) for name in key),
    }
    if gone & used or gone & {fold(name) for name in keyed} or len(leaving) == len(parts):
        return None
    if not all(bare(clause)[0].key in _CAN_BE_DROPPED for _, part in leaving for clause in part.clauses):
        return None
    if any(gone & {fold(w.name) for w in _words(part)} - {fold(column.name)} for column, part in leaving):
        return None
    away = frozenset((*_indexes_on(old, gone, context), *_readers(gone, context)))
    if _lacking(set(_of_kinds(context)) - away, context):
        return None
    return Alteration(_lenient([_removal(old, column) for column, _ in leaving], context), disturbs=away)


def _readers(gone: set[str], context: Context) -> Iterable[ObjectId]:
    """Views and triggers that do not stay as they are, or that name a column that goes.

    SQLite drops no column while one of them names what is not there, lenient or not; they may name what went
    before. What falls with its own table needs no word.
    """
    for one in _of_kinds(context):
        parent = context.current.objects[one].parent
        if parent is not None and parent not in context.target.objects:
            continue
        text = text_of(context.current, one)
        stays = one in context.target.objects and text_of(context.target, one) == text
        if not stays or gone & names_in(text):
            yield one


def _lacking(readers: Iterable[ObjectId], context: Context) -> bool:
    """Whether one of them may read or write a table that is not there both before and after."""
    before, after = (
        {each.name[0] for each in catalog.objects if each.kind in RELATIONS}
        for catalog in (context.current, context.target)
    )
    texts = (text_of(context.current, one) for one in readers)
    return any(names_in(text) & (before ^ after) or relations_in(text) - before - _ALWAYS for text in texts)


def _of_kinds(context: Context) -> Iterable[ObjectId]:
    return (one for one in context.current.objects if one.kind in ("view", "trigger"))


def _words(part: ColumnText) -> list[Word]:
    return [word for clause in part.clauses for word in clause]


def _removal(table: Table, column: Column) -> Step:
    lost = not column.generated
    gone = Hazard(HazardKind.DESTROYS, f"Column {table.name}.{column.name} and its values are gone.")
    return Step(
        f"ALTER TABLE {written(table.name)} DROP COLUMN {written(column.name)}",
        table.id,
        lock=LockLevel.ACCESS_EXCLUSIVE,
        rewrites=column.generated != "virtual",
        hazards=(gone,) if lost else (),
        destroys=(ObjectId("column", (fold(table.name), fold(column.name))),) if lost else (),
    )


def _lenient(steps: Sequence[Step], context: Context) -> tuple[Step, ...]:
    """Steps that do not fail over a view or trigger elsewhere that mentions what is gone.

    Those are changed by the same plan or, if nobody changes them, are as broken in the target.
    """
    everything = (*context.current.objects, *context.target.objects)
    if not any(one.kind in ("view", "trigger") for one in everything):
        return tuple(steps)
    about = steps[0].object
    return (Step(LENIENT, about), *steps, Step(STRICT, about))


def _indexes_on(table: Table, columns: set[str], context: Context) -> Iterable[ObjectId]:
    for one in context.current.children.get(table.id, ()):
        if one.id.kind == "index" and columns & {fold(w.name) for w in lex(text_of(context.current, one.id))}:
            yield one.id
