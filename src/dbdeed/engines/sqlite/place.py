"""Where in a document an error of SQLite's stands.

SQLite names what it stumbles over, and the module `sqlite3` does not pass on where. A syntax error is found
by asking SQLite about ever shorter beginnings of the statement: the one that first gives an error ends with
the token that is wrong.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document.source import Place, Span
from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.sqlite.names import fold
from dbdeed.engines.sqlite.text import lex

if TYPE_CHECKING:
    from dbdeed.engines.seam import Statement
    from dbdeed.engines.sqlite.session import SqliteSession

_NAMED = re.compile(
    r"(?:no such \w+|ambiguous column name|duplicate column name|no column named|unknown column)[: ]+"
    r"\"?([^\"]+?)\"?(?:\s|\Z)"
)
_EXISTS = re.compile(r"(?:table|index|view|trigger) \"?(.+?)\"? already exists")


def place_of(statement: Statement, start: int = 0, end: int | None = None) -> Place | None:
    """The place in the document of the characters `start` to `end` of a statement."""
    block = statement.block
    if block is None:
        return None
    end = len(statement.sql) if end is None else end
    span = Span(
        block.source_offset(statement.offset + start), block.source_offset(statement.offset + max(start, end))
    )
    return Place(block.place.source, span)


def located(error: SqlRejected, statement: Statement, session: SqliteSession) -> SqlRejected:
    """The same error, pointing at the document's own line and column; `session` is the one that raised it."""
    offset = _offset(error.message, statement.sql, session)
    where = str(place_of(statement, offset) or "")
    return SqlRejected(error.message, hint=error.hint, where=where, statement=statement, offset=offset)


def _offset(message: str, sql: str, session: SqliteSession) -> int:
    if "syntax error" in message or "unrecognized token" in message:
        return _syntax_error(sql, session)
    if message.startswith("incomplete input"):
        return len(sql)
    found = _EXISTS.search(message) or _NAMED.search(message)
    if found is None:
        return 0
    words = lex(sql)
    matching = [word for word in words if fold(word.name) == fold(found.group(1).rpartition(".")[2])]
    later = "duplicate" in message and len(matching) > 1
    return matching[1 if later else 0].start if matching else 0


def _syntax_error(sql: str, session: SqliteSession) -> int:
    """Where the first token stands that cannot be there."""
    words = lex(sql)
    good, bad = 0, len(words)  # so many tokens are a beginning of something; so many are not
    while bad - good > 1:
        middle = (good + bad) // 2
        if _is_wrong(session, sql[: words[middle - 1].end]):
            bad = middle
        else:
            good = middle
    return words[bad - 1].start if words else 0


def _is_wrong(session: SqliteSession, beginning: str) -> bool:
    """EXPLAIN has it parsed and not run."""
    try:
        session.execute(f"EXPLAIN {beginning}")
    except SqlRejected as error:
        return "syntax error" in error.message or "unrecognized token" in error.message
    return False
