"""Whole numbers as people write them: `10`, `10,000`, `ten`, `10k`, `1.5 million`."""

from __future__ import annotations

import re
from decimal import Decimal

from dbdeed.document.values.problem import Problem

WORDS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905 - reads better
    )
} | {"fifteen": 15, "twenty": 20, "thirty": 30, "sixty": 60, "ninety": 90}

# Patterns that ignore case are ASCII ones: else "ſ" would match "s", and be found in no table. So what word
# processors write for a blank, and the Greek mu, are read as what a keyboard writes, character for character.
_TYPED = str.maketrans({"\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u03bc": "µ"})

# Longest first, so that "sixty" is not read as "six". Digits are ASCII: no other script's are amounts here.
WORD_PATTERN = "|".join(sorted(WORDS, key=len, reverse=True))
DIGITS = r"[0-9]{1,3}(?:,[0-9]{3}){1,6}|[0-9]{1,20}"
NUMBER = rf"(?:{DIGITS}|(?:{WORD_PATTERN})(?![a-z]))"

ACCEPTED = ("10000", "10,000 rows", "10k", "1.5 million")
_LARGEST = 2**63 - 1
_SCALES = {
    "": 1,
    "k": 10**3,
    "thousand": 10**3,
    "m": 10**6,
    "mio": 10**6,
    "million": 10**6,
    "bn": 10**9,
    "billion": 10**9,
}
_COUNT = re.compile(
    rf"[~≈<≤]?=?\s*(?:about|up to|at most|around)?\s*({DIGITS}|[0-9]{{1,20}}\.[0-9]{{1,9}}|{WORD_PATTERN})"
    r"\s*(k|thousand|mio|million|m|bn|billion)?\.?\s*(?:rows?|records?|lines?)?\s*",
    re.IGNORECASE | re.ASCII,
)


def as_typed(text: str) -> str:
    """The text with plain blanks and the micro sign; offsets stay."""
    return text.translate(_TYPED)


def whole(text: str) -> int:
    """The number of a text that `NUMBER` matched."""
    digits = text.replace(",", "")
    return int(digits) if digits.isdecimal() else WORDS[digits.lower()]


def parse_row_count(text: str) -> int | Problem:
    """`10,000 rows`, `10k`, `1.5 million`."""
    stripped = text.strip().strip("`").replace("_", "")
    match = _COUNT.fullmatch(stripped)
    if not match:
        return Problem("this is not a number of rows", ACCEPTED)
    digits = match[1].replace(",", "")
    number = Decimal(WORDS.get(digits.lower(), digits)) * _SCALES[(match[2] or "").lower()]
    if number != number.to_integral_value():
        return Problem("a number of rows is whole", ACCEPTED)
    return int(number) if number <= _LARGEST else Problem("no table has that many rows", ACCEPTED)


def write_row_count(rows: int) -> str:
    """`10,000`."""
    return f"{rows:,}"
