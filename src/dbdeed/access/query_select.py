"""A select under way: each method gives a new one, and nothing is sent before it is asked for its rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
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
class Rows(Composed[R]):
    """What gives rows of the type `R`; `str()` shows its SQL.

    Attributes:
        most: at most so many.
    """

    most: int | None = None

    __hash__ = object.__hash__

    def limit(self, most: int) -> Self:
        """At most so many rows. Raises `StatementFailed` for a negative number."""
        if most < 0:
            raise StatementFailed(f"a limit cannot be negative: {most}")
        return replace(self, most=most)

    def union(self, other: Rows[R]) -> Combined[R]:
        """Rows of either, each once."""
        return Combined(first=self, word="UNION", second=other)

    def union_all(self, other: Rows[R]) -> Combined[R]:
        """The rows of both."""
        return Combined(first=self, word="UNION ALL", second=other)

    def intersect(self, other: Rows[R]) -> Combined[R]:
        """Rows that both give, each once."""
        return Combined(first=self, word="INTERSECT", second=other)

    def except_(self, other: Rows[R]) -> Combined[R]:
        """Rows of this one that the other one does not give, each once."""
        return Combined(first=self, word="EXCEPT", second=other)

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
        raise NotImplementedError

    def write(self, to: Rendering) -> str:
        """The SQL, within other SQL as well."""
        raise NotImplementedError

    def dialect(self) -> Dialect:
        raise NotImplementedError

    @property
    def _locks(self) -> bool:
        return False

    def compose(self) -> tuple[Statement, list[object]]:
        rendering = Rendering(self.dialect())
        text = self.write(rendering)
        # What locks rows changes something: a replica cannot do it.
        return Statement(text, writes=self._locks), rendering.values

    def _limited(self, to: Rendering) -> list[str]:
        if self.most is None:
            return []
        to.values.append(self.most)
        return [f"LIMIT {to.mark()}"]


@dataclass(frozen=True)
class Select(Rows[R]):
    """Rows of tables that are read; `str()` shows its SQL."""

    items: tuple[Selectable[Any], ...] = ()
    source: Table[Any, Any] | None = None
    joins: tuple[_Join, ...] = ()
    wheres: tuple[Where, ...] = ()
    groups: tuple[Expression[Any, Any], ...] = ()
    havings: tuple[Where, ...] = ()
    orders: tuple[Order, ...] = ()
    only_distinct: bool = False
    lock: str = ""
    locked: Table[Any, Any] | None = None

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

    def distinct(self) -> Self:
        return replace(self, only_distinct=True)

    def for_update(
        self, *, of: Table[Any, Any] | None = None, skip_locked: bool = False, no_wait: bool = False
    ) -> Self:
        """Keep the rows from being changed by others until the transaction ends (PostgreSQL).

        Args:
            of: only the rows of this table.
            skip_locked: pass over rows that others have locked, as a queue wants it.
            no_wait: raise `LockTimeout` at once where others have locked one.
        """
        return self._locking("FOR UPDATE", of, skip_locked=skip_locked, no_wait=no_wait)

    def for_share(
        self, *, of: Table[Any, Any] | None = None, skip_locked: bool = False, no_wait: bool = False
    ) -> Self:
        """As `for_update`, but others may hold such a lock as well."""
        return self._locking("FOR SHARE", of, skip_locked=skip_locked, no_wait=no_wait)

    def _locking(self, lock: str, of: Table[Any, Any] | None, *, skip_locked: bool, no_wait: bool) -> Self:
        if skip_locked and no_wait:
            raise StatementFailed("rows that are locked are passed over, or not waited for: not both")
        how = " SKIP LOCKED" if skip_locked else " NOWAIT" if no_wait else ""
        return replace(self, lock=f"{lock}{{}}{how}", locked=of)

    @property
    def _locks(self) -> bool:
        return bool(self.lock)

    def value(self) -> Expression[R, R | None]:
        """The one value of the first row, in the place of an expression; null where there is none."""
        item = self.items[0]
        if len(self.items) != 1 or not isinstance(item, Expression):
            raise StatementFailed("a select in the place of a value gives one column")
        first = self.limit(1) if self.most is None else self
        return Expression(lambda to: f"({first.write(to)})", item.text, item.convert, optional=True)

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

    def write(self, to: Rendering) -> str:
        """The SQL, within other SQL as well."""
        first, outer = self._first(), to.filled
        to.named.append(level_of((first, *(join.table for join in self.joins))))
        to.filled = outer | {id(one.table) for one in self.joins if one.kind == "LEFT JOIN"}
        parts = [f"SELECT {'DISTINCT ' if self.only_distinct else ''}{self._selected(to)}"]
        parts.append(f"FROM {named(first)}")
        parts += [f"{join.kind} {named(join.table)} ON {join.on.write(to)}" for join in self.joins]
        parts += conditions_of("WHERE", self.wheres, to)
        parts += (
            [f"GROUP BY {', '.join(self._place(one) or one.write(to) for one in self.groups)}"]
            if self.groups
            else []
        )
        parts += conditions_of("HAVING", self.havings, to)
        parts += (
            [f"ORDER BY {', '.join(one.write(to, self._place(one.of)) for one in self.orders)}"]
            if self.orders
            else []
        )
        parts += self._limited(to)
        parts += self._locked(to)
        to.named.pop()
        to.filled = outer
        return " ".join(parts)

    def _place(self, of: Expression[Any, Any]) -> str:
        """The place of an expression among what is selected, from 1; "" where it is a column, or not there.

        Written out a second time it would have other parameters, and be another one to the server.
        """
        place = 1
        for item in self.items:
            if item is of and not isinstance(of, Column):
                return str(place)
            place += len(item.of.__all__) if isinstance(item, TableRows) else 1
        return ""

    def _locked(self, to: Rendering) -> list[str]:
        if not self.lock:
            return []
        if to.dialect == "sqlite":
            raise StatementFailed("SQLite locks no rows: a transaction that may write has the whole file")
        of = self.locked
        if of is not None:
            to.use(of, of.__reference__)
        return [self.lock.format("" if of is None else f" OF {of.__reference__}")]

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

    def dialect(self) -> Dialect:
        return self._first().__text__.dialect


@dataclass(frozen=True)
class Combined(Rows[R]):
    """The rows of two queries together.

    Attributes:
        places: of the columns that rows are sorted by, from 1; negative ones descending.
    """

    first: Rows[R] = field(kw_only=True)
    word: str = field(kw_only=True)
    second: Rows[R] = field(kw_only=True)
    places: tuple[int, ...] = ()

    __hash__ = object.__hash__

    def order_by(self, *places: int) -> Self:
        """By the columns at these places, counted from 1; descending where negative."""
        if 0 in places:
            raise StatementFailed("places of columns count from 1")
        return replace(self, places=places)

    def load(self, rows: Sequence[Row]) -> list[R]:
        return self.first.load(rows)

    def dialect(self) -> Dialect:
        return self.first.dialect()

    def write(self, to: Rendering) -> str:
        parts = [self._part(self.first, to), self.word, self._part(self.second, to)]
        orders = [f"{abs(place)}{' DESC' if place < 0 else ''}" for place in self.places]
        parts += [f"ORDER BY {', '.join(orders)}"] if orders else []
        return " ".join([*parts, *self._limited(to)])

    def _part(self, part: Rows[R], to: Rendering) -> str:
        if to.dialect == "postgresql":
            return f"({part.write(to)})"
        ordered = isinstance(part, Combined) or (isinstance(part, Select) and part.orders)
        if ordered or part.most is not None:
            return f"SELECT * FROM ({part.write(to)})"
        return part.write(to)


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
