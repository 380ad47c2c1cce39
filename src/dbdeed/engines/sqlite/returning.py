"""What the archive of a SQLite database holds goes back to where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Form, Hazard, HazardKind, LockLevel, Step
from dbdeed.engines.seam import Returning
from dbdeed.engines.sqlite.alter import LENIENT, STRICT
from dbdeed.engines.sqlite.definition import divide
from dbdeed.engines.sqlite.keeping import NEW, ROW, SAME, WAS, column_names, column_of, matches
from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.kinds.virtual_table import VirtualTable
from dbdeed.engines.sqlite.names import fold, literal, written
from dbdeed.engines.sqlite.rebuild import rowid_name
from dbdeed.engines.sqlite.schema import text_of
from dbdeed.engines.sqlite.text import without_comments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Kept


def returning(kept: Sequence[Kept], before: Catalog, reached: Catalog) -> Returning:
    """How what is kept goes back; see `dbdeed.engines.seam.Engine.returning`."""
    early: list[Step] = []
    first: list[Step] = []
    last: list[Step] = []
    for one in kept:
        table = _table(before, one.object)
        if one.form is Form.MOVED:
            first += _moved_back(one, table)
        elif one.form is Form.COPIED:
            last += _asleep(table, before, _rows_back(one, table, before), awake_again=True)
        elif one.form is Form.NUMBER:
            last += _counted_back(one, table)
        elif one.form is Form.CHANGED:
            early.append(_looked_at(one, table))
            steps = _fill(one, table, f" AND a.{SAME}")
            last += _asleep(table, before, steps, awake_again=True)
        elif isinstance(table, Table) and not _there(one, reached):
            there = reached.objects.get(table.id)
            strict = isinstance(there, Table) and there.strict and not table.strict
            steps = _column_back(one, table, text_of(before, table.id), strict=strict)
            first += _asleep(table, reached, steps, awake_again=False)
        else:
            last += _asleep(table, before, _fill(one, table), awake_again=True)
    return Returning(tuple(early), tuple(first), tuple(last))


def _there(kept: Kept, reached: Catalog) -> bool:
    """Whether there is a column of that name meanwhile: a computed one, which gives way with the rest."""
    table = reached.objects.get(ObjectId("table", kept.object.name[:1]))
    return isinstance(table, Table) and kept.object.name[-1] in {fold(one.name) for one in table.columns}


def _table(before: Catalog, one: ObjectId) -> Any:
    """The table that something is, or is part of."""
    for kind in ("table", "virtual_table"):
        found = before.objects.get(ObjectId(kind, one.name[:1]))
        if found is not None:
            return found
    raise KeyError(one)


def _moved_back(kept: Kept, table: Table) -> Iterator[Step]:
    yield Step(LENIENT, table.id)
    yield Step(
        f"ALTER TABLE {kept.place} RENAME TO {written(table.name)}", table.id, lock=LockLevel.EXCLUSIVE
    )
    yield Step(STRICT, table.id)


def _rows_back(kept: Kept, table: Any, before: Catalog) -> Sequence[Step]:
    columns = [written(one) for one in _stored(table)]
    into, values = list(columns), list(columns)
    number = rowid_name(table) if isinstance(table, Table) else "rowid"
    alias = fold(getattr(table, "rowid_alias", ""))
    if columns and getattr(table, "has_rowid", True) and number and not alias:
        into.insert(0, number)
        values.insert(0, ROW)
    listed = f" ({', '.join(into)})" if columns else ""
    sql = (
        f"INSERT OR ABORT INTO {written(table.name)}{listed} "
        f"SELECT {', '.join(values) or '*'} FROM {kept.place}"
    )
    filled = Step(sql, table.id, lock=LockLevel.EXCLUSIVE, scans=True)
    return (filled, *_indexed_again(table, before))


def _stored(table: Any) -> tuple[str, ...]:
    if isinstance(table, Table):
        return tuple(column.name for column in table.columns if not column.generated)
    return tuple(table.columns)


def _indexed_again(table: Any, before: Catalog) -> Iterator[Step]:
    """Full-text indexes over its rows, which the sleeping triggers did not keep up."""
    for one in before.objects.values():
        if isinstance(one, VirtualTable) and one.content and fold(one.content) == fold(table.name):
            name = written(one.name)
            yield Step(f"INSERT INTO {name}({name}) VALUES ({literal('rebuild')})", one.id, scans=True)


def _counted_back(kept: Kept, table: Table) -> Iterator[Step]:
    name = literal(table.name)
    yield Step(f"DELETE FROM sqlite_sequence WHERE name = {name}", table.id)
    yield Step(f"INSERT INTO sqlite_sequence (name, seq) SELECT {name}, seq FROM {kept.place}", table.id)


def _column_back(kept: Kept, table: Table, sql: str, *, strict: bool) -> Sequence[Step]:
    """The column is there again, last in its table, with the values that the archive has.

    A table that is STRICT only now takes them as ANY, until it is so no more.
    Its name and type stand as in the table's text, so that the author's spelling comes back too.
    """
    column = column_of(table, kept.object)
    name = written(column.name)
    text = divide(sql)
    assert text is not None  # it was read from there
    part = next(one for one in text.columns if fold(one.name.name) == kept.object.name[-1])
    spelt = sql[part.start : (part.type or (part.name,))[-1].end]
    if strict:
        spelt = f"{sql[part.start : part.name.end]} ANY"
    add = f"ALTER TABLE {written(table.name)} ADD COLUMN {without_comments(spelt)}"
    steps = [Step(add, table.id, lock=LockLevel.EXCLUSIVE), *_fill(kept, table)]
    if not column.nullable and column.default:
        sql = f"UPDATE {written(table.name)} SET {name} = {column.default} WHERE {name} IS NULL"
        steps.append(Step(sql, table.id, lock=LockLevel.EXCLUSIVE, scans=True))
    return steps


def _fill(kept: Kept, table: Any, only: str = "") -> Sequence[Step]:
    name = next(each for each in column_names(table) if fold(each) == kept.object.name[-1])
    sql = (
        f"UPDATE {written(table.name)} AS t SET {written(name)} = a.{WAS} FROM {kept.place} AS a "
        f"WHERE {matches(table, kept)}{only}"
    )
    why = f"The rows of {table.name} get their values back from the archive."
    hazards = (Hazard(HazardKind.REWRITES, why),)
    return (Step(sql, table.id, lock=LockLevel.EXCLUSIVE, scans=True, rewrites=True, hazards=hazards),)


def _looked_at(kept: Kept, table: Table) -> Step:
    """Before a converted column goes back: which values nobody has changed since."""
    name = written(column_of(table, kept.object).name)
    sql = (
        f"UPDATE {kept.place} AS a SET {SAME} = 0 FROM {written(table.name)} AS t "
        f"WHERE {matches(table, kept)} AND t.{name} IS NOT a.{NEW}"
    )
    return Step(sql, table.id, lock=LockLevel.EXCLUSIVE, scans=True)


def _asleep(table: Any, catalog: Catalog, steps: Sequence[Step], *, awake_again: bool) -> Iterator[Step]:
    """With the table's triggers gone: bringing values back is no change that they should see.

    What is planned afterwards makes them again, unless nothing is (`awake_again`).
    """
    triggers = [one for one in catalog.children.get(table.id, ()) if one.id.kind == "trigger"]
    for one in triggers:
        there: Any = one
        yield Step(f"DROP TRIGGER IF EXISTS {written(there.name)}", one.id, lock=LockLevel.EXCLUSIVE)
    yield from steps
    for one in triggers if awake_again else ():
        yield Step(text_of(catalog, one.id), one.id)
