"""A select under way: each method gives a new one, and nothing is sent before it is asked for its rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from dbdeed.access.errors import StatementFailed
from dbdeed.access.query_expressions import Column, Expression, Order, Rendering, Selectable, Where
from dbdeed.access.statements import Statement

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping, Sequence
    from typing import Self

    from dbdeed.access.columns import Column as ColumnText
    from dbdeed.access.session import Session
    from dbdeed.access.statements import Dialect, Row
    from dbdeed.access.sync.session import Session as SyncSession
    from dbdeed.access.table import Table as TableText

T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
N = TypeVar("N")
_LAST_NAME = re.compile(r'("(?:[^"]|"")*"|[^".]+)\Z')


class Table(Generic[R_co, N]):
    """A table with its columns as attributes; generated code has one class of these for each model.

    Its own attributes have names that no column has.
    """

    __text__: TableText
    __reference__: str

    def __init__(
        self,
        text: TableText,
        load: Callable[[Sequence[Row]], list[R_co]],
        convert: Mapping[str, Callable[[Any], Any]] | None = None,
        read: Mapping[str, str] | None = None,
        reference: str = "",
    ) -> None:
        """Make its columns.

        Args:
            text: the table as its repository knows it.
            load: rows as its model.
            convert: by attribute, what makes a value of the driver's.
            read: by attribute, the SQL that drivers can read, `{}` being the column.
            reference: an alias, as SQL.
        """
        named = _LAST_NAME.search(text.name)
        self.__text__ = text
        self.__made__ = (load, convert or {}, read or {})
        self.__reference__ = reference or (named[1] if named else text.name)
        self.__all__ = []
        for name, column in text.columns.items():
            self._add(name, column)

    def _add(self, name: str, column: ColumnText) -> None:
        _, convert, read = self.__made__
        made: Column[Any, Any] = Column(self, name, column, convert.get(name), read.get(name, "{}"))
        self.__all__.append(made)
        setattr(self, name, made)

    __made__: Any
    __all__: list[Column[Any, Any]]


class TableRows(Selectable[R]):
    """The rows of a table, as a model's."""

    def __init__(self, of: Table[Any, Any]) -> None:
        self.of = of

    def columns(self, rendering: Rendering) -> list[str]:
        return [text for column in self.of.__all__ for text in column.columns(rendering)]

    def load(self, rows: Sequence[Row]) -> list[R]:
        found: list[R] = self.of.__made__[0](rows)
        return found

    def table(self) -> Any:
        return self.of


class OptionalRows(TableRows[R]):
    """The rows of a table that an outer join may find no row of; then None."""

    @property
    def may_be_missing(self) -> bool:
        return True

    def load(self, rows: Sequence[Row]) -> list[R]:
        sure = next((at for at, one in enumerate(self.of.__all__) if not one.text.nullable), None)
        there = [
            row[sure] is not None if sure is not None else any(value is not None for value in row)
            for row in rows
        ]
        loaded = iter(super().load([row for row, some in zip(rows, there, strict=True) if some]))
        found: list[Any] = [next(loaded) if some else None for some in there]
        return found


@dataclass(frozen=True)
class _Join:
    kind: str
    table: Table[Any, Any]
    on: Where


class Composed(Generic[R]):
    """A statement that is put together when it is asked for."""

    def compose(self) -> tuple[Statement, list[object]]:
        """The statement, and its parameters in order."""
        raise NotImplementedError

    def __str__(self) -> str:
        """The SQL with placeholders; `parameters` has the values."""
        return self.compose()[0].text

    @property
    def parameters(self) -> list[object]:
        """The values, in the order of their placeholders."""
        return self.compose()[1]


@dataclass(frozen=True)
class Select(Composed[R]):
    """Rows of the type `R`; `str()` shows its SQL."""

    items: tuple[Selectable[Any], ...]
    source: Table[Any, Any] | None = None
    joins: tuple[_Join, ...] = ()
    wheres: tuple[Where, ...] = ()
    groups: tuple[Expression[Any, Any], ...] = ()
    havings: tuple[Where, ...] = ()
    orders: tuple[Order, ...] = ()
    most: int | None = None
    only_distinct: bool = False

    __hash__ = object.__hash__

    def from_(self, table: Table[Any, Any]) -> Self:
        """The first table, where it is not the one of what is selected first."""
        return replace(self, source=table)

    def join(self, table: Table[Any, Any], on: Where) -> Self:
        """Only rows that have a row of `table` with this condition."""
        return replace(self, joins=(*self.joins, _Join("JOIN", table, on)))

    def left_join(self, table: Table[Any, Any], on: Where) -> Self:
        """Rows that have none as well; what is selected of `table` must be `optional`."""
        return replace(self, joins=(*self.joins, _Join("LEFT JOIN", table, on)))

    def where(self, *conditions: Where) -> Self:
        """Only rows that meet all of these, and all that were given before."""
        return replace(self, wheres=(*self.wheres, *conditions))

    def group_by(self, *expressions: Expression[Any, Any]) -> Self:
        return replace(self, groups=(*self.groups, *expressions))

    def having(self, *conditions: Where) -> Self:
        """Only groups that meet all of these."""
        return replace(self, havings=(*self.havings, *conditions))

    def order_by(self, *orders: Expression[Any, Any] | Order) -> Self:
        made = (one if isinstance(one, Order) else one.asc() for one in orders)
        return replace(self, orders=(*self.orders, *made))

    def limit(self, most: int) -> Self:
        """At most so many rows. Raises `StatementFailed` for a negative number."""
        if most < 0:
            raise StatementFailed(f"a limit cannot be negative: {most}")
        return replace(self, most=most)

    def distinct(self) -> Self:
        return replace(self, only_distinct=True)

    @overload
    def all(self, session: Session) -> Coroutine[Any, Any, list[R]]: ...
    @overload
    def all(self, session: SyncSession) -> list[R]: ...
    def all(self, session: Session | SyncSession) -> Any:
        """Every row: `await query.all(session)`, or without `await` in a session without asyncio."""
        return session.all(*self.compose(), self.load)

    @overload
    def one(self, session: Session) -> Coroutine[Any, Any, R | None]: ...
    @overload
    def one(self, session: SyncSession) -> R | None: ...
    def one(self, session: Session | SyncSession) -> Any:
        """The first row, or None."""
        first = self.limit(1) if self.most is None else self
        return session.first(first.compose(), self.load)

    @overload
    def stream(self, session: Session, *, batch: int = 500) -> AsyncGenerator[R]: ...
    @overload
    def stream(self, session: SyncSession, *, batch: int = 500) -> Generator[R]: ...
    def stream(self, session: Session | SyncSession, *, batch: int = 500) -> Any:
        """Every row in constant memory, for `async for` or `for`."""
        return session.stream(*self.compose(), self.load, batch=batch)

    def load(self, rows: Sequence[Row]) -> list[R]:
        """Rows as the driver gives them, as what was selected."""
        if len(self.items) == 1:
            found: list[R] = self.items[0].load(rows)
            return found
        columns, start = [], 0
        for item in self.items:
            width = len(item.of.__all__) if isinstance(item, TableRows) else 1
            columns.append(item.load([row[start : start + width] for row in rows]))
            start += width
        made: list[Any] = list(zip(*columns, strict=True))
        return made

    def compose(self) -> tuple[Statement, list[object]]:
        rendering = Rendering(self._dialect())
        text = self.write(rendering)
        return Statement(text), rendering.values

    def write(self, to: Rendering) -> str:
        """The SQL, within other SQL as well."""
        first, outer = self._first(), to.filled
        to.named.append(level_of((first, *(join.table for join in self.joins))))
        to.filled = outer | {id(one.table) for one in self.joins if one.kind == "LEFT JOIN"}
        parts = [f"SELECT {'DISTINCT ' if self.only_distinct else ''}{self._selected(to)}"]
        parts.append(f"FROM {named(first)}")
        parts += [f"{join.kind} {named(join.table)} ON {join.on.write(to)}" for join in self.joins]
        parts += conditions_of("WHERE", self.wheres, to)
        parts += [f"GROUP BY {', '.join(one.write(to) for one in self.groups)}"] if self.groups else []
        parts += conditions_of("HAVING", self.havings, to)
        parts += [f"ORDER BY {', '.join(one.write(to) for one in self.orders)}"] if self.orders else []
        if self.most is not None:
            to.values.append(self.most)
            parts.append(f"LIMIT {to.mark()}")
        to.named.pop()
        to.filled = outer
        return " ".join(parts)

    def _selected(self, to: Rendering) -> str:
        texts: list[str] = []
        for item in self.items:
            to.used = set()
            texts += item.columns(to)
            aggregate = isinstance(item, Expression) and item.aggregate
            if not item.may_be_missing and not aggregate and to.used & to.filled:
                raise StatementFailed(
                    f"{item.table().__reference__} is joined by left_join: select it as optional"
                )
        return ", ".join(texts)

    def _first(self) -> Table[Any, Any]:
        found = self.source or next((item.table() for item in self.items if item.table() is not None), None)
        if found is None:
            raise StatementFailed("nothing says which table is read: add from_(…)")
        table: Table[Any, Any] = found
        return table

    def _dialect(self) -> Dialect:
        return self._first().__text__.dialect


def level_of(tables: Sequence[Table[Any, Any]]) -> dict[str, object]:
    level: dict[str, object] = {}
    for table in tables:
        if table.__reference__ in level:
            raise StatementFailed(f"{table.__reference__} is read twice: give one of them an alias")
        level[table.__reference__] = table
    return level


def named(table: Table[Any, Any]) -> str:
    name = table.__text__.name
    found = _LAST_NAME.search(name)
    return name if found and found[1] == table.__reference__ else f"{name} AS {table.__reference__}"


def conditions_of(word: str, wheres: Sequence[Where], to: Rendering) -> list[str]:
    return [f"{word} {' AND '.join(one.write(to) for one in wheres)}"] if wheres else []
