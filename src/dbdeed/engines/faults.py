"""What can go wrong between the program and a database, whatever its engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from dbdeed.engines.seam import Statement


class NotYet(Unavailable):
    """This engine does not do this yet."""

    default_code = "not-yet"


class CannotConnect(Unavailable):
    """No connection to the database; the message holds no secret."""

    default_code = "cannot-connect"


NEEDS_SUPERUSER = "needs-superuser"
"""The code of an error of a scratch that has not the rights for a statement, and must not have them."""


class SqlRejected(InvalidInput):
    """The engine did not accept a statement; `where` is the document's file, line and column."""

    default_code = "sql-rejected"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        where: str = "",
        statement: Statement | None = None,
        offset: int = 0,
    ) -> None:
        super().__init__(message, hint=hint, where=where)
        self.statement = statement
        self.offset = offset


class LockTimeout(Unavailable):
    """A statement got no locks in time, or gave way in a deadlock; it did nothing and may be tried again."""

    default_code = "lock-timeout"


class LogDamaged(Unavailable):
    """A file of an archived log is not what it should be."""

    default_code = "log-damaged"


class RestoreFailed(Unavailable):
    """A backup could not be brought back although everything needed was there: the fault is the backup's."""

    default_code = "restore-failed"
