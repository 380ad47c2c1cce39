"""Expressions of several parts: values, CASE, and functions over a window of rows."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from dbdeed.access.columns import Column as ColumnText
from dbdeed.access.errors import StatementFailed
from dbdeed.access.query_expressions import Expression, Order, Rendering, Where
from dbdeed.access.sqlite_values import to_decimal, to_utc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

V = TypeVar("V")
R = TypeVar("R")

# What a value alone does not say: its type in PostgreSQL, and what SQLite's own is made of it again.
_KINDS: dict[type, tuple[str, Callable[[Any], Any] | None]] = {
    bool: ("boolean", bool),
    int: ("bigint", None),
    float: ("float8", None),
    str: ("text", None),
    bytes: ("bytea", None),
    decimal.Decimal: ("numeric", to_decimal),
    dt.datetime: ("timestamptz", to_utc),
    dt.date: ("date", dt.date.fromisoformat),
    uuid.UUID: ("uuid", uuid.UUID),
}


def value(of: V) -> Expression[V, V]:
    """A value in the place of an expression; it travels as a parameter.

    Raises:
        StatementFailed: its type says nothing of how a database keeps it; compare a column with it instead.
    """
    kind = type(of)
    if kind not in _KINDS or (isinstance(of, dt.datetime) and of.tzinfo is None):
        raise StatementFailed(f"a {kind.__name__} alone does not say which type of the database it is")
    name, convert = _KINDS[kind]

    def write(to: Rendering) -> str:
        mark = to.value(text, of)
        return f"{mark}::{name}" if to.dialect == "postgresql" else mark

    def made(found: Any) -> Any:
        return found if isinstance(found, kind) or convert is None else convert(found)

    text = ColumnText("", name, kind)
    return Expression(write, text, made, nullable=False)


class Case(Generic[V]):
    """The first of several values whose condition is met; see `case`."""

    def __init__(self, branches: Sequence[tuple[Where, Expression[V, Any]]]) -> None:
        self._branches = branches

    def when(self, condition: Where, then: V | Expression[V, Any]) -> Case[V]:
        """Where none before was met, and this one is: `then`."""
        return Case([*self._branches, (condition, _expression(then))])

    def otherwise(self, value: V | Expression[V, V]) -> Expression[V, V]:
        """What it is where no condition is met."""
        return self._made(_expression(value))

    def or_null(self) -> Expression[V, V | None]:
        """Null where no condition is met."""
        return self._made(None)

    def _made(self, last: Expression[V, Any] | None) -> Expression[Any, Any]:
        first = self._branches[0][1]

        def write(to: Rendering) -> str:
            parts = [f"WHEN {one.write(to)} THEN {then.write(to)}" for one, then in self._branches]
            parts += [] if last is None else [f"ELSE {last.write(to)}"]
            return f"CASE {' '.join(parts)} END"

        values = [then for _, then in self._branches] + ([] if last is None else [last])
        nullable = last is None or any(one.nullable for one in values)
        source = next((one.source for one in values if one.source is not None), None)
        return Expression(write, first.text, first.convert, nullable=nullable, source=source)


def case(condition: Where, then: V | Expression[V, Any]) -> Case[V]:
    """A value that conditions decide, tried in their order.

    case(orders.total > 100, "dear").when(orders.total > 10, "fair").otherwise("cheap")
    """
    return Case([(condition, _expression(then))])


def _expression(given: V | Expression[V, Any]) -> Expression[V, Any]:
    return given if isinstance(given, Expression) else value(given)


class Windowed(Generic[V, R]):
    """A function that is only one over a window of rows: `over` says which."""

    def __init__(self, of: Expression[V, R]) -> None:
        self._of = of

    def over(
        self,
        *,
        partition_by: Sequence[Expression[Any, Any]] = (),
        order_by: Sequence[Expression[Any, Any] | Order] = (),
    ) -> Expression[V, R]:
        """Among the rows that are alike in `partition_by`, in this order."""
        return self._of.over(partition_by=partition_by, order_by=order_by)


def _ranking(function: str) -> Windowed[int, int]:
    return Windowed(Expression(lambda _: f"{function}()", nullable=False, aggregate=True))


def row_number() -> Windowed[int, int]:
    """The place of each row: 1, 2, 3 and so on."""
    return _ranking("row_number")


def rank() -> Windowed[int, int]:
    """As `row_number`; rows that are alike have the same, and the next ones are further: 1, 1, 3."""
    return _ranking("rank")


def dense_rank() -> Windowed[int, int]:
    """As `rank`, without gaps: 1, 1, 2."""
    return _ranking("dense_rank")


def lag(of: Expression[V, Any], rows: int = 1) -> Windowed[V, V | None]:
    """The value of so many rows before."""
    return _shifted("lag", of, rows)


def lead(of: Expression[V, Any], rows: int = 1) -> Windowed[V, V | None]:
    """The value of so many rows behind."""
    return _shifted("lead", of, rows)


def _shifted(function: str, of: Expression[V, Any], rows: int) -> Windowed[V, Any]:
    def write(to: Rendering) -> str:
        inner = of.write(to)
        to.values.append(rows)
        mark = to.mark()
        return f"{function}({inner}, {mark}{'::int' if to.dialect == 'postgresql' else ''})"

    return Windowed(Expression(write, of.text, of.convert, source=of.source, aggregate=True))
