"""PostgreSQL's errors in the runtime's terms, by SQLSTATE (PostgreSQL's documentation, appendix A)."""

from __future__ import annotations

import enum
import re

import psycopg

from dbdeed.access import errors

_CONSTRAINTS: dict[str, type[errors.ConstraintViolation]] = {
    "23001": errors.ForeignKeyViolation,  # restrict_violation
    "23502": errors.NotNullViolation,
    "23503": errors.ForeignKeyViolation,
    "23505": errors.UniqueViolation,
    "23514": errors.CheckViolation,
    "23P01": errors.ExclusionViolation,
    "44000": errors.CheckViolation,  # WITH CHECK OPTION of a view
}
_OTHERS: dict[str, type[errors.AccessError]] = {
    "40001": errors.SerializationFailure,
    "40P01": errors.DeadlockDetected,
    "55P03": errors.LockTimeout,
    "57014": errors.StatementTimeout,  # query_canceled: by statement_timeout, or by someone else
    "25006": errors.ReadOnly,
    "25P03": errors.TransactionTimeout,  # idle_in_transaction_session_timeout
    "25P04": errors.TransactionTimeout,  # transaction_timeout
    "40003": errors.OutcomeUnknown,  # statement_completion_unknown
    "42501": errors.PermissionDenied,
    "42P01": errors.SchemaMismatch,  # undefined_table
    "42703": errors.SchemaMismatch,  # undefined_column
    "42704": errors.SchemaMismatch,  # undefined_object, such as a type
    "42804": errors.SchemaMismatch,  # datatype_mismatch
    "42883": errors.SchemaMismatch,  # undefined_function
    "3F000": errors.SchemaMismatch,  # invalid_schema_name
}
# The server ended the session: shutdown, crash of another one, terminated by an administrator, idle too long.
_SESSION_ENDS = frozenset({"57P01", "57P02", "57P03", "57P04", "57P05"})
_PROTOCOL_VIOLATION = "08P01"
_WRONG_VALUE_CLASS = "22"
_KEY = re.compile(r"\((?P<columns>.+?)\)=\(", re.DOTALL)


def translated(error: psycopg.Error, *, gone: bool) -> errors.AccessError:
    """The error to raise from `error`. `gone`: the connection is closed."""
    state = error.sqlstate or ""
    message = error.diag.message_primary or (str(error) or type(error).__name__).splitlines()[0]
    if state in _CONSTRAINTS:
        return _CONSTRAINTS[state](
            message,
            constraint=error.diag.constraint_name or "",
            table=error.diag.table_name or "",
            columns=_columns(error),
            sqlstate=state,
        )
    if state in _OTHERS:
        return _OTHERS[state](message, sqlstate=state)
    if state == _PROTOCOL_VIOLATION and not gone:  # a wrong number of parameters
        return errors.InvalidValue(message, sqlstate=state)
    if gone or state in _SESSION_ENDS or state.startswith("08"):
        return errors.ConnectionLost(message, sqlstate=state)
    if state.startswith(_WRONG_VALUE_CLASS) or isinstance(error, psycopg.DataError):
        return errors.InvalidValue(message, sqlstate=state)
    return errors.StatementFailed(message, sqlstate=state)


# pgbouncer takes no settings of a session in `options`; before 1.20 it knows of no options at all.
_NOT_TAKEN = re.compile(r"unsupported startup parameter:? (in )?.?options")
# libpq gives no SQLSTATE for a connection that was refused, only what the server said.
_REFUSED = re.compile(
    r"authentication failed|no password supplied|password expired"
    r'|role ".*" does not exist|role ".*" is not permitted to log in|database ".*" does not exist'
    r"|permission denied for database|no pg_hba\.conf entry|is not currently accepting connections"
    r"|server does not support SSL|certificate|is not a valid .* name|invalid port number|no user name",
    re.IGNORECASE,
)


def not_connected(who: str, message: str) -> errors.AccessError:
    """The error for a connection that could not be opened; `message` is what libpq says of it."""
    lines = message.strip().splitlines() or ["no reason given"]
    if _NOT_TAKEN.search(lines[-1]):
        return errors.ConfigurationError(
            f"cannot connect to {who}: {lines[-1]}. There is a pooler before the server: leave out "
            "the pool's statement_timeout, and set it for the role (ALTER ROLE … SET statement_timeout = …)"
        )
    kind = errors.AuthenticationFailed if _REFUSED.search(lines[-1]) else errors.ConnectionFailed
    return kind(f"cannot connect to {who}: {lines[-1]}")


class Staleness(enum.Enum):
    """How an error may come from a statement having been prepared for another schema than there is."""

    NO = enum.auto()
    NAME = enum.auto()  # it is not there under its name, or another one is
    PLAN = enum.auto()  # the server says so
    SCHEMA = enum.auto()  # it worked before, and now names or types are wrong
    VALUE = enum.auto()  # a value does not fit its parameter's type, which may have another type by now


_STALE = {
    "26000": Staleness.NAME,  # invalid_sql_statement_name
    "42P05": Staleness.NAME,  # duplicate_prepared_statement
    "42P01": Staleness.SCHEMA,
    "42P18": Staleness.SCHEMA,  # indeterminate_datatype
    "42703": Staleness.SCHEMA,
    "42704": Staleness.SCHEMA,
    "42804": Staleness.SCHEMA,
    "42883": Staleness.SCHEMA,
    "42725": Staleness.SCHEMA,  # ambiguous_function
    "3F000": Staleness.SCHEMA,
    "22003": Staleness.VALUE,  # numeric_value_out_of_range
    "22P02": Staleness.VALUE,  # invalid_text_representation
    "22P03": Staleness.VALUE,  # invalid_binary_representation
    "22007": Staleness.VALUE,  # invalid_datetime_format
}


def staleness(error: psycopg.Error) -> Staleness:
    """What `error` says of the statement's preparation, provided that it was prepared before."""
    state = error.sqlstate or ""
    known = _STALE.get(state, Staleness.NO)
    if known is not Staleness.VALUE and error.diag.context:
        return Staleness.NO  # it comes from within a function
    if state == "0A000" and error.diag.source_function == "RevalidateCachedQuery":
        return Staleness.PLAN  # "cached plan must not change result type", in any language
    if state == "XX000" and (error.diag.message_primary or "").startswith("cache lookup failed"):
        return Staleness.PLAN
    return known


def schema_changed(error: psycopg.Error) -> errors.SchemaChanged:
    """For a transaction, which it ends."""
    return errors.SchemaChanged(
        "what was prepared fits no more, and the transaction is rolled back: "
        f"{error.diag.message_primary or ''}",
        sqlstate=error.sqlstate or "",
    )


def _columns(error: psycopg.Error) -> tuple[str, ...]:
    """The columns of a violated key stand in the detail, in any language: `Key (a, b)=(1, 2) …`."""
    if error.diag.column_name:
        return (error.diag.column_name,)
    found = _KEY.search(error.diag.message_detail or "")
    if not found:
        return ()
    return tuple(_unquoted(part) for part in _parts(found["columns"]))


def _parts(text: str) -> list[str]:
    """What stands between commas that are neither quoted nor in brackets: `a, coalesce(b, 'c,')` is two."""
    parts = [""]
    depth, quote = 0, ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote  # a doubled one closes and opens again
        elif sign in "\"'":
            quote = sign
        else:
            depth += (sign in "([") - (sign in ")]")
        if sign == "," and not quote and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


def _unquoted(name: str) -> str:
    quoted = len(name) > 1 and name.startswith('"') and name.endswith('"')
    return name[1:-1].replace('""', '"') if quoted else name
