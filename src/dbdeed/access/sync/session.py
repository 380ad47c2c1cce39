# Derived from dbdeed/access/session.py by tools/derive_sync.py: change that one, then run it.
"""What a repository runs on: a database, a transaction, or a savepoint within one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from dbdeed.access.statements import Load, LoadOne, Result, Statement, loaded, written

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Session:
    """Runs statements; how, its subclasses know."""

    def _run(self, statement: Statement, parameters: Sequence[object]) -> Result:
        raise NotImplementedError

    def one(self, statement: Statement, parameters: Sequence[object], load: LoadOne[T]) -> T | None:
        """The first row, as `load` makes it, or None."""
        found = loaded(load, (self._run(statement, parameters)).rows[:1])
        return found[0] if found else None

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
