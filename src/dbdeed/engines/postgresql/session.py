"""Connections to PostgreSQL, through psycopg.

Every session has the same settings, so that what it reads and runs does not depend on the server's, the
database's or the role's own: UTF-8, ISO dates, UTC, exact floats, and `search_path` public. Inspection sets
`search_path` to nothing inside its own transaction, so that the server writes every name in full.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from sys import intern
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from dbdeed.engines.faults import CannotConnect, LockTimeout, SqlRejected
from dbdeed.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg

    from dbdeed.engines.seam import Target

S = TypeVar("S", bound="Session")

SETTINGS = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "search_path": "public",
    "standard_conforming_strings": "on",
    "lock_timeout": "0",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "row_security": "on",
}
"""What every session begins with."""

TOGETHER = 100
"""How many statements are sent in one message, each of them run by itself."""

_TEXTS = frozenset({25, 19})
"""OIDs of text and name, which psycopg gives as `str`."""

_GAVE_WAY = frozenset({"55P03", "40P01"})
"""Errors (manual, appendix A) of a statement that did not get its locks: lock_timeout, and a deadlock."""

_NAMED_BY_DETAIL = "Failing row contains"


_DESCRIBED = b"dbdeed_described"
"""The name of the statement that is prepared only to be described."""


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a prepared statement's result, as the server describes it.

    Attributes:
        type, modifier: of its type (format_type makes a name of them).
        table, number: OID of the table and number of its column that it is taken from as it is; 0 elsewhere.
    """

    name: str
    type: int
    modifier: int
    table: int
    number: int


@dataclass(frozen=True, slots=True)
class Description:
    """What the server says of a statement before running it.

    Attributes:
        parameters: OIDs of their types.
        plan: EXPLAIN's in full, of any values.
    """

    parameters: tuple[int, ...]
    columns: tuple[ResultColumn, ...]
    plan: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """What the server said beside a result."""

    severity: str
    message: str


class PostgresqlRejected(SqlRejected):
    """The server's refusal, with what it says of the cause.

    Attributes:
        sqlstate: the five characters of the manual's appendix A.
        located: the server said where in the statement; else `offset` is 0.
        internal: a statement that a function or DO block ran inside, and the offset in it, where it failed.
        context: the calls that led there.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        sqlstate: str = "",
        offset: int | None = None,
        internal: tuple[str, int] | None = None,
        context: str = "",
    ) -> None:
        super().__init__(message, hint=hint, offset=offset or 0)
        self.sqlstate = sqlstate
        self.located = offset is not None
        self.internal = internal
        self.context = context


class Session:
    """An open connection; the seam's `Session`."""

    def __init__(self, connection: psycopg.Connection[Any], label: str) -> None:
        self._connection = connection
        self._label = label
        self.left_out: frozenset[str] = frozenset()
        self.reachable: Target | None = None
        self.notices: list[Notice] = []
        connection.add_notice_handler(self._notice)

    @property
    def version(self) -> tuple[int, ...]:
        number = self._connection.info.server_version
        return (number // 10_000, number % 10_000)

    @property
    def process_id(self) -> int:
        """The server process that serves it."""
        return self._connection.info.backend_pid

    def execute(self, sql: str) -> None:
        """Run one statement as it is; `%` and `$1` mean nothing to us."""
        self._send(sql)

    def _send(self, sql: str) -> None:
        with self._translated(), self._connection.cursor() as cursor:
            cursor.execute(_bytes(sql))

    def execute_all(self, statements: Sequence[str]) -> None:
        """Run statements in order, many of them in one message; the seam's `execute_all`."""
        for start in range(0, len(statements), TOGETHER):
            self._send(";\n".join(statements[start : start + TOGETHER]))

    def execute_together(self, statements: Sequence[str]) -> None:
        """One message is one transaction (manual, "Multiple Statements in a Simple Query")."""
        if len(statements) <= TOGETHER:
            self.execute_all(statements)
            return
        with self.transaction():
            self.execute_all(statements)

    def fetch(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of one statement; parameters are `$1`, `$2` and so on."""
        from psycopg.raw_cursor import RawCursor

        with self._translated(), RawCursor(self._connection) as cursor:
            cursor.execute(_bytes(sql), parameters or None)
            return cursor.fetchall() if cursor.description is not None else []

    def change(self, sql: str, *parameters: Any) -> int:
        """How many rows one statement changed, without what rules add; parameters as for `fetch`."""
        from psycopg.raw_cursor import RawCursor

        with self._translated(), RawCursor(self._connection) as cursor:
            cursor.execute(_bytes(sql), parameters or None)
            return max(cursor.rowcount, 0)

    def fetch_frozen(self, sql: str) -> list[list[Any]]:
        """The rows of one statement as lists, the arrays in them as tuples; equal texts are one object."""
        from psycopg.raw_cursor import RawCursor

        with self._translated(), RawCursor(self._connection, row_factory=lambda _: list) as cursor:
            cursor.execute(_bytes(sql))
            rows, columns, types = cursor.fetchall(), cursor.description or (), cursor.adapters.types
        for place, column in enumerate(columns):
            known = types.get(column.type_code)
            if column.type_code in _TEXTS:
                for row in rows:
                    if row[place]:
                        row[place] = intern(row[place])
            elif known is not None and known.array_oid == column.type_code:
                for row in rows:
                    row[place] = _frozen(row[place])
        return rows

    def describe(self, sql: str) -> Description:
        """What the server says of a statement, which is not run. Raises as `execute`."""
        from psycopg import errors, pq

        raw = self._connection.pgconn
        with self._translated():
            for result in (raw.prepare(_DESCRIBED, _bytes(sql)), raw.describe_prepared(_DESCRIBED)):
                if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
                    raise errors.error_from_result(result)
        try:
            parameters = tuple(result.param_type(at) for at in range(result.nparams))
            columns = tuple(
                ResultColumn(
                    (result.fname(at) or b"").decode(),
                    result.ftype(at),
                    result.fmod(at),
                    result.ftable(at),
                    result.ftablecol(at),
                )
                for at in range(result.nfields)
            )
            nulls = f"({', '.join(['NULL'] * len(parameters))})" if parameters else ""
            explain = f"EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE {_DESCRIBED.decode()}{nulls}"
            self.execute("SET plan_cache_mode = force_generic_plan")
            ((plan,),) = self.fetch(explain)
            return Description(parameters, columns, plan[0]["Plan"])
        finally:
            self.execute(f"DEALLOCATE {_DESCRIBED.decode()}")
            self.execute("RESET plan_cache_mode")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; inside another one, a savepoint."""
        with self._translated(), self._connection.transaction():
            yield

    @contextmanager
    def patient(self, seconds: float) -> Iterator[None]:
        """Hang up where what is asked meanwhile takes longer; `Unavailable` is raised then.

        A server that stands still, or a dead network, says nothing, not even that the connection is lost.
        """
        timer = threading.Timer(seconds, self._hang_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _hang_up(self) -> None:
        with suppress(OSError), socket.socket(fileno=os.dup(self._connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._connection.close()

    def _notice(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        if len(self.notices) < 1000:
            text = diagnostic.message_primary or ""
            self.notices.append(Notice(diagnostic.severity_nonlocalized or "NOTICE", text))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            raise self._translation(error) from error

    def _translation(self, error: psycopg.Error) -> SqlRejected | Unavailable:
        if self._connection.broken or self._connection.closed:
            return Unavailable(
                f"The connection to {self._label} was lost: {_first_line(error)}",
                hint="See the server's log; running the same command again takes up where it stopped.",
                code="connection-lost",
            )
        if error.sqlstate in _GAVE_WAY:
            return LockTimeout(f"{_first_line(error)}.", hint=error.diag.message_hint or "")
        return rejection(error)


def rejection(error: psycopg.Error) -> PostgresqlRejected:
    """The server's refusal of a statement, in our words."""
    said = error.diag
    message = said.message_primary or _first_line(error)
    detail = said.message_detail or ""
    if detail and not detail.startswith(_NAMED_BY_DETAIL):
        message = f"{message} ({detail.rstrip('.')})"
    internal = None
    if said.internal_query and said.internal_position:
        internal = (said.internal_query, int(said.internal_position) - 1)
    return PostgresqlRejected(
        message,
        hint=said.message_hint or "",
        sqlstate=said.sqlstate or "",
        offset=int(said.statement_position) - 1 if said.statement_position else None,
        internal=internal,
        context=said.context or "",
    )


def connect(target: Target, **options: str) -> Session:
    """Open a session.

    Args:
        target: its URL in libpq's form; `postgresql+driver://` is accepted as well.
        options: connection parameters that win over the URL's.

    Raises:
        CannotConnect: without the URL or any secret in the message.
        InvalidInput: the URL cannot be read.
    """
    return settled(Session(connection(target, **options), target.label))


def connection(target: Target, **options: str) -> psycopg.Connection[Any]:
    """A bare connection, for a session of one's own making. Raises as `connect` does."""
    import psycopg

    parameters = {**_parameters(target), **options}
    try:
        return psycopg.connect(autocommit=True, prepare_threshold=None, **parameters)  # type: ignore[arg-type]
    except (psycopg.Error, OSError, UnicodeError) as error:
        raise CannotConnect(
            f"No connection to {target.label}: {_without(_first_line(error), parameters)}",
            hint="Is the server running, and are host, port, user, password and database right?",
        ) from None


def settled(session: S) -> S:
    """The session with our settings, in one round trip; closed where that fails."""
    calls = ", ".join(
        f"pg_catalog.set_config('{name}', '{value}', false)" for name, value in SETTINGS.items()
    )
    try:
        session.execute(f"SELECT {calls}")
    except BaseException:
        session.close()
        raise
    return session


def _parameters(target: Target) -> dict[str, str]:
    """The connection's parameters; a URL that libpq would read in a surprising way is refused."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    bad = InvalidInput(
        f"The URL of {target.label} cannot be read.",
        hint="Its form is postgresql://user:password@host:5432/database; special characters in user and "
        "password are written %40 for @, %2F for /, %23 for #, %25 for %.",
        code="bad-url",
    )
    scheme, separator, rest = target.url.partition("://")
    url = f"{scheme.partition('+')[0]}://{rest}" if separator else target.url
    try:
        found = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
        urlsplit(url)
    except (psycopg.Error, ValueError, UnicodeError):
        raise bad from None
    if "@" in found.get("host", "") and not found["host"].startswith(("/", "@")):
        raise bad
    return {"connect_timeout": "10", "application_name": "dbdeed", **found, "client_encoding": "UTF8"}


def _bytes(sql: str) -> bytes:
    """The statement as psycopg passes it on untouched. Raises `SqlRejected` for what no server accepts."""
    if "\0" in sql:
        raise SqlRejected(
            "A statement holds the character NUL, which SQL cannot hold.", offset=sql.index("\0")
        )
    try:
        return sql.encode()
    except UnicodeEncodeError as error:
        raise SqlRejected(
            "A statement holds half a surrogate pair, no character.", offset=error.start
        ) from None


def _frozen(values: list[Any] | None) -> tuple[Any, ...] | None:
    if values and type(values[0]) is list:
        return tuple([_frozen(value) for value in values])
    return None if values is None else tuple(values)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _without(message: str, parameters: dict[str, str]) -> str:
    """The message without the values of secret parameters, should a library have put them there."""
    for key in ("password", "sslpassword", "oauth_client_secret", "passfile"):
        if parameters.get(key):
            message = message.replace(parameters[key], "…")
    return message
