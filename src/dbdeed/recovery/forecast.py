"""On which day recovery will take longer than the RTO, at today's growth.

Both lines, size over time and time over size, are drawn by the median of the slopes between all pairs (Theil
and Sen): one slow drill on a busy machine, or one day of a mass deletion, does not turn them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_BACKUPS, LEAST_DRILLS = 5, 3
LEAST_SPAN = timedelta(days=7)
_LOOKED_BACK = timedelta(days=120)
_FARTHEST = 3650.0  # days; farther than that nobody can see
_SPREAD = 1.1
_MOST = 300  # points of a line: their pairs grow with the square


@dataclass(frozen=True, slots=True)
class Drilled:
    """One drill: the size of its backup in bytes, and how many seconds its recovery took."""

    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected.

    Attributes:
        said: one sentence for people.
        breaks: the day on which the RTO breaks; None where none can be named.
        growth: bytes a day; None where the history is too short.
    """

    said: str
    breaks: datetime | None = None
    growth: float | None = None


def forecast(
    sizes: Sequence[tuple[datetime, int]], drills: Sequence[Drilled], rto: timedelta | None, now: datetime
) -> Forecast | None:
    """The forecast; None where no RTO is declared.

    Args:
        sizes: of whole backups of one method, and when they were taken.
        drills: of that method, oldest first.
        rto: as declared.
        now: the day from which it is counted.
    """
    if rto is None:
        return None
    recent = sorted((at, size) for at, size in sizes if now - _LOOKED_BACK <= at <= now)
    if short := _too_short(recent, drills):
        return Forecast(short)
    slopes = _thinned([((at - now) / timedelta(days=1), float(size)) for at, size in recent])
    growth = _slope(slopes)
    size_now = median(size - growth * day for day, size in slopes)  # of the line, at the day 0
    fixed, per_byte = _speed(drills)
    return _said(rto.total_seconds(), fixed + per_byte * size_now, growth, growth * per_byte, now)


def _too_short(recent: Sequence[tuple[datetime, int]], drills: Sequence[Drilled]) -> str:
    span = recent[-1][0] - recent[0][0] if recent else timedelta(0)
    if len(recent) >= LEAST_BACKUPS and span >= LEAST_SPAN and len(drills) >= LEAST_DRILLS:
        return ""
    days = span / timedelta(days=1)
    return (
        f"The history is too short for a forecast: {len(recent)} backups over {days:.0f} days and "
        f"{len(drills)} drills; it takes {LEAST_BACKUPS} over {LEAST_SPAN.days} days, and {LEAST_DRILLS}."
    )


def _speed(drills: Sequence[Drilled]) -> tuple[float, float]:
    """Seconds that every recovery takes, and seconds for each byte.

    Drills of about one size do not tell the two apart: then it is all put down to the bytes, which breaks
    sooner rather than later.
    """
    points = _thinned([(float(one.size), one.seconds) for one in drills if one.size > 0])
    sizes = [size for size, _ in points]
    if sizes and max(sizes) >= _SPREAD * min(sizes):
        per_byte = max(_slope(points), 0.0)
        return max(median(seconds - per_byte * size for size, seconds in points), 0.0), per_byte
    return 0.0, median(seconds / size for size, seconds in points) if points else 0.0


def _slope(points: Sequence[tuple[float, float]]) -> float:
    slopes = [(b - a) / (y - x) for (x, a), (y, b) in combinations(points, 2) if y != x]
    return median(slopes) if slopes else 0.0


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    return points[:: len(points) // _MOST + 1]


def _said(limit: float, seconds: float, growth: float, slower: float, now: datetime) -> Forecast:
    """`slower` is by how many seconds a day."""
    if seconds > limit:
        return Forecast("The RTO is broken already.", now, growth)
    if slower <= 0:
        return Forecast("The backups do not grow, and the RTO holds.", None, growth)
    days = (limit - seconds) / slower
    pace = f"{_bytes(growth)} a day"
    if days > _FARTHEST:
        return Forecast(f"At {pace} the RTO holds for more than ten years.", None, growth)
    day = now + timedelta(days=days)
    return Forecast(f"At {pace} the RTO breaks on {day:%Y-%m-%d}.", day, growth)


def _bytes(amount: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if abs(amount) < 999.5:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} TB"
