"""Version: `18`, `15.4`, `>=14`."""

from __future__ import annotations

import re

from dbdeed.document.values.problem import Problem
from dbdeed.document.values.types import Version

ACCEPTED = ("18", "15.4", ">=14")
_NUMBER = r"[0-9]{1,6}(?:\.[0-9]{1,6}){0,3}"
# As it stands beside a system's name, for grammars that allow it there.
VERSION = rf"(?:>=?|≥)?\s?v?{_NUMBER}(?:\.x)?(?:\s?\+|\s(?:or|and)\s(?:newer|later|higher|above|up))?"

_SYSTEM = r"(?:postgre\s?sql|postgres|mysql|mariadb|sqlite|mongo\s?db)\s*"
_FORM = re.compile(
    rf"(?:{_SYSTEM})?(?:version\s|v\.?\s?)?(?P<sign>>=|≥|=>|>|==?|at\sleast\s|from\s|minimum\s|min\s)?\s*v?(?P<number>{_NUMBER})(?:\.[x*])?"
    r"\s*(?P<after>\+|(?:(?:or|and)\s)?(?:newer|later|higher|above|up(?:wards)?|onwards)|lts)?",
    re.IGNORECASE | re.ASCII,
)
_RANGE = re.compile(rf"v?({_NUMBER})\s*(?:-|–|to|/|,|or|and)\s*v?({_NUMBER})", re.IGNORECASE | re.ASCII)


def parse_version(text: str) -> Version | Problem:
    """A version that the server has, or the least it may have (`>=14`, `14+`, `14 or newer`)."""
    stripped = text.strip().strip("`*'\"").strip()
    if two := _RANGE.fullmatch(stripped):
        return Problem(
            "this names more than one version", ACCEPTED, ambiguous=(two[1], two[2], f">={two[1]}")
        )  # fmt: skip
    match = _FORM.fullmatch(stripped)
    if not match:
        return Problem("this is no version" if stripped else "no version is given", ACCEPTED)
    number, sign, after = (
        match["number"],
        (match["sign"] or "").strip().lower(),
        (match["after"] or "").lower(),
    )
    if sign == ">":
        return Problem(
            "“>” could include later minors of the same version",
            ACCEPTED,
            ambiguous=(f">={number}", _next(number)),
        )
    newer = sign not in ("", "=", "==") or after not in ("", "lts")
    return Version(tuple(int(part) for part in number.split(".")), exact=not newer)


def write_version(version: Version) -> str:
    number = ".".join(str(part) for part in version.parts)
    return number if version.exact else f">={number}"


def _next(number: str) -> str:
    *major, last = number.split(".")
    return ">=" + ".".join([*major, str(int(last) + 1)])
