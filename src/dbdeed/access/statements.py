"""SQL as it goes to a driver, and rows as they come from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import msgspec

from dbdeed.access.errors import SchemaMismatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")
R = TypeVar("R")
Row: TypeAlias = "tuple[Any, ...]"
Load: TypeAlias = "Callable[[Sequence[Row]], list[T]]"
LoadOne: TypeAlias = "Callable[[Sequence[Row]], Sequence[T]]"
Dialect = Literal["postgresql", "sqlite"]
Query: TypeAlias = "tuple[Statement, Sequence[object]]"


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


class ByColumn:
    """Rows that are held by the column, all of them equally long."""

    __slots__ = ("columns",)

    def __init__(self, columns: Sequence[Sequence[object]]) -> None:
        self.columns = columns

    def __iter__(self) -> Iterator[Sequence[object]]:
        return zip(*self.columns, strict=True)


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


UNFIT = (ValueError, TypeError, LookupError, ArithmeticError, msgspec.DecodeError)
"""What a generated type raises for a row that it was not generated for."""


def unfit(error: Exception) -> SchemaMismatch:
    """What to raise for one of `UNFIT`."""
    return SchemaMismatch(
        f"a row does not fit the type that was generated for it ({type(error).__name__}): generate again"
    )


def loaded(load: Callable[[Sequence[Row]], R], rows: Sequence[Row]) -> R:
    """The rows as `load` makes them; raises `SchemaMismatch` where one does not fit its generated type."""
    try:
        return load(rows)
    except UNFIT as error:
        raise unfit(error) from error
