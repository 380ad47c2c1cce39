"""Which backups `prune` keeps, and why each one.

A rule counts the calendar periods that have backups, not those that passed: after a month's silence
"7 daily" still keeps seven. Two things hold whatever the document says: the newest backup and the newest
proven one stay, and so does everything that a kept backup needs. A backup known to be damaged never takes the
place of a sound one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbdeed.recovery.points import rank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from dbdeed.document.values.types import Keep, Retention


@dataclass(frozen=True, slots=True)
class Candidate:
    """A backup as retention sees it.

    Attributes:
        at: the moment whose state it holds, in UTC.
        series: what is counted together: backups of one method. Daily dumps do not push out daily snapshots.
        proven: a drill restored it and found it right.
        damaged: a drill or a check found it unsound.
        needs: ids of other backups without which it cannot be restored.
    """

    id: str
    at: datetime
    series: str = ""
    proven: bool = False
    damaged: bool = False
    needs: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether one backup is kept; `reasons` are phrases, empty where nothing keeps it."""

    id: str
    reasons: tuple[str, ...]

    @property
    def kept(self) -> bool:
        return bool(self.reasons)


_UNITS: Mapping[str, Callable[[datetime], tuple[int, ...]]] = {
    "hourly": lambda at: (at.year, at.month, at.day, at.hour),
    "daily": lambda at: (at.year, at.month, at.day),
    "weekly": lambda at: at.isocalendar()[:2],
    "monthly": lambda at: (at.year, at.month),
    "yearly": lambda at: (at.year,),
}


def decide(candidates: Iterable[Candidate], retention: Retention | None, now: datetime) -> list[Decision]:
    """Keep or prune each backup, newest first.

    Without a retention everything is kept: what nobody decided is not deleted.
    """
    ordered = sorted(candidates, key=lambda one: (rank(one.at, now), one.id), reverse=True)
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for series in _by_series(ordered).values():
        for id_, reason in _kept(series, retention, now):
            if reason not in reasons[id_]:
                reasons[id_].append(reason)
    _keep_what_is_needed(ordered, reasons)
    return [Decision(one.id, tuple(reasons[one.id])) for one in ordered]


def _by_series(ordered: Sequence[Candidate]) -> Mapping[str, list[Candidate]]:
    series: defaultdict[str, list[Candidate]] = defaultdict(list)
    for one in ordered:
        series[one.series].append(one)
    return series


def _kept(
    series: Sequence[Candidate], retention: Retention | None, now: datetime
) -> Iterable[tuple[str, str]]:
    """Every (id, reason); a backup may have several."""
    for ordered in (series, sorted(series, key=lambda one: (one.at, one.id), reverse=True)):
        yield from _promised(ordered)  # by its date too: it may be now that the clock is wrong
    sound = [one for one in series if not one.damaged]
    if retention is None:
        yield from ((one.id, "the document names no retention") for one in series)
        return
    for rule in retention.rules:
        yield from _by_rule(sound, rule, now)
        yield from _by_rule(series, rule, now)


def _promised(series: Sequence[Candidate]) -> Iterable[tuple[str, str]]:
    """What is kept whatever the document says."""
    yield series[0].id, "the newest backup"
    sound = [one for one in series if not one.damaged]
    if sound:
        yield sound[0].id, "the newest sound backup"
    for one in sound:
        if one.proven:
            yield one.id, "the newest proven backup"
            break


def _by_rule(series: Sequence[Candidate], rule: Keep, now: datetime) -> Iterable[tuple[str, str]]:
    if rule.forever:
        yield from ((one.id, "kept forever") for one in series)
        return
    if rule.period is not None:
        series = [one for one in series if now - one.at <= rule.period]
    if not rule.unit:
        limit = len(series) if rule.count is None else rule.count
        yield from ((one.id, describe(rule)) for one in series[:limit])
        return
    period_of, seen = _UNITS[rule.unit], set[tuple[int, ...]]()
    for one in series:
        period = period_of(one.at)
        if period in seen:
            continue
        if rule.count is not None and len(seen) >= rule.count:
            return
        seen.add(period)
        yield one.id, describe(rule)


def describe(rule: Keep) -> str:
    """A rule as a reason: "one of 7 daily", "younger than 30 days"."""
    if rule.forever:
        return "kept forever"
    if rule.period is not None:
        days = rule.period.total_seconds() / 86400
        age = f"{days:g} days" if days >= 1 else f"{days * 24:g} hours"
        return f"{rule.unit}, younger than {age}".removeprefix(", ")
    return f"one of {rule.count} {rule.unit}" if rule.unit else f"one of the newest {rule.count}"


def _keep_what_is_needed(ordered: Sequence[Candidate], reasons: dict[str, list[str]]) -> None:
    by_id = {one.id: one for one in ordered}
    waiting = [one.id for one in ordered if reasons.get(one.id)]
    while waiting:
        holder = waiting.pop()
        for needed in by_id[holder].needs & by_id.keys():
            if not reasons.get(needed):
                waiting.append(needed)
            reason = f"needed by {holder}"
            if reason not in reasons[needed]:
                reasons[needed].append(reason)
