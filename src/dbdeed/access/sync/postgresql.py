# Derived from dbdeed/access/postgresql.py by tools/derive_sync.py: change that one, then run it.
"""PostgreSQL, through psycopg 3."""

from __future__ import annotations

import math
import select
from typing import TYPE_CHECKING

import msgspec
import psycopg
from psycopg import conninfo
from psycopg.pq import ConnStatus, TransactionStatus
from psycopg.types.json import set_json_loads

from dbdeed.access.errors import (
    ConfigurationError,
    ConnectionLost,
    InvalidValue,
    OutcomeUnknown,
    StatementFailed,
)
from dbdeed.access.postgresql_errors import not_connected, translated
from dbdeed.access.statements import Result, Row, Statement

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from dbdeed.access.settings import PoolSettings, TransactionSettings
    from dbdeed.access.sync.connection import Connection


# What DISCARD ALL does, in one round trip, but for the statements that the driver itself has prepared: it
# does not always notice that they are gone, and they are what makes a kept connection fast.
_RESET = """
CLOSE ALL;
SET SESSION AUTHORIZATION DEFAULT;
RESET ALL;
UNLISTEN *;
SELECT pg_catalog.pg_advisory_unlock_all();
DO 'DECLARE one text; BEGIN
    FOR one IN SELECT name FROM pg_catalog.pg_prepared_statements WHERE from_sql LOOP
        EXECUTE pg_catalog.format(''DEALLOCATE %I'', one);
    END LOOP;
END';
DISCARD PLANS;
DISCARD TEMP;
DISCARD SEQUENCES
"""


class PostgresqlConnection:
    """One session with a server. Outside a transaction each statement commits itself."""

    def __init__(self, raw: psycopg.Connection) -> None:
        self._raw = raw
        self._in_transaction = False
        self.changed = False
        self.server = f"{raw.info.host}:{raw.info.port}"

    def ready(self) -> bool:
        return self._raw.pgconn.transaction_status == TransactionStatus.IDLE

    def alive(self) -> bool:
        pgconn = self._raw.pgconn
        if pgconn.status != ConnStatus.OK:
            return False
        poll = select.poll()
        poll.register(pgconn.socket, select.POLLIN)
        # To an idle session the server says nothing but its end; one that listens is asked by its reset.
        return self.changed or not poll.poll(0)

    def run(self, statement: Statement, parameters: Sequence[object]) -> Result:
        if self._raw.closed:
            raise ConnectionLost("the connection is closed")
        self.changed = self.changed or not statement.trusted
        cursor = psycopg.RawCursor(self._raw)
        try:
            cursor.execute(statement.text.encode(), parameters or None)
            rows = cursor.fetchall() if cursor.description is not None else []
        except UnicodeEncodeError as error:
            raise InvalidValue("a text holds characters that UTF-8 cannot express") from error
        except psycopg.Error as error:
            failed = translated(error, gone=self._raw.closed)
            if isinstance(failed, ConnectionLost) and statement.writes and not self._in_transaction:
                failed = OutcomeUnknown(f"the connection went during a change: {failed.message}")
            raise failed from error
        return Result(rows, max(cursor.rowcount, 0))

    def stream(self, statement: Statement, parameters: Sequence[object], batch: int) -> Generator[list[Row]]:
        if self._in_transaction:  # leaving a stream early cancels it, which would fail the transaction
            every = (self.run(statement, parameters)).rows
            for start in range(0, len(every), batch):
                yield every[start : start + batch]
            return
        self.changed = self.changed or not statement.trusted
        cursor = psycopg.RawCursor(self._raw)
        rows: list[Row] = []
        try:
            for row in cursor.stream(statement.text.encode(), parameters or None):
                rows.append(row)
                if len(rows) == batch:
                    yield rows
                    rows = []
            if rows:
                yield rows
        except psycopg.Error as error:
            raise translated(error, gone=self._raw.closed) from error

    def many(self, statement: Statement, parameters: Sequence[Sequence[object]]) -> int:
        self.changed = self.changed or not statement.trusted
        cursor = psycopg.RawCursor(self._raw)
        try:
            cursor.executemany(statement.text.encode(), parameters)
        except psycopg.Error as error:
            raise translated(error, gone=self._raw.closed) from error
        return max(cursor.rowcount, 0)

    def copy_in(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> int:
        cursor = psycopg.RawCursor(self._raw)
        try:
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
                for row in rows:
                    copy.write_row(row)
        except psycopg.Error as error:
            raise translated(error, gone=self._raw.closed) from error
        return max(cursor.rowcount, 0)

    def begin(self, settings: TransactionSettings) -> None:
        self._command(_begin(settings))
        self._in_transaction = True

    def commit(self) -> None:
        failed = self._raw.pgconn.transaction_status == TransactionStatus.INERROR
        try:
            self._command("COMMIT")
        except ConnectionLost as error:
            raise OutcomeUnknown(f"the connection went during the commit: {error.message}") from error
        finally:
            self._in_transaction = False
        if failed:
            raise StatementFailed("an earlier statement of the transaction failed: it was rolled back")

    def rollback(self) -> None:
        self._in_transaction = False
        self._command("ROLLBACK")

    def savepoint(self, name: str) -> None:
        self._command(f"SAVEPOINT {name}")

    def release_savepoint(self, name: str) -> None:
        self._command(f"RELEASE SAVEPOINT {name}")

    def rollback_to_savepoint(self, name: str) -> None:
        self._command(f"ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}")

    def reset(self) -> bool:
        self._command(_RESET)
        self.changed = False
        return True

    def terminate(self) -> None:
        self._raw.pgconn.finish()

    def _command(self, text: str) -> None:
        try:
            psycopg.RawCursor(self._raw).execute(text.encode(), prepare=False)
        except psycopg.Error as error:
            raise translated(error, gone=self._raw.closed) from error


class PostgresqlConnector:
    """Opens sessions with one database.

    Args:
        address: a URL or libpq's key=value form.
        settings: its acquire timeout also bounds connecting (libpq counts in seconds, at least 2).
    """

    dialect = "postgresql"

    def __init__(self, address: str, settings: PoolSettings) -> None:
        try:
            given = conninfo.conninfo_to_dict(address)
        except psycopg.ProgrammingError:
            # libpq's message quotes the address, and with it a password.
            raise ConfigurationError(
                "the PostgreSQL address cannot be read; postgresql://user@host/name"
            ) from None
        self._parameters: dict[str, str] = {
            key: str(value) for key, value in given.items() if value is not None
        }
        self._parameters.setdefault("connect_timeout", str(max(2, math.ceil(settings.acquire_timeout))))
        self._parameters.setdefault("application_name", "dbdeed")
        self._parameters["client_encoding"] = "UTF8"
        if settings.statement_timeout is not None:
            timeout = f"-c statement_timeout={_milliseconds(settings.statement_timeout)}"
            self._parameters["options"] = f"{self._parameters.get('options', '')} {timeout}".strip()

    def __repr__(self) -> str:
        host, name = self._parameters.get("host", ""), self._parameters.get("dbname", "")
        return f"<PostgreSQL {name!r} at {host!r}>"

    def connect(self) -> Connection:
        text = conninfo.make_conninfo("", **self._parameters)
        try:
            raw = psycopg.Connection.connect(text, autocommit=True)
        except psycopg.Error as error:
            raise not_connected(repr(self), str(error)) from error
        set_json_loads(msgspec.json.decode, raw)
        return PostgresqlConnection(raw)


def _begin(settings: TransactionSettings) -> str:
    """All that a transaction needs, in one round trip."""
    modes = [f"ISOLATION LEVEL {settings.isolation.value.upper()}"] if settings.isolation else []
    modes += ["READ ONLY"] if settings.read_only else []
    timeouts = {
        "statement_timeout": settings.statement_timeout,
        "lock_timeout": settings.lock_timeout,
        "idle_in_transaction_session_timeout": settings.idle_timeout,
    }
    sets = [
        f"SET LOCAL {key} = {_milliseconds(value)}" for key, value in timeouts.items() if value is not None
    ]
    return "; ".join([" ".join(["BEGIN", *modes]), *sets])


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
