"""Backup Frequency: `Daily at 02:00 UTC`, `Weekly full, daily incremental, continuous`, `Every 6 hours`.

A schedule is a list of cadences. Commas and “and” part them; what only adds to the one before (a time, a
weekday) joins it. A time without a zone is UTC, and the standard form says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta

from msgspec.structs import replace

from dbdeed.document.values.clock import CLOCK, ZONE, parse_clock, parse_zone
from dbdeed.document.values.duration import parse_duration, write_duration
from dbdeed.document.values.number import whole
from dbdeed.document.values.problem import Problem
from dbdeed.document.values.scan import Said, phrase, scan
from dbdeed.document.values.types import BackupKind, Cadence, Frequency, Weekday

ACCEPTED = (
    "Daily at 02:00 UTC",
    "Every 6 hours",
    "Weekly full on Sunday, daily incremental, continuous",
    "Continuous",
)
CALENDAR = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
_ADVERBS = {"hour": "hourly", "day": "daily", "week": "weekly", "month": "monthly", "year": "yearly"}
_DAYS = "|".join(rf"{day.value[:3]}(?:{day.value[3:]}s?)?" for day in Weekday)
_UNIT = r"hour|day|night|week|month|year"
_PHRASES = (
    phrase("calendar", r"(hourly|daily|nightly|weekly|monthly|yearly|annually)(?: at)?"),
    phrase("calendar", rf"(?:every|each|once (?:a|an|per|every|each))\s+({_UNIT})(?: at)?"),
    phrase("calendar", r"once (daily|hourly|weekly|monthly|yearly)"),
    phrase("every", r"(?:every|each)\s+<D>"),
    phrase("hourly", r"<N> hourly"),
    phrase("other", rf"every other ({_UNIT})"),
    phrase("times", rf"<N>\s*(?:x|×|times)\s*(?:a|an|per|each|every)?\s*({_UNIT}|hourly|daily|weekly)"),
    phrase("times", rf"(twice) (?:a |an |per |each |every )?({_UNIT}|hourly|daily|weekly)"),
    phrase("weekday", rf"(?:(?:on|every|each)\s+)?({_DAYS})"),
    phrase("day", r"(?:on )?(?:the )?([0-9]{1,2})(?:st|nd|rd|th)(?: day)?(?: of (?:the|each|every) month)?"),
    phrase("day", r"(?:on )?day ([0-9]{1,2})(?: of (?:the|each|every) month)?"),
    phrase("time", rf"({CLOCK})(?:\s*({ZONE}))?"),
    phrase("full", r"fulls?(?: base)?(?: backups?)?|base backups?|complete(?: backups?)?"),
    phrase("incremental", r"incrementals?(?: backups?)?"),
    phrase(
        "continuous",
        r"continuous(?:ly)?(?: (?:wal|log|binlog|oplog))?(?: archiving| streaming| shipping| backups?)?"
        r"|(?:wal|binlog|log|oplog) (?:archiving|streaming|shipping|continuous(?:ly)?)",
    ),
    phrase("next", r"[,;+&]|and|with|plus|then"),
    phrase("or", r"or|/|\|"),
)
_FILLER = r"backups?|@|at|a|an|the|on|runs?|taken|made|automatic(?:ally)?|automated"


@dataclass(slots=True)
class _Draft:
    """What one part of the text has said so far; `offset` is where it begins."""

    offset: int
    said: dict[str, Said[str]] = field(default_factory=dict)


def parse_frequency(text: str) -> Frequency | Problem:
    """The schedule in the document's order; alternatives (`daily or weekly`) are asked about."""
    said = scan(text, _PHRASES, filler=_FILLER, accepted=ACCEPTED)
    if isinstance(said, Problem):
        return said
    if choice := next((word for word in said if word.meaning == "or"), None):
        parts = tuple(part.strip(" `*") for part in re.split(r"(?<!\w)or(?!\w)|/|\|", text, maxsplit=1))
        return Problem("this leaves a choice", ACCEPTED, parts, choice.offset)
    drafts = _drafts(said)
    if isinstance(drafts, Problem):
        return drafts
    cadences = []
    for draft in drafts:
        cadence = _cadence(draft)
        if isinstance(cadence, Problem):
            return Problem(cadence.message, ACCEPTED, cadence.ambiguous, draft.offset)
        cadences.append(cadence)
    return Frequency(tuple(cadences)) if cadences else Problem("no schedule is given", ACCEPTED)


def write_frequency(frequency: Frequency) -> str:
    text = ", ".join(_write(cadence) for cadence in frequency.cadences)
    return text[:1].upper() + text[1:]


_ROLES = {
    "calendar": "how often", "every": "how often", "hourly": "how often", "other": "how often",
    "times": "how often",
    "full": "kind", "incremental": "kind", "continuous": "kind",
    "time": "time", "weekday": "weekday", "day": "day",
}  # fmt: skip


def _drafts(said: tuple[Said[str], ...]) -> list[_Draft] | Problem:
    """One draft for each part; a part that says neither how often nor a new kind joins the one before."""
    drafts: list[_Draft] = []
    part: list[Said[str]] = []
    for word in (*said, Said("next", (), 0, "")):
        if word.meaning != "next":
            part.append(word)
            continue
        if part and (problem := _add(part, drafts)):
            return problem
        part = []
    return drafts


def _add(part: list[Said[str]], drafts: list[_Draft]) -> Problem | None:
    own = any(_ROLES[word.meaning] == "how often" or word.meaning == "continuous" for word in part)
    if own or not drafts:
        drafts.append(_Draft(part[0].offset))
    said = drafts[-1].said
    for word in part:
        role = _ROLES[word.meaning]
        if role in said:
            return Problem(
                f"“{word.text[:40]}”: one line of a schedule has one {role}", ACCEPTED, offset=word.offset
            )
        said[role] = word
    return None


def _cadence(draft: _Draft) -> Cadence | Problem:
    said = draft.said
    kind = BackupKind(said["kind"].meaning) if "kind" in said else None
    if kind is BackupKind.CONTINUOUS:
        return Problem("continuous has no interval") if len(said) > 1 else Cadence(kind, None)
    often = _how_often(said)
    if isinstance(often, Problem):
        return often
    every, calendar = often
    return _placed(Cadence(kind, every, calendar), said)


def _how_often(said: dict[str, Said[str]]) -> tuple[timedelta, str] | Problem:
    """The distance, and the calendar unit where there is one."""
    word = said.get("how often")
    if word is None:
        unit = "week" if "weekday" in said else "month" if "day" in said else ""
        return (CALENDAR[unit], unit) if unit else Problem("how often is not said")
    if word.meaning == "calendar":
        unit = _unit(next(amount for amount in word.amounts if amount))
        return CALENDAR[unit], unit
    if word.meaning == "hourly":
        return _every(f"{word.amounts[0]} hours")
    if word.meaning == "other":
        return 2 * CALENDAR[_unit(word.amounts[0])], ""
    if word.meaning == "times":
        count = 2 if word.amounts[0].lower() == "twice" else whole(word.amounts[0])
        return _share(CALENDAR[_unit(word.amounts[1])], count)
    return _every(word.amounts[0])


def _share(period: timedelta, count: int) -> tuple[timedelta, str] | Problem:
    if count < 1 or (period // timedelta(microseconds=1)) % count or period / count < timedelta(minutes=1):
        return Problem("this does not part evenly")
    return period / count, next(
        (unit for unit, length in CALENDAR.items() if length == period and count == 1), ""
    )


def _every(amount: str) -> tuple[timedelta, str] | Problem:
    every = parse_duration(amount)
    if isinstance(every, Problem):
        return every
    if not every:
        return Problem("every 0 is continuous, if that is meant")
    if re.search(r"mo|y", amount, re.IGNORECASE | re.ASCII) and "day" not in amount.lower():
        unit = next((unit for unit in ("month", "year") if CALENDAR[unit] == every), "")
        return (every, unit) if unit else Problem("more than one month between backups; give days")
    one = re.fullmatch(r"(?:1|an?|one)?\s*(hour|day|week)s?", amount.strip(), re.IGNORECASE | re.ASCII)
    return every, one[1].lower() if one else ""


def _unit(word: str) -> str:
    lower = word.lower().replace("night", "day").replace("annual", "year")
    return next((unit for unit, adverb in _ADVERBS.items() if lower in (unit, adverb)), "day")


def _placed(cadence: Cadence, said: dict[str, Said[str]]) -> Cadence | Problem:
    """The cadence with its time, weekday and day, where they fit how often it runs."""
    every = cadence.every or timedelta(0)
    if "weekday" in said:
        if cadence.calendar not in ("", "week") or every % CALENDAR["week"]:
            return Problem("a weekday belongs to a schedule of whole weeks")
        cadence = replace(cadence, on=_weekday(said["weekday"].amounts[0]))
    if "day" in said:
        day = int(said["day"].amounts[0])
        if cadence.calendar != "month" or not 1 <= day <= 28:
            return Problem("a day of the month belongs to a monthly schedule: 1 to 28, which every month has")
        cadence = replace(cadence, day=day)
    return _timed(cadence, *said["time"].amounts) if "time" in said else cadence


def _timed(cadence: Cadence, clock: str, zone: str) -> Cadence | Problem:
    at, name = parse_clock(clock), parse_zone(zone)
    if isinstance(at, Problem):
        return at
    if isinstance(name, Problem):
        return name
    if not cadence.every or cadence.every % CALENDAR["day"]:
        return Problem("a time of day belongs to a schedule of whole days")
    return replace(cadence, at=at, zone=name)


def _weekday(text: str) -> Weekday:
    return next(day for day in Weekday if day.value[:3].lower() == text[:3].lower())


def _write(cadence: Cadence) -> str:
    if cadence.kind is BackupKind.CONTINUOUS or cadence.every is None:
        return BackupKind.CONTINUOUS.value
    parts = [_ADVERBS.get(cadence.calendar) or f"every {_write_every(cadence.every)}"]
    if cadence.kind:
        parts.append(cadence.kind.value)
    if cadence.on:
        parts.append(f"on {cadence.on.value}")
    if cadence.day:
        parts.append(f"on day {cadence.day}")
    if cadence.at:
        parts.append(f"at {cadence.at[0]:02}:{cadence.at[1]:02} {cadence.zone}")
    return " ".join(parts)


def _write_every(every: timedelta) -> str:
    """`every 1 hour` would be tied to the calendar's hour."""
    return "60 minutes" if every == timedelta(hours=1) else write_duration(every)
