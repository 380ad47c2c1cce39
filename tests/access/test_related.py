"""Rows by keys, and beside what belongs to them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dbdeed.access import related

KEYS = st.lists(st.text("aAbB", max_size=2) | st.integers(0, 3))
ROWS = st.lists(st.tuples(st.text("aAbB", max_size=2) | st.integers(0, 3), st.integers()))


@given(KEYS, ROWS)
def test_each_key_has_its_rows_in_their_order(
    keys: list[str | int], rows: list[tuple[str | int, int]]
) -> None:
    asked = [row for row in rows if row[0] in keys]
    expected = {key: [row for row in asked if row[0] == key] for key in keys}
    assert related.grouped(keys, asked, lambda row: row[0]) == expected
    pairs = [(key, (key, value)) for key, value in asked]
    assert related.linked(keys, pairs) == expected


@given(KEYS, ROWS)
def test_a_database_that_folds_case_gives_rows_to_every_form_of_a_key(
    keys: list[str | int], rows: list[tuple[str | int, int]]
) -> None:
    def same(one: str | int, other: str | int) -> bool:
        return str(one).lower() == str(other).lower() and type(one) is type(other)

    found = [row for row in rows if any(same(row[0], key) for key in keys)]
    expected = {key: [row for row in found if same(row[0], key)] for key in keys}
    assert related.grouped(keys, found, lambda row: row[0], fold=True) == expected
    last = {key: those[-1] for key, those in expected.items() if those}
    by_key = related.keyed(keys, found, lambda row: row[0], fold=True)
    assert by_key.keys() == last.keys()
    assert all(same(row[0], key) for key, row in by_key.items())


def test_rows_beside_what_they_refer_to() -> None:
    assert related.each_with("ab", [1, 2], {1: "x"}) == [("a", "x")]
    assert related.each_with_optional("ab", [1, None], {1: "x"}) == [("a", "x"), ("b", None)]
    assert related.each_with_many("abc", [1, 2, None], {1: ["x"]}) == [("a", ["x"]), ("b", []), ("c", [])]


def test_each_key_travels_once() -> None:
    assert related.distinct([2, 1, 2]) == ([2, 1],)
    assert related.distinct_columns([(1, "a"), (2, "b"), (1, "a")], 2) == ([1, 2], ["a", "b"])
    assert related.distinct_columns([], 2) == ([], [])
    assert related.distinct_json([b"\x00\xff", b"\x00\xff"]) == ('["00FF"]',)
    assert related.distinct_json_rows([(1, "a"), (1, "a"), (2, "]")]) == ('[[1,"a"],[2,"]"]]',)
