"""What the rows of a list are asked to meet, beyond being equal to a value.

    await orders.list(total=access.gt(100), status=access.any_of([OrderStatus.PAID, OrderStatus.SENT]))

A condition says by its type which columns it can be asked of: `gt(5)` of numbers, `like("a%")` of texts. Its
values always travel as parameters.
"""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Never

    from psycopg.types.range import Range

T = TypeVar("T")
U = TypeVar("U")
T_co = TypeVar("T_co", covariant=True)
# What has an order: not bool, and not the members of an enum, whose order differs from engine to engine.
O = TypeVar(  # noqa: E741 - as T, K and R elsewhere
    "O", int, float, Decimal, str, bytes, dt.date, dt.datetime, dt.time, dt.timedelta, uuid.UUID
)
S = TypeVar("S", bound="list[Any] | Range[Any]")


class Json:
    """Stands for a column of JSON in the type of a condition."""


class Condition(Generic[T_co]):
    """Asked of a column whose values are `T_co`. Both of two are asked by `&`, either by `|`.

    Attributes:
        operator: a name; what SQL it becomes is the table's to know.
        values: its parameters, or for "and" and "or" its parts.
    """

    __slots__ = ("operator", "values")

    def __init__(self, operator: str, values: tuple[object, ...]) -> None:
        self.operator = operator
        self.values = values

    def __and__(self: Condition[T], other: Condition[U]) -> Condition[T | U]:
        return Condition("and", (self, other))

    def __or__(self: Condition[T], other: Condition[U]) -> Condition[T | U]:
        return Condition("or", (self, other))

    def __repr__(self) -> str:
        return f"<Condition {self.operator}>"  # values of rows are nobody's business in a log


def eq(value: T) -> Condition[T]:
    """Equal to it, as the value alone is; with None: null."""
    return Condition("null", ()) if value is None else Condition("eq", (value,))


def ne(value: T) -> Condition[T]:
    """Everything that `eq` is not: a null is not equal to any value."""
    return Condition("not_null", ()) if value is None else Condition("ne", (value,))


def not_null() -> Condition[Never]:
    """Any value at all."""
    return Condition("not_null", ())


def lt(value: O) -> Condition[O]:
    """Less than it."""
    return Condition("lt", (value,))


def le(value: O) -> Condition[O]:
    """Less than it, or equal."""
    return Condition("le", (value,))


def gt(value: O) -> Condition[O]:
    """Greater than it."""
    return Condition("gt", (value,))


def ge(value: O) -> Condition[O]:
    """Greater than it, or equal."""
    return Condition("ge", (value,))


def between(low: O, high: O) -> Condition[O]:
    """From `low` to `high`, both included."""
    return Condition("between", (low, high))


def any_of(values: Iterable[T]) -> Condition[T]:
    """Equal to one of them, None among them being null; of none at all, nothing is."""
    given = list(values)
    some = [value for value in given if value is not None]
    return Condition("any_of" if len(some) == len(given) else "any_of_or_null", (some,))


def none_of(values: Iterable[T]) -> Condition[T]:
    """Everything that `any_of` is not."""
    given = list(values)
    some = [value for value in given if value is not None]
    return Condition("none_of" if len(some) == len(given) else "none_of_nor_null", (some,))


def like(pattern: str, *, ignore_case: bool = False) -> Condition[str]:
    r"""A pattern of SQL: `%` is any text, `_` any character, `\` takes what follows as it is.

    On SQLite, `ignore_case` knows the letters of ASCII only.
    """
    return Condition("ilike" if ignore_case else "like", (pattern,))


def ilike(pattern: str) -> Condition[str]:
    """`like` that takes upper and lower case as the same."""
    return like(pattern, ignore_case=True)


def starts_with(text: str, *, ignore_case: bool = False) -> Condition[str]:
    """Begins with exactly this text."""
    return like(f"{_escaped(text)}%", ignore_case=ignore_case)


def ends_with(text: str, *, ignore_case: bool = False) -> Condition[str]:
    """Ends with exactly this text."""
    return like(f"%{_escaped(text)}", ignore_case=ignore_case)


def includes(text: str, *, ignore_case: bool = False) -> Condition[str]:
    """Has exactly this text in it."""
    return like(f"%{_escaped(text)}%", ignore_case=ignore_case)


def contains(items: list[T]) -> Condition[list[T]]:
    """An array that has each of these (PostgreSQL)."""
    return Condition("contains", (items,))


def overlaps(other: S) -> Condition[S]:
    """An array or a range that has something in common with this one (PostgreSQL)."""
    return Condition("overlaps", (other,))


def contains_value(value: T) -> Condition[Range[T]]:
    """A range that this value is in (PostgreSQL)."""
    return Condition("contains_value", (value,))


def contains_json(value: object) -> Condition[Json]:
    """JSON that has this in it, as PostgreSQL's `@>` sees it."""
    return Condition("contains_json", (value,))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
