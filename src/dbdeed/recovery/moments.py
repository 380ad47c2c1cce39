"""Moments that can be restored: which backup leads to one, and between which all of them can be reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dbdeed.engines.archiving import Until
from dbdeed.errors import InvalidInput, Refused
from dbdeed.recovery.logs import gap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.engines.archiving import Reach
    from dbdeed.recovery.logs import Logs
    from dbdeed.recovery.manifest import Manifest
    from dbdeed.recovery.store import Listing

LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Span:
    """What one backup and the log after it come to.

    Attributes:
        backup: from which a replay begins.
        since: the first moment that can be reached.
        until: the last that is known; None where that is not known, or the log leads nowhere.
        reach: the log.
    """

    backup: Manifest
    since: datetime
    until: datetime | None
    reach: Reach

    @property
    def said(self) -> str:
        """For people."""
        end = f"{self.until:%Y-%m-%d %H:%M:%S} UTC" if self.until else f"the position {self.reach.end}"
        start = f"{self.since:%Y-%m-%d %H:%M:%S} UTC"
        return f"{start} to {end} (positions {self.reach.start} to {self.reach.end})"


def parse_until(text: str) -> Until:
    """`latest`, a position such as `0/15E68D8`, or a time, in UTC where it names no zone.

    Raises `InvalidInput`.
    """
    text = text.strip()
    if text.lower() == LATEST:
        return Until()
    if "/" in text:
        return Until(position=text)
    try:
        moment = datetime.fromisoformat(text.replace(" UTC", "+00:00"))
    except ValueError:
        raise InvalidInput(
            f"{text!r} is neither a time nor a position of the log.",
            hint="Such as “2026-03-01 14:05:00”, “2026-03-01T15:05:00+01:00”, “0/15E68D8” or “latest”.",
        ) from None
    return Until(time=moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def spans_of(logs: Logs, listing: Listing) -> list[Span]:
    """Every backup from which an archived log leads on, oldest first; unsound ones lead nowhere."""
    last = {proof.backup: proof for proof in sorted(listing.proofs, key=lambda one: one.at)}
    unsound = {id_ for id_, proof in last.items() if proof.damages}
    sound = [one for one in listing.backups if one.log and not unsound & {one.id, *one.needs}]
    found = []
    names = {log.system: logs.names(log.system) for one in sound if (log := one.log)}
    for one in sorted(sound, key=lambda one: (one.finished, one.id)):
        assert one.log is not None
        reach = logs.reach(one.log, names[one.log.system])
        if reach.connected:
            found.append(Span(one, one.finished, logs.until(one.log, reach), reach))
    return found


def ranges(spans: Iterable[Span]) -> list[Span]:
    """The first span of each stretch without a gap: spans that end alike are one stretch."""
    found: dict[tuple[str, str], Span] = {}
    for one in spans:
        assert one.backup.log is not None
        found.setdefault((one.backup.log.system, one.reach.end), one)
    return list(found.values())


def choose(logs: Logs, spans: list[Span], until: Until) -> Span:
    """The newest backup from which a moment can be reached.

    Raises `Refused` where it cannot be, with what can.
    """
    if not spans:
        raise Refused(
            "No archived log leads on from a backup, so no moment between backups can be restored.",
            hint="`dbdeed backup receive` archives it; without --to the newest backup is restored.",
            code="out-of-reach",
        )
    position = logs.archiving.position_of(until.position) if until.position else None
    if until.time is None and position is None:
        newest = spans[-1]
        if problems := gap(newest.reach):
            raise _refused("The latest moment cannot be reached", spans, problems)
        return newest
    able = [one for one in spans if _leads_to(logs, one, until.time, position)]
    if not able:
        wanted = until.position or f"{until.time:%Y-%m-%d %H:%M:%S %Z}".strip()
        raise _refused(f"{wanted} cannot be restored", spans, [])
    return able[-1]


def _leads_to(logs: Logs, span: Span, time: datetime | None, position: int | None) -> bool:
    if time is not None:
        return span.until is not None and span.since <= time <= span.until
    assert position is not None
    start, end = (logs.archiving.position_of(one) for one in (span.reach.start, span.reach.end))
    return start <= position <= end


def _refused(what: str, spans: list[Span], problems: list[str]) -> Refused:
    said = [one.said for one in ranges(spans)]
    gaps = problems or list(dict.fromkeys(sentence for one in spans for sentence in gap(one.reach)))
    return Refused(
        " ".join([f"{what}.", *gaps]),
        hint=f"What can be restored: {'; '.join(said)}.",
        code="out-of-reach",
    )
