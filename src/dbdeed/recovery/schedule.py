"""When a backup is due, by the document's Frequency.

Pure: the clock is an argument, and the schedule is a function of it, so that nothing has to be remembered but
when the last run was. What was missed while nobody ran is due at once, and once.

Calendar schedules are walked in the wall time of their zone. A wall time that the change to summer time skips
runs as much later as the clock jumped; one that occurs twice runs the first time (PEP 495, fold 0).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING

from dbdeed.document.values.types import Weekday
from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.document.values.types import Cadence, Frequency

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_UNITS = {
    "hour": _HOUR,
    "day": _DAY,
    "week": 7 * _DAY,
    "month": 30 * _DAY,
    "year": 365 * _DAY,
}


def next_due(frequency: Frequency, now: datetime, last: datetime | None) -> datetime | None:
    """When the next run is due; in the past where one was missed, None where all is continuous.

    Args:
        frequency: the document's schedule.
        now: the current time, aware.
        last: when the last successful run started, aware; None where there was none: then it is due now.
    """
    moments = [following(cadence, last or now) for cadence in frequency.cadences if cadence.every is not None]
    known = [moment for moment in moments if moment is not None]
    if not known:
        return None
    return min(known) if last is not None else now


def following(cadence: Cadence, after: datetime) -> datetime | None:
    """The first moment of a cadence strictly after `after`, in UTC; None for a continuous one."""
    if cadence.every is None:
        return None
    if cadence.calendar == "hour":
        return _next_hour(cadence, after, zone_of(cadence))
    if cadence.calendar or cadence.at is not None:
        return next(moment for moment in _walk(cadence, after, zone_of(cadence)) if moment > after)
    return after.astimezone(UTC) + cadence.every


def zone_of(cadence: Cadence) -> tzinfo:
    """The cadence's time zone. Raises `Unavailable` where this machine does not know it."""
    if cadence.zone.upper() in ("UTC", "Z", "GMT"):
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(cadence.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Unavailable(
            f"The time zone {cadence.zone!r} is not known here.",
            hint="Use a name of the IANA database such as Europe/London; where the machine has none at all, "
            "install its tzdata package.",
            code="unknown-time-zone",
        ) from error


def _next_hour(cadence: Cadence, after: datetime, zone: tzinfo) -> datetime:
    """The next of every so many hours, at a minute of the wall clock.

    Counted in elapsed hours, so that no change of clocks skips or repeats one.
    """
    minute = cadence.at[1] if cadence.at else 0
    count = _count(cadence)
    start = after.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - 2 * _HOUR
    for step in range(count + 5):
        hour = start + step * _HOUR
        offset = hour.astimezone(zone).utcoffset() or timedelta(0)
        moment = hour + (timedelta(minutes=minute) - offset) % _HOUR
        if moment > after and _hour_number(moment, offset) % count == 0:
            return moment
    raise AssertionError(cadence)


def _hour_number(moment: datetime, offset: timedelta) -> int:
    return int((moment + offset).timestamp() // 3600)


def _walk(cadence: Cadence, after: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Moments of a calendar schedule in order, from a little before `after`."""
    today = after.astimezone(zone).date()
    for day in _days(cadence, today):
        for at in _times(cadence):
            yield datetime.combine(day, at, zone).astimezone(UTC)


def _times(cadence: Cadence) -> list[time]:
    """The times of a day's runs: one, or a grid where the cadence is shorter than a day and names a start."""
    hour, minute = cadence.at or (0, 0)
    if cadence.calendar or cadence.every is None or cadence.every >= _DAY:
        return [time(hour, minute)]
    start = timedelta(hours=hour, minutes=minute)
    grid = (start % cadence.every + number * cadence.every for number in range(_DAY // cadence.every + 1))
    minutes = [moment // timedelta(minutes=1) for moment in grid if moment < _DAY]
    return [time(*divmod(number, 60)) for number in minutes]


def _days(cadence: Cadence, today: date) -> Iterator[date]:
    count = _count(cadence)
    match cadence.calendar:
        case "year":
            years = range(today.year - 1, today.year + count + 2)
            return (date(year, 1, cadence.day or 1) for year in years if year % count == 0)
        case "month":
            first = today.year * 12 + today.month - 2
            months = range(first, first + count + 3)
            return (_day_of_month(month, cadence.day or 1) for month in months if month % count == 0)
        case "week":
            monday = today - timedelta(days=today.weekday())
            weeks = (monday + number * 7 * _DAY for number in range(-1, count + 2))
            on = list(Weekday).index(cadence.on or Weekday.MONDAY)
            return (week + on * _DAY for week in weeks if week.toordinal() // 7 % count == 0)
        case _:
            days = (today + number * _DAY for number in range(-1, count + 3))
            return (day for day in days if day.toordinal() % count == 0)


def _day_of_month(month: int, day: int) -> date:
    """`month` counts from year 0; the 31st of a shorter month is its last day."""
    year, index = divmod(month, 12)
    return date(year, index + 1, min(day, monthrange(year, index + 1)[1]))


def _count(cadence: Cadence) -> int:
    """Every how many units of its calendar it runs: 2 for "every other week"."""
    assert cadence.every is not None
    return max(1, round(cadence.every / _UNITS[cadence.calendar or "day"]))
