"""RPO and RTO: `1 hour`, `< 15 min`, `Target 2 hours`, `none`."""

from __future__ import annotations

import re
from datetime import timedelta

from dbdeed.document.values.duration import DURATION, parse_duration, write_duration
from dbdeed.document.values.number import as_typed
from dbdeed.document.values.problem import Problem
from dbdeed.document.values.types import Objective

ACCEPTED = ("15 minutes", "1 hour", "4 hours", "none")
_BEFORE = re.compile(
    r"(?:<=?|≤|=|~|≈|(?:under|below|less|than|no|more|not|at|most|up|to|max|maximum|target|objective|goal|is|of"
    r"|within|about|the)(?![a-z])|[\s:.,`*(])*",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:(?:or less|at most|max|maximum|of|data|loss|worth|target|worst case|downtime)(?![a-z])"
    r"|[\s.,;`*()])*",
    re.IGNORECASE,
)
_NONE = re.compile(
    r"[`*\s]*(?:0|zero|none|nothing|(?:no|zero) (?:data )?loss)(?:\s*\(no (?:data )?loss\))?[`*\s.]*",
    re.IGNORECASE,
)
_RANGE = re.compile(rf"(.{{1,20}}?)\s*(?:-|–|to)\s*({DURATION})", re.IGNORECASE)


def parse_objective(text: str) -> Objective | Problem:
    """The most that may be lost, or that a recovery may take."""
    text = as_typed(text)
    if _NONE.fullmatch(text):
        return Objective(timedelta(0))
    start = _end(_BEFORE, text, 0)
    rest = text[start:]
    duration = _duration(rest)
    if isinstance(duration, Problem):
        two = _RANGE.match(rest)
        if two and not duration.ambiguous:
            unit = two[2].lstrip("0123456789., ")
            low = f"{two[1]} {unit}" if two[1].isdigit() else two[1]
            return Problem("a range leaves a choice", ACCEPTED, ambiguous=(low, two[2]), offset=start)
        return Problem(duration.message, ACCEPTED, duration.ambiguous, start + duration.offset)
    return Objective(duration)


def write_objective(objective: Objective) -> str:
    return write_duration(objective.limit) if objective.limit else "none"


def _duration(text: str) -> timedelta | Problem:
    """A duration with harmless words behind it."""
    match = re.match(
        rf"{DURATION}(?:\s*(?:,|and|,\s*and)\s+{DURATION})?|P[0-9T][0-9A-Z.]{{0,40}}|0", text, re.IGNORECASE
    )
    if not match:
        return parse_duration(text)
    end = _end(_AFTER, text, match.end())
    if end < len(text):
        return Problem(f"“{text[end:].split(maxsplit=1)[0][:40]}” is not understood", ACCEPTED, offset=end)
    return parse_duration(match.group())


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
