"""Inserts, updates and deletes that are put together in code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, overload

from msgspec import UNSET

from dbdeed.access.errors import StatementFailed
from dbdeed.access.query_expressions import Column, Expression, Rendering, Where
from dbdeed.access.query_select import Composed, Table, TableRows, conditions_of, level_of, named
from dbdeed.access.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Self

    import msgspec

    from dbdeed.access.session import Session
    from dbdeed.access.sync.session import Session as SyncSession

R = TypeVar("R")
U = TypeVar("U")


@dataclass(frozen=True)
class Write(Composed[R]):
    """A change of rows of the type `R`."""

    table: Table[R, Any]

    __hash__ = object.__hash__

    def text(self, to: Rendering) -> str:
        raise NotImplementedError

    def compose(self) -> tuple[Statement, list[object]]:
        rendering = Rendering(self.table.__text__.dialect)
        rendering.named.append(level_of([self.table]))
        return Statement(self.text(rendering), writes=True), rendering.values

    def _returning(self) -> tuple[Statement, list[object]]:
        rendering = Rendering(self.table.__text__.dialect)
        rendering.named.append(level_of([self.table]))
        text = self.text(rendering)
        columns: list[str] = TableRows(self.table).columns(rendering)
        return Statement(f"{text} RETURNING {', '.join(columns)}", writes=True), rendering.values

    @overload
    def run(self, session: Session) -> Coroutine[Any, Any, int]: ...
    @overload
    def run(self, session: SyncSession) -> int: ...
    def run(self, session: Session | SyncSession) -> Any:
        """Do it; how many rows it changed."""
        return session.execute(*self.compose())

    @overload
    def all(self, session: Session) -> Coroutine[Any, Any, list[R]]: ...
    @overload
    def all(self, session: SyncSession) -> list[R]: ...
    def all(self, session: Session | SyncSession) -> Any:
        """Do it; the rows as they are then (those deleted as they were)."""
        return session.all(*self._returning(), self.table.__made__[0])

    @overload
    def one(self, session: Session) -> Coroutine[Any, Any, R | None]: ...
    @overload
    def one(self, session: SyncSession) -> R | None: ...
    def one(self, session: Session | SyncSession) -> Any:
        """Do it; the first of the rows, or None."""
        return session.first(self._returning(), self.table.__made__[0])


@dataclass(frozen=True)
class Insert(Write[R]):
    """New rows, in one statement."""

    rows: tuple[msgspec.Struct, ...]

    __hash__ = object.__hash__

    def text(self, to: Rendering) -> str:
        table = self.table.__text__
        given = [
            {name: value for name in one.__struct_fields__ if (value := getattr(one, name)) is not UNSET}
            for one in self.rows
        ]
        names = list(given[0])
        if any(list(one) != names for one in given):
            raise StatementFailed("rows of one insert give the same attributes: insert others by themselves")
        if not names:
            if len(given) > 1:
                raise StatementFailed("rows that give nothing are inserted one by one")
            return f"INSERT INTO {named(self.table)} DEFAULT VALUES"
        listed = ", ".join(table.columns[name].sql for name in names)
        rows = [f"({', '.join(to.value(table.columns[name], one[name]) for name in names)})" for one in given]
        return f"INSERT INTO {named(self.table)} ({listed}) VALUES {', '.join(rows)}"


@dataclass(frozen=True)
class Conditional(Write[R]):
    """A change that says which rows it is for."""

    wheres: tuple[Where, ...] = ()
    every: bool = False

    __hash__ = object.__hash__

    def where(self, *conditions: Where) -> Self:
        """Only rows that meet all of these, and all that were given before."""
        return replace(self, wheres=(*self.wheres, *conditions))

    def everywhere(self) -> Self:
        """Every row: said on purpose, since a condition that was forgotten looks the same."""
        return replace(self, every=True)

    def _condition(self, to: Rendering) -> str:
        if not self.wheres and not self.every:
            raise StatementFailed("no condition says which rows: add where(…), or everywhere() for all")
        return "".join(f" {one}" for one in conditions_of("WHERE", self.wheres, to))


@dataclass(frozen=True)
class Update(Conditional[R]):
    """A change of columns. A version column counts, and `updated_at` is kept, as by the repositories."""

    sets: tuple[tuple[Column[Any, Any], object], ...] = ()

    __hash__ = object.__hash__

    def set(self, column: Column[Any, U], value: U | Expression[Any, U]) -> Self:
        """Give a column a value, or one computed from columns of the same row."""
        return replace(self, sets=(*self.sets, (column, value)))

    def text(self, to: Rendering) -> str:
        if not self.sets:
            raise StatementFailed("an update sets something: add set(…)")
        if any(column.of is not self.table for column, _ in self.sets):
            raise StatementFailed(f"an update of {self.table.__reference__} sets its own columns only")
        parts = [f"{column.text.sql} = {_value(column, value, to)}" for column, value in self.sets]
        parts += self._always(frozenset(column.name for column, _ in self.sets))
        return f"UPDATE {named(self.table)} SET {', '.join(parts)}{self._condition(to)}"

    def _always(self, given: frozenset[str]) -> list[str]:
        table = self.table.__text__
        parts = []
        if table.version and table.version not in given:
            version = table.columns[table.version].sql
            parts.append(f"{version} = {self.table.__reference__}.{version} + 1")
        if table.updated and table.updated not in given:
            parts.append(f"{table.columns[table.updated].sql} = {table.now}")
        return parts


def _value(column: Column[Any, Any], value: object, to: Rendering) -> str:
    return value.write(to) if isinstance(value, Expression) else to.value(column.text, value)


@dataclass(frozen=True)
class Delete(Conditional[R]):
    """Rows that go."""

    __hash__ = object.__hash__

    def text(self, to: Rendering) -> str:
        return f"DELETE FROM {named(self.table)}{self._condition(to)}"
