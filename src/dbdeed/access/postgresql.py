"""PostgreSQL, over psycopg's libpq."""

from __future__ import annotations

import logging
import math
import select
from traceback import clear_frames
from typing import TYPE_CHECKING

import psycopg
from psycopg import conninfo

from dbdeed.access.errors import (
    ConfigurationError,
    ConnectionLost,
    OutcomeUnknown,
    StatementFailed,
)
from dbdeed.access.postgresql_bulk import copy_in, many, stream
from dbdeed.access.postgresql_calls import Calls
from dbdeed.access.postgresql_errors import not_connected
from dbdeed.access.postgresql_prepared import Shapes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence

    from dbdeed.access.connection import Connection
    from dbdeed.access.settings import PoolSettings, TransactionSettings
    from dbdeed.access.statements import Row, Statement

# A machine that vanished says nothing: without these the system waits for it for hours.
_PEER_THAT_IS_GONE = {
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
_LOG = logging.getLogger("dbdeed.access")

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

    def __init__(self, raw: psycopg.AsyncConnection, shapes: Shapes) -> None:
        self._calls = Calls(raw, shapes)
        self._wire = self._calls.wire
        self._poll = select.poll()
        self._poll.register(raw.pgconn.socket, select.POLLIN)
        self.run = self._calls.run
        self.server = f"{raw.info.host}:{raw.info.port}"

    @property
    def changed(self) -> bool:
        return self._calls.changed

    def ready(self) -> bool:
        calls = self._calls
        return not calls.in_transaction and not calls.streaming and self._wire.idle

    def alive(self) -> bool:
        if not self._wire.open:
            return False
        # To an idle session the server says nothing but its end; one that listens is asked by its reset.
        return self._calls.changed or not self._poll.poll(0)

    def stream(
        self, statement: Statement, parameters: Sequence[object], batch: int
    ) -> AsyncGenerator[list[Row]]:
        return stream(self._calls, statement, parameters, batch)

    async def many(self, statement: Statement, parameters: Sequence[Sequence[object]]) -> int:
        return await many(self._calls, statement, parameters)

    async def copy_in(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> int:
        return await copy_in(self._calls, table, columns, rows)

    async def begin(self, settings: TransactionSettings) -> None:
        """Costs no round trip: it travels with the first statement."""
        self._calls.begin = _begin(settings)
        self._calls.in_transaction = True

    async def commit(self) -> None:
        calls = self._calls
        begun, calls.begin = not calls.begin, []
        try:
            if begun and await self._command("COMMIT") == b"ROLLBACK":
                raise StatementFailed("an earlier statement of the transaction failed: it was rolled back")
        except ConnectionLost as error:
            raise OutcomeUnknown(f"the connection went during the commit: {error.message}") from error
        finally:
            calls.in_transaction = False

    async def rollback(self) -> None:
        calls = self._calls
        begun, calls.begin = not calls.begin, []
        try:
            if begun:
                await self._command("ROLLBACK")
        finally:
            calls.in_transaction = False

    async def savepoint(self, name: str) -> None:
        await self._command(f"SAVEPOINT {name}")

    async def release_savepoint(self, name: str) -> None:
        await self._command(f"RELEASE SAVEPOINT {name}")

    async def rollback_to_savepoint(self, name: str) -> None:
        await self._command(f"ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}")

    async def reset(self) -> bool:
        await self._command(_RESET)
        await self._calls.settle_styles()
        self._calls.changed = False
        return True

    async def settle(self) -> None:
        """Make a new session fit for use."""
        await self._calls.settle_styles()

    def terminate(self) -> None:
        self._wire.terminate()

    async def _command(self, text: str) -> bytes:
        """Run it as it is; the tag of what was done last."""
        calls = self._calls
        if not calls.turn.take():
            await calls.turn.wait()
        try:
            if calls.streaming:
                raise StatementFailed(
                    "rows of a stream are still on their way here: end it, or close it, before"
                )
            results = await calls.simple(text)
            if calls.changed:
                calls.check_styles()
            return results[-1].command_status or b""
        finally:
            calls.turn.free()


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
        self.database = self._parameters.get("dbname", "")
        self._shapes = Shapes(prepared=settings.prepared)
        self._parameters.setdefault("connect_timeout", str(max(2, math.ceil(settings.acquire_timeout))))
        for name, value in {"application_name": "dbdeed", **_PEER_THAT_IS_GONE}.items():
            self._parameters.setdefault(name, value)
        self._parameters["client_encoding"] = "UTF8"
        if settings.statement_timeout is not None:
            timeout = f"-c statement_timeout={_milliseconds(settings.statement_timeout)}"
            self._parameters["options"] = f"{self._parameters.get('options', '')} {timeout}".strip()

    def __repr__(self) -> str:
        host, name = self._parameters.get("host", ""), self._parameters.get("dbname", "")
        return f"<PostgreSQL {name!r} at {host!r}>"

    async def connect(self) -> Connection:
        text = conninfo.make_conninfo("", **self._parameters)
        try:
            raw = await psycopg.AsyncConnection.connect(text, autocommit=True)
        except psycopg.Error as error:
            raise not_connected(repr(self), str(error)) from error
        except BaseException as error:
            # What was half open is held by the frames that were left, until they are collected.
            clear_frames(error.__traceback__)
            raise
        raw.add_notice_handler(_notice)
        connection = PostgresqlConnection(raw, self._shapes)
        try:
            await connection.settle()
        except BaseException:
            connection.terminate()
            raise
        return connection


def _notice(notice: psycopg.errors.Diagnostic) -> None:
    _LOG.debug("the server says: %s", notice.message_primary)


def _begin(settings: TransactionSettings) -> list[str]:
    """All that a transaction needs at its begin."""
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
    return [" ".join(["BEGIN", *modes]), *sets]


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
