"""Renames that the document declares with `-- renamed from: old`.

SQLite's own ALTER TABLE … RENAME keeps the rows and corrects every index, trigger, view and key that names
the table or column. Tables are renamed first; columns are planned from what SQLite then reads. Indexes, views
and triggers hold nothing, and are made again.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action, Change, Detail, LockLevel, Step
from dbdeed.engines.renaming import Renaming, idle, in_order, pending, rings, shape, unbound
from dbdeed.engines.sqlite.definition import divide
from dbdeed.engines.sqlite.kinds.claims import object_id
from dbdeed.engines.sqlite.kinds.table import Column, Table
from dbdeed.engines.sqlite.lint.context import created
from dbdeed.engines.sqlite.names import fold, written
from dbdeed.engines.sqlite.place import place_of
from dbdeed.engines.sqlite.text import lex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.document.findings import Finding
    from dbdeed.document.source import Place
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.renaming import Look, Move
    from dbdeed.engines.seam import Statement
    from dbdeed.engines.sqlite.definition import TableText

_TABLES = ("table", "virtual_table")
_ASIDE = "_dbdeed_aside"


def rename_steps(current: Catalog, target: Catalog, statements: Sequence[Statement]) -> list[Change]:
    """The next round of those that still have to happen: tables, then columns."""
    wanted = [one for statement in statements for one in declared(statement) if one is not None]
    found = pending(wanted, _look(current), _look(target))
    tables = [one for one in found if one.new.kind != "column"]
    return _changes(tables or found, current, target)


def renaming(pairs: Sequence[tuple[ObjectId, ObjectId]], current: Catalog, target: Catalog) -> list[Change]:
    """One round of renames that are known by their ids."""
    return _changes([Renaming(old, new) for old, new in pairs], current, target)


def _changes(chosen: Sequence[Renaming], current: Catalog, target: Catalog) -> list[Change]:
    moves = in_order(chosen, lambda one: _name(one.old), lambda one: _name(one.new), _aside)
    changes = []
    for group in rings(moves):
        steps = tuple(_step(move, current, target) for move in group)
        for number, one in enumerate(dict.fromkeys(move.renaming for move in group)):
            changes.append(_change(one, () if number else steps, current, target))
    return changes


def idle_marks(current: Catalog, target: Catalog, statements: Sequence[Statement]) -> list[Finding]:
    """Marks whose old name is nowhere, or whose new one is taken; silent in a database that is new."""
    wanted = [one for statement in statements for one in declared(statement) if one is not None]

    def owner(one: ObjectId) -> bool:
        if one.kind == "column":
            return ObjectId("table", one.name[:1]) in current.objects
        return any(each.kind == one.kind for each in current.objects)

    return idle(wanted, _look(current), _look(target), owner)


def unbound_marks(statements: Sequence[Statement]) -> list[Finding]:
    """Warnings about marks that stand at nothing that SQLite can rename."""
    return [
        unbound(place_of(statement))
        for statement in statements
        if statement.renamed_from
        for one in declared(statement)
        if one is None
    ]


def written_at(
    target: Catalog, statements: Sequence[Statement], wanted: Sequence[ObjectId]
) -> dict[ObjectId, Place]:
    """The places where tables and columns are written; the first one of each."""
    found: dict[ObjectId, Place | None] = {}
    for statement in statements:
        kind, name = created(lex(statement.sql))
        text = divide(statement.sql) if kind == "table" else None
        if name is None or object_id(kind, name.name) not in target.objects:
            continue
        found.setdefault(object_id(kind, name.name), place_of(statement))
        for column in text.columns if text is not None else ():
            place = place_of(statement, column.start, column.end)
            found.setdefault(_column_id(name.name, column.name.name), place)
    return {one: place for one, place in found.items() if place is not None and one in set(wanted)}


def declared(statement: Statement) -> Iterator[Renaming | None]:
    """What each mark of a statement says; None for one that is about nothing that can be renamed."""
    if not statement.renamed_from:
        return
    kind, name = created(lex(statement.sql))
    text = divide(statement.sql) if kind == "table" else None
    for offset, old in statement.renamed_from:
        place = place_of(statement, max(offset, 0), max(offset, 0) + 1)
        if name is None:
            yield None
        if name is None or kind not in _TABLES:
            continue  # what is no table is made again, and loses nothing by it
        column = _column_at(statement.sql, text, offset) if text is not None else ""
        if column is None:
            yield None
        elif column:
            new = _column_id(name.name, column)
            yield Renaming(_column_id(name.name, old), new, place)
        else:
            yield Renaming(object_id(kind, old), object_id(kind, name.name), place)


def _column_id(table: str, column: str) -> ObjectId:
    return ObjectId("column", (fold(table), fold(column)))


def _column_at(sql: str, text: TableText, offset: int) -> str | None:
    """The column that a mark is about: "" for the table, None for a constraint.

    At the end of a line it is the one that begins last before the mark, alone on its line the next one.
    """
    parts = sorted(
        [(column.start, column.name.name) for column in text.columns]
        + [(constraint[0].start, None) for constraint in text.constraints]
    )
    before = [part for part in parts if part[0] < offset]
    after = [part for part in parts if part[0] > offset]
    alone = not sql[:offset].rpartition("\n")[2].strip()
    if offset < text.body or offset >= len(sql) or (not before and not alone):
        return ""
    return after[0][1] if after and alone else before[-1][1] if before else ""


def _look(catalog: Catalog) -> Look:
    def look(one: ObjectId) -> Counter[Any] | None:
        if one.kind != "column":
            return shape(catalog, one)
        found = column_of(catalog, one)
        return None if found is None else Counter([(found.type, *found.clauses)])

    return look


def column_of(catalog: Catalog, one: ObjectId) -> Column | None:
    """The column of an id, which is no object of its own."""
    table = catalog.objects.get(ObjectId("table", one.name[:1]))
    columns = table.columns if isinstance(table, Table) else ()
    return next((column for column in columns if fold(column.name) == one.name[1]), None)


def _name(one: ObjectId) -> frozenset[tuple[str, ...]]:
    return frozenset({("column" if one.kind == "column" else "name", *one.name)})


def _aside(one: ObjectId) -> ObjectId:
    return ObjectId(one.kind, (*one.name[:-1], one.name[-1] + _ASIDE))


def _step(move: Move, current: Catalog, target: Catalog) -> Step:
    """The names are as people wrote them, where the catalogs have them."""
    old = _spelt(move.old, current) if move.old == move.renaming.old else move.old.name[-1]
    new = _spelt(move.new, target) if move.new == move.renaming.new else move.new.name[-1]
    if move.new.kind == "column":
        table = _spelt(ObjectId("table", move.new.name[:1]), target)
        sql = f"ALTER TABLE {written(table)} RENAME COLUMN {written(old)} TO {written(new)}"
        return Step(sql, ObjectId("table", move.new.name[:1]), lock=LockLevel.ACCESS_EXCLUSIVE)
    sql = f"ALTER TABLE {written(old)} RENAME TO {written(new)}"
    return Step(sql, move.renaming.new, lock=LockLevel.ACCESS_EXCLUSIVE)


def _spelt(one: ObjectId, catalog: Catalog) -> str:
    found: Any = column_of(catalog, one) if one.kind == "column" else catalog.objects.get(one)
    return str(found.name) if found is not None else one.name[-1]


def _change(one: Renaming, steps: tuple[Step, ...], current: Catalog, target: Catalog) -> Change:
    old, new = (
        catalog.objects.get(name if name.kind != "column" else ObjectId("table", name.name[:1]))
        for catalog, name in ((current, one.old), (target, one.new))
    )
    said = Detail("name", _spelt(one.old, current), _spelt(one.new, target))
    return Change(Action.RENAME, one.new, old, new, steps, details=(said,), was=one.old)
