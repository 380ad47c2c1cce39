"""Values on their way to SQLite and back, by whichever way they are converted."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dbdeed.access.errors import InvalidValue
from dbdeed.access.sqlite_values import all_to_sqlite, in_a_row, to_datetime, to_decimal, to_sqlite, to_utc
from dbdeed.access.statements import ByColumn


def sent(value: object) -> object:
    (found,) = to_sqlite([value])
    return found


@given(st.decimals(allow_nan=False, allow_infinity=False))
@example(Decimal(123456789012345))
@example(Decimal(-12345678901234))
@example(Decimal("0.10"))
@example(Decimal("1E+17"))
@example(Decimal("99999999999E+7"))
@example(Decimal("-0.00"))
@example(Decimal(2**63))
def test_a_decimal_is_kept_exactly_or_refused(value: Decimal) -> None:
    with decimal.localcontext(prec=5000):
        digits = len(value.normalize().as_tuple().digits)
        integer = value == value.to_integral_value() and abs(value) < 2**63
    if digits > 15 and not integer:
        with pytest.raises(InvalidValue):
            sent(value)
        return
    kept = sent(value)
    assert type(kept) is (int if integer else float)
    if abs(value) < Decimal("1e300") and (value == 0 or abs(value) > Decimal("1e-300")):
        assert isinstance(kept, int | float)
        assert to_decimal(kept) == value


@pytest.mark.parametrize("value", ["NaN", "-sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(InvalidValue):
        sent(Decimal(value))


@given(st.datetimes(timezones=st.sampled_from([dt.UTC, dt.timezone(dt.timedelta(hours=-5, minutes=-30))])))
def test_a_moment_comes_back_in_utc(value: dt.datetime) -> None:
    try:
        kept = sent(value)
    except OverflowError:  # the first or last hours that there are, of another zone
        return
    assert isinstance(kept, str)
    found = to_utc(kept)
    assert found == value
    assert found.tzinfo is dt.UTC


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31 12:30:00", dt.datetime(2026, 1, 31, 12, 30, tzinfo=dt.UTC)),
        ("2026-01-31T12:30:00.25", dt.datetime(2026, 1, 31, 12, 30, 0, 250_000, tzinfo=dt.UTC)),
        ("2026-01-31 12:30", dt.datetime(2026, 1, 31, 12, 30, tzinfo=dt.UTC)),
        ("2026-01-31 12", dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)),
        ("2026-01-31", dt.datetime(2026, 1, 31, tzinfo=dt.UTC)),
        ("20260131", dt.datetime(2026, 1, 31, tzinfo=dt.UTC)),
        ("2026-01-31 12:30:00Z", dt.datetime(2026, 1, 31, 12, 30, tzinfo=dt.UTC)),
        ("2026-01-31 12:30:00+00:00", dt.datetime(2026, 1, 31, 12, 30, tzinfo=dt.UTC)),
        ("2026-01-31 12:30:00+02:00", dt.datetime(2026, 1, 31, 10, 30, tzinfo=dt.UTC)),
        ("2026-01-31 12:30:00-0530", dt.datetime(2026, 1, 31, 18, 0, tzinfo=dt.UTC)),
    ],
)
def test_moments_that_others_wrote(text: str, moment: dt.datetime) -> None:
    found = to_utc(text)
    assert found == moment
    assert found.tzinfo is not None
    if "+02" not in text and "-05" not in text:
        assert to_datetime(text) == moment.replace(tzinfo=None)


def test_what_is_no_moment_is_an_error() -> None:
    for text in ("", "soon", "2026-13-01 00:00:00"):
        with pytest.raises(ValueError, match=r"isoformat|month"):
            to_utc(text)


class Colour(enum.StrEnum):
    RED = "red"


class Moment(dt.datetime):
    """Another's own kind of moment."""


def test_each_kind_of_value_goes_as_it_is_kept() -> None:
    one = uuid.uuid4()
    moment = Moment(2026, 1, 31, 12, 30, tzinfo=dt.UTC)
    given_ = [1, 2.5, "a", b"b", None, True, Colour.RED, one, moment, dt.date(2026, 1, 31), dt.time(12, 30)]
    kept = [1, 2.5, "a", b"b", None, 1, "red", str(one), "2026-01-31 12:30:00", "2026-01-31", "12:30:00"]
    found = to_sqlite(given_)
    assert list(found) == kept
    assert [type(value) for value in found] == [type(value) for value in kept]


_kept = st.one_of(st.integers(-9, 9), st.text(max_size=3), st.none(), st.booleans(), st.just(Decimal("1.5")))


@given(
    st.one_of(
        st.lists(st.tuples(_kept, _kept)),
        st.lists(st.tuples(st.just(Decimal("2.5")), st.dates(), st.integers(0, 9))),
        st.lists(st.lists(_kept, max_size=3)),
    )
)
def test_many_rows_go_as_one_by_one(rows: list[list[object]]) -> None:
    assert [list(row) for row in all_to_sqlite(iter(rows))] == [list(to_sqlite(row)) for row in rows]


_odd = st.sampled_from([*map(Decimal, ("0.10", "-0", "-0.00", "1E+3", "1E-5", "1E+20", "123456789012345"))])


@given(st.lists(st.tuples(st.one_of(_odd, st.decimals(-(10**12), 10**12, places=2)))))
def test_a_column_of_decimals_goes_as_one_by_one(rows: list[tuple[Decimal]]) -> None:
    expected = [to_sqlite(row)[0] for row in rows]
    found = [row[0] for row in all_to_sqlite(iter(rows))]
    several = [value for _, values in in_a_row(iter(rows), 1, 3) for value in values]
    by_column = [
        value
        for _, values in in_a_row(ByColumn([*zip(*rows, strict=True)] or [()]), 1, 3)
        for value in values
    ]
    assert found == several == by_column == expected
    assert [*map(type, found)] == [*map(type, several)] == [*map(type, by_column)] == [*map(type, expected)]


@given(st.lists(st.tuples(_kept, _kept), max_size=20), st.integers(1, 7))
def test_rows_in_a_row_are_those_one_by_one(rows: list[tuple[object, object]], several: int) -> None:
    expected = [value for row in rows for value in to_sqlite(row)]
    for given_ in (iter(rows), ByColumn([*zip(*rows, strict=True)] or [(), ()])):
        parts = [*in_a_row(given_, 2, several)]
        assert [value for _, values in parts for value in values] == expected
        assert all(len(values) == 2 * number for number, values in parts)
        assert [number for number, _ in parts[:-1]] == [several] * (len(parts) - 1)


@pytest.mark.parametrize("rows", [[(1, 2), (3,)], [(1,), (2, 3, 4)], ByColumn([(1,), (2,), (3,)])])
def test_rows_that_are_not_as_wide_as_the_columns_are_refused(rows: Any) -> None:
    with pytest.raises(InvalidValue, match="the 2 values"):
        [*in_a_row(rows, 2, 10)]


@pytest.mark.parametrize("odd", ["NaN", "sNaN", "Infinity", "-Infinity", "1.2345678901234567"])
def test_a_column_with_a_decimal_that_is_not_kept_is_refused(odd: str) -> None:
    with pytest.raises(InvalidValue):
        [*all_to_sqlite([(Decimal(1),), (Decimal(odd),)])]


def test_more_rows_than_are_held_at_once() -> None:
    rows = [(n, Decimal(n)) for n in range(2500)]
    assert [*all_to_sqlite(rows)] == [(n, n) for n in range(2500)]
