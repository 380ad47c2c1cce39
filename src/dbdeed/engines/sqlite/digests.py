"""How many rows each table has, and a digest of them that does not depend on their order.

A row's digest is BLAKE2b over its values, each with its storage class and length, so that 1, 1.0, '1', x'31'
and NULL differ; a table's is the sum modulo 2^128, so that a doubled row shows too.
"""

from __future__ import annotations

import struct
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from dbdeed.engines.sqlite.faults import RAISED, translated
from dbdeed.engines.sqlite.inspect import inspect
from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.kinds.virtual_table import VirtualTable
from dbdeed.engines.sqlite.names import written
from dbdeed.engines.sqlite.session import SqliteSession

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from dbdeed.engines.seam import Session

_MODULUS = 2**128


class Text(bytes):
    """A text's own bytes, told apart from a blob's by type. SQLite does not check that they are UTF-8."""

    __slots__ = ()


def table_digests(session: Session) -> dict[str, tuple[int, str]]:
    """Per table: rows and digest, all of one moment. Raises as `Session.fetch` does."""
    assert isinstance(session, SqliteSession)
    connection = session.connection
    with one_moment(connection):
        found: list[Any] = list(inspect(session).objects.values())
        names = [one.name for one in found if _holds_rows(one)]
        try:
            return {name: _digest(connection, name) for name in names}
        except RAISED as error:
            raise translated(error, "The database") from error


def _holds_rows(one: Any) -> bool:
    """A full-text index over another table's rows has none of its own."""
    if isinstance(one, VirtualTable):
        return one.content is None and (bool(one.columns) or one.module.startswith("rtree"))
    return isinstance(one, Table)


@contextmanager
def one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything read inside is of one state of the database."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


@contextmanager
def exact_texts(connection: sqlite3.Connection) -> Iterator[None]:
    """Texts come as their bytes, whatever they are."""
    before = connection.text_factory
    connection.text_factory = Text
    try:
        yield
    finally:
        connection.text_factory = before


def _digest(connection: sqlite3.Connection, table: str) -> tuple[int, str]:
    rows = total = 0
    with exact_texts(connection):
        for row in connection.execute(f"SELECT * FROM main.{written(table)}"):
            rows += 1
            total += int.from_bytes(blake2b(_bytes(row), digest_size=16).digest(), "big")
    return rows, f"{total % _MODULUS:032x}"


def _bytes(row: tuple[Any, ...]) -> bytes:
    return b"".join(_value(value) for value in row)


def _value(value: Any) -> bytes:
    """Storage class, length, value."""
    if value is None:
        return b"n"
    if isinstance(value, float):
        return b"r" + struct.pack(">d", value)
    if isinstance(value, int):
        return b"i" + value.to_bytes(8, "big", signed=True)
    kind = b"t" if isinstance(value, Text) else b"b"
    return kind + struct.pack(">q", len(value)) + bytes(value)
