"""SQL as it goes to a driver, and the few statements that are put together when they are used.

What varies with the call (which columns are set, which filters are given) is composed here from parts that
the generator wrote: column names come from a `Table`, never from a caller, and values always travel as
parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET

from dbdeed.access.errors import NotFound, SchemaMismatch, StatementFailed
from dbdeed.access.sqlite_values import to_sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

T = TypeVar("T")
K = TypeVar("K")
R = TypeVar("R")
Row: TypeAlias = "tuple[Any, ...]"
Load: TypeAlias = "Callable[[Sequence[Row]], list[T]]"
LoadOne: TypeAlias = "Callable[[Sequence[Row]], Sequence[T]]"
Query: TypeAlias = "tuple[Statement, Sequence[object]]"
Dialect = Literal["postgresql", "sqlite"]


class Statement(msgspec.Struct, frozen=True):
    """One SQL statement in the driver's own placeholders: `$1` for PostgreSQL, `?` for SQLite.

    Attributes:
        writes: it changes rows; it is never repeated where its outcome is unknown.
        trusted: it was generated, and leaves the session as it found it.
    """

    text: str
    writes: bool = False
    trusted: bool = True


class Result(msgspec.Struct, frozen=True):
    """What came back: the rows, and how many rows were read or changed."""

    rows: list[Row]
    count: int


class Column(msgspec.Struct, frozen=True):
    """One column of a generated table.

    Attributes:
        sql: its name, quoted where it must be.
        cast: the type that a parameter must be cast to, where the server cannot tell by itself.
        nullable: it may be null, so that sorting must say where nulls go.
        json: values are encoded as JSON; with a `cast`, each of a list's.
    """

    sql: str
    cast: str = ""
    nullable: bool = False
    json: bool = False

    def encode(self, value: object) -> object:
        """The value as the driver takes it."""
        if not self.json or (value is None and self.nullable):
            return value
        if self.cast:
            return [msgspec.json.encode(item).decode() for item in value]  # type: ignore[attr-defined]
        return msgspec.json.encode(value).decode()


class _Parameters:
    """Values in order, and the placeholder of each."""

    def __init__(self, dialect: Dialect) -> None:
        self.values: list[object] = []
        self._numbered = dialect == "postgresql"

    def add(self, column: Column, value: object) -> str:
        self.values.append(column.encode(value))
        mark = f"${len(self.values)}" if self._numbered else "?"
        return f"{mark}::{column.cast}" if column.cast else mark


class Table(msgspec.Struct, frozen=True):
    """A table as generated code knows it.

    Attributes:
        name: quoted and qualified as needed.
        columns: by Python attribute.
        key: the attributes of the primary key; empty where it has none.
        returning: what a statement gives back: the row's columns, in the row's order.
    """

    dialect: Dialect
    name: str
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    returning: str

    def insert(self, new: msgspec.Struct) -> Query:
        """One row; what is `UNSET` takes the column's default."""
        given = _given(new)
        values = _Parameters(self.dialect)
        marks = [values.add(self.columns[name], value) for name, value in given.items()]
        names = ", ".join(self.columns[name].sql for name in given)
        row = f"({names}) VALUES ({', '.join(marks)})" if given else "DEFAULT VALUES"
        text = f"INSERT INTO {self.name} {row} RETURNING {self.returning}"
        return Statement(text, writes=True), values.values

    def update(self, key: Sequence[object], changes: msgspec.Struct) -> Query:
        """What is not `UNSET`, in the row with this key. Where nothing is given the row is only read."""
        values = _Parameters(self.dialect)
        sets = [self._equals_value(name, value, values) for name, value in _given(changes).items()]
        row = " AND ".join(self._equals_value(n, v, values) for n, v in zip(self.key, key, strict=True))
        if not sets:
            return Statement(f"SELECT {self.returning} FROM {self.name} WHERE {row}"), values.values
        text = f"UPDATE {self.name} SET {', '.join(sets)} WHERE {row} RETURNING {self.returning}"
        return Statement(text, writes=True), values.values

    def select(
        self,
        head: str,
        filters: Mapping[str, object],
        *,
        order_by: Sequence[str] = (),
        limit: int | None = None,
        after: msgspec.Struct | None = None,
    ) -> Query:
        """Rows that equal every filter.

        Args:
            head: the statement up to WHERE.
            filters: values by attribute; None is IS NULL.
            order_by: attributes, `-` before one for descending; the primary key follows and makes it total.
            limit: at most so many rows.
            after: the last row of the page before this one (keyset paging; needs a primary key).
        """
        values = _Parameters(self.dialect)
        conditions = [
            self._equals(name, value, values) for name, value in filters.items() if value is not UNSET
        ]
        order = self._order(order_by)
        if after is not None:
            if not self.key:
                raise StatementFailed(f"pages of {self.name} need a primary key, and it has none")
            conditions.append(self._after(order, after, values))
        text = self._where(head, conditions)
        if order:
            text += f" ORDER BY {', '.join(self._sorted(name, down=down) for name, down in order)}"
        return Statement(text + _limit(limit, values)), values.values

    def matching(self, head: str, filters: Mapping[str, object], *, limit: int | None = None) -> Query:
        """`head` for the rows that equal every filter, in no order."""
        values = _Parameters(self.dialect)
        return Statement(
            self._where(head, self._conditions(filters, values)) + _limit(limit, values)
        ), values.values

    def _where(self, head: str, conditions: list[str]) -> str:
        return f"{head} WHERE {' AND '.join(conditions)}" if conditions else head

    def _conditions(self, filters: Mapping[str, object], values: _Parameters) -> list[str]:
        for name in filters:
            if name not in self.columns:
                raise StatementFailed(f"cannot compare {self.name} by {name!r}: there is no such attribute")
        return [self._equals(name, value, values) for name, value in filters.items() if value is not UNSET]

    def _equals(self, name: str, value: object, values: _Parameters) -> str:
        column = self.columns[name]
        return f"{column.sql} IS NULL" if value is None else self._equals_value(name, value, values)

    def _equals_value(self, name: str, value: object, values: _Parameters) -> str:
        column = self.columns[name]
        return f"{column.sql} = {values.add(column, value)}"

    def _order(self, names: Sequence[str]) -> list[tuple[str, bool]]:
        order: dict[str, bool] = {}
        for name in names:
            attribute = name.removeprefix("-")
            if attribute not in self.columns:
                raise StatementFailed(f"cannot order {self.name} by {name!r}: there is no such attribute")
            order.setdefault(attribute, name.startswith("-"))
        for attribute in self.key:
            order.setdefault(attribute, False)
        return list(order.items())

    def _sorted(self, name: str, *, down: bool) -> str:
        # PostgreSQL sorts nulls as the largest by itself; SQLite is told to.
        column = self.columns[name]
        told = column.nullable and self.dialect == "sqlite"
        nulls = (" NULLS FIRST" if down else " NULLS LAST") if told else ""
        return f"{column.sql}{' DESC' if down else ''}{nulls}"

    def _after(self, order: list[tuple[str, bool]], row: msgspec.Struct, values: _Parameters) -> str:
        """Rows that sort behind `row`: in the first attribute, or equal there and in the next, and so on."""
        ways: list[str] = []
        for position, (name, down) in enumerate(order):
            value = getattr(row, name)
            if value is None and not down:
                continue  # nothing sorts behind a null
            same = [self._equals(earlier, getattr(row, earlier), values) for earlier, _ in order[:position]]
            ways.append(" AND ".join([*same, self._behind(self.columns[name], value, values, down=down)]))
        return f"({' OR '.join(ways)})" if ways else "1 = 0"

    def _behind(self, column: Column, value: object, values: _Parameters, *, down: bool) -> str:
        if value is None:
            return f"{column.sql} IS NOT NULL"
        if down:
            return f"{column.sql} < {values.add(column, value)}"
        above = f"{column.sql} > {values.add(column, value)}"
        return f"({above} OR {column.sql} IS NULL)" if column.nullable else above


def _limit(limit: int | None, values: _Parameters) -> str:
    if limit is None:
        return ""
    if limit < 0:
        raise StatementFailed(f"a limit cannot be negative: {limit}")
    return f" LIMIT {values.add(Column(''), limit)}"


def _given(values: msgspec.Struct) -> dict[str, object]:
    every = ((name, getattr(values, name)) for name in values.__struct_fields__)
    return {name: value for name, value in every if value is not UNSET}


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


def keyed(rows: Iterable[T], key: Callable[[T], K]) -> dict[K, T]:
    """Each row by its key."""
    return {key(row): row for row in rows}


def grouped(keys: Iterable[K], rows: Iterable[T], key: Callable[[T], K | None]) -> dict[K, Sequence[T]]:
    """The rows of each key, in their order; a key without rows has an empty list."""
    groups: dict[K | None, list[T]] = {one: [] for one in keys}
    for row in rows:
        groups[key(row)].append(row)
    return groups  # type: ignore[return-value]


def linked(keys: Iterable[K], rows: Iterable[tuple[K, T]]) -> dict[K, Sequence[T]]:
    """The rows that are linked to each key, in their order; a key without rows has an empty list."""
    groups: dict[K, list[T]] = {one: [] for one in keys}
    for key, row in rows:
        groups[key].append(row)
    return {**groups}


def json_array(values: Iterable[object]) -> str:
    """The values as one parameter for SQLite's `json_each`."""
    return msgspec.json.encode(to_sqlite([*values])).decode()


def written(statement: Statement | str) -> Statement:
    """A statement by hand: what it does is not known, so it is held to write, and to change its session."""
    return Statement(statement, writes=True, trusted=False) if isinstance(statement, str) else statement


def copying(table: str, columns: str) -> Statement:
    """What stands for a COPY where a statement is named."""
    return Statement(f"COPY {table} ({columns}) FROM STDIN", writes=True)


def first_word(text: str) -> str:
    """A statement's first word in upper case, behind comments."""
    rest = text.lstrip()
    while rest.startswith(("--", "/*")):
        _, _, rest = rest.partition("\n" if rest.startswith("--") else "*/")
        rest = rest.lstrip()
    return rest.split(None, 1)[0].upper() if rest else ""


def beside(load: Load[T], key: Callable[[Any], Any] | None = None) -> Load[tuple[Any, T]]:
    """Loads rows that have a key in front: each as the key and what `load` makes of the rest."""

    def both(rows: Sequence[Row]) -> list[tuple[Any, T]]:
        keys = [row[0] for row in rows]
        return list(zip(map(key, keys) if key else keys, load([row[1:] for row in rows]), strict=True))

    return both


def loaded(load: Callable[[Sequence[Row]], R], rows: Sequence[Row]) -> R:
    """The rows as `load` makes them; raises `SchemaMismatch` where one does not fit its generated type."""
    try:
        return load(rows)
    except (ValueError, TypeError, LookupError, ArithmeticError, msgspec.DecodeError) as error:
        raise SchemaMismatch(
            f"a row does not fit the type that was generated for it ({type(error).__name__}): generate again"
        ) from error
