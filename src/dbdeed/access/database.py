"""The entry: a database, its single statements, and its transactions."""

from __future__ import annotations

import os
import random
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, TypeVar

import msgspec

from dbdeed.access.address import dialect_of, sqlite_path
from dbdeed.access.budget import Budget
from dbdeed.access.errors import AccessError, ConfigurationError, PoolClosed, ReadOnly, Transient, judged
from dbdeed.access.observed import ObservedConnector
from dbdeed.access.pool import Pool
from dbdeed.access.routing import Routes, named_pools
from dbdeed.access.session import Session
from dbdeed.access.settings import Isolation, PoolSettings, RetryPolicy, TransactionSettings
from dbdeed.access.statements import copying
from dbdeed.access.telemetry import Telemetry
from dbdeed.access.transaction import Transaction
from dbdeed.access.waiting import sleep

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from dbdeed.access.connection import Connection, Connector
    from dbdeed.access.pool_metrics import PoolMetrics
    from dbdeed.access.statements import Dialect, Result, Row, Statement

T = TypeVar("T")


class Database(Session):
    """A database and its pools, open between `async with` and its end.

    Repositories take it, and each of their calls is then a transaction of its own; or a `Transaction`.
    """

    def __init__(
        self,
        address: str,
        *,
        replicas: Sequence[str] = (),
        replica_lag: float = 5.0,
        pool: PoolSettings | None = None,
        retry: RetryPolicy | None = None,
        transactions: TransactionSettings | None = None,
        dialect: Dialect | None = None,
        telemetry: Telemetry | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            address: `postgresql://…`, or `sqlite:///path` (four slashes for an absolute one).
            replicas: the addresses of servers that follow it; what only reads goes to them.
            replica_lag: seconds that a replica is held to be behind where it cannot tell its position.
            pool: sizes and times, as the document has them; each replica has a pool of its own.
            retry: when work is done again.
            transactions: how each transaction runs.
            dialect: what the repositories were generated for; another database is refused.
            telemetry: what is told of each statement.
            chance: a random number from 0 to 1, for spreading waits.

        Raises:
            ConfigurationError: an address cannot be used.
        """
        self._settings = _fitting(pool or PoolSettings(), dialect_of(address))
        self._transactions = transactions or TransactionSettings()
        self._chance = chance
        self._connector = _connector(address, self._settings, dialect)
        self._replicas = [_connector(one, self._settings, dialect_of(address)) for one in replicas]
        if self._replicas and self._connector.dialect == "sqlite":
            raise ConfigurationError("SQLite has no replicas: a file is read where it is")
        self._telemetry = telemetry or Telemetry()
        self._lag = replica_lag
        self._retry = retry or RetryPolicy()
        self._budget = Budget(self._retry.budget, time.monotonic)
        self._routes: Routes | None = None

    @classmethod
    def from_env(
        cls,
        name: str = "DATABASE_URL",
        *,
        replicas: Sequence[str] = (),
        replica_lag: float = 5.0,
        pool: PoolSettings | None = None,
        retry: RetryPolicy | None = None,
        transactions: TransactionSettings | None = None,
        dialect: Dialect | None = None,
        telemetry: Telemetry | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Self:
        """The database whose address is in the environment variable `name`.

        `replicas` are such names too; one that is not set means that there is no such replica here.
        """
        environment = os.environ if environment is None else environment
        address = environment.get(name, "")
        if not address:
            raise ConfigurationError(
                f"the environment variable {name} is not set: it holds the database's address"
            )
        return cls(
            address,
            replicas=[environment[one] for one in replicas if environment.get(one)],
            replica_lag=replica_lag,
            pool=pool,
            retry=retry,
            transactions=transactions,
            dialect=dialect,
            telemetry=telemetry,
        )

    def __repr__(self) -> str:
        return f"<Database {self._connector!r}, {self._routes.primary if self._routes else 'not open'}>"

    def metrics(self) -> PoolMetrics:
        """The primary's pool."""
        return self._open_routes().primary.metrics()

    def replica_metrics(self) -> list[PoolMetrics]:
        """The pools of the replicas, in their order."""
        return [replica.pool.metrics() for replica in self._open_routes().replicas]

    async def open(self) -> None:
        """Open the pool's first connections, as often as the retry policy allows; replicas come with use."""
        if self._routes is not None:
            raise ConfigurationError("the database is open already")

        observer = self._telemetry.observer(self._connector.dialect, self._connector.database)

        def observed(connector: Connector) -> Connector:
            return connector if observer is None else ObservedConnector(connector, observer)

        async def attempt() -> Pool:
            pool = Pool(observed(self._connector), self._settings, chance=self._chance)
            await pool.open()
            return pool

        primary = await self._retried(attempt)
        replicas = []
        for connector in self._replicas:
            pool = Pool(
                observed(connector), msgspec.structs.replace(self._settings, min=0), chance=self._chance
            )
            await pool.open()
            replicas.append(pool)
        self._routes = Routes(primary, replicas, lag=self._lag)
        if observer is not None and observer.tracing is not None:
            observer.tracing.watch(self._routes, named_pools(self._routes))

    async def close(self, within: float = 10.0) -> None:
        """Wait up to `within` seconds for what is under way, and close."""
        routes, self._routes = self._routes, None
        if routes is not None:
            for replica in routes.replicas:
                await replica.pool.close(within)
            await routes.primary.close(within)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def transaction(
        self,
        *,
        isolation: Isolation | str | None = None,
        read_only: bool | None = None,
        statement_timeout: float | None = None,
        lock_timeout: float | None = None,
        primary: bool = False,
    ) -> Transaction:
        """A transaction, for `async with`: committed at its end, rolled back by an exception.

        What is not given is as the document has it. A read-only one may run on a replica; `primary` keeps it
        from that.
        """
        settings = self._transactions.changed(isolation, read_only, statement_timeout, lock_timeout)
        return Transaction(self._open_routes(), settings, primary=primary)

    async def run(
        self,
        work: Callable[[Transaction], Awaitable[T]],
        *,
        isolation: Isolation | str | None = None,
        read_only: bool | None = None,
        statement_timeout: float | None = None,
        lock_timeout: float | None = None,
        primary: bool = False,
    ) -> T:
        """Do `work` in a transaction, and do it again from the start where the retry policy allows.

        `work` is called anew each time, so it must not keep what it learned in an earlier attempt. A commit
        whose outcome is unknown is never repeated (`OutcomeUnknown`).
        """
        again = primary

        async def attempt() -> T:
            nonlocal again
            transaction = self.transaction(
                isolation=isolation,
                read_only=read_only,
                statement_timeout=statement_timeout,
                lock_timeout=lock_timeout,
                primary=again,
            )
            again = True  # what failed on a replica is done on the primary
            async with transaction:
                return await work(transaction)

        return await self._retried(attempt)

    async def _run(self, statement: Statement, parameters: Sequence[object]) -> Result:
        routes = self._routes or self._open_routes()
        if routes.replicas:
            return await self._leased(_running(statement, parameters), statement)
        pool = routes.primary
        lease = pool.take(statement.writes)
        if lease is None:
            try:
                lease = await pool.acquire(careful=statement.writes)
            except Transient as error:
                return await self._leased(_running(statement, parameters), statement, error)
        lease.doing = statement
        try:
            result = await lease.connection.run(statement, parameters)
        except BaseException as error:
            failed = judged(error, read_only=False) if isinstance(error, AccessError) else None
            if failed is not None:
                routes.noticed(lease, failed)
            pool.release(lease)
            if not isinstance(failed, Transient):
                raise
        else:
            if statement.trusted:
                pool.give_back(lease)
            else:
                pool.release(lease)
            return result
        return await self._leased(_running(statement, parameters), statement, failed)

    async def _leased(
        self,
        work: Callable[[Connection], Awaitable[T]],
        statement: Statement,
        failed: Transient | None = None,
    ) -> T:
        """Do `work` on a connection of the fitting pool, and again where that is safe.

        `statement` is what it runs, or one like it: it tells whether something is changed. `failed` is how a
        first attempt ended, if there was one.
        """
        routes = self._open_routes()
        primary = failed is not None or not routes.reads_only(statement)

        async def attempt() -> T:
            nonlocal primary
            lease = await routes.lease(primary=primary)
            on_replica, primary = lease.pool is not routes.primary, True
            lease.doing = statement
            try:
                return await work(lease.connection)
            except AccessError as error:
                if on_replica and isinstance(error, ReadOnly):
                    routes.writes_after_all(statement)
                found = judged(error, read_only=False)
                routes.noticed(lease, found)
                raise found from found.__cause__
            finally:
                if statement.writes:
                    routes.wrote()
                lease.pool.release(lease)

        return await self._retried(attempt, failed)

    async def _stream(
        self, statement: Statement, parameters: Sequence[object], batch: int
    ) -> AsyncGenerator[list[Row]]:
        routes = self._open_routes()
        lease = await routes.lease(primary=not routes.reads_only(statement))
        lease.doing = statement
        try:
            async with aclosing(lease.connection.stream(statement, parameters, batch)) as batches:
                async for rows in batches:
                    yield rows
        except AccessError as error:
            found = judged(error, read_only=False)
            routes.noticed(lease, found)
            raise found from found.__cause__
        finally:
            if statement.writes:
                routes.wrote()
            lease.pool.release(lease)

    async def _many(self, statement: Statement, parameters: Sequence[Sequence[object]]) -> int:
        return await self._leased(lambda one: one.many(statement, parameters), statement)

    async def copy_in(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> int:
        routes = self._open_routes()
        lease = await routes.lease(primary=True)
        lease.doing = copying(table, columns)
        try:
            return await lease.connection.copy_in(table, columns, rows)
        except AccessError as error:
            found = judged(error, read_only=False)
            routes.noticed(lease, found)
            raise found from found.__cause__
        finally:
            routes.wrote()
            lease.pool.release(lease)

    async def _retried(self, attempt: Callable[[], Awaitable[T]], failed: Transient | None = None) -> T:
        """What is `Transient` changed nothing, so that the attempt may be made again."""
        failures = 0
        while True:
            if failed is None:
                try:
                    return await attempt()
                except Transient as error:
                    failed = error
            failures += 1
            calls = self._routes.primary.acquired if self._routes else 0
            if failures >= self._retry.attempts or not self._budget.allows(failed, calls):
                raise failed
            await sleep(self._retry.delay(failures, self._chance))
            failed = None

    def _open_routes(self) -> Routes:
        if self._routes is None:
            raise PoolClosed("the database is not open: use `async with database:`, and not after its end")
        return self._routes


def _fitting(settings: PoolSettings, dialect: Dialect) -> PoolSettings:
    """The settings, as they are kept.

    What SQLite opens is a file, of which nobody has too many: closing those that are idle would need a second
    thread, and a process that has one pays for it in each call (4 % of a short one).
    """
    if dialect != "sqlite":
        return settings
    return msgspec.structs.replace(settings, idle_timeout=None, lifetime=None)


def _running(statement: Statement, parameters: Sequence[object]) -> Callable[[Connection], Awaitable[Result]]:
    """Runs it on a connection. A function of its own, so that the path of every call has no cells."""
    return lambda connection: connection.run(statement, parameters)


def _connector(address: str, settings: PoolSettings, expected: Dialect | None) -> Connector:
    dialect = dialect_of(address)
    if expected is not None and dialect != expected:
        raise ConfigurationError(
            f"the address is one of {dialect}, and the repositories were generated for {expected}"
        )
    if dialect == "sqlite":
        from dbdeed.access.sqlite import SqliteConnector

        return SqliteConnector(sqlite_path(address), settings)
    try:
        from dbdeed.access.postgresql import PostgresqlConnector
    except ModuleNotFoundError as error:
        raise ConfigurationError("PostgreSQL needs its driver: pip install 'dbdeed[postgresql]'") from error
    return PostgresqlConnector(address, settings)
