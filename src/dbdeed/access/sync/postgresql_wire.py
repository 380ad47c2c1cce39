# Derived from dbdeed/access/postgresql_wire.py by tools/derive_sync.py: change that one, then run it.
"""A conversation with a PostgreSQL server over libpq, without blocking.

Whatever is left in the middle, by a cancellation or an error, is ended here: the server is asked to stop, and
what it still says is taken, so that no answer is ever left for the next call; or the connection is closed.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
from psycopg import capabilities
from psycopg.pq import ConnStatus, ExecStatus, PipelineStatus, PollingStatus, TransactionStatus

from dbdeed.access.errors import StatementFailed
from dbdeed.access.sync.sockets import Socket, apart, patience, until_ready

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

COMMAND_OK, TUPLES_OK, FAILED = (
    int(one) for one in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.FATAL_ERROR)
)
FINE = frozenset({COMMAND_OK, TUPLES_OK, int(ExecStatus.EMPTY_QUERY)})
CHUNK = frozenset({int(ExecStatus.SINGLE_TUPLE), int(ExecStatus.TUPLES_CHUNK)})
COPY_IN = int(ExecStatus.COPY_IN)
_COPIES = frozenset({COPY_IN, int(ExecStatus.COPY_OUT), int(ExecStatus.COPY_BOTH)})
_SYNC = int(ExecStatus.PIPELINE_SYNC)
_IDLE = int(TransactionStatus.IDLE)
_IN_ERROR = int(TransactionStatus.INERROR)
_PATIENCE = 5.0  # seconds that a call that was left may take to end


class Wire:
    """One connection, used by one caller at a time.

    Attributes:
        wait: to await until the server has said all of what `pgconn.is_busy` waits for.
    """

    def __init__(self, pgconn: PGconn) -> None:
        self.pgconn = pgconn
        pgconn.nonblocking = 1
        # One encrypted record may hold more than libpq reads at once; the rest is no more at the socket.
        self._reads = 3 if pgconn.ssl_in_use else 1
        self._socket = Socket(pgconn.socket, self._look)
        self.wait = self._socket.wait
        self.pause = self._socket.pause
        self.resume = self._socket.resume

    @property
    def open(self) -> bool:
        return self.pgconn.status == ConnStatus.OK

    @property
    def idle(self) -> bool:
        """Open, nothing under way, and in no transaction."""
        return self.pgconn.transaction_status == _IDLE

    @property
    def in_error(self) -> bool:
        """In a transaction that failed."""
        return self.pgconn.transaction_status == _IN_ERROR

    def terminate(self) -> None:
        self._socket.close()
        self.pgconn.finish()

    def flushed(self) -> None:
        """Until all that was said is on its way."""
        while self.pgconn.flush() == 1:
            self._socket.writable()

    def answers(self) -> list[PGresult]:
        """All that the server says to what was sent outside of a pipeline."""
        found: list[PGresult] = []
        self.flushed()
        while (result := self.answer(found)) is not None:
            found.append(result)
            if result.status in _COPIES:
                break
        return found

    def answer(self, before: list[PGresult] | None = None) -> PGresult | None:
        """The next result; None where there is no more.

        Args:
            before: results that came before it. A server that ends the session says why in one of them, and
                then closes: that is its last word, and no error by itself.
        """
        try:
            if self.pgconn.is_busy():
                self.wait()
        except psycopg.Error:
            if before and before[-1].status == FAILED:
                return None
            raise
        return self.pgconn.get_result()

    def pipelined(self) -> list[PGresult]:
        """End a pipeline; all that the server says to it."""
        found: list[PGresult] = []
        self.pgconn.pipeline_sync()
        self.flushed()
        while True:
            result = self.answer(found)
            if result is None:
                if not self.open:
                    break
                continue  # the end of one statement's results
            if result.status == _SYNC:
                self.pgconn.exit_pipeline_mode()
                break
            found.append(result)
            if result.status in _COPIES:
                break  # libpq knows no end of it; whoever asked closes the connection
        return found

    def interrupted(self, *, stop: bool = True) -> None:
        """A call was left in the middle: bring the connection to where the next may follow, or close it.

        Args:
            stop: ask the server to stop; else wait for it to end by itself.
        """
        try:
            self._socket.resume()
            with patience(self._socket, _PATIENCE):
                self.flushed()
            stop = stop and self.pgconn.transaction_status == TransactionStatus.ACTIVE
            (self._stopped() if stop else self._drained_within(_PATIENCE))
        except (psycopg.Error, TimeoutError, OSError, StatementFailed):
            self.terminate()
        except BaseException:
            self.terminate()
            raise

    def _stopped(self) -> None:
        """Ask the server to stop, and again: it drops what it is asked before it has begun the statement."""
        end = time.monotonic() + _PATIENCE
        pause = 0.1
        while True:
            with patience(self._socket, _PATIENCE):
                self._cancel()
            try:
                self._drained_within(pause)
            except TimeoutError:
                if time.monotonic() > end:
                    raise
                pause *= 2
            else:
                return

    def _drained_within(self, seconds: float) -> None:
        with patience(self._socket, seconds):
            self._drained()

    def _drained(self) -> None:
        pipeline = self.pgconn.pipeline_status != PipelineStatus.OFF
        while True:
            result = self.answer()
            if result is None:
                if not pipeline:
                    return
                if not self.open:
                    raise StatementFailed("the connection is closed")
            elif result.status == _SYNC:
                self.pgconn.exit_pipeline_mode()
                return
            elif result.status in _COPIES:
                raise StatementFailed("a copy was left in the middle")

    def _cancel(self) -> None:
        """Ask the server to stop. By the time this ends it was told, so that what follows is not stopped."""
        if not capabilities.has_cancel_safe():
            with suppress(psycopg.Error):
                apart(self.pgconn.get_cancel().cancel)
            return
        with suppress(psycopg.Error):
            request = self.pgconn.cancel_conn()
            try:
                request.start()
                while (status := request.poll()) != PollingStatus.OK:
                    if status == PollingStatus.FAILED:
                        return  # then it ends by itself, or takes too long
                    until_ready(request.socket, write=status == PollingStatus.WRITING)
            finally:
                request.finish()

    def _look(self) -> bool:
        pgconn = self.pgconn
        for _ in range(self._reads):
            pgconn.consume_input()
            if not pgconn.is_busy():
                return True
        return False
