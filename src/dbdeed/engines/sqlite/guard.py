"""What SQL from a document may do in a scratch database: describe tables, and nothing outside them.

A document is hostile until shown otherwise. It may not reach files (ATTACH, VACUUM INTO), load code, write
the schema's own table, change how the connection works, or run and grow without end.
"""

from __future__ import annotations

import sqlite3
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.engines.sqlite.session import SqliteSession

_DENIED = {
    sqlite3.SQLITE_ATTACH: "ATTACH and VACUUM reach files, which a document may not.",
    sqlite3.SQLITE_DETACH: "DETACH has no use here: there is one database.",
    sqlite3.SQLITE_CREATE_TEMP_TABLE: "A temporary table belongs to its connection, not to a schema.",
    sqlite3.SQLITE_CREATE_TEMP_INDEX: "A temporary index belongs to its connection, not to a schema.",
    sqlite3.SQLITE_CREATE_TEMP_VIEW: "A temporary view belongs to its connection, not to a schema.",
    sqlite3.SQLITE_CREATE_TEMP_TRIGGER: "A temporary trigger belongs to its connection, not to a schema.",
}
_TEMPORARY = frozenset({sqlite3.SQLITE_CREATE_TEMP_TABLE, sqlite3.SQLITE_CREATE_TEMP_INDEX})
_MODULES = frozenset({"fts3", "fts4", "fts4aux", "fts5", "fts5vocab", "rtree", "rtree_i32", "geopoly"})
_FUNCTIONS = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "sqlite_dbpage"})
_READS = """
    table_info table_xinfo table_list index_list index_info index_xinfo foreign_key_list
    foreign_key_check integrity_check quick_check schema_version data_version page_size compile_options
    function_list module_list
"""
_READ_PRAGMAS = frozenset(_READS.split())
_SET_PRAGMAS = frozenset({"foreign_keys", "legacy_alter_table", "defer_foreign_keys"})
_LIMITS = {
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LENGTH: 16_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 16_000_000,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 50,
}
_PAGES = 65_536  # of 4096 bytes: 256 MB
_SECONDS = 10.0


class Guard:
    """An authorizer with a clock.

    Attributes:
        refusal: why it refused something in the statement under way, or "".
        temporary: temporary tables are allowed.
    """

    OPERATIONS = 20_000
    """SQLite's virtual machine looks at the clock after so many instructions: about a millisecond."""

    def __init__(
        self,
        seconds: float = _SECONDS,
        clock: Callable[[], float] = monotonic,
        pragmas: frozenset[str] = frozenset(),
    ) -> None:
        self.refusal = ""
        self.temporary = False
        self._pragmas = _READ_PRAGMAS | _SET_PRAGMAS | pragmas
        self._seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def begin(self) -> None:
        """A statement begins."""
        self.refusal = ""
        self._end = self._clock() + self._seconds

    def late(self) -> bool:
        """Whether the statement has run too long."""
        return self._clock() > self._end

    def __call__(
        self, action: int, first: str | None, second: str | None, _database: str | None, _inner: str | None
    ) -> int:
        if self.temporary and action in _TEMPORARY:
            return sqlite3.SQLITE_OK
        reason = _reason(action, (first or "").lower(), (second or "").lower(), self._pragmas)
        if reason:
            self.refusal = reason
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK


def _reason(action: int, first: str, second: str, pragmas: frozenset[str]) -> str:
    """Why it may not, or ""."""
    if action in _DENIED:
        return _DENIED[action]
    if action == sqlite3.SQLITE_PRAGMA:
        return (
            "" if first in pragmas else f"PRAGMA {first} belongs to a connection or a file, not to a schema."
        )
    if action == sqlite3.SQLITE_FUNCTION and second in _FUNCTIONS:
        return f"The function {second}() reaches outside the database."
    if action == sqlite3.SQLITE_CREATE_VTABLE and second not in _MODULES:
        return f"Virtual tables of the module {second} are not allowed in a document."
    return ""


def guard(session: SqliteSession, seconds: float = _SECONDS) -> None:
    """Bound what a connection to a scratch database may do and use."""
    session.connection.execute(f"PRAGMA max_page_count={_PAGES}")
    session.connection.execute("PRAGMA temp_store=MEMORY")
    for limit, value in _LIMITS.items():
        session.connection.setlimit(limit, value)
    session.guarded(Guard(seconds))
