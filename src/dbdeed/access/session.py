"""What a repository runs on: a database, a transaction, or a savepoint within one."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from dbdeed.access.statements import (
    UNFIT,
    Load,
    LoadOne,
    Query,
    Result,
    Row,
    Statement,
    loaded,
    unfit,
    written,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence

T = TypeVar("T")


class Session:
    """Runs statements; how, its subclasses know."""

    async def _run(self, statement: Statement, parameters: Sequence[object]) -> Result:
        raise NotImplementedError

    def _stream(
        self, statement: Statement, parameters: Sequence[object], batch: int
    ) -> AsyncGenerator[list[Row]]:
        raise NotImplementedError

    async def _many(self, statement: Statement, parameters: Sequence[Sequence[object]]) -> int:
        raise NotImplementedError

    def transaction(self) -> AbstractAsyncContextManager[Session]:
        """A transaction, or within one a part that can be undone by itself, for `async with`."""
        raise NotImplementedError

    async def copy_in(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> int:
        """Add rows to a table in the fastest way that its database has; how many it were.

        All of them or none. Values are given as the driver takes them. Nothing is tried again, since `rows`
        may be read once only.

        Args:
            table: its name as SQL, quoted and qualified as needed.
            columns: their names as SQL, separated by commas.
            rows: values in the order of `columns`.
        """
        raise NotImplementedError

    async def one(self, statement: Statement, parameters: Sequence[object], load: LoadOne[T]) -> T | None:
        """The first row, as `load` makes it, or None."""
        rows = (await self._run(statement, parameters)).rows
        if not rows:
            return None
        try:
            return load(rows if len(rows) == 1 else rows[:1])[0]
        except UNFIT as error:
            raise unfit(error) from error

    async def first(self, query: Query, load: LoadOne[T]) -> T | None:
        """As `one`, for a statement that comes with its parameters."""
        statement, parameters = query
        rows = (await self._run(statement, parameters)).rows
        if not rows:
            return None
        try:
            return load(rows if len(rows) == 1 else rows[:1])[0]
        except UNFIT as error:
            raise unfit(error) from error

    async def all(self, statement: Statement, parameters: Sequence[object], load: Load[T]) -> list[T]:
        """Every row, as `load` makes them."""
        return loaded(load, (await self._run(statement, parameters)).rows)

    async def execute(self, statement: Statement | str, parameters: Sequence[object] = ()) -> int:
        """How many rows it changed."""
        return (await self._run(written(statement), parameters)).count

    async def rows(
        self, statement: Statement | str, parameters: Sequence[object] = ()
    ) -> list[tuple[Any, ...]]:
        """The rows as the driver gives them.

        SQL written by hand has the driver's own placeholders: `$1` for PostgreSQL, `?` for SQLite.
        """
        return (await self._run(written(statement), parameters)).rows

    async def number(self, statement: Statement, parameters: Sequence[object]) -> int:
        """The one number that it gives."""
        return int((await self._run(statement, parameters)).rows[0][0])

    async def exists(self, statement: Statement, parameters: Sequence[object]) -> bool:
        """Whether it gives a row."""
        return bool((await self._run(statement, parameters)).rows)

    async def affects(self, statement: Statement, parameters: Sequence[object]) -> bool:
        """Whether it changed a row."""
        return (await self._run(statement, parameters)).count > 0

    async def stream(
        self, statement: Statement, parameters: Sequence[object], load: Load[T], *, batch: int = 500
    ) -> AsyncGenerator[T]:
        """Every row, as `load` makes them, in constant memory: `batch` rows are held at a time.

        A loop that leaves early closes it (`contextlib.aclosing`), so that its connection is free at once.
        """
        async with aclosing(self._stream(statement, parameters, batch)) as batches:
            async for rows in batches:
                for one in loaded(load, rows):
                    yield one

    async def many(self, statement: Statement | str, parameters: Sequence[Sequence[object]]) -> int:
        """The statement once for each of the parameters, all or nothing; how many rows it changed.

        One round trip, where the database's protocol allows.
        """
        return await self._many(written(statement), parameters)
