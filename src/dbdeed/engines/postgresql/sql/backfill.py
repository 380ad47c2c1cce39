"""Values for rows that have none: `-- backfill: EXPRESSION` at the end of a column's line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.session import PostgresqlRejected
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.postgresql.sql.located import at
from dbdeed.engines.seam import Backfill
from dbdeed.engines.sql_text import TokenKind, name_of, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Session, Statement
    from dbdeed.engines.sql_text import Token

_UNDEFINED_COLUMN = "42703"
_SPACE = (TokenKind.SPACE, TokenKind.COMMENT)


@dataclass(frozen=True, slots=True)
class _Mark:
    """One mark: the table and column as written, the expression, and where it stands in the statement."""

    table: tuple[str, ...]
    column: str
    expression: str
    statement: Statement
    offset: int

    def error(self, message: str, hint: str = "") -> SqlRejected:
        return at(
            self.statement, self.offset, SqlRejected(f"Backfill of {self.column}: {message}", hint=hint)
        )


def backfills(target: Catalog, statements: Sequence[Statement]) -> Mapping[ObjectId, Backfill]:
    """By column of the target; a mark that belongs to none was refused when the document was read."""
    found = {}
    for mark in _marks(statements):
        one = _column(target, mark)
        if one is not None:
            found[one] = Backfill(mark.expression, mark.error("").where)
    return found


def check(session: Session, statements: Sequence[Statement]) -> None:
    """Put each to the server, with the tables made: raises `SqlRejected` at the document's line.

    A column that the expression names may be one that only the live database still has.
    """
    for mark in _marks(statements):
        _require_one_expression(mark)
        value = f"EXPLAIN UPDATE {qualified(*mark.table)} SET {ident(mark.column)} = ({mark.expression})"
        try:
            session.execute(value)
        except PostgresqlRejected as error:
            if error.sqlstate != _UNDEFINED_COLUMN:
                raise mark.error(error.message, error.hint) from error


def _require_one_expression(mark: _Mark) -> None:
    """Nothing that would end the statement it is put into."""
    depth = 0
    for token in tokens(mark.expression, RULES):
        text = mark.expression[token.start : token.end]
        depth += (text == "(") - (text == ")")
        if text == ";" or depth < 0 or text.startswith("--"):
            raise mark.error(
                "this is no expression by itself.", "Write one expression, as after SET column =."
            )


def _marks(statements: Sequence[Statement]) -> Iterator[_Mark]:
    for statement in statements:
        if not statement.backfills:
            continue
        table, body = _table(statement.sql)
        for offset, expression in statement.backfills:
            start = statement.sql.find(expression, max(offset, 0))
            column = _column_at(statement.sql, body, offset) if table else ""
            mark = _Mark(table, column, expression, statement, max(start, 0))
            if not column:
                raise mark.error(
                    "it stands at no column of a CREATE TABLE.", "Put it at the end of a column's line."
                )
            yield mark


def _table(sql: str) -> tuple[tuple[str, ...], int]:
    """The name in `CREATE … TABLE name (`, and where the columns begin; () for anything else."""
    found = [one for one in tokens(sql, RULES) if one.kind not in _SPACE]
    texts = [sql[one.start : one.end].lower() for one in found]
    if texts[:1] != ["create"] or "table" not in texts[:4]:
        return (), 0
    place = texts.index("table") + 1
    if texts[place : place + 3] == ["if", "not", "exists"]:
        place += 3
    opening = next((at for at in range(place, len(texts)) if texts[at] == "("), None)
    if opening is None:
        return (), 0
    names = [name_of(sql, one, fold=True) for one in found[place : place + 3]]
    parts = [names[0], names[2]] if texts[place + 1] == "." else names[:1]
    return tuple(one for one in parts if one), found[opening].end


def _column_at(sql: str, body: int, offset: int) -> str:
    """The column whose definition begins last before the mark: the first name after a comma at the top."""
    depth, fresh, name = 0, True, ""
    for one in tokens(sql[body:], RULES):
        if one.start + body >= offset or depth < 0:
            break
        if one.kind in _SPACE:
            continue
        text = sql[body + one.start : body + one.end]
        if fresh:
            name, fresh = _name(sql[body:], one), False
        depth += (text == "(") - (text == ")")
        fresh = fresh or (text == "," and depth == 0)
    return name


def _name(sql: str, token: Token) -> str:
    return name_of(sql, token, fold=True) or ""


def _column(catalog: Catalog, mark: _Mark) -> ObjectId | None:
    """A table without a schema is looked for in `public`, then anywhere once."""
    if len(mark.table) == 2:
        found = [ObjectId("column", (*mark.table, mark.column))]
    else:
        tables = [one for one in catalog.objects if one.kind == "table" and one.name[1:] == mark.table]
        tables.sort(key=lambda one: one.name[0] != "public")
        usual = [one for one in tables if one.name[0] == "public"] or tables
        found = [ObjectId("column", (*one.name, mark.column)) for one in usual if len(usual) == 1]
    return next((one for one in found if one in catalog.objects), None)
