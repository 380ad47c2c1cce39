"""From an error's position in a statement to the document's line and column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from dbdeed.document.source import Place, Span
from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.postgresql.session import PostgresqlRejected
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.postgresql.sql.names import missing_name
from dbdeed.engines.sql_text import TokenKind, name_of, tokens

if TYPE_CHECKING:
    from dbdeed.engines.seam import Statement

E = TypeVar("E", bound=SqlRejected)

_CONTEXT_LINE = re.compile(r"line (\d+) at ")


def at(statement: Statement, offset: int | None, error: E) -> E:
    """The same error, saying where in the document it arose.

    Args:
        statement: that was refused.
        offset: the character in it; None takes what the server says, or finds the name that it complains of.
        error: completed and returned.
    """
    error.statement = statement
    error.offset = _offset(statement, error) if offset is None else offset
    if statement.block is not None:
        start = statement.block.position(statement.offset + error.offset)
        error.where = f"{statement.block.place.source.name}:{start.line}:{start.column}"
    return error


def place_of(statement: Statement, start: int = 0, length: int | None = None) -> Place | None:
    """The place of some characters of a statement; of its first line where no length is given."""
    if statement.block is None:
        return None
    if length is None:
        length = len(statement.sql[start:].split("\n", 1)[0])
    first = statement.block.source_offset(statement.offset + start)
    last = statement.block.source_offset(statement.offset + start + length)
    return Place(statement.block.place.source, Span(first, last))


def _offset(statement: Statement, error: SqlRejected) -> int:
    if not isinstance(error, PostgresqlRejected) or error.located:
        return error.offset
    return _internal(statement.sql, error) or _line(statement.sql, error) or _name(statement.sql, error)


def _internal(sql: str, error: PostgresqlRejected) -> int:
    """Where the failing text stands inside a body, if it stands there word for word and once."""
    if error.internal is None:
        return 0
    text, offset = error.internal
    start = sql.find(text) if len(text) > 3 else -1
    return start + offset if start >= 0 and sql.find(text, start + 1) < 0 else 0


def _line(sql: str, error: PostgresqlRejected) -> int:
    """The line of a DO block or function body that the context names; line 1 is where the body opens."""
    found = _CONTEXT_LINE.search(error.context)
    bodies = [one for one in tokens(sql, RULES) if one.kind is TokenKind.STRING and sql[one.start] == "$"]
    if found is None or len(bodies) != 1:
        return 0
    lines = sql[bodies[0].start : bodies[0].end].split("\n")
    number = int(found.group(1)) - 1
    if not 0 < number < len(lines):
        return bodies[0].start
    before = sum(len(line) + 1 for line in lines[:number])
    return bodies[0].start + before + len(lines[number]) - len(lines[number].lstrip())


def _name(sql: str, error: PostgresqlRejected) -> int:
    """Where the name stands that the message complains of."""
    wanted = missing_name(error.message)
    if wanted:
        for token in tokens(sql, RULES):
            if name_of(sql, token, fold=True) == wanted:
                return token.start
    return 0
