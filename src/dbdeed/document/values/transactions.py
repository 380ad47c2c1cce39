"""Transaction Management: `serializable, statement timeout 30 s, lock timeout 5 s`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.values.duration import parse_duration, write_duration
from dbdeed.document.values.problem import Problem
from dbdeed.document.values.scan import Phrase, Said, phrase, scan
from dbdeed.document.values.types import Isolation, Transactions

if TYPE_CHECKING:
    from datetime import timedelta

ACCEPTED = (
    "read committed",
    "repeatable read, statement timeout 30 s",
    "serializable, lock timeout 5 s, read only",
)
TIMEOUTS = {
    "statement_timeout": "statement timeout",
    "lock_timeout": "lock timeout",
    "idle_timeout": "idle timeout",
}
_PHRASES: tuple[Phrase[object], ...] = (
    phrase(Isolation.READ_UNCOMMITTED, "read uncommitted"),
    phrase(Isolation.READ_COMMITTED, "read committed"),
    phrase(Isolation.REPEATABLE_READ, "repeatable reads?"),
    phrase(Isolation.SERIALIZABLE, "seriali[sz]able"),
    phrase(Isolation.SNAPSHOT, r"snapshot(?: isolation)?"),
    phrase("statement_timeout", r"(?:statement|query)(?: timeout)?~<D>"),
    phrase("statement_timeout", r"<D> (?:statement|query) timeout"),
    phrase("lock_timeout", r"lock(?: timeout)?~<D>"),
    phrase("lock_timeout", r"<D> lock timeout"),
    phrase("idle_timeout", r"idle(?: in transaction)?(?: session)?(?: timeout)?~<D>"),
    phrase("idle_timeout", r"<D> idle(?: in transaction)?(?: timeout)?"),
    phrase("timeout", r"(?:transaction )?timeouts?~<D>"),
    phrase("timeout", r"<D>(?: timeout)?"),
    phrase("read only", r"read ?only"),
    phrase("default", r"(?:the )?(?:database'?s |server'?s )?defaults?"),
)
_FILLER = (
    r"[,;&+]|and|with|acid|isolation(?: levels?)?|levels?|at|a|an|the|transactions?|by default|short|explicit"
    r"|(?:one )?(?:transactions? )?(?:per|for each) (?:request|use case|unit of work|operation)|unit of work"
)


def parse_transactions(text: str) -> Transactions | Problem:
    """An isolation level and timeouts in any order; what is not said is the server's default."""
    said = scan(text, _PHRASES, filler=_FILLER, accepted=ACCEPTED)
    if isinstance(said, Problem):
        return said
    levels = tuple(dict.fromkeys(word.meaning for word in said if isinstance(word.meaning, Isolation)))
    if len(levels) > 1:
        return Problem(
            "more than one isolation level is named",
            ACCEPTED,
            ambiguous=tuple(level.value for level in levels),
        )
    timeouts: dict[str, timedelta] = {}
    for word in said:
        if word.amounts and (problem := _take(word, timeouts)):
            return problem
    read_only = any(word.meaning == "read only" for word in said)
    return Transactions(isolation=levels[0] if levels else None, read_only=read_only, **timeouts)


def write_transactions(transactions: Transactions) -> str:
    parts = [transactions.isolation.value] if transactions.isolation else []
    for field, name in TIMEOUTS.items():
        duration = getattr(transactions, field)
        if duration is not None:
            parts.append(f"{name} {write_duration(duration)}")
    if transactions.read_only:
        parts.append("read only")
    text = ", ".join(parts) or "default"
    return text[:1].upper() + text[1:]


def _take(word: Said[object], timeouts: dict[str, timedelta]) -> Problem | None:
    duration = parse_duration(word.amounts[0])
    name = str(word.meaning)
    if isinstance(duration, Problem):
        return Problem(duration.message, ACCEPTED, duration.ambiguous, word.offset)
    if name == "timeout":
        readings = tuple(f"{timeout} {word.amounts[0]}" for timeout in TIMEOUTS.values())
        return Problem("which of the timeouts this is, is not said", ACCEPTED, readings, word.offset)
    if not duration:
        return Problem(
            "a timeout of zero would mean never here and at once there", ACCEPTED, offset=word.offset
        )
    if name in timeouts:
        return Problem(f"the {TIMEOUTS[name]} is given twice", ACCEPTED, offset=word.offset)
    timeouts[name] = duration
    return None
