"""Retry Logic: `5 attempts, exponential backoff from 50 ms to 2 s, jitter`.

An attempt is a try, the first one included; a retry comes after it: 3 retries are 4 attempts.
"""

from __future__ import annotations

from datetime import timedelta

from dbdeed.document.values.duration import parse_duration, write_duration
from dbdeed.document.values.number import whole
from dbdeed.document.values.problem import Problem
from dbdeed.document.values.scan import Phrase, Said, phrase, scan
from dbdeed.document.values.types import Backoff, Retry

ACCEPTED = (
    "5 attempts, exponential backoff from 50 ms to 2 s, jitter",
    "3 retries with exponential backoff",
    "no retries",
)
_NEVER = Retry(attempts=1)
_LARGEST = 1000
_WAIT = r"(?:back ?off|delays?|waits?|pauses?|intervals?)"
_AT_MOST = r"(?:(?:max(?:imum)?(?: of)?|up to|at most) )?"
_PHRASES: tuple[Phrase[object], ...] = (
    phrase("attempts", rf"{_AT_MOST}<N> (?:attempts?|tries|try)"),
    phrase("attempts", rf"{_AT_MOST}attempts?~<N>"),
    phrase("retries", rf"{_AT_MOST}<N> re-?tr(?:y|ies)(?: attempts?)?"),
    phrase("retries", rf"{_AT_MOST}retr(?:y|ies)(?: up to| at most)?~<N>(?: times)?"),
    phrase("never", r"no re-?tr(?:y|ies)|never(?: retried)?|none|not retried|fail fast|disabled"),
    phrase(Backoff.EXPONENTIAL, rf"exponential(?:ly)?(?: {_WAIT})?"),
    phrase(Backoff.LINEAR, rf"linear(?:ly)?(?: {_WAIT})?"),
    phrase(Backoff.FIXED, rf"(?:fixed|constant)(?: {_WAIT})?"),
    phrase(Backoff.NONE, rf"(?:no|without) {_WAIT}|immediate(?:ly)?"),
    phrase("fixed of", rf"(?:fixed|constant) {_WAIT}~<D>"),
    phrase("fixed of", rf"(?:fixed|constant)~<D>(?: {_WAIT})?"),
    phrase("fixed of", rf"<D> {_WAIT}"),
    phrase("first", rf"<D> (?:initial|first|base) {_WAIT}"),
    phrase("range", r"(?:from |between )?<D>\s*(?:-|–|to|up to|and|\.\.)\s*<D>"),
    phrase(
        "first",
        rf"(?:from|starting(?: at| from| with)?|initially|(?:initial|first|base)(?: {_WAIT})?)~<D>",
    ),
    phrase(
        "longest",
        rf"(?:up to|to|at most|capped(?: at)?|cap|(?:max(?:imum)?|longest)(?: {_WAIT})?)~<D>",
    ),
    phrase("jitter", r"(?:full |random )?jitter(?:ed)?"),
    phrase("no jitter", r"(?:no|without) jitter"),
)
_FILLER = (
    r"[,;&+]|and|with|then|back ?off|using|a|the|delay|retry|retries|retried|"
    r"(?:on|of|for|after|when)(?: (?:a|transient|connection|network|serialization|deadlock|database|and|or))*"
    r" (?:errors?|failures?|loss|drops|fails?|deadlocks?|conflicts?)"
)


def parse_retry(text: str) -> Retry | Problem:
    """Attempts, backoff, its bounds and jitter in any order; what is not said takes the runtime's default."""
    said = scan(text, _PHRASES, filler=_FILLER, accepted=ACCEPTED)
    if isinstance(said, Problem):
        return said
    found: dict[str, object] = {}
    for word in said:
        for field, value in _fields(word):
            if isinstance(value, Problem):
                return Problem(value.message, ACCEPTED, value.ambiguous, word.offset)
            if field in found:
                return Problem(
                    f"“{word.text[:40]}” says again, or otherwise, what was said before",
                    ACCEPTED,
                    offset=word.offset,
                )
            found[field] = value
    return _retry(found)


def write_retry(retry: Retry) -> str:
    if retry == _NEVER:
        return "no retries"
    parts = [f"{retry.attempts} attempt{'' if retry.attempts == 1 else 's'}", _write_backoff(retry)]
    return ", ".join([*parts, "jitter" if retry.jitter else "no jitter"])


def _write_backoff(retry: Retry) -> str:
    text = "no backoff" if retry.backoff is Backoff.NONE else f"{retry.backoff.value} backoff"
    first = f" from {write_duration(retry.first)}" if retry.first is not None else ""
    longest = (
        f" {'to' if first else 'up to'} {write_duration(retry.longest)}" if retry.longest is not None else ""
    )
    return text + first + longest


def _fields(word: Said[object]) -> list[tuple[str, object]]:
    """What one phrase says, as fields of `Retry`; a value may be a Problem."""
    match word.meaning:
        case "attempts":
            return [("attempts", whole(word.amounts[0]))]
        case "retries":
            return [("attempts", whole(word.amounts[0]) + 1)]
        case "never":
            return [("attempts", 1)]
        case Backoff():
            return [("backoff", word.meaning)]
        case "fixed of":
            return [("backoff", Backoff.FIXED), ("first", parse_duration(word.amounts[0]))]
        case "range":
            return [("first", parse_duration(word.amounts[0])), ("longest", parse_duration(word.amounts[1]))]
        case "jitter" | "no jitter":
            return [("jitter", word.meaning == "jitter")]
        case bound:
            return [(str(bound), parse_duration(word.amounts[0]))]


def _retry(found: dict[str, object]) -> Retry | Problem:
    attempts, first, longest = found.get("attempts"), found.get("first"), found.get("longest")
    if not isinstance(attempts, int):
        return Problem("how often it is tried is not said", ACCEPTED)
    if not 1 <= attempts <= _LARGEST:
        return Problem(f"attempts are between 1 and {_LARGEST}", ACCEPTED)
    if isinstance(first, timedelta) and isinstance(longest, timedelta) and longest < first:
        return Problem("the backoff's longest wait is shorter than its first", ACCEPTED)
    return Retry(**found)  # type: ignore[arg-type] # each field got its own type in `_fields`
