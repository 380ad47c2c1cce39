"""A table as generated code knows it, and the statements that are put together when they are used.

What varies with the call (which columns are set, what is asked) is composed from parts that the generator
wrote: column names come from a `Table`, never from a caller, and values always travel as parameters. Each
shape is composed once; the same `Statement` is then used again, so that it is prepared once too.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from dbdeed.access.columns import ask, asked
from dbdeed.access.errors import NotFound, StaleRow, StatementFailed
from dbdeed.access.given import Given
from dbdeed.access.ordering import behind, ordered, sorted_by
from dbdeed.access.pages import Page, cursor_of, position_of
from dbdeed.access.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import msgspec

    from dbdeed.access.columns import Column, Shape
    from dbdeed.access.statements import Dialect, Query

T = TypeVar("T")
_KEPT = 1000  # statements of one table; who composes more of them has none that pays
_ROWS_AT_ONCE = 1024
_PARAMETERS_AT_ONCE = 30_000  # PostgreSQL takes 65,535; SQLite 32,766


class Insert(NamedTuple):
    """An insert of several rows, and which of the rows that were given these are."""

    query: Query
    places: Sequence[int]


class Copy(NamedTuple):
    """Rows that give the same columns; none of them where `columns` is empty."""

    columns: str
    rows: Sequence[Sequence[object]]


class Table:
    """What generated code says of a table.

    Attributes:
        name: quoted and qualified as needed.
        columns: by Python attribute.
        key: the attributes of the primary key; empty where there is none.
        total: the attributes that make an order total: the key, or another that always has a value.
        returning: what a statement gives back: the row's columns, in the row's order.
        version: the attribute that counts changes, or "".
        deleted: the attribute that says when a row was deleted, or "".
        updated: the attribute that says when the row was changed last, or "".
        now: the moment of a change, in SQL.
    """

    def __init__(
        self,
        *,
        dialect: Dialect,
        name: str,
        columns: Mapping[str, Column],
        key: tuple[str, ...],
        total: tuple[str, ...] | None = None,
        returning: str,
        version: str = "",
        deleted: str = "",
        updated: str = "",
        now: str = "",
    ) -> None:
        self.dialect: Dialect = dialect
        self.name = name
        self.columns = columns
        self.key = key
        self.total = key if total is None else total
        self.returning = returning
        self.version = version
        self.deleted = deleted
        self.updated = updated
        self.now = now
        self._given = Given(columns)
        self._statements: dict[object, Statement] = {}
        self._orders: dict[tuple[str, ...], list[tuple[str, bool]]] = {}

    def insert(self, new: msgspec.Struct) -> Query:
        """One row; what is `UNSET` takes the column's default."""
        values: list[object] = []
        names = self._given.by(new, values)
        shape = ("insert", names)
        statement = self._statements.get(shape) or self._keep(
            shape, f"{self._into(names)} RETURNING {self.returning}"
        )
        return statement, values

    def insert_if_new(self, new: msgspec.Struct) -> Query:
        """One row, unless another has one of its unique keys: then nothing comes back."""
        values: list[object] = []
        names = self._given.by(new, values)
        shape = ("insert if new", names)
        statement = self._statements.get(shape) or self._keep(
            shape, f"{self._into(names)} ON CONFLICT DO NOTHING RETURNING {self.returning}"
        )
        return statement, values

    def upsert(
        self, new: msgspec.Struct, key: tuple[str, ...], changes: msgspec.Struct | None = None
    ) -> Query:
        """One row; where another has this key, that one is changed instead, and comes back.

        Args:
            new: what is inserted.
            key: the attributes of a unique key.
            changes: what is set in a row that is there; None sets what `new` gives. A deleted row is
                restored.
        """
        values: list[object] = []
        names = self._given.by(new, values)
        given = None if changes is None else self._given.by(changes, values)
        shape = ("upsert", names, key, given)
        statement = self._statements.get(shape)
        if statement is None:
            mark = self._marks()
            insert = self._into(names, "present", mark)
            if given is None:
                kept = (*key, *self.key, self.version, self.updated, self.deleted)
                rest = [name for name in names if name not in kept]
                sets = [f"{self.columns[name].sql} = EXCLUDED.{self.columns[name].sql}" for name in rest]
            else:
                sets = [self._sets(name, mark) for name in given]
            sets += [f"{self.columns[self.deleted].sql} = NULL"] if self.deleted else []
            sets += self._always("present.") if sets else []
            if not sets:  # the row is only read: setting what it has makes it come back
                sets = [f"{self.columns[key[0]].sql} = EXCLUDED.{self.columns[key[0]].sql}"]
            columns = ", ".join(self.columns[name].sql for name in key)
            update = f"ON CONFLICT ({columns}) DO UPDATE SET {', '.join(sets)}"
            statement = self._keep(shape, f"{insert} {update} RETURNING {self.returning}")
        return statement, values

    def inserts(self, new: Iterable[msgspec.Struct]) -> list[Insert]:
        """Many rows that come back, in as few statements as a server takes."""
        found: list[Insert] = []
        for names, places, rows in self._given.alike(new):
            most = min(_ROWS_AT_ONCE, _PARAMETERS_AT_ONCE // len(names)) if names else 1
            start = 0
            while start < len(rows):
                # Powers of two, so that a table has few such statements to prepare.
                size = 1 << (min(most, len(rows) - start).bit_length() - 1)
                values = [value for row in rows[start : start + size] for value in row]
                query = self._rows(names, size), values
                found.append(Insert(query, places[start : start + size]))
                start += size
        return found

    def copies(self, new: Iterable[msgspec.Struct]) -> list[Copy]:
        """Many rows that do not come back, by the columns that they give."""
        return [
            Copy(", ".join(self.columns[name].sql for name in names), rows)
            for names, _, rows in self._given.alike(new)
        ]

    @property
    def defaults(self) -> Statement:
        """Inserts a row that leaves everything to the database."""
        return Statement(f"INSERT INTO {self.name} DEFAULT VALUES", writes=True)

    def update(self, key: Sequence[object], changes: msgspec.Struct, version: int | None = None) -> Query:
        """What is not `UNSET`, in the row with this key. Where nothing is given the row is only read."""
        values: list[object] = []
        names = self._given.by(changes, values)
        values += key
        if version is not None:
            values.append(version)
        shape = ("update", names, version is None)
        statement = self._statements.get(shape)
        if statement is None:
            mark = self._marks()
            sets = [self._sets(name, mark) for name in names]
            row = [self._sets(name, mark) for name in self.key]
            row += [self._sets(self.version, mark)] if version is not None else []
            where = " AND ".join([*row, *self._there()])
            if sets:
                sets += self._always()
                text = f"UPDATE {self.name} SET {', '.join(sets)} WHERE {where} RETURNING {self.returning}"
                statement = self._keep(shape, text)
            else:
                # Held to write, so that it is asked of the primary: a replica may not have this version yet.
                text = f"SELECT {self.returning} FROM {self.name} WHERE {where}"
                statement = self._keep(shape, text)
        return statement, values

    def select(
        self,
        head: str,
        filters: Mapping[str, object],
        *,
        order_by: tuple[str, ...] = (),
        limit: int | None = None,
        with_deleted: bool = False,
        total: bool = True,
    ) -> Query:
        """Rows that meet every filter.

        Args:
            head: the statement up to WHERE.
            filters: values or conditions by attribute; None is null.
            order_by: attributes, `-` before one for descending.
            limit: at most so many rows.
            with_deleted: rows that were deleted too.
            total: the key follows in the order, and makes it total.
        """
        values: list[object] = []
        shapes = self._ask(filters, values)
        if limit is not None:
            values.append(_checked(limit, self.name))
        shape = (head, shapes, order_by, limit is None, with_deleted, total)
        statement = self._statements.get(shape)
        if statement is None:
            order = ordered(order_by, self.columns, self.total if total else (), self.name)
            mark = self._marks()
            text = self._where(head, self._asked(shapes, mark), with_deleted=with_deleted)
            text += sorted_by(order, self.columns, self.dialect)
            text += "" if limit is None else f" LIMIT {mark()}"
            statement = self._keep(shape, text, writes=False)
        return statement, values

    def page(
        self,
        head: str,
        filters: Mapping[str, object],
        *,
        order_by: tuple[str, ...],
        first: int,
        after: str | None,
        with_deleted: bool = False,
    ) -> Query:
        """As `select`, behind a cursor, with one row more than a page has.

        Raises:
            InvalidCursor: `after` is not one of this table and order.
        """
        values: list[object] = []
        shapes = self._ask(filters, values)
        order = self.order(order_by)
        columns = [self.columns[name] for name, _ in order]
        position = None if after is None else position_of(after, self.name, order, columns)
        nulls = None if position is None else tuple([value is None for value in position])
        shape = (head, "page", shapes, order_by, nulls, with_deleted)
        statement = self._statements.get(shape)
        place = None if nulls is None else behind(order, self.columns, nulls)
        if place is not None and position is not None:
            values += [columns[one].encode(position[one]) for one in place.parameters]
        if statement is None:
            mark = self._marks()
            conditions = self._asked(shapes, mark)
            conditions += [] if place is None else [place.sql.format(*(mark() for _ in place.parameters))]
            text = self._where(head, conditions, with_deleted=with_deleted)
            text += f"{sorted_by(order, self.columns, self.dialect)} LIMIT {mark()}"
            statement = self._keep(shape, text, writes=False)
        values.append(_checked(first, self.name, least=1) + 1)
        return statement, values

    def paged(self, rows: Sequence[T], order_by: tuple[str, ...], first: int) -> Page[T]:
        """The page that these rows, one more than it has, make."""
        if len(rows) <= first:
            return Page(rows, None)
        kept = rows[:first]
        return Page(kept, cursor_of(kept[-1], self.name, self.order(order_by)))

    def matching(
        self,
        head: str,
        filters: Mapping[str, object],
        *,
        limit: int | None = None,
        with_deleted: bool = False,
    ) -> Query:
        """`head` for the rows that meet every filter, in no order."""
        return self.select(head, filters, limit=limit, with_deleted=with_deleted, total=False)

    def order(self, names: tuple[str, ...]) -> list[tuple[str, bool]]:
        """Attributes, and whether each is descending. Raises `StatementFailed` for an unknown one."""
        order = self._orders.get(names)
        if order is None:
            order = ordered(names, self.columns, self.total, self.name)
            if len(self._orders) >= _KEPT:
                self._orders.clear()
            self._orders[names] = order
        return order

    def missing(self, present: object) -> NotFound | StaleRow:
        """Why a change with a version found no row: `present` is what is there now, or None."""
        if present is None:
            return NotFound(self.name, self.key)
        return StaleRow(self.name, self.key)

    def _ask(self, filters: Mapping[str, object], values: list[object]) -> tuple[tuple[str, Shape], ...]:
        columns, dialect = self.columns, self.dialect
        for name in filters:
            if name not in columns:
                raise StatementFailed(f"cannot compare {self.name} by {name!r}: there is no such attribute")
        return tuple([(name, ask(columns[name], value, dialect, values)) for name, value in filters.items()])

    def _asked(self, shapes: Iterable[tuple[str, Shape]], mark: Callable[[], str]) -> list[str]:
        return [asked(self.columns[name], shape, self.dialect, mark) for name, shape in shapes]

    def _where(self, head: str, conditions: list[str], *, with_deleted: bool) -> str:
        every = conditions if with_deleted else [*conditions, *self._there()]
        return f"{head} WHERE {' AND '.join(every)}" if every else head

    def _there(self) -> list[str]:
        """What tells a row that is not deleted."""
        return [f"{self.columns[self.deleted].sql} IS NULL"] if self.deleted else []

    def _always(self, present: str = "") -> list[str]:
        """What every change sets besides; `present.` stands before what the row has already."""
        sets = []
        if self.version:
            version = self.columns[self.version].sql
            sets.append(f"{version} = {present}{version} + 1")
        if self.updated:
            sets.append(f"{self.columns[self.updated].sql} = {self.now}")
        return sets

    def _sets(self, name: str, mark: Callable[[], str]) -> str:
        column = self.columns[name]
        return f"{column.sql} = {column.mark(mark())}"

    def _into(self, names: Sequence[str], alias: str = "", mark: Callable[[], str] | None = None) -> str:
        table = f"{self.name} AS {alias}" if alias else self.name
        if not names:
            return f"INSERT INTO {table} DEFAULT VALUES"
        columns = ", ".join(self.columns[name].sql for name in names)
        return f"INSERT INTO {table} ({columns}) VALUES {self._row(names, mark or self._marks())}"

    def _row(self, names: Sequence[str], mark: Callable[[], str]) -> str:
        return f"({', '.join(self.columns[name].mark(mark()) for name in names)})"

    def _rows(self, names: tuple[str, ...], number: int) -> Statement:
        shape = ("rows", names, number)
        statement = self._statements.get(shape)
        if statement is None:
            mark = self._marks()
            rows = [self._into(names, "", mark), *(self._row(names, mark) for _ in range(number - 1))]
            statement = self._keep(shape, f"{', '.join(rows)} RETURNING {self.returning}")
        return statement

    def _marks(self) -> Callable[[], str]:
        """Gives the placeholders one after the other."""
        if self.dialect == "sqlite":
            return lambda: "?"
        numbers = count(1)
        return lambda: f"${next(numbers)}"

    def _keep(self, shape: object, text: str, *, writes: bool = True) -> Statement:
        if len(self._statements) >= _KEPT:
            self._statements.clear()
        statement = Statement(text, writes=writes)
        self._statements[shape] = statement
        return statement


def _checked(limit: int, table: str, *, least: int = 0) -> int:
    if limit < least:
        what = "a limit cannot be negative" if least == 0 else "a page has at least one row"
        raise StatementFailed(f"{table}: {what}: {limit}")
    return limit


def found(row: T | None, table: Table) -> T:
    """The row; raises `NotFound` where there is none."""
    if row is None:
        raise NotFound(table.name, table.key)
    return row


def inserted(row: T | None, table: Table) -> T:
    """The row; raises `StatementFailed` where a trigger or a rule of the database left it out."""
    if row is None:
        raise StatementFailed(f"the database gave no row back for an insert into {table.name}")
    return row
