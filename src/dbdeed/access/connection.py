"""What a driver's connection must offer: the seam between pool and engines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence

    from dbdeed.access.settings import TransactionSettings
    from dbdeed.access.statements import Result, Row, Statement


class Connection(Protocol):
    """One session with a database. All errors are `AccessError`s.

    A connection is used by one caller at a time. Methods that wait may be cancelled at any point; afterwards
    `ready` says truly whether the session can be used again.
    """

    @property
    def changed(self) -> bool:
        """The session's settings may differ from a new one's."""

    @property
    def server(self) -> str:
        """Which of the address's servers it is connected to, such as `10.0.0.7:5432`."""

    def ready(self) -> bool:
        """Open, in no transaction, and nothing under way. Costs no round trip."""

    def alive(self) -> bool:
        """False where the other end is known to have gone while nobody looked. Costs no round trip."""

    async def run(self, statement: Statement, parameters: Sequence[object]) -> Result:
        """One statement; outside a transaction it is one of its own."""

    def stream(
        self, statement: Statement, parameters: Sequence[object], batch: int
    ) -> AsyncGenerator[list[Row]]:
        """The rows, up to `batch` at a time, in constant memory; may be closed before its end."""

    async def many(self, statement: Statement, parameters: Sequence[Sequence[object]]) -> int:
        """Once for each of the parameters, all or nothing; how many rows were changed or read."""

    async def copy_in(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> int:
        """Add rows to a table in the fastest way there is; how many. `table` and `columns` are SQL."""

    async def begin(self, settings: TransactionSettings) -> None: ...

    async def commit(self) -> None:
        """Raises `OutcomeUnknown` where the connection went and nobody can tell."""

    async def rollback(self) -> None: ...

    async def savepoint(self, name: str) -> None: ...

    async def release_savepoint(self, name: str) -> None: ...

    async def rollback_to_savepoint(self, name: str) -> None: ...

    async def reset(self) -> bool:
        """Make the session as new; False where it must be replaced instead."""

    def terminate(self) -> None:
        """Close at once, waiting for nothing."""


class Connector(Protocol):
    """Opens connections to one database. Its `repr` shows no secret."""

    @property
    def dialect(self) -> str:
        """`postgresql` or `sqlite`."""

    @property
    def database(self) -> str:
        """The database's name: no secret."""

    async def connect(self) -> Connection:
        """Raises `ConnectionFailed`, or `ConfigurationError` where trying again is of no use."""
