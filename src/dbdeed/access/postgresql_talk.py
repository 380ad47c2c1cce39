"""One PostgreSQL session: what is said to its server in turn, and what is known of the session."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

import psycopg
from psycopg import capabilities
from psycopg.pq import PipelineStatus, TransactionStatus

from dbdeed.access.errors import AccessError, ConnectionLost, InvalidValue, OutcomeUnknown, StatementFailed
from dbdeed.access.postgresql_errors import translated
from dbdeed.access.postgresql_prepared import Cache, Prepared
from dbdeed.access.postgresql_types import ASK, Types
from dbdeed.access.postgresql_values import Dumper
from dbdeed.access.postgresql_wire import FAILED, FINE, Wire
from dbdeed.access.sockets import Turn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from psycopg.pq.abc import PGresult

    from dbdeed.access.postgresql_prepared import Shapes
    from dbdeed.access.statements import Row

Results: TypeAlias = "list[PGresult]"

_OIDS = 1028  # oid[]
_STYLES = (b"TimeZone", b"DateStyle", b"IntervalStyle", b"client_encoding")
# The styles in which psycopg reads texts, should a role or a database have others.
_READABLE = (
    ("DateStyle", b"ISO", "SELECT pg_catalog.set_config('DateStyle', 'ISO', false)"),
    ("IntervalStyle", b"postgres", "SELECT pg_catalog.set_config('IntervalStyle', 'postgres', false)"),
)


class Talk:
    """One session, and what it knows of types and of prepared statements.

    Attributes:
        begin: what must be said before the next statement, since a transaction is to begin with it.
        in_transaction: one was begun, if only by intent.
        streaming: rows of a stream are on their way, so that nothing else can be asked.
        chunked: the last rows came in chunks.
        changed: the session's settings may differ from a new one's.
        touched: a statement by hand may have freed what was prepared.
    """

    def __init__(self, raw: psycopg.AsyncConnection, shapes: Shapes) -> None:
        self.raw = raw
        self.pgconn = raw.pgconn
        self.wire = Wire(raw.pgconn)
        self.types = Types(raw)
        self.dumper = Dumper(self.types)
        self.shapes = shapes
        self.cache = Cache(shapes)
        self.turn = Turn()
        self.begin: list[str] = []
        self.in_transaction = False
        self.streaming = False
        self.chunked = False
        self.changed = False
        self._closed = 0  # how many statements the pipeline that is open frees
        self.touched = False
        self._styles = self._current_styles()

    async def learn(self, oids: Iterable[int]) -> None:
        """Ask the server for the types among these that are not known."""
        unknown = self.types.unknown(oids)
        if not unknown:
            return
        wanted = f"{{{','.join(map(str, unknown))}}}".encode()
        try:
            self.pgconn.send_query_params(ASK.encode(), [wanted], [_OIDS])
        except psycopg.Error as error:
            raise self.lost(error, writes=False) from error
        results = await self.conversation(self.wire.answers, writes=False)
        self.require_success(results)
        plainly = Prepared(b"", (), self.types, self.dumper)
        self.types.learn(unknown, self.loaded(plainly, results[0]))

    def loaded(self, prepared: Prepared, result: PGresult) -> list[Row]:
        """The rows; raises `InvalidValue` where Python has no value for one of the database's."""
        try:
            return prepared.rows(result)
        except (psycopg.Error, ValueError, OverflowError, NotImplementedError) as error:
            said = (
                str(error).splitlines()[0] if isinstance(error, psycopg.DataError) else type(error).__name__
            )
            raise InvalidValue(f"Python has no value for one that the database gave: {said}") from error

    async def simple(self, text: str, *, writes: bool = False) -> list[PGresult]:
        """Run SQL as it is, behind what begins a transaction; raises where one of it fails."""
        sent = encoded("; ".join([*self.begin, *([text] if text else [])]))
        begin, self.begin = self.begin, []
        self.chunked = False
        try:
            self.pgconn.send_query(sent)
        except psycopg.Error as error:
            raise self.lost(error, writes=False) from error
        results = await self.conversation(self.wire.answers, writes=writes)
        if begin and self.wire.idle:
            self.begin = begin
        self.require_success(results, writes=writes)
        return results

    async def conversation(
        self, answers: Callable[[], Awaitable[Results]], *, writes: bool
    ) -> list[PGresult]:
        """What the server says, to its end; whatever comes between, nothing is left for the next call."""
        try:
            return await answers()
        except psycopg.Error as error:
            raise self.lost(error, writes=writes) from error
        except BaseException:
            await self.wire.interrupted()
            raise

    async def open_pipeline(self) -> None:
        """Begin to say several things at once: what is not needed any more, and what is to begin."""
        if self.chunked:
            # libpq would give the first of them in chunks too, unless something came between (seen in 18).
            self.chunked = False
            self.pgconn.send_query(b"")
            await self.conversation(self.wire.answers, writes=False)
        closing = self.cache.closing
        if closing and not capabilities.has_send_close_prepared():
            await self._deallocate()
            closing = []
        self.pgconn.enter_pipeline_mode()
        for name in closing:
            self.pgconn.send_close_prepared(name)
        self._closed = len(closing)
        closing.clear()
        for text in self.begin:
            self.pgconn.send_query_params(text.encode(), None)

    async def _deallocate(self) -> None:
        """Free statements as a libpq before 17 must: by SQL, which fails for one that is gone."""
        if not self.wire.idle:
            return  # later: it would fail the transaction
        names = [*self.cache.closing]
        self.cache.closing.clear()
        begin, self.begin = self.begin, []
        for name in names:
            with suppress(StatementFailed):
                await self.simple(f'DEALLOCATE "{name.decode()}"')
        self.begin = begin

    def began(self, begin: list[str], results: list[PGresult]) -> list[PGresult]:
        """The results of a pipeline without those of its opening; raises where that failed."""
        opening = self._closed + len(begin)
        self.require_success(results[:opening])
        self.begin = []
        return results[opening:]

    def require_success(self, results: Iterable[PGresult], *, writes: bool = False) -> None:
        for result in results:
            if result.status not in FINE:
                raise self._error(result, writes=writes)

    def lost(self, error: psycopg.Error, *, writes: bool) -> AccessError:
        """What it means that the conversation itself failed."""
        pgconn = self.pgconn
        gone = (
            not self.wire.open
            or pgconn.transaction_status == TransactionStatus.ACTIVE
            or pgconn.pipeline_status != PipelineStatus.OFF
        )
        if gone:
            self.wire.terminate()
        return self.unknown_where(translated(error, gone=gone), writes=writes)

    def unknown_where(self, failed: AccessError, *, writes: bool) -> AccessError:
        if isinstance(failed, ConnectionLost) and writes and not self.in_transaction:
            return OutcomeUnknown(f"the connection went during a change: {failed.message}")
        return failed

    def _error(self, result: PGresult, *, writes: bool) -> AccessError:
        if result.status != FAILED:
            self.wire.terminate()
            return StatementFailed(
                f"rows that are copied need `copy_in`; the connection was closed {result.status}"
            )
        error = psycopg.errors.error_from_result(result, encoding="utf-8")
        failed = self.unknown_where(translated(error, gone=not self.wire.open), writes=writes)
        failed.__cause__ = error
        return failed

    def touch(self) -> None:
        """A statement by hand may do anything to the session."""
        self.changed = self.touched = True

    def check_styles(self) -> None:
        """Times are read by the session's zone and style, which a statement by hand may have changed."""
        if self.wire.open and (found := self._current_styles()) != self._styles:
            if self.pgconn.parameter_status(b"client_encoding") != b"UTF8":
                self.wire.terminate()
                raise StatementFailed("client_encoding has to stay UTF8; the session was closed")
            self._styles = found
            self.dumper = Dumper(self.types)
            self.cache.refresh(self.types, self.dumper)

    async def settle_styles(self) -> None:
        """Make a new session write dates so that they can be read. Most need no round trip for it."""
        for name, wanted, change in _READABLE:
            if not (self.pgconn.parameter_status(name.encode()) or wanted).startswith(wanted):
                await self.simple(change)
        self.check_styles()

    def _current_styles(self) -> tuple[bytes | None, ...]:
        return tuple(map(self.pgconn.parameter_status, _STYLES))


def encoded(text: str) -> bytes:
    """SQL as it is sent. Raises `InvalidValue`."""
    if "\0" in text:
        raise InvalidValue("SQL cannot hold the character NUL")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidValue("a text holds characters that UTF-8 cannot express") from error
