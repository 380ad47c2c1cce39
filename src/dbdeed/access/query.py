"""Queries that are put together in code, typed by the tables that were generated.

    from dbdeed.access import query
    from repositories.tables import customers, orders

    found = await (
        query.select(orders, customers)
        .join(customers, orders.customer_id == customers.id)
        .where((orders.status == OrderStatus.PAID) & (orders.total > 100))
        .order_by(orders.placed_at.desc())
        .all(session)
    )  # list[tuple[Order, Customer]]

`str(query)` is the SQL, `query.parameters` its values. The same objects run in a session with asyncio, where
they are awaited, and in one without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, overload

from dbdeed.access.query_expressions import (
    Column,
    Expression,
    Optional,
    Order,
    Selectable,
    Value,
    Where,
)
from dbdeed.access.query_functions import (
    Case,
    Windowed,
    case,
    dense_rank,
    lag,
    lead,
    rank,
    row_number,
    value,
)
from dbdeed.access.query_select import Combined, Composed, OptionalRows, Rows, Select, Table, TableRows
from dbdeed.access.query_writes import Conflict, Delete, Insert, Update, excluded

if TYPE_CHECKING:
    import msgspec

__all__ = [
    "Case",
    "Column",
    "Combined",
    "Composed",
    "Conflict",
    "Delete",
    "Expression",
    "Insert",
    "Optional",
    "Order",
    "Rows",
    "Select",
    "Selectable",
    "Table",
    "Update",
    "Value",
    "Where",
    "Windowed",
    "alias",
    "case",
    "count",
    "delete",
    "dense_rank",
    "excluded",
    "exists",
    "insert",
    "lag",
    "lead",
    "optional",
    "rank",
    "row_number",
    "select",
    "update",
    "value",
]

R = TypeVar("R")
N = TypeVar("N", bound="msgspec.Struct")
T = TypeVar("T", bound="Table[Any, Any]")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")
G = TypeVar("G")
H = TypeVar("H")
Item: TypeAlias = "Table[R, Any] | Selectable[R]"


@overload
def select(a: Item[A], /) -> Select[A]: ...
@overload
def select(a: Item[A], b: Item[B], /) -> Select[tuple[A, B]]: ...
@overload
def select(a: Item[A], b: Item[B], c: Item[C], /) -> Select[tuple[A, B, C]]: ...
@overload
def select(a: Item[A], b: Item[B], c: Item[C], d: Item[D], /) -> Select[tuple[A, B, C, D]]: ...
@overload
def select(a: Item[A], b: Item[B], c: Item[C], d: Item[D], e: Item[E], /) -> Select[tuple[A, B, C, D, E]]: ...
@overload
def select(
    a: Item[A], b: Item[B], c: Item[C], d: Item[D], e: Item[E], f: Item[F], /
) -> Select[tuple[A, B, C, D, E, F]]: ...
@overload
def select(
    a: Item[A], b: Item[B], c: Item[C], d: Item[D], e: Item[E], f: Item[F], g: Item[G], /
) -> Select[tuple[A, B, C, D, E, F, G]]: ...
@overload
def select(
    a: Item[A], b: Item[B], c: Item[C], d: Item[D], e: Item[E], f: Item[F], g: Item[G], h: Item[H], /
) -> Select[tuple[A, B, C, D, E, F, G, H]]: ...
def select(*items: Table[Any, Any] | Selectable[Any]) -> Select[Any]:
    """Rows of a table, values of columns and aggregates; of several things, tuples of them.

    The first one's table is the first that is read (else `from_` says it); others are joined.
    """
    return Select(items=tuple(TableRows(one) if isinstance(one, Table) else one for one in items))


def optional(table: Table[R, Any]) -> Selectable[R | None]:
    """The rows of a table that is joined by `left_join`: None where there is none."""
    return OptionalRows(table)


def alias(table: T, name: str) -> T:
    """The same table once more, called `name` in SQL."""
    load, convert, read = table.__made__
    quoted = '"' + name.replace('"', '""') + '"'
    return type(table)(table.__text__, load, convert, read, quoted)


def count() -> Expression[int, int]:
    """How many rows there are."""
    return Expression(lambda _: "count(*)", nullable=False, aggregate=True)


def exists(select: Rows[Any]) -> Where:
    """There is such a row; the select may name columns of the query that it stands in."""
    return Where(lambda to: f"EXISTS ({select.write(to)})")


def insert(table: Table[R, N], first: N, *more: N) -> Insert[R]:
    """New rows. Rows of one insert give the same attributes."""
    return Insert(table, (first, *more))


def update(table: Table[R, Any]) -> Update[R]:
    """A change of rows, which `where` chooses."""
    return Update(table)


def delete(table: Table[R, Any]) -> Delete[R]:
    """Rows that go, which `where` chooses."""
    return Delete(table)
