"""Retention: `30 days`, `7 daily, 4 weekly, 12 monthly`, `weekly 12 weeks`, `10 backups`, `forever`.

A unit with a period is counted in that unit, rounded up, so that nothing is kept shorter than it says:
`weekly for 3 months` is 13 weekly.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from dbdeed.document.values.duration import parse_duration, write_duration
from dbdeed.document.values.number import whole
from dbdeed.document.values.problem import Problem
from dbdeed.document.values.scan import Said, phrase, scan
from dbdeed.document.values.types import Keep, Retention

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCEPTED = ("30 days", "7 daily, 4 weekly, 12 monthly", "10 backups", "forever")
UNITS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_LARGEST = 1_000_000
_BACKUPS = r"backups?|copies|copy|snapshots?|dumps?"
_PHRASES = (
    phrase(
        "unit",
        r"(hourl(?:y|ies)|dail(?:y|ies)|weekl(?:y|ies)|monthl(?:y|ies)|yearl(?:y|ies)|annual(?:ly|s)?)",
    ),
    phrase("number", r"<N>\s*[x×]?"),
    phrase("number", r"[x×]\s*<N>"),
    phrase("backups", _BACKUPS),
    phrase("period", r"<D>"),
    phrase("forever", r"for ?ever|indefinite(?:ly)?|unlimited|never (?:deleted|pruned|expired?s?)|all"),
    phrase("next", r"[,;+&/]|and|plus|then"),
)
_FILLER = (
    r"keep|kept|min(?:imum)?|retain(?:ed)?|for|last|newest|latest|most recent|the|at least|of|up to|a|=|-|–"
)


def parse_retention(text: str) -> Retention | Problem:
    """The union of what each part keeps."""
    said = scan(text, _PHRASES, filler=_FILLER, accepted=ACCEPTED)
    if isinstance(said, Problem):
        return said
    rules: list[Keep] = []
    for part in _parts(said):
        keep = _keep({word.meaning: word for word in part}, len(part))
        if isinstance(keep, Problem):
            return Problem(keep.message, ACCEPTED, keep.ambiguous, part[0].offset)
        if any((keep.unit, keep.count is None) == (rule.unit, rule.count is None) for rule in rules):
            return Problem("the same is kept twice, for different lengths", ACCEPTED, offset=part[0].offset)
        rules.append(keep)
    if not rules:
        return Problem("no retention is given", ACCEPTED)
    if len(rules) > 1 and any(rule.forever for rule in rules):
        return Problem("“forever” leaves nothing for the other rules", ACCEPTED)
    return Retention(tuple(rules))


def write_retention(retention: Retention) -> str:
    return ", ".join(_write(rule) for rule in retention.rules)


def _parts(said: tuple[Said[str], ...]) -> Iterator[list[Said[str]]]:
    part: list[Said[str]] = []
    for word in (*said, Said("next", (), 0, "")):
        if word.meaning != "next":
            part.append(word)
        elif part:
            yield part
            part = []


def _keep(words: dict[str, Said[str]], count: int) -> Keep | Problem:
    """One rule from its words; `count` is how many there were, to notice one said twice."""
    if len(words) != count:
        return Problem("one part keeps one thing; part them by commas")
    match sorted(set(words) - {"backups"}):
        case ["forever"]:
            return Keep(forever=True)
        case ["period"]:
            period = _period(words["period"])
            return period if isinstance(period, Problem) else Keep(period=period)
        case ["number"] if "backups" in words:
            return _counted("", _number(words["number"]))
        case ["number"]:
            number = _number(words["number"])
            return Problem("days or backups is not said", ambiguous=(f"{number} days", f"{number} backups"))
        case ["number", "unit"]:
            return _counted(_unit(words["unit"]), _number(words["number"]))
        case ["period", "unit"]:
            return _counted_over(_unit(words["unit"]), words["period"])
        case ["unit"]:
            return Problem("how many are kept is not said")
        case _:
            return Problem("this is no rule of retention")


def _number(word: Said[str]) -> int:
    return whole(word.amounts[0])


def _unit(word: Said[str]) -> str:
    return next((unit for unit in UNITS if word.text[:3].lower() == unit[:3]), "yearly")


def _counted(unit: str, count: int) -> Keep | Problem:
    return Keep(unit, count) if 1 <= count <= _LARGEST else Problem(f"between 1 and {_LARGEST} can be kept")


def _counted_over(unit: str, word: Said[str]) -> Keep | Problem:
    period = _period(word)
    if isinstance(period, Problem):
        return period
    if unit == "monthly" and period % UNITS["yearly"] == timedelta(0):
        return _counted(unit, period // UNITS["yearly"] * 12)
    return _counted(unit, -(-period // UNITS[unit]))


def _period(word: Said[str]) -> timedelta | Problem:
    period = parse_duration(word.amounts[0])
    if isinstance(period, timedelta) and not period:
        return Problem("nothing would be kept")
    return period


def _write(rule: Keep) -> str:
    if rule.forever:
        return "forever"
    if rule.period is not None:
        return write_duration(rule.period)
    return f"{rule.count} {rule.unit or ('backup' if rule.count == 1 else 'backups')}"
