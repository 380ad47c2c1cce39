"""SQLite's error codes as errors of ours. Source: "Result and Error Codes"."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

from dbdeed.engines.faults import CannotConnect, LockTimeout, SqlRejected
from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from dbdeed.errors import DbdeedError

_LOCKED = {
    sqlite3.SQLITE_BUSY: "is being written by another process",
    sqlite3.SQLITE_LOCKED: "is being written by another connection",
}
_SURROUNDINGS = {
    sqlite3.SQLITE_CORRUPT: ("is damaged", "Restore it from a backup, or try `sqlite3 FILE .recover`."),
    sqlite3.SQLITE_FULL: ("cannot grow: the disk is full", "Make room, then run this again."),
    sqlite3.SQLITE_IOERR: ("cannot be read or written", "Look at the disk and the system's log."),
    sqlite3.SQLITE_READONLY: (
        "can only be read",
        "Give this user the right to write the file and its folder.",
    ),
    sqlite3.SQLITE_NOMEM: (
        "needs more memory than there is",
        "Close other programs, or use a larger machine.",
    ),
    sqlite3.SQLITE_PROTOCOL: ("is locked in a way that does not end", "Close the other connections."),
}
_NO_DATABASE = {
    sqlite3.SQLITE_NOTADB: ("is not a SQLite database", "Name a SQLite file, or move this one away."),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened",
        "Look at the path, and at the rights of it and its folder.",
    ),
    sqlite3.SQLITE_PERM: ("may not be opened by this user", "Look at the rights of the file and its folder."),
}

_COPY = re.compile(r"\bdbdeed_new_")  # the name of a table's copy while it is rebuilt

RAISED = (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError)
"""What the `sqlite3` module raises for a statement: ValueError for NUL and lone surrogates in its text."""


def translated(error: BaseException, label: str, refusal: str = "") -> DbdeedError:
    """Our error for one that `sqlite3` raised.

    Args:
        error: what was raised.
        label: names the database.
        refusal: why our own guard refused the statement, if it did.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _NO_DATABASE:
        what, hint = _NO_DATABASE[code]
        return CannotConnect(f"{label} {what}.", hint=hint)
    if code in _LOCKED:
        return LockTimeout(f"{label} {_LOCKED[code]}.", hint="Wait until that is done, or end it.")
    if code in _SURROUNDINGS:
        what, hint = _SURROUNDINGS[code]
        return Unavailable(f"{label} {what}.", hint=hint)
    if code == sqlite3.SQLITE_INTERRUPT:
        return SqlRejected("The statement was stopped: it ran longer than it may here.")
    if refusal:
        return SqlRejected(
            refusal, hint="A document's SQL describes what is in the database, and nothing else."
        )
    return SqlRejected(_COPY.sub("", str(error)))
