"""Renames that the document declares with `-- renamed from: old`.

SQLite's own ALTER TABLE … RENAME keeps the rows and corrects every index, trigger, view and key that names
the table or column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action, Change, LockLevel, Step
from dbdeed.engines.sqlite.definition import divide
from dbdeed.engines.sqlite.kinds.claims import object_id
from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.lint.context import created
from dbdeed.engines.sqlite.names import fold, written
from dbdeed.engines.sqlite.text import lex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Statement
    from dbdeed.engines.sqlite.definition import TableText


def rename_steps(current: Catalog, target: Catalog, statements: Sequence[Statement]) -> list[Change]:
    """Those that still have to happen.

    The old name is in `current` and the new one is not; `target` has the new one only.
    """
    found: list[Change] = []
    for statement in statements:
        kind, name = created(lex(statement.sql))
        text = divide(statement.sql) if kind == "table" and statement.renamed_from else None
        new = target.objects.get(object_id("table", name.name)) if name is not None else None
        if text is not None and isinstance(new, Table):
            found.extend(_renames(current, target, statement, text, new))
    return found


def _renames(
    current: Catalog, target: Catalog, statement: Statement, text: TableText, new: Table
) -> Iterator[Change]:
    first = text.columns[0].start if text.columns else len(statement.sql)
    old = current.objects.get(new.id)
    for offset, name in statement.renamed_from:
        was = current.objects.get(object_id("table", name))
        gone = object_id("table", name) not in target.objects
        if offset < first and old is None and isinstance(was, Table) and gone:
            yield _table(was, new)
            old = was
    if isinstance(old, Table):
        for offset, name in statement.renamed_from:
            if offset >= first:
                yield from _column(old, new, _column_at(text, offset), name)


def _table(old: Table, new: Table) -> Change:
    sql = f"ALTER TABLE {written(old.name)} RENAME TO {written(new.name)}"
    return Change(Action.RENAME, new.id, old, new, (Step(sql, new.id, lock=LockLevel.ACCESS_EXCLUSIVE),))


def _column_at(text: TableText, offset: int) -> str:
    """The column whose definition begins last before a mark."""
    return [column.name.name for column in text.columns if column.start < offset][-1]


def _column(old: Table, new: Table, name: str, was: str) -> Iterator[Change]:
    before = {fold(column.name) for column in old.columns}
    after = {fold(column.name) for column in new.columns}
    if fold(was) in before - after and fold(name) in after - before:
        sql = f"ALTER TABLE {written(new.name)} RENAME COLUMN {written(was)} TO {written(name)}"
        step = Step(sql, new.id, lock=LockLevel.ACCESS_EXCLUSIVE)
        yield Change(Action.RENAME, ObjectId("column", (fold(new.name), fold(name))), old, new, (step,))
