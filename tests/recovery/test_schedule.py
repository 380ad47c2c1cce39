"""When backups are due: examples that people would check by hand, and properties that hold for any schedule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed.document.values.types import BackupKind, Cadence, Frequency, Weekday
from dbdeed.errors import Unavailable
from dbdeed.recovery.schedule import following, next_due, zone_of

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def daily(hour: int, minute: int = 0, zone: str = "UTC") -> Cadence:
    return Cadence(BackupKind.FULL, DAY, "day", (hour, minute), zone=zone)


@pytest.mark.parametrize(
    ("cadence", "after", "expected"),
    [
        (daily(2), "2026-03-01T01:59", "2026-03-01T02:00"),
        (daily(2), "2026-03-01T02:00", "2026-03-02T02:00"),
        (Cadence(None, DAY, "day"), "2026-02-28T12:00", "2026-03-01T00:00"),
        (Cadence(None, 7 * DAY, "week", (3, 0), Weekday.SUNDAY), "2026-03-01T03:00", "2026-03-08T03:00"),
        (Cadence(None, 7 * DAY, "week"), "2026-03-04T03:00", "2026-03-09T00:00"),
        (Cadence(None, 30 * DAY, "month", (1, 0), day=31), "2026-01-31T01:00", "2026-02-28T01:00"),
        (Cadence(None, 30 * DAY, "month"), "2026-12-15T01:00", "2027-01-01T00:00"),
        (Cadence(None, 365 * DAY, "year"), "2026-12-15T01:00", "2027-01-01T00:00"),
        (Cadence(None, HOUR, "hour"), "2026-03-01T02:17", "2026-03-01T03:00"),
        (Cadence(None, HOUR, "hour", (0, 15)), "2026-03-01T02:15", "2026-03-01T03:15"),
        (Cadence(None, 6 * HOUR), "2026-03-01T02:17", "2026-03-01T08:17"),
        (Cadence(None, 6 * HOUR, at=(2, 0)), "2026-03-01T02:17", "2026-03-01T08:00"),
        (Cadence(None, 6 * HOUR, at=(2, 0)), "2026-03-01T20:17", "2026-03-02T02:00"),
    ],
)
def test_the_next_run_of_a_cadence(cadence: Cadence, after: str, expected: str) -> None:
    assert following(cadence, at(after)) == at(expected)


def test_a_time_that_summer_time_skips_runs_later_and_once() -> None:
    cadence = daily(2, 30, "Europe/Berlin")  # 2026-03-29 02:30 does not exist there
    first = following(cadence, at("2026-03-28T12:00"))
    assert first is not None
    assert first == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert following(cadence, first) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


def test_a_time_that_occurs_twice_runs_the_first_time_only() -> None:
    cadence = daily(2, 30, "Europe/Berlin")  # 2026-10-25 02:30 occurs at 00:30 and 01:30 UTC
    first = following(cadence, at("2026-10-24T12:00"))
    assert first is not None
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert following(cadence, first) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_hourly_runs_neither_pause_nor_double_when_clocks_change() -> None:
    cadence = Cadence(None, HOUR, "hour", zone="Europe/Berlin")
    moment = at("2026-10-24T21:30")
    for _ in range(8):
        following_moment = following(cadence, moment)
        assert following_moment is not None
        assert timedelta(0) < following_moment - moment <= HOUR
        moment = following_moment


def test_a_zone_of_half_hours_keeps_its_minute() -> None:
    cadence = Cadence(None, HOUR, "hour", (0, 10), zone="Asia/Kolkata")
    found = following(cadence, at("2026-03-01T00:00"))
    assert found is not None
    assert found.astimezone(ZoneInfo("Asia/Kolkata")).minute == 10


def test_due_is_the_earliest_of_all_cadences_and_may_lie_in_the_past() -> None:
    frequency = Frequency((daily(2), Cadence(None, HOUR, "hour"), Cadence(BackupKind.CONTINUOUS, None)))
    assert next_due(frequency, at("2026-03-05T09:30"), at("2026-03-05T08:10")) == at("2026-03-05T09:00")


def test_without_a_run_so_far_it_is_due_now() -> None:
    now = at("2026-03-05T09:30")
    assert next_due(Frequency((daily(2),)), now, None) == now


def test_continuous_alone_is_never_due() -> None:
    assert next_due(Frequency((Cadence(BackupKind.CONTINUOUS, None),)), at("2026-03-05T09:30"), None) is None


def test_an_unknown_zone_says_so() -> None:
    with pytest.raises(Unavailable, match="Mars/Phobos"):
        zone_of(daily(2, zone="Mars/Phobos"))
    with pytest.raises(Unavailable, match="etc/passwd"):
        zone_of(daily(2, zone="../../etc/passwd"))


ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]
)
CALENDARS = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 30 * DAY, "year": 365 * DAY}


@st.composite
def cadences(draw: st.DrawFn) -> Cadence:
    calendar = draw(st.sampled_from(["", *CALENDARS]))
    unit = CALENDARS.get(calendar, HOUR)
    every = draw(st.integers(1, 4)) * unit
    clock = st.tuples(st.integers(0, 23), st.integers(0, 59))
    return Cadence(
        kind=None,
        every=every,
        calendar=calendar,
        at=draw(st.none() | clock),
        on=draw(st.none() | st.sampled_from(list(Weekday))),
        day=draw(st.none() | st.integers(1, 31)),
        zone=draw(ZONES),
    )


SECONDS = st.integers(1_300_000_000, 2_145_000_000)
MOMENTS = SECONDS.map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@settings(max_examples=300)
@given(cadences(), MOMENTS, st.integers(0, 999))
def test_the_next_run_is_later_and_nothing_lies_between(cadence: Cadence, after: datetime, part: int) -> None:
    found = following(cadence, after)
    assert found is not None
    assert found > after
    assert found.tzinfo is UTC
    if cadence.calendar or cadence.at:
        between = after + (found - after) * part // 1000
        assert following(cadence, between) == found


@settings(max_examples=300)
@given(cadences(), MOMENTS)
def test_runs_are_never_much_further_apart_than_the_cadence(cadence: Cadence, after: datetime) -> None:
    first = following(cadence, after)
    assert first is not None
    second = following(cadence, first)
    assert second is not None
    assert cadence.every is not None
    slack = {"year": 4 * DAY, "month": 6 * DAY}.get(cadence.calendar, DAY + HOUR)  # Samoa skipped a day
    assert second - first <= cadence.every + slack


@settings(max_examples=200)
@given(cadences(), MOMENTS)
def test_a_daily_or_longer_run_is_at_its_wall_time(cadence: Cadence, after: datetime) -> None:
    if cadence.calendar not in {"day", "week", "month", "year"}:
        return
    found = following(cadence, after)
    assert found is not None
    local = found.astimezone(zone_of(cadence))
    wanted = cadence.at or (0, 0)
    shifted = local.replace(hour=wanted[0], minute=wanted[1]).astimezone(UTC).astimezone(local.tzinfo)
    assert (local.hour, local.minute) in {
        wanted,
        (shifted.hour, shifted.minute),
    } or local.date() != shifted.date()
