"""The one tree of errors that the runtime raises, by the decision a caller can take.

    AccessError
    ├── ConfigurationError      a setting, an address or a generated file cannot be used
    │   ├── FormatMismatch      generated files and this runtime do not fit: generate again, or upgrade
    │   └── AuthenticationFailed the server does not let us in: another password, role or database is needed
    ├── NotFound                no row has this key
    ├── StaleRow                the row was changed since it was read: read it again
    ├── ConstraintViolation     the rows that were sent break a rule: change them
    │   ├── UniqueViolation     … another row has this key already
    │   ├── ForeignKeyViolation … a row that is referred to is missing, or one that is deleted is referred to
    │   ├── CheckViolation      … a check constraint (or a domain's) is not met
    │   ├── NotNullViolation    … a value is required
    │   └── ExclusionViolation  … an exclusion constraint is not met
    ├── InvalidValue            a value does not fit its type: too long, out of range, malformed
    │   └── InvalidCursor       … text that is no cursor of this list
    ├── SchemaMismatch          the database is not as the code was generated for: migrate or generate
    ├── StatementFailed         the database refused a statement for another reason
    │   ├── PermissionDenied    … the role may not do this
    │   └── ReadOnly            … a change in a transaction, or on a database, that is read-only
    ├── StatementTimeout        the statement took longer than it may, or was cancelled from outside
    ├── TransactionTimeout      the transaction sat idle, or lasted, longer than it may: it is rolled back
    ├── LockTimeout             a lock was not free in time
    ├── PoolTimeout             no connection was free in time; the message says who holds them
    ├── PoolClosed              the database was closed, or never opened
    ├── OutcomeUnknown          the connection went while a change was under way: it may or may not be done
    └── Transient               nothing was changed, and trying again may succeed (this is what is retried)
        ├── SerializationFailure
        ├── DeadlockDetected
        ├── ConnectionLost      … and a transaction that was open is rolled back
        ├── ConnectionFailed    no connection could be opened
        ├── SchemaChanged       the schema changed under a transaction that had statements prepared for it
        └── PrimaryLost         the server takes no changes any more: another one is the primary now

Messages carry no values of rows and no secrets; the driver's own error is the `__cause__`.
"""
# ruff: noqa: N818 - named for the decision: "except UniqueViolation"

from __future__ import annotations

from typing import ClassVar


class AccessError(Exception):
    """Root of everything that `dbdeed.access` raises on purpose.

    Attributes:
        retryable: the same work may be done again without doubling it.
        sqlstate: PostgreSQL's code for it, or "".
    """

    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, sqlstate: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate


class ConfigurationError(AccessError):
    """A setting or an address cannot be used."""


class FormatMismatch(ConfigurationError):
    """Generated files are too new or too old for this runtime."""


class AuthenticationFailed(ConfigurationError):
    """The server refused the role, its password, or the database; trying again is of no use."""


class NotFound(AccessError):
    """No row of `table` has this key."""

    def __init__(self, table: str, columns: tuple[str, ...] = ()) -> None:
        by = f" by {', '.join(columns)}" if columns else ""
        super().__init__(f"no row found in {table}{by}")
        self.table = table
        self.columns = columns


class StaleRow(AccessError):
    """The row of `table` with this key has another version by now."""

    def __init__(self, table: str, columns: tuple[str, ...] = ()) -> None:
        by = f" by {', '.join(columns)}" if columns else ""
        super().__init__(f"the row found in {table}{by} was changed since it was read")
        self.table = table
        self.columns = columns


class ConstraintViolation(AccessError):
    """A constraint refused the change.

    Attributes:
        constraint: its name; "" where the engine does not tell.
        table: the table it belongs to; "" where the engine does not tell.
        columns: the columns concerned, as far as the engine tells; an expression stands as its text.
    """

    def __init__(
        self,
        message: str,
        *,
        constraint: str = "",
        table: str = "",
        columns: tuple[str, ...] = (),
        sqlstate: str = "",
    ) -> None:
        super().__init__(message, sqlstate=sqlstate)
        self.constraint = constraint
        self.table = table
        self.columns = columns


class UniqueViolation(ConstraintViolation):
    """Another row has this key already."""


class ForeignKeyViolation(ConstraintViolation):
    """A row that is referred to is missing, or one that is deleted is still referred to."""


class CheckViolation(ConstraintViolation):
    """A check constraint is not met."""


class NotNullViolation(ConstraintViolation):
    """A required value is missing."""


class ExclusionViolation(ConstraintViolation):
    """An exclusion constraint is not met."""


class InvalidValue(AccessError):
    """A value does not fit its type."""


class InvalidCursor(InvalidValue):
    """A text is no cursor of this list: cut, changed, or of another table or order."""


class SchemaMismatch(AccessError):
    """The database has not the shape that this code was written for."""


class StatementFailed(AccessError):
    """The database refused a statement."""


class PermissionDenied(StatementFailed):
    """The role may not do this."""


class ReadOnly(StatementFailed):
    """A change where only reading is allowed; nothing was changed."""


class StatementTimeout(AccessError):
    """A statement was stopped before its end, and changed nothing."""


class TransactionTimeout(AccessError):
    """The server ended a transaction that took too long, or sat idle too long; nothing was changed."""


class LockTimeout(AccessError):
    """A lock was not free in time; nothing was changed."""


class PoolTimeout(AccessError):
    """No connection was free in time."""


class PoolClosed(AccessError):
    """The database was closed, or never opened."""


class OutcomeUnknown(AccessError):
    """The connection went while a change was under way: look before doing it again."""


class Transient(AccessError):
    """Nothing was changed, and trying again may succeed."""

    retryable = True


class SerializationFailure(Transient):
    """Concurrent transactions got into each other's way."""


class DeadlockDetected(Transient):
    """Transactions waited for each other; this one was chosen to fail."""


class ConnectionLost(Transient):
    """The connection went; what it had open is rolled back."""


class ConnectionFailed(Transient):
    """No connection could be opened."""


class SchemaChanged(Transient):
    """The schema is not the one that a statement was prepared for; the transaction is rolled back."""


class PrimaryLost(Transient):
    """The server has become read-only: a failover is under way, and the next attempt opens anew."""


# The server shuts down, crashed, or is not ready: its other sessions are gone too, or soon will be.
_SERVER_ENDS = frozenset({"57P01", "57P02", "57P03"})


def server_ends(error: AccessError) -> bool:
    """Whether `error` speaks against the server itself, and not only against one session."""
    return isinstance(error, PrimaryLost) or error.sqlstate in _SERVER_ENDS


def judged(error: AccessError, *, read_only: bool) -> AccessError:
    """`error`, or what it means where the caller did not ask for a read-only transaction."""
    if read_only or not isinstance(error, ReadOnly) or error.sqlstate != "25006":
        return error
    found = PrimaryLost(
        f"the server takes no changes, another one may be the primary now: {error.message}",
        sqlstate=error.sqlstate,
    )
    found.__cause__ = error
    return found
