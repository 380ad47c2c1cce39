"""Pages of any rows in any order are the list, cut."""

from __future__ import annotations

import sqlite3
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed import access
from dbdeed.access.columns import Column
from dbdeed.access.pages import cursor_of, position_of
from dbdeed.access.table import Table

COLUMNS = {
    "id": Column("id", "INTEGER", int),
    "a": Column("a", "INTEGER", int, nullable=True),
    "b": Column("b", "TEXT", str, nullable=True),
    "c": Column('"{c}"', "REAL", float),
}
TABLE = Table(dialect="sqlite", name="t", columns=COLUMNS, key=("id",), returning='id, a, b, "{c}"')
HEAD = f"SELECT {TABLE.returning} FROM t"


class Row(NamedTuple):
    id: int
    a: int | None
    b: str | None
    c: float


VALUES = st.tuples(
    st.none() | st.integers(0, 2),
    st.none() | st.sampled_from(["", "x", "X"]),
    st.sampled_from([-0.5, 0.0, 1e300]),
)
ORDERS = st.lists(st.sampled_from([f"{sign}{name}" for sign in ("", "-") for name in COLUMNS]), max_size=4)


@settings(max_examples=150)
@given(st.lists(VALUES, max_size=14), ORDERS, st.integers(1, 5))
def test_pages_are_the_list_cut(values: list[Any], order: list[str], first: int) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute('CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT, "{c}" REAL NOT NULL)')
    connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", [(n, *row) for n, row in enumerate(values)])

    def rows(query: Any) -> list[Row]:
        statement, parameters = query
        return [Row(*row) for row in connection.execute(statement.text, parameters)]

    by = tuple(order)
    whole = rows(TABLE.select(HEAD, {}, order_by=by))
    assert len(whole) == len(values)
    found: list[Row] = []
    after: str | None = None
    while True:
        query = TABLE.page(HEAD, {}, order_by=by, first=first, after=after)
        page = TABLE.paged(rows(query), by, first)
        found += page
        assert (page.next is None) == (len(found) == len(whole))
        if page.next is None:
            break
        assert len(page) == first
        after = page.next
    assert found == whole
    connection.close()


@given(st.text(max_size=300) | st.binary(max_size=100).map(lambda data: data.decode("latin-1")))
def test_any_other_text_is_no_cursor(text: str) -> None:
    order = [("a", True), ("id", False)]
    with pytest.raises(access.InvalidCursor):
        position_of(text, "t", order, [COLUMNS["a"], COLUMNS["id"]])


@given(st.integers(0, 2**62), st.none() | st.integers(0, 5), st.integers(0, 200), st.integers(1, 63))
def test_a_cursor_that_was_changed_is_noticed(number: int, a: int | None, place: int, by: int) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    order, columns = [("a", True), ("id", False)], [COLUMNS["a"], COLUMNS["id"]]
    cursor = cursor_of(Row(number, a, None, 0.0), "t", order)
    assert position_of(cursor, "t", order, columns) == (a, number)
    place %= len(cursor) - 1  # the last letter may have bits that say nothing
    changed = letters[(letters.index(cursor[place]) + by) % 64]
    for other in (cursor[:place] + changed + cursor[place + 1 :], cursor[:place], cursor + cursor):
        with pytest.raises(access.InvalidCursor):
            position_of(other, "t", order, columns)
    for table, otherwise in (("u", order), ("t", order[::-1]), ("t", [("a", False), ("id", False)])):
        with pytest.raises(access.InvalidCursor):
            position_of(cursor, table, otherwise, columns)


def test_statements_of_one_shape_are_one() -> None:
    one, _ = TABLE.select(HEAD, {"a": access.gt(1), "b": None}, order_by=("-b",), limit=5)
    same, values = TABLE.select(HEAD, {"a": access.gt(2), "b": None}, order_by=("-b",), limit=6)
    other, _ = TABLE.select(HEAD, {"a": access.ge(2), "b": None}, order_by=("-b",), limit=6)
    assert one is same
    assert one is not other
    assert list(values) == [2, 6]
    assert one.text == (f"{HEAD} WHERE a > ? AND b IS NULL ORDER BY b DESC NULLS FIRST, id LIMIT ?")
