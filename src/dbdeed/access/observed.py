"""Connections whose statements are looked at: by the slow-query log, OpenTelemetry, or for comments."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from dbdeed.access.statements import Statement, copying

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence

    from dbdeed.access.connection import Connection, Connector
    from dbdeed.access.statements import Result, Row
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

    async def run(self, statement: Statement, parameters: Sequence[object]) -> Result:
        call = self._observer.begin(statement, self.server)
        try:
            result = await self._inner.run(call.statement, parameters)
        except BaseException as error:
            call.failed(error)
            raise
        call.ended(result.count)
        return result

    async def stream(
        self, statement: Statement, parameters: Sequence[object], batch: int
    ) -> AsyncGenerator[list[Row]]:
        call = self._observer.begin(statement, self.server)
        count = 0
        try:
            async with aclosing(self._inner.stream(call.statement, parameters, batch)) as batches:
                async for rows in batches:
                    count += len(rows)
                    yield rows
        except BaseException as error:
            call.failed(error)
            raise
        call.ended(count)

    async def many(self, statement: Statement, parameters: Sequence[Sequence[object]]) -> int:
        call = self._observer.begin(statement, self.server, len(parameters))
        try:
            count = await self._inner.many(call.statement, parameters)
        except BaseException as error:
            call.failed(error)
            raise
        call.ended(count)
        return count

    async def copy_in(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> int:
        call = self._observer.begin(copying(table, columns), self.server)
        try:
            count = await self._inner.copy_in(table, columns, rows)
        except BaseException as error:
            call.failed(error)
            raise
        call.ended(count)
        return count

    async def commit(self) -> None:
        await self._told(_COMMIT, self._inner.commit)

    async def rollback(self) -> None:
        await self._told(_ROLLBACK, self._inner.rollback)

    async def _told(self, statement: Statement, work: Callable[[], Awaitable[None]]) -> None:
        call = self._observer.begin(statement, self.server)
        try:
            await work()
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

    async def connect(self) -> Connection:
        return ObservedConnection(await self._inner.connect(), self._observer)
