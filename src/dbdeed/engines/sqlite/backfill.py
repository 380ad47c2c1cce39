"""Values for rows that have none: `-- backfill: EXPRESSION` at the end of a column's line.

SQLite has one writer: rows are given their values where their table is rebuilt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.seam import Backfill
from dbdeed.engines.sqlite.definition import divide
from dbdeed.engines.sqlite.kinds.claims import object_id
from dbdeed.engines.sqlite.lint.context import created
from dbdeed.engines.sqlite.names import fold, written
from dbdeed.engines.sqlite.place import place_of
from dbdeed.engines.sqlite.text import lex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Statement
    from dbdeed.engines.sqlite.session import SqliteSession

_MAY_BE_LIVE = "no such column"


def backfills(target: Catalog, statements: Sequence[Statement]) -> Mapping[ObjectId, Backfill]:
    """By column of the target; a mark that belongs to none was refused when the document was read."""
    found = {}
    for statement, table, column, offset, expression in _marks(statements):
        if object_id("table", table) in target.objects:
            one = ObjectId("column", (fold(table), fold(column)))
            found[one] = Backfill(expression, str(place_of(statement, offset) or ""))
    return found


def check(session: SqliteSession, statements: Sequence[Statement]) -> None:
    """Put each to SQLite, with the tables made: raises `SqlRejected` at the document's line.

    A column that the expression names may be one that only the live database still has.
    """
    for statement, table, column, offset, expression in _marks(statements):
        if _ends_early(expression):
            raise _error(statement, offset, f"Backfill of {column}: this is no expression by itself.")
        try:
            session.execute(f"EXPLAIN UPDATE {written(table)} SET {written(column)} = ({expression})")
        except SqlRejected as error:
            if not error.message.startswith(_MAY_BE_LIVE):
                raise _error(statement, offset, f"Backfill of {column}: {error.message}") from error


def _ends_early(expression: str) -> bool:
    depth = 0
    for word in lex(expression):
        depth += (word.key == "(") - (word.key == ")")
        if word.key == ";" or depth < 0:
            return True
    return "--" in expression


def _error(statement: Statement, offset: int, message: str) -> SqlRejected:
    where = str(place_of(statement, offset) or "")
    hint = "Write one expression, as after SET column =, at the end of a column's line."
    return SqlRejected(message, hint=hint, where=where, statement=statement, offset=offset)


def _marks(statements: Sequence[Statement]) -> Iterator[tuple[Statement, str, str, int, str]]:
    """(statement, table, column, where the expression stands, expression)."""
    for statement in statements:
        for offset, expression in statement.backfills:
            start = max(statement.sql.find(expression, max(offset, 0)), 0)
            kind, name = created(lex(statement.sql))
            text = divide(statement.sql) if kind == "table" else None
            before = [one.name.name for one in text.columns if one.start < offset] if text is not None else []
            if name is None or not before:
                raise _error(statement, start, "Backfill: it stands at no column of a CREATE TABLE.")
            yield statement, name.name, before[-1], start, expression
