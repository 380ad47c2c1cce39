# Derived from dbdeed/access/observed.py by tools/derive_sync.py: change that one, then run it.
"""Connections whose statements are looked at: by the slow-query log, OpenTelemetry, or for comments."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from dbdeed.access.statements import Statement, copying

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from dbdeed.access.statements import Result, Row
    from dbdeed.access.sync.connection import Connection, Connector
    from dbdeed.access.telemetry import Observer

_COMMIT, _ROLLBACK = Statement("COMMIT"), Statement("ROLLBACK")


class ObservedConnection:
    """A connection that tells an observer of each statement."""

    def __init__(self, inner: Connection, observer: Observer) -> None:
        self._inner = inner
        self._observer = observer
        self.server = inner.server
        self.ready = inner.ready
        self.alive = inner.alive
        self.terminate = inner.terminate
        self.begin = inner.begin
        self.savepoint = inner.savepoint
        self.release_savepoint = inner.release_savepoint
        self.rollback_to_savepoint = inner.rollback_to_savepoint
        self.reset = inner.reset

    @property
    def changed(self) -> bool:
        return self._inner.changed

    def run(self, statement: Statement, parameters: Sequence[object]) -> Result:
        call = self._observer.begin(statement, self.server)
        try:
            result = self._inner.run(call.statement, parameters)
        except BaseException as error:
            call.failed(error)
            raise
        call.ended(result.count)
        return result

    def stream(self, statement: Statement, parameters: Sequence[object], batch: int) -> Generator[list[Row]]:
        call = self._observer.begin(statement, self.server)
        count = 0
        try:
            with closing(self._inner.stream(call.statement, parameters, batch)) as batches:
                for rows in batches:
                    count += len(rows)
                    yield rows
        except BaseException as error:
            call.failed(error)
            raise
        call.ended(count)

    def many(self, statement: Statement, parameters: Sequence[Sequence[object]]) -> int:
        call = self._observer.begin(statement, self.server, len(parameters))
        try:
            count = self._inner.many(call.statement, parameters)
        except BaseException as error:
            call.failed(error)
            raise
        call.ended(count)
        return count

    def copy_in(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> int:
        call = self._observer.begin(copying(table, columns), self.server)
        try:
            count = self._inner.copy_in(table, columns, rows)
        except BaseException as error:
            call.failed(error)
            raise
        call.ended(count)
        return count

    def commit(self) -> None:
        self._told(_COMMIT, self._inner.commit)

    def rollback(self) -> None:
        self._told(_ROLLBACK, self._inner.rollback)

    def _told(self, statement: Statement, work: Callable[[], None]) -> None:
        call = self._observer.begin(statement, self.server)
        try:
            work()
        except BaseException as error:
            call.failed(error)
            raise
        call.ended()


class ObservedConnector:
    """Opens such connections."""

    def __init__(self, inner: Connector, observer: Observer) -> None:
        self._inner = inner
        self._observer = observer
        self.dialect = inner.dialect
        self.database = inner.database

    def __repr__(self) -> str:
        return repr(self._inner)

    def connect(self) -> Connection:
        return ObservedConnection(self._inner.connect(), self._observer)
