# Derived from dbdeed/access/session.py by tools/derive_sync.py: change that one, then run it.
"""What a repository runs on: a database, a transaction, or a savepoint within one."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing
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
    from collections.abc import Generator, Iterable, Sequence

T = TypeVar("T")


class Session:
    """Runs statements; how, its subclasses know."""

    def _run(self, statement: Statement, parameters: Sequence[object]) -> Result:
        raise NotImplementedError

    def _stream(self, statement: Statement, parameters: Sequence[object], batch: int) -> Generator[list[Row]]:
        raise NotImplementedError

    def _many(self, statement: Statement, parameters: Sequence[Sequence[object]]) -> int:
        raise NotImplementedError

    def transaction(self) -> AbstractContextManager[Session]:
        """A transaction, or within one a part that can be undone by itself, for `with`."""
        raise NotImplementedError

    def copy_in(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> int:
        """Add rows to a table in the fastest way that its database has; how many it were.

        All of them or none. Values are given as the driver takes them. Nothing is tried again, since `rows`
        may be read once only.

        Args:
            table: its name as SQL, quoted and qualified as needed.
            columns: their names as SQL, separated by commas.
            rows: values in the order of `columns`.
        """
        raise NotImplementedError

    def one(self, statement: Statement, parameters: Sequence[object], load: LoadOne[T]) -> T | None:
        """The first row, as `load` makes it, or None."""
        rows = (self._run(statement, parameters)).rows
        if not rows:
            return None
        try:
            return load(rows if len(rows) == 1 else rows[:1])[0]
        except UNFIT as error:
            raise unfit(error) from error

    def first(self, query: Query, load: LoadOne[T]) -> T | None:
        """As `one`, for a statement that comes with its parameters."""
        statement, parameters = query
        rows = (self._run(statement, parameters)).rows
        if not rows:
            return None
        try:
            return load(rows if len(rows) == 1 else rows[:1])[0]
        except UNFIT as error:
            raise unfit(error) from error

    def all(self, statement: Statement, parameters: Sequence[object], load: Load[T]) -> list[T]:
        """Every row, as `load` makes them."""
        return loaded(load, (self._run(statement, parameters)).rows)

    def execute(self, statement: Statement | str, parameters: Sequence[object] = ()) -> int:
        """How many rows it changed."""
        return (self._run(written(statement), parameters)).count

    def rows(self, statement: Statement | str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows as the driver gives them.

        SQL written by hand has the driver's own placeholders: `$1` for PostgreSQL, `?` for SQLite.
        """
        return (self._run(written(statement), parameters)).rows

    def number(self, statement: Statement, parameters: Sequence[object]) -> int:
        """The one number that it gives."""
        return int((self._run(statement, parameters)).rows[0][0])

    def exists(self, statement: Statement, parameters: Sequence[object]) -> bool:
        """Whether it gives a row."""
        return bool((self._run(statement, parameters)).rows)

    def affects(self, statement: Statement, parameters: Sequence[object]) -> bool:
        """Whether it changed a row."""
        return (self._run(statement, parameters)).count > 0

    def stream(
        self, statement: Statement, parameters: Sequence[object], load: Load[T], *, batch: int = 500
    ) -> Generator[T]:
        """Every row, as `load` makes them, in constant memory: `batch` rows are held at a time.

        A loop that leaves early closes it (`contextlib.aclosing`), so that its connection is free at once.
        """
        with closing(self._stream(statement, parameters, batch)) as batches:
            for rows in batches:
                for one in loaded(load, rows):
                    yield one

    def many(self, statement: Statement | str, parameters: Sequence[Sequence[object]]) -> int:
        """The statement once for each of the parameters, all or nothing; how many rows it changed.

        One round trip, where the database's protocol allows.
        """
        return self._many(written(statement), parameters)
