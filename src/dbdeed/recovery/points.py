"""Recovery points: the moments to which the store can bring a database back, and the time between them."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from dbdeed.recovery.manifest import Manifest, Proof

_MONTH = timedelta(days=30)
_SKEW = timedelta(minutes=5)  # two machines' clocks


def rank(moment: datetime, now: datetime) -> tuple[bool, datetime]:
    """Sorts by age. What is dated ahead of now is the oldest: a clock was wrong, and its age is not known.

    Else such a backup would be "the newest" for as long as the clock was ahead, and push out those after it.
    """
    return moment <= now + _SKEW, moment


def newest(backups: Iterable[Manifest], now: datetime) -> Manifest | None:
    """The newest backup; None where there is none."""
    return max(backups, key=lambda one: (rank(one.consistent_at, now), one.id), default=None)


def restorable(backups: Iterable[Manifest], proofs: Sequence[Proof]) -> list[datetime]:
    """Moments that can be restored, oldest first; backups last found unsound are none."""
    last = {proof.backup: proof for proof in sorted(proofs, key=lambda one: one.at)}
    return sorted(one.consistent_at for one in backups if one.id not in last or not last[one.id].damages)


def loss_now(backups: Iterable[Manifest], proofs: Sequence[Proof], now: datetime) -> timedelta | None:
    """What would be lost, had disaster struck now: at most the time since the newest restorable moment."""
    last = max(restorable(backups, proofs), key=lambda one: rank(one, now), default=None)
    return max(now - last, timedelta(0)) if last is not None else None


def longest_gap(backups: Iterable[Manifest], proofs: Sequence[Proof], now: datetime) -> timedelta | None:
    """The longest time without a restorable moment in the last 30 days, up to now.

    The newest moment before those days counts as their beginning.
    """
    moments = [one for one in restorable(backups, proofs) if one <= now]
    if not moments:
        return None
    first = now - _MONTH
    recent = [one for one in moments if one >= first]
    before = [one for one in moments if one < first][-1:]
    return max(later - earlier for earlier, later in pairwise([*(first for _ in before), *recent, now]))
