"""The recovery point actual, by the ledger: what was acknowledged and would be, or is, no longer there."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.recovery.ledger import Beat, Mark
    from dbdeed.recovery.manifest import Manifest

_MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Lost:
    """What a restored copy lacks.

    Attributes:
        beats: acknowledged and not there.
        seconds: of acknowledged work: from the newest beat that is there to the newest that was acknowledged.
    """

    beats: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Safe:
    """From `since` on, everything that was committed before `covers` can be brought back."""

    since: datetime
    covers: datetime


@dataclass(frozen=True, slots=True)
class Exposed:
    """How much would have been lost at the worst moment, and when that was."""

    seconds: float
    at: datetime


def lost(beats: Sequence[Beat], there: int) -> Lost:
    """What a copy whose newest beat is `there` (0 for none) lacks of a ledger's beats, which are in order."""
    missing = [one for one in beats if one.number > there]
    if not missing:
        return Lost(0, 0.0)
    kept = [one for one in beats if one.number <= there]
    # Whatever was written after the last beat that is there was begun may be gone.
    since = kept[-1] if kept else missing[0]
    seconds = (missing[-1].acknowledged - since.acknowledged).total_seconds()
    seconds -= sum(one.jump for one in missing if one is not since)
    return Lost(len(missing), max(seconds, 0.0))


def at_moment(beats: Sequence[Beat], there: int, moment: datetime) -> list[str]:
    """What is wrong with a copy restored to a moment (of the server's clock), a sentence each.

    Every beat that had ended by then must be there, and none that began later. A beat under way at that
    moment may be or not.
    """
    problems = []
    due = max((one.number for one in beats if one.ended <= moment), default=0)
    early = min((one.number for one in beats if one.begun > moment), default=None)
    if there < due:
        problems.append(f"Beat {due} was acknowledged before that time; the copy ends with beat {there}.")
    if early is not None and there >= early:
        problems.append(f"Beat {early} came after that time; the copy has beat {there}.")
    return problems


def safe_points(backups: Iterable[Manifest], marks: Iterable[Mark] = ()) -> list[Safe]:
    """What backups and the archived log make safe, and since when."""
    return [
        *(Safe(one.finished, one.consistent_at) for one in backups),
        *(Safe(one.since, one.covers) for one in marks),
    ]


def worst_exposure(beats: Sequence[Beat], safe: Iterable[Safe], now: datetime) -> Exposed | None:
    """The most that would have been lost in the last 30 days, had disaster struck at the worst moment.

    Counted at every acknowledged beat since the first safe point: while nothing is acknowledged, nothing
    more can be lost. None where there is no safe point or no beat.
    """
    points = sorted(safe, key=lambda point: point.since)
    best: list[datetime] = []
    for point in points:
        best.append(max(point.covers, best[-1]) if best else point.covers)
    since = [point.since for point in points]
    worst: Exposed | None = None
    for one in beats:
        known = bisect_right(since, one.acknowledged)
        if known == 0 or one.acknowledged < now - _MONTH:
            continue
        seconds = max((one.acknowledged - best[known - 1]).total_seconds(), 0.0)
        if worst is None or seconds > worst.seconds:
            worst = Exposed(seconds, one.acknowledged)
    return worst
