# Derived from dbdeed/access/transaction.py by tools/derive_sync.py: change that one, then run it.
"""Transactions, and savepoints within them."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING

from dbdeed.access.errors import AccessError, ConnectionLost, OutcomeUnknown, StatementFailed, judged
from dbdeed.access.hooks import Hooks, report
from dbdeed.access.settings import Isolation
from dbdeed.access.statements import copying
from dbdeed.access.sync.session import Session
from dbdeed.access.sync.waiting import called

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence
    from types import TracebackType
    from typing import Self

    from dbdeed.access.hooks import Hook
    from dbdeed.access.settings import TransactionSettings
    from dbdeed.access.statements import Result, Row, Statement
    from dbdeed.access.sync.connection import Connection
    from dbdeed.access.sync.pool import Lease
    from dbdeed.access.sync.routing import Routes


class Transaction(Session):
    """All or nothing, between `with` and its end. Made by `Database.transaction` and `Database.run`.

    Several repositories may take the same one: what they do is then one unit of work. It is used by one task
    at a time.
    """

    def __init__(self, routes: Routes, settings: TransactionSettings, *, primary: bool = False) -> None:
        self._routes = routes
        self._settings = settings
        # A replica that follows knows no serializable transactions.
        strict = settings.isolation is Isolation.SERIALIZABLE
        self._on_primary = primary or strict or not settings.read_only
        self._lease: Lease | None = None
        self._depth = 0
        self._wrote = False
        self.hooks = Hooks()

    def transaction(self) -> Savepoint:
        """A part that can be undone by itself: an exception within it undoes only what it did."""
        self._depth += 1
        return Savepoint(self, self._depth)

    def after_commit(self, hook: Hook) -> None:
        """Call `hook` once all is committed; what it gives is awaited. See `Savepoint.after_commit`.

        By then the connection is back in the pool. A hook that fails is logged (`dbdeed.access`), the others
        still run, and what was committed stays. No hook runs where the outcome is unknown.
        """
        self.hooks.after_commit.append(hook)

    def after_rollback(self, hook: Hook) -> None:
        """Call `hook` once all was rolled back, before the error goes on."""
        self.hooks.after_rollback.append(hook)

    @property
    def connection(self) -> Connection:
        """The session it runs on; raises `StatementFailed` outside of `with`."""
        if self._lease is None:
            raise StatementFailed("the transaction is not open: use `with`, and not after its end")
        return self._lease.connection

    def __enter__(self) -> Self:
        if self._lease is not None:
            raise StatementFailed("the transaction is open already")
        self._lease = self._routes.lease(primary=self._on_primary, prepare=self._begin)
        return self

    def _begin(self, connection: Connection) -> None:
        connection.begin(self._settings)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection = self.connection
        committed: bool | None = False
        try:
            if error is None:
                committed = None  # while the commit is under way, a cancellation leaves it unknown
                committed = self._commit(connection)
        except AccessError as failed:
            committed = None if isinstance(failed, OutcomeUnknown) else False
            raise self._noticed(failed) from failed.__cause__
        finally:
            self._leave(connection)
            if committed is not None:
                self._ended(committed=committed)

    def _commit(self, connection: Connection) -> bool:
        try:
            connection.commit()
        except OutcomeUnknown as unknown:
            if self._settings.read_only:  # there is nothing that could have been done by half
                raise ConnectionLost(unknown.message, sqlstate=unknown.sqlstate) from unknown
            raise
        return True

    def _leave(self, connection: Connection) -> None:
        """Roll back what is still open; a connection on which even that fails is closed by the pool."""
        lease, self._lease = self._lease, None
        try:
            if not connection.ready():
                with suppress(AccessError):
                    connection.rollback()
        finally:
            if self._wrote:
                self._routes.wrote()
            if lease is not None:
                self._routes.release(lease)

    def _ended(self, *, committed: bool) -> None:
        for hook in self.hooks.ended(committed=committed):
            try:
                called(hook)
            except Exception as error:  # noqa: BLE001 - a caller's code, which must not undo a commit
                report(hook, error)

    def _run(self, statement: Statement, parameters: Sequence[object]) -> Result:
        lease = self._doing(statement)
        try:
            return lease.connection.run(statement, parameters)
        except AccessError as failed:
            raise self._noticed(failed) from failed.__cause__

    def _stream(self, statement: Statement, parameters: Sequence[object], batch: int) -> Generator[list[Row]]:
        lease = self._doing(statement)
        try:
            with closing(lease.connection.stream(statement, parameters, batch)) as batches:
                for rows in batches:
                    yield rows
        except AccessError as failed:
            raise self._noticed(failed) from failed.__cause__

    def _many(self, statement: Statement, parameters: Sequence[Sequence[object]]) -> int:
        lease = self._doing(statement)
        try:
            return lease.connection.many(statement, parameters)
        except AccessError as failed:
            raise self._noticed(failed) from failed.__cause__

    def copy_in(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> int:
        lease = self._doing(copying(table, columns))
        try:
            return lease.connection.copy_in(table, columns, rows)
        except AccessError as failed:
            raise self._noticed(failed) from failed.__cause__

    def _doing(self, statement: Statement) -> Lease:
        lease = self._lease
        if lease is None:
            raise StatementFailed("the transaction is not open: use `with`, and not after its end")
        lease.doing = statement
        if statement.writes:
            self._wrote = True
        return lease

    def _noticed(self, error: AccessError) -> AccessError:
        """What an error means; the pool draws its conclusions."""
        found = judged(error, read_only=self._settings.read_only)
        if self._lease is not None:
            self._routes.noticed(self._lease, found)
        return found


class Savepoint(Session):
    """A part of a transaction that can be undone by itself."""

    def __init__(self, outer: Transaction, number: int) -> None:
        self._outer = outer
        self._name = f"dbdeed_{number}"
        self._hooks_before = 0

    def transaction(self) -> Savepoint:
        """A part of this part."""
        return self._outer.transaction()

    def after_commit(self, hook: Hook) -> None:
        """Call `hook` once the whole transaction is committed; never, where this part was undone."""
        self._outer.after_commit(hook)

    def after_rollback(self, hook: Hook) -> None:
        """Call `hook` once the whole transaction was rolled back."""
        self._outer.after_rollback(hook)

    def __enter__(self) -> Self:
        self._outer.connection.savepoint(self._name)
        self._hooks_before = len(self._outer.hooks.after_commit)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._outer.connection.release_savepoint(self._name)
            return
        del self._outer.hooks.after_commit[self._hooks_before :]
        with suppress(AccessError):  # what went wrong inside is what is raised
            self._outer.connection.rollback_to_savepoint(self._name)

    def _run(self, statement: Statement, parameters: Sequence[object]) -> Result:
        return self._outer._run(statement, parameters)  # noqa: SLF001 - two halves of one thing

    def _stream(self, statement: Statement, parameters: Sequence[object], batch: int) -> Generator[list[Row]]:
        return self._outer._stream(statement, parameters, batch)  # noqa: SLF001

    def _many(self, statement: Statement, parameters: Sequence[Sequence[object]]) -> int:
        return self._outer._many(statement, parameters)  # noqa: SLF001

    def copy_in(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> int:
        return self._outer.copy_in(table, columns, rows)
