"""Times of day and zones: `02:00 UTC`, `2:30 pm`, `midnight`, `03:15 Europe/Zurich`."""

from __future__ import annotations

import re

from dbdeed.document.values.problem import Problem

CLOCK = (
    r"[0-9]{1,2}:[0-9]{2}(?::00)?(?:\s?[ap]\.?m\.?(?![a-z]))?|[0-9]{1,2}\s?[ap]\.?m\.?(?![a-z])|midnight|noon"
)
ZONE = r"utc|gmt|z|[a-z]{2,20}(?:/[a-z0-9_+-]{1,40}){1,2}"
ACCEPTED = ("02:00 UTC", "2 am UTC", "03:15 Europe/Zurich")
_FORM = re.compile(r"([0-9]{1,2})(?::([0-9]{2})(?::00)?)?\s?(?:([ap])\.?m\.?)?", re.IGNORECASE | re.ASCII)


def parse_clock(text: str) -> tuple[int, int] | Problem:
    """(hour, minute) on a 24-hour clock."""
    lower = text.strip().lower()
    if lower in ("midnight", "noon"):
        return (0, 0) if lower == "midnight" else (12, 0)
    match = _FORM.fullmatch(lower)
    hour, minute, half = (int(match[1]), int(match[2] or 0), match[3]) if match else (99, 0, None)
    if half and hour == 12:
        return Problem("12 am and 12 pm are read either way", ACCEPTED, ambiguous=("00:00", "12:00"))
    if half and 1 <= hour < 12:
        hour += 12 if half == "p" else 0
    elif half:
        hour = 99
    return (hour, minute) if hour < 24 and minute < 60 else Problem("there is no such time of day", ACCEPTED)


def parse_zone(text: str) -> str | Problem:
    """UTC, or a name of the IANA time zone database; abbreviations such as EST mean several zones."""
    if text.lower() in ("", "utc", "gmt", "z"):
        return "UTC"
    name = "/".join(_capital(part) for part in text.split("/"))
    for candidate in (text, name):
        if _known(candidate):
            return candidate
    return Problem(f"“{text}” is no time zone", ACCEPTED)


def _capital(part: str) -> str:
    return "_".join(word[:1].upper() + word[1:].lower() for word in part.split("_"))


def _known(name: str) -> bool:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
