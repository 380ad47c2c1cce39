"""Lengths of time: `50 ms`, `2 s`, `15 minutes`, `4 hours`, `30 days`.

A month counts as 30 days and a year as 365. `m` alone could be minutes or months, so it is asked about;
beside hours or seconds (`1h30m`, `5m30s`) it can only be minutes.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from dbdeed.document.values.number import DIGITS, WORD_PATTERN, WORDS, as_typed
from dbdeed.document.values.problem import Problem

MICROSECOND = 1
MILLISECOND = 1000
SECOND = 1000 * MILLISECOND
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
MONTH = 30 * DAY
YEAR = 365 * DAY

_NAMES = {
    MICROSECOND: "µs us microsecond microseconds",
    MILLISECOND: "ms msec msecs millisecond milliseconds",
    SECOND: "s sec secs second seconds",
    MINUTE: "min mins minute minutes",
    HOUR: "h hr hrs hour hours",
    DAY: "d day days",
    WEEK: "w wk wks week weeks",
    MONTH: "mo month months",
    YEAR: "y yr yrs year years",
}
UNITS = {name: size for size, names in _NAMES.items() for name in names.split()}
# The same names, written short: this is compiled into every phrase that holds a duration.
UNIT_PATTERN = (
    r"(?:micro|milli)?seconds?|[µu]s|ms(?:ecs?)?|s(?:ecs?)?|min(?:ute)?s?|h(?:(?:ou)?rs?)?|d(?:ays?)?"
    r"|w(?:(?:ee)?ks?)?|mo(?:nths?)?|m|y(?:(?:ea)?rs?)?"
)

_AMOUNT = rf"(?:{DIGITS})(?:\.[0-9]{{1,9}})?|(?:half an?|an?|{WORD_PATTERN})(?![a-z])"
_UNIT_END = r"(?![a-zµ])"
# One duration inside a longer phrase. A comma or "and" between the parts could as well join two list items.
DURATION = rf"(?:(?:{_AMOUNT})[\s-]*(?:{UNIT_PATTERN}){_UNIT_END}\s*)+(?<!\s)"

ACCEPTED = ("50 ms", "2 s", "15 minutes", "4 hours", "30 days")
_ONE = re.compile(rf"({_AMOUNT})[\s-]*({UNIT_PATTERN}){_UNIT_END}", re.IGNORECASE | re.ASCII)
_BETWEEN = re.compile(r"\s*(?:,\s*)?(?:and\s+)?", re.IGNORECASE | re.ASCII)
_DECIMAL_COMMA = re.compile(
    rf"([0-9]{{1,9}}),([0-9]{{1,2}}|[0-9]{{4,9}})\s*({UNIT_PATTERN}){_UNIT_END}", re.IGNORECASE | re.ASCII
)
_ISO = re.compile(
    r"P(?=[0-9T])(?:([0-9]{1,9})W)?(?:([0-9]{1,9})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9}(?:\.[0-9]{1,6})?)S)?)?"
)
_LARGEST = timedelta.max // timedelta(microseconds=1)
_WRITTEN = ((HOUR, "hour"), (MINUTE, "minute"), (SECOND, "s"), (MILLISECOND, "ms"), (MICROSECOND, "µs"))


def parse_duration(text: str) -> timedelta | Problem:
    """`1 hour 30 minutes`, `90 min`, `1h30m`, `half an hour`, `PT15M`, `0`."""
    stripped = as_typed(text).strip().strip("`*").strip()
    if not stripped:
        return Problem("no length of time is given", ACCEPTED)
    if stripped.lower() in ("0", "zero"):
        return timedelta(0)
    if iso := _ISO.fullmatch(stripped):
        return _iso(iso)
    if comma := _DECIMAL_COMMA.fullmatch(stripped):
        whole, fraction, unit = comma.groups()
        return Problem(
            "a comma here could part thousands or decimals", ACCEPTED,
            ambiguous=(f"{whole}.{fraction} {unit}", f"{whole}{fraction} {unit}"),
        )  # fmt: skip
    return _parts(stripped)


def write_duration(duration: timedelta) -> str:
    """The standard form: the largest unit that divides it; days from three on, since `24 hours` says more."""
    microseconds = duration // timedelta(microseconds=1)
    if microseconds == 0:
        return "0 s"
    if microseconds % DAY == 0 and microseconds >= 3 * DAY:
        return f"{microseconds // DAY} days"
    size, name = next(unit for unit in _WRITTEN if microseconds % unit[0] == 0)
    count = microseconds // size
    plural = "s" if len(name) > 2 and count != 1 else ""
    return f"{count} {name}{plural}"


def _parts(text: str) -> timedelta | Problem:
    found: list[tuple[Decimal, str]] = []
    at = 0
    while at < len(text):
        match = _ONE.match(text, at)
        if not match:
            return Problem(f"“{text[at : at + 40]}” is no length of time", ACCEPTED, offset=at)
        found.append((_number(match[1]), match[2].lower()))
        at = match.end()
        if at < len(text) and (between := _BETWEEN.match(text, at)):
            at = between.end()
    return _sum(found, text)


def _sum(parts: list[tuple[Decimal, str]], text: str) -> timedelta | Problem:
    sizes = [_minutes_or(unit, index, parts) for index, (_, unit) in enumerate(parts)]
    if 0 in sizes:
        number = parts[sizes.index(0)][0]
        return Problem(
            f"“{text[:40]}”: m could be minutes or months", ACCEPTED,
            ambiguous=(f"{number} minutes", f"{number} months"),
        )  # fmt: skip
    if any(later >= earlier for earlier, later in pairwise(sizes)):
        return Problem(f"“{text[:40]}” is more than one length of time", ACCEPTED)
    return _timedelta(
        sum((number * size for (number, _), size in zip(parts, sizes, strict=True)), Decimal(0))
    )


def _minutes_or(unit: str, index: int, parts: list[tuple[Decimal, str]]) -> int:
    """The unit's microseconds; 0 for an `m` whose neighbours do not make it minutes."""
    if unit != "m":
        return UNITS[unit]
    before = UNITS.get(parts[index - 1][1], 0) if index else 0
    after = UNITS.get(parts[index + 1][1], YEAR) if index + 1 < len(parts) else YEAR
    return MINUTE if HOUR <= before <= WEEK or after <= SECOND else 0


def _number(text: str) -> Decimal:
    lower = text.lower()
    if lower.startswith("half"):
        return Decimal("0.5")
    if lower in ("a", "an"):
        return Decimal(1)
    return Decimal(WORDS[lower]) if lower in WORDS else Decimal(text.replace(",", ""))


def _iso(match: re.Match[str]) -> timedelta | Problem:
    sizes = (WEEK, DAY, HOUR, MINUTE, SECOND)
    return _timedelta(
        sum((Decimal(part or 0) * size for part, size in zip(match.groups(), sizes, strict=True)), Decimal(0))
    )


def _timedelta(microseconds: Decimal) -> timedelta | Problem:
    if microseconds != microseconds.to_integral_value():
        return Problem("a length of time is no finer than a microsecond", ACCEPTED)
    if microseconds > _LARGEST:
        return Problem("this length of time is too long", ACCEPTED)
    return timedelta(microseconds=int(microseconds))
