"""Transactions, and savepoints within them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from dbdeed.access.errors import AccessError, StatementFailed
from dbdeed.access.session import Session

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence
    from types import TracebackType
    from typing import Self

    from dbdeed.access.connection import Connection
    from dbdeed.access.pool import Lease, Pool
    from dbdeed.access.settings import TransactionSettings
    from dbdeed.access.statements import Result, Row, Statement


class Transaction(Session):
    """All or nothing, between `async with` and its end. Made by `Database.transaction` and `Database.run`."""

    def __init__(self, pool: Pool, settings: TransactionSettings) -> None:
        self._pool = pool
        self._settings = settings
        self._lease: Lease | None = None
        self._depth = 0

    def transaction(self) -> Savepoint:
        """A part that can be undone by itself: an exception within it undoes only what it did."""
        self._depth += 1
        return Savepoint(self, self._depth)

    @property
    def connection(self) -> Connection:
        """The session it runs on; raises `StatementFailed` outside of `async with`."""
        if self._lease is None:
            raise StatementFailed("the transaction is not open: use `async with`, and not after its end")
        return self._lease.connection

    async def __aenter__(self) -> Self:
        if self._lease is not None:
            raise StatementFailed("the transaction is open already")
        lease = await self._pool.acquire()
        try:
            await lease.connection.begin(self._settings)
        except BaseException:
            self._pool.release(lease)
            raise
        self._lease = lease
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection = self.connection
        try:
            if error is None:
                await connection.commit()
        finally:
            await self._leave(connection)

    async def _leave(self, connection: Connection) -> None:
        """Roll back what is still open; a connection on which even that fails is closed by the pool."""
        lease, self._lease = self._lease, None
        try:
            if not connection.ready():
                with suppress(AccessError):
                    await connection.rollback()
        finally:
            if lease is not None:
                self._pool.release(lease)

    async def _run(self, statement: Statement, parameters: Sequence[object]) -> Result:
        return await self.connection.run(statement, parameters)

    def _stream(
        self, statement: Statement, parameters: Sequence[object], batch: int
    ) -> AsyncGenerator[list[Row]]:
        return self.connection.stream(statement, parameters, batch)

    async def _many(self, statement: Statement, parameters: Sequence[Sequence[object]]) -> int:
        return await self.connection.many(statement, parameters)

    async def copy_in(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> int:
        return await self.connection.copy_in(table, columns, rows)


class Savepoint(Session):
    """A part of a transaction that can be undone by itself."""

    def __init__(self, outer: Transaction, number: int) -> None:
        self._outer = outer
        self._name = f"dbdeed_{number}"

    def transaction(self) -> Savepoint:
        """A part of this part."""
        return self._outer.transaction()

    async def __aenter__(self) -> Self:
        await self._outer.connection.savepoint(self._name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            await self._outer.connection.release_savepoint(self._name)
            return
        with suppress(AccessError):  # what went wrong inside is what is raised
            await self._outer.connection.rollback_to_savepoint(self._name)

    async def _run(self, statement: Statement, parameters: Sequence[object]) -> Result:
        return await self._outer.connection.run(statement, parameters)

    def _stream(
        self, statement: Statement, parameters: Sequence[object], batch: int
    ) -> AsyncGenerator[list[Row]]:
        return self._outer.connection.stream(statement, parameters, batch)

    async def _many(self, statement: Statement, parameters: Sequence[Sequence[object]]) -> int:
        return await self._outer.connection.many(statement, parameters)

    async def copy_in(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> int:
        return await self._outer.connection.copy_in(table, columns, rows)
