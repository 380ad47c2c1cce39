"""Where in a document an error of SQLite's stands.

SQLite names what it stumbles over, and the module `sqlite3` does not pass on where. A syntax error is found
by asking SQLite about ever shorter beginnings of the statement: the one that first gives an error ends with
the token that is wrong.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from dbdeed.document.source import Place, Span
from dbdeed.engines.seam import SqlRejected
from dbdeed.engines.sqlite.names import fold
from dbdeed.engines.sqlite.text import lex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.seam import Statement
    from dbdeed.engines.sqlite.text import Word

_NAMED = re.compile(
    r"""(?:no such \w+|ambiguous column name|duplicate column name|already exists|no column named
    |unable to identify the object to be reindexed|unknown column)[:\s]*"?([^"]+?)"?(?:\s|\Z)""",
    re.VERBOSE,
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


def located(error: SqlRejected, statement: Statement) -> SqlRejected:
    """The same error, pointing at the document's own line and column."""
    offset = _offset(error.message, statement.sql)
    where = str(place_of(statement, offset) or "")
    return SqlRejected(error.message, hint=error.hint, where=where, statement=statement, offset=offset)


def _offset(message: str, sql: str) -> int:
    if "syntax error" in message or "unrecognized token" in message:
        return _syntax_error(sql)
    if message.startswith("incomplete input"):
        return len(sql)
    found = _EXISTS.search(message) or _NAMED.search(message)
    if found is None:
        return 0
    words = lex(sql)
    matching = [word for word in words if fold(word.name) == fold(found.group(1).rpartition(".")[2])]
    later = "duplicate" in message and len(matching) > 1
    return matching[1 if later else 0].start if matching else 0


def _syntax_error(sql: str) -> int:
    """Where the first token stands that cannot be there."""
    words = lex(sql)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
        good, bad = 0, len(words)  # so many tokens are a beginning of something; so many are not
        while bad - good > 1:
            middle = (good + bad) // 2
            if _is_wrong(connection, sql[: words[middle - 1].end]):
                bad = middle
            else:
                good = middle
    return _start(words, bad)


def _start(words: Sequence[Word], count: int) -> int:
    return words[count - 1].start if 0 < count <= len(words) else 0


def _is_wrong(connection: sqlite3.Connection, beginning: str) -> bool:
    try:
        connection.execute(f"EXPLAIN {beginning}")
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        return "syntax error" in str(error) or "unrecognized token" in str(error)
    return False
