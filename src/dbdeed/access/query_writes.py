"""Inserts, updates and deletes that are put together in code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, overload

from msgspec import UNSET

from dbdeed.access.errors import StatementFailed
from dbdeed.access.query_expressions import Column, Expression, Rendering, Where
from dbdeed.access.query_select import Composed, Table, TableRows, conditions_of, level_of, named
from dbdeed.access.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from typing import Self

    import msgspec

    from dbdeed.access.session import Session
    from dbdeed.access.sync.session import Session as SyncSession

R = TypeVar("R")
U = TypeVar("U")
V = TypeVar("V")
W = TypeVar("W")


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
    """New rows, in one statement.

    Attributes:
        conflict: the key of rows that are there, and what becomes of them; see `on_conflict`.
    """

    rows: tuple[msgspec.Struct, ...]
    conflict: tuple[Key, Change | None] | None = None

    __hash__ = object.__hash__

    def on_conflict(self, *key: Expression[Any, Any], among: Where | None = None) -> Conflict[R]:
        """Where a row is there that has this unique key; without a key, any of them.

        Args:
            key: its columns, and expressions as its index has them.
            among: the condition of a unique index that holds only some of the rows.
        """
        if any(one.source is not self.table for one in key):
            raise StatementFailed(f"a key of {self.table.__reference__} has its own columns only")
        return Conflict(self, Key(key, among))

    def text(self, to: Rendering) -> str:
        return self._inserted(to) + self._resolved(to)

    def _resolved(self, to: Rendering) -> str:
        """What follows from a conflict."""
        if self.conflict is None:
            return ""
        key, change = self.conflict
        parts = [one.text.sql if isinstance(one, Column) else f"({one.write(to)})" for one in key.of]
        target = f" ({', '.join(parts)})" if parts else ""
        target += f" WHERE {key.among.write(to)}" if key.among is not None else ""
        if change is None:
            return f" ON CONFLICT{target} DO NOTHING"
        if not key.of:
            raise StatementFailed("which rows are changed? on_conflict(…) needs the columns of a unique key")
        keep = {one.name for one in key.of if isinstance(one, Column)} | {
            self.table.__text__.version,
            self.table.__text__.updated,
        }
        sets = change.sets or tuple(
            (column, excluded(column))
            for column in self.table.__all__
            if column.name not in keep and getattr(self.rows[0], column.name, UNSET) is not UNSET
        )
        if not sets:
            raise StatementFailed("the insert gives nothing that could be set: use do_nothing(), or set(…)")
        parts = _setting(self.table, sets, to)
        where = "".join(f" {one}" for one in conditions_of("WHERE", change.wheres, to))
        return f" ON CONFLICT{target} DO UPDATE SET {', '.join(parts)}{where}"

    def _inserted(self, to: Rendering) -> str:
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
            if self.conflict is not None:
                raise StatementFailed("a row that gives nothing meets none that is there")
            return f"INSERT INTO {named(self.table)} DEFAULT VALUES"
        listed = ", ".join(table.columns[name].sql for name in names)
        rows = [f"({', '.join(to.value(table.columns[name], one[name]) for name in names)})" for one in given]
        return f"INSERT INTO {named(self.table)} ({listed}) VALUES {', '.join(rows)}"


class Key(NamedTuple):
    """What a unique key is of, and of which rows."""

    of: tuple[Expression[Any, Any], ...]
    among: Where | None


class Change(NamedTuple):
    """What is set in a row that is there, and in which; nothing stands for all that the insert gives."""

    sets: tuple[tuple[Column[Any, Any], object], ...]
    wheres: tuple[Where, ...]


class Conflict(Generic[R]):
    """An insert that may meet rows that are there; made by `Insert.on_conflict`."""

    def __init__(
        self,
        insert: Insert[R],
        key: Key,
        sets: tuple[tuple[Column[Any, Any], object], ...] = (),
    ) -> None:
        self._insert = insert
        self._key = key
        self._sets = sets

    def do_nothing(self) -> Insert[R]:
        """They stay as they are, and do not come back."""
        return replace(self._insert, conflict=(self._key, None))

    def set(self, column: Column[Any, U], value: U | Expression[Any, U]) -> Self:
        """What `do_update` sets; `query.excluded(column)` is what the insert wanted to give."""
        return type(self)(self._insert, self._key, (*self._sets, (column, value)))

    def do_update(self, *conditions: Where) -> Insert[R]:
        """Change them: as `set` says, else to all that the insert gives; only those that meet the conditions.

        A version column counts, and `updated_at` is kept, as by an update.
        """
        return replace(self._insert, conflict=(self._key, Change(self._sets, conditions)))


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
        parts = _setting(self.table, self.sets, to)
        return f"UPDATE {named(self.table)} SET {', '.join(parts)}{self._condition(to)}"


def _setting(
    of: Table[Any, Any], sets: Sequence[tuple[Column[Any, Any], object]], to: Rendering
) -> list[str]:
    """What is set, and what every change sets besides."""
    if any(column.of is not of for column, _ in sets):
        raise StatementFailed(f"an update of {of.__reference__} sets its own columns only")
    table, given = of.__text__, {column.name for column, _ in sets}
    parts = [f"{column.text.sql} = {_value(column, value, to)}" for column, value in sets]
    if table.version and table.version not in given:
        version = table.columns[table.version].sql
        parts.append(f"{version} = {of.__reference__}.{version} + 1")
    if table.updated and table.updated not in given:
        parts.append(f"{table.columns[table.updated].sql} = {table.now}")
    return parts


def excluded(column: Column[V, W]) -> Expression[V, W]:
    """What an insert wanted to give this column, where it met a row that was there."""
    text = column.text
    return Expression(lambda _: f"excluded.{text.sql}", text, column.convert, nullable=text.nullable)


def _value(column: Column[Any, Any], value: object, to: Rendering) -> str:
    return value.write(to) if isinstance(value, Expression) else to.value(column.text, value)


@dataclass(frozen=True)
class Delete(Conditional[R]):
    """Rows that go."""

    __hash__ = object.__hash__

    def text(self, to: Rendering) -> str:
        return f"DELETE FROM {named(self.table)}{self._condition(to)}"
