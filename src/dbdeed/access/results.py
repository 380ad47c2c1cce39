"""Small conversions that generated queries and records use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from dbdeed.access.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.access.statements import Row

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)


def first_values(rows: Iterable[Row]) -> list[Any]:
    """The first value of each row."""
    return [row[0] for row in rows]


def only(rows: Sequence[T], query: str) -> T:
    """The first row; raises `NotFound` where there is none."""
    if not rows:
        raise NotFound(f"the result of {query}")
    return rows[0]


def to_json(value: object) -> str:
    """The value as a JSON column takes it."""
    return msgspec.json.encode(value).decode()


def as_record(kind: type[S], row: msgspec.Struct) -> S:
    """A row as the record of the same attributes."""
    return kind(*msgspec.structs.astuple(row))


def as_optional_record(kind: type[S], row: msgspec.Struct | None) -> S | None:
    """A row, where there is one, as the record of the same attributes."""
    return None if row is None else kind(*msgspec.structs.astuple(row))


def as_records(kind: type[S], rows: Iterable[msgspec.Struct]) -> list[S]:
    """Rows as the records of the same attributes."""
    return [kind(*msgspec.structs.astuple(row)) for row in rows]
