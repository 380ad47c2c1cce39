"""SQLite's errors in the runtime's terms, by result code (sqlite.org/rescode.html)."""

from __future__ import annotations

import sqlite3

from dbdeed.access import errors

_CONSTRAINTS: dict[str, type[errors.ConstraintViolation]] = {
    "SQLITE_CONSTRAINT_UNIQUE": errors.UniqueViolation,
    "SQLITE_CONSTRAINT_PRIMARYKEY": errors.UniqueViolation,
    "SQLITE_CONSTRAINT_ROWID": errors.UniqueViolation,
    "SQLITE_CONSTRAINT_FOREIGNKEY": errors.ForeignKeyViolation,
    "SQLITE_CONSTRAINT_CHECK": errors.CheckViolation,
    "SQLITE_CONSTRAINT_NOTNULL": errors.NotNullViolation,
}
_OTHERS: dict[str, type[errors.AccessError]] = {
    "SQLITE_BUSY_SNAPSHOT": errors.SerializationFailure,
    "SQLITE_INTERRUPT": errors.StatementTimeout,
    "SQLITE_READONLY": errors.ReadOnly,
    "SQLITE_MISMATCH": errors.InvalidValue,
    "SQLITE_TOOBIG": errors.InvalidValue,
}
_WRONG_TYPE = 3091  # SQLITE_CONSTRAINT_DATATYPE, of a STRICT table; Python 3.11 has no name for it
_LOST = ("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_CORRUPT", "SQLITE_NOTADB")
_MISSING = ("no such table", "no such column", "has no column named", "no such index", "no such function")


def translated(error: sqlite3.Error | sqlite3.Warning | OverflowError) -> errors.AccessError:
    """The error to raise from `error`."""
    message = str(error)
    name: str = getattr(error, "sqlite_errorname", "")
    if getattr(error, "sqlite_errorcode", 0) == _WRONG_TYPE:
        return errors.InvalidValue(message)
    if name in _CONSTRAINTS:
        constraint, table, columns = _subject(name, message)
        return _CONSTRAINTS[name](message, constraint=constraint, table=table, columns=columns)
    if name in _OTHERS:
        return _OTHERS[name](message)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return errors.LockTimeout(message)
    if name.startswith(_LOST):
        return errors.ConnectionFailed(message)
    if any(phrase in message for phrase in _MISSING):
        return errors.SchemaMismatch(message)
    if isinstance(error, OverflowError | sqlite3.DataError):
        return errors.InvalidValue(message)
    if name.startswith("SQLITE_READONLY"):
        return errors.ReadOnly(message)
    return errors.StatementFailed(message)


def _subject(name: str, message: str) -> tuple[str, str, tuple[str, ...]]:
    """Constraint, table and columns from `UNIQUE constraint failed: orders.a, orders.b` and its kind."""
    _, _, subject = message.partition("failed: ")
    if name == "SQLITE_CONSTRAINT_CHECK":
        return subject, "", ()
    if subject.startswith("index "):
        return subject.removeprefix("index ").strip("'"), "", ()
    table, dot, _ = subject.partition(".")
    if not dot:
        return "", "", ()
    return "", table, tuple(subject.removeprefix(f"{table}.").split(f", {table}."))
