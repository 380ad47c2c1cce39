"""Reading a value phrase by phrase.

A grammar is a list of phrases, each a pattern with a meaning. `scan` walks the text from left to right and
takes the longest phrase that matches at each place. What no phrase and no filler word covers is a Problem
that points at it, so nothing is ignored by accident. The walk is linear: no pattern backtracks over more than
one run of digits or blanks.

Patterns are regular expressions with shorthands: a blank stands for blanks, hyphens or underscores, and may
be missing where `?` follows it; `~` is what people put before an amount (`max 10`, `max: 10`, `max of 10`);
`<N>` and `<D>` are a captured number and a captured duration.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

from dbdeed.document.values.duration import DURATION
from dbdeed.document.values.number import NUMBER, WORD_PATTERN, as_typed
from dbdeed.document.values.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

M = TypeVar("M")

# Markdown's own marks, quotes and brackets around words carry no meaning of their own.
_SKIP = re.compile(r"[\s`*'\"“”‘’()\[\]{}.:]*")
_WORD = re.compile(r"\S{1,40}(?:\s\S{1,40}){0,4}")
_AMOUNT = re.compile(rf"[0-9]|half|an?|{WORD_PATTERN}", re.IGNORECASE | re.ASCII)
_SHORTHANDS = (
    ("<N>", rf"({NUMBER})"),
    ("<D>", rf"({DURATION})"),
    ("~", r"\s*(?:(?:of|to|at|is|by)(?![a-z])\s*|[=:]\s*)?"),
    (" ?", r"[\s_-]*"),
    (" ", r"[\s_-]+"),
)


class Phrase(Struct, Generic[M], frozen=True):
    """Words that mean something together."""

    meaning: M
    pattern: str


class Said(Struct, Generic[M], frozen=True):
    """A phrase that the text holds: its meaning, the captured amounts, where it begins, and its words."""

    meaning: M
    amounts: tuple[str, ...]
    offset: int
    text: str


def phrase(meaning: M, pattern: str) -> Phrase[M]:
    """A pattern with the shorthands of this module; it ends at a word's end and ignores case.

    One that begins with an amount does so in all its forms: elsewhere it is not tried, nor compiled.
    """
    return Phrase(meaning, pattern)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when a text first asks for it: no document uses every grammar, and most use few phrases."""
    for shorthand, expansion in _SHORTHANDS:
        pattern = pattern.replace(shorthand, expansion)
    compiled = re.compile(rf"(?:{pattern})(?:(?!\w)|(?<=\W))", re.IGNORECASE | re.ASCII)
    if compiled.match(""):
        raise ValueError(f"a phrase must have words: {pattern}")
    return compiled


def scan(
    text: str,
    phrases: Sequence[Phrase[M]],
    *,
    filler: str = "",
    accepted: tuple[str, ...] = (),
) -> tuple[Said[M], ...] | Problem:
    """The phrases of a text in order, or where it stops making sense.

    `filler` is a pattern of words that may stand between phrases and mean nothing.
    """
    text = as_typed(text)
    said: list[Said[M]] = []
    at = _skip(text, 0)
    while at < len(text):
        found = _longest(text, at, phrases)
        if found is not None:
            meaning, match = found
            said.append(Said(meaning, tuple(group or "" for group in match.groups()), at, match.group()))
            end = match.end()
        elif filler and (match_filler := _compiled(filler).match(text, at)):
            end = match_filler.end()
        else:
            return not_understood(text, at, accepted)
        at = _skip(text, end)
    if not said:
        return Problem(
            "nothing is said here that has a meaning" if text.strip() else "no value is given", accepted
        )
    return tuple(said)


def not_understood(text: str, offset: int, accepted: tuple[str, ...]) -> Problem:
    """The Problem of words that mean nothing here, quoted as far as fits a line."""
    match = _WORD.match(text, offset)
    quoted = match.group() if match else text[offset : offset + 40]
    return Problem(f"“{quoted}” is not understood", accepted, offset=offset)


def _skip(text: str, at: int) -> int:
    match = _SKIP.match(text, at)
    return match.end() if match else at


def _longest(text: str, at: int, phrases: Sequence[Phrase[M]]) -> tuple[M, re.Match[str]] | None:
    best: tuple[M, re.Match[str]] | None = None
    amount_here = _AMOUNT.match(text, at) is not None
    for candidate in phrases:
        if not amount_here and candidate.pattern.startswith(("<N>", "<D>")):
            continue
        match = _compiled(candidate.pattern).match(text, at)
        if match and (best is None or match.end() > best[1].end()):
            best = (candidate.meaning, match)
    return best
