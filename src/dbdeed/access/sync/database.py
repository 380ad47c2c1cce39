# Derived from dbdeed/access/database.py by tools/derive_sync.py: change that one, then run it.
"""The entry: a database, its single statements, and its transactions."""

from __future__ import annotations

import os
import random
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

from dbdeed.access.address import dialect_of, sqlite_path
from dbdeed.access.errors import ConfigurationError, PoolClosed, Transient
from dbdeed.access.settings import Isolation, PoolSettings, RetryPolicy, TransactionSettings
from dbdeed.access.sync.pool import Pool
from dbdeed.access.sync.session import Session
from dbdeed.access.sync.transaction import Transaction
from dbdeed.access.sync.waiting import sleep

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from dbdeed.access.statements import Dialect, Result, Row, Statement
    from dbdeed.access.sync.connection import Connector

T = TypeVar("T")


class Database(Session):
    """A database and its pool, open between `with` and its end.

    Repositories take it, and each of their calls is then a transaction of its own; or a `Transaction`.
    """

    def __init__(
        self,
        address: str,
        *,
        pool: PoolSettings | None = None,
        retry: RetryPolicy | None = None,
        transactions: TransactionSettings | None = None,
        dialect: Dialect | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            address: `postgresql://…`, or `sqlite:///path` (four slashes for an absolute one).
            pool: sizes and times, as the document has them.
            retry: when work is done again.
            transactions: how each transaction runs.
            dialect: what the repositories were generated for; another database is refused.
            chance: a random number from 0 to 1, for spreading waits.

        Raises:
            ConfigurationError: the address cannot be used.
        """
        self._settings = pool or PoolSettings()
        self._retry = retry or RetryPolicy()
        self._transactions = transactions or TransactionSettings()
        self._chance = chance
        self._connector = _connector(address, self._settings, dialect)
        self._pool: Pool | None = None

    @classmethod
    def from_env(
        cls,
        name: str = "DATABASE_URL",
        *,
        pool: PoolSettings | None = None,
        retry: RetryPolicy | None = None,
        transactions: TransactionSettings | None = None,
        dialect: Dialect | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Self:
        """The database whose address is in the environment variable `name`."""
        address = (os.environ if environment is None else environment).get(name, "")
        if not address:
            raise ConfigurationError(
                f"the environment variable {name} is not set: it holds the database's address"
            )
        return cls(address, pool=pool, retry=retry, transactions=transactions, dialect=dialect)

    def __repr__(self) -> str:
        return f"<Database {self._connector!r}, {self._pool or 'not open'}>"

    def open(self) -> None:
        """Open the pool's first connections, as often as the retry policy allows."""
        if self._pool is not None:
            raise ConfigurationError("the database is open already")

        def attempt() -> Pool:
            pool = Pool(self._connector, self._settings, chance=self._chance)
            pool.open()
            return pool

        self._pool = self._retried(attempt)

    def close(self, within: float = 10.0) -> None:
        """Wait up to `within` seconds for what is under way, and close."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close(within)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def transaction(
        self, *, isolation: Isolation | str | None = None, read_only: bool | None = None
    ) -> Transaction:
        """A transaction, for `with`: committed at its end, rolled back by an exception."""
        return Transaction(self._open_pool(), self._transactions.changed(isolation, read_only))

    def run(
        self,
        work: Callable[[Transaction], T],
        *,
        isolation: Isolation | str | None = None,
        read_only: bool | None = None,
    ) -> T:
        """Do `work` in a transaction, and do it again from the start where the retry policy allows.

        `work` is called anew each time, so it must not keep what it learned in an earlier attempt. A commit
        whose outcome is unknown is never repeated (`OutcomeUnknown`).
        """

        def attempt() -> T:
            with self.transaction(isolation=isolation, read_only=read_only) as transaction:
                return work(transaction)

        return self._retried(attempt)

    def _run(self, statement: Statement, parameters: Sequence[object]) -> Result:
        pool = self._open_pool()

        def attempt() -> Result:
            lease = pool.acquire()
            try:
                return lease.connection.run(statement, parameters)
            finally:
                pool.release(lease)

        return self._retried(attempt)

    def _stream(self, statement: Statement, parameters: Sequence[object], batch: int) -> Generator[list[Row]]:
        pool = self._open_pool()
        lease = pool.acquire()
        try:
            with closing(lease.connection.stream(statement, parameters, batch)) as batches:
                for rows in batches:
                    yield rows
        finally:
            pool.release(lease)

    def _many(self, statement: Statement, parameters: Sequence[Sequence[object]]) -> int:
        pool = self._open_pool()

        def attempt() -> int:
            lease = pool.acquire()
            try:
                return lease.connection.many(statement, parameters)
            finally:
                pool.release(lease)

        return self._retried(attempt)

    def copy_in(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> int:
        pool = self._open_pool()
        lease = pool.acquire()
        try:
            return lease.connection.copy_in(table, columns, rows)
        finally:
            pool.release(lease)

    def _retried(self, attempt: Callable[[], T]) -> T:
        """What is `Transient` changed nothing, so that the attempt may be made again."""
        failures = 0
        while True:
            try:
                return attempt()
            except Transient:
                failures += 1
                if failures >= self._retry.attempts:
                    raise
            sleep(self._retry.delay(failures, self._chance))

    def _open_pool(self) -> Pool:
        if self._pool is None:
            raise PoolClosed("the database is not open: use `with database:`, and not after its end")
        return self._pool


def _connector(address: str, settings: PoolSettings, expected: Dialect | None) -> Connector:
    dialect = dialect_of(address)
    if expected is not None and dialect != expected:
        raise ConfigurationError(
            f"the address is one of {dialect}, and the repositories were generated for {expected}"
        )
    if dialect == "sqlite":
        from dbdeed.access.sync.sqlite import SqliteConnector

        return SqliteConnector(sqlite_path(address), settings)
    try:
        from dbdeed.access.sync.postgresql import PostgresqlConnector
    except ModuleNotFoundError as error:
        raise ConfigurationError("PostgreSQL needs its driver: pip install 'dbdeed[postgresql]'") from error
    return PostgresqlConnector(address, settings)
