"""Pages of a list by keyset: a cursor says behind which row the next page begins.

A cursor is opaque text for URLs. It holds the last row's values of the columns that sort, and a digest of
these, of the table and of the order, so that one that was cut, changed, or made for another list is noticed.
What it holds is checked against the columns' types and travels as parameters: a forged one can only begin a
page somewhere else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from dbdeed.access.errors import InvalidCursor

if TYPE_CHECKING:
    from dbdeed.access.columns import Column

T = TypeVar("T")
Order = Sequence[tuple[str, bool]]
_DIGEST = 8
_LONGEST = 8192


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some rows of a list, in its order. Iterating goes over these rows.

    Attributes:
        rows: at most as many as were asked for.
        next: the cursor of the next page (`after=page.next`); None where the list ends here.
    """

    rows: Sequence[T]
    next: str | None

    def __iter__(self) -> Iterator[T]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def cursor_of(row: object, table: str, order: Order) -> str:
    """The cursor of the page behind this row."""
    values = [getattr(row, name) for name, _ in order]
    packed = msgspec.msgpack.encode(values)
    return base64.urlsafe_b64encode(_digest(packed, table, order) + packed).rstrip(b"=").decode()


def position_of(cursor: str, table: str, order: Order, columns: Sequence[Column]) -> tuple[Any, ...]:
    """The values that a cursor holds, one for each of `order`'s columns.

    Raises:
        InvalidCursor: it was not made for this table and order, or is no cursor at all.
    """
    types = tuple(column.python | None if column.nullable else column.python for column in columns)
    try:
        return _decoder(types).decode(_packed(cursor, table, order))
    except (ValueError, UnicodeError, binascii.Error, msgspec.MsgspecError) as error:
        raise InvalidCursor(f"this is no cursor of a list of {table} in this order") from error


def _packed(cursor: str, table: str, order: Order) -> bytes:
    padding = "=" * (-len(cursor) % 4)
    whole = base64.b64decode((cursor[:_LONGEST] + padding).encode("ascii"), b"-_", validate=True)
    packed = whole[_DIGEST:]
    if whole[:_DIGEST] != _digest(packed, table, order):
        raise ValueError(cursor)
    return packed


@lru_cache(maxsize=1024)
def _decoder(types: tuple[Any, ...]) -> msgspec.msgpack.Decoder[tuple[Any, ...]]:
    return msgspec.msgpack.Decoder(tuple.__class_getitem__(types))


def _digest(packed: bytes, table: str, order: Order) -> bytes:
    whole = hashlib.blake2b(repr((table, tuple(order))).encode(), digest_size=_DIGEST)
    whole.update(packed)
    return whole.digest()
