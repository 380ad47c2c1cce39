"""Last Updated: `2026-11-22`."""

from __future__ import annotations

import re
from datetime import date

from dbdeed.document.values.problem import Problem

ACCEPTED = ("2026-11-22", "22 November 2026")
_MONTHS = "january february march april may june july august september october november december".split()  # noqa: SIM905
_NUMBERS = {name[:length]: number for number, name in enumerate(_MONTHS, 1) for length in (3, len(name))} | {
    "sept": 9
}
_MONTH = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_YEAR_FIRST = re.compile(
    r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?:[T ][0-9]{2}:[0-9]{2}\S{0,20}(?: [A-Z]{1,5})?)?"
)
_DAY_MONTH = re.compile(
    rf"([0-9]{{1,2}})(?:st|nd|rd|th|\.)?(?:\s+of)?[\s-]+({_MONTH})\.?,?[\s-]+([0-9]{{4}})",
    re.IGNORECASE | re.ASCII,
)
_MONTH_DAY = re.compile(
    rf"({_MONTH})\.?\s+([0-9]{{1,2}})(?:st|nd|rd|th)?,?\s+([0-9]{{4}})", re.IGNORECASE | re.ASCII
)
_NUMBERS_ONLY = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})")


def parse_date(text: str) -> date | Problem:
    """A date; digits whose order could be day or month first are asked about."""
    stripped = text.strip().strip("`*").strip()
    if match := _YEAR_FIRST.fullmatch(stripped):
        return _date(match[1], match[3], match[4])
    if match := _DAY_MONTH.fullmatch(stripped):
        return _date(match[3], _NUMBERS[match[2].lower()], match[1])
    if match := _MONTH_DAY.fullmatch(stripped):
        return _date(match[3], _NUMBERS[match[1].lower()], match[2])
    if match := _NUMBERS_ONLY.fullmatch(stripped):
        return _either(match[1], match[2], match[3])
    return Problem("this is no date" if stripped else "no date is given", ACCEPTED)


def write_date(value: date) -> str:
    return value.isoformat()


def _either(first: str, second: str, year: str) -> date | Problem:
    readings = {_date(year, second, first), _date(year, first, second)}
    dates = sorted(reading for reading in readings if isinstance(reading, date))
    if len(dates) == 2:
        return Problem("day and month could be either way round", ACCEPTED, tuple(map(write_date, dates)))
    return dates[0] if dates else Problem("there is no such day", ACCEPTED)


def _date(year: str, month: str | int, day: str) -> date | Problem:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return Problem("there is no such day", ACCEPTED)
