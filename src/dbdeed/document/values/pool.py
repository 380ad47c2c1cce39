"""Connection Pool: `min 2, max 10, acquire timeout 5 s, 4 instances`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.values.duration import parse_duration, write_duration
from dbdeed.document.values.number import whole
from dbdeed.document.values.problem import Problem
from dbdeed.document.values.scan import Said, phrase, scan
from dbdeed.document.values.types import Pool

if TYPE_CHECKING:
    from datetime import timedelta

ACCEPTED = ("min 2, max 10", "max 20", "min 2, max 10, acquire timeout 5 s", "min 2, max 10, 4 instances")
TIMEOUTS = {
    "acquire_timeout": "acquire timeout",
    "idle_timeout": "idle timeout",
    "lifetime": "lifetime",
    "statement_timeout": "statement timeout",
}
_LARGEST = 1_000_000
_PHRASES = (
    phrase("min", r"min(?:imum)?(?: (?:pool )?size| connections)?~<N>"),
    phrase("max", r"max(?:imum)?(?: (?:pool )?size| connections)?~<N>"),
    phrase("max", r"(?:pool size|pool|size|connections|up to|at most)~<N>"),
    phrase("max", r"<N> (?:connections?|max(?:imum)?)"),
    phrase("min", r"<N> (?:min(?:imum)?)"),
    phrase("max", r"<N>"),
    phrase("range", r"<N>\s*(?:-|–|to|\.\.)\s*<N>(?: connections?)?"),
    phrase(
        "instances",
        r"<N> (?:(?:app|application|web) )?(?:instances?|process(?:es)?|replicas|workers?|pods?|servers?)",
    ),
    phrase("instances", r"(?:instances?|process(?:es)?|workers?|pods?)~<N>"),
    phrase(
        "acquire_timeout", r"(?:acquire|acquisition|checkout|wait|pool|connection acquire)(?: timeout)?~<D>"
    ),
    phrase("acquire_timeout", r"<D> (?:acquire|acquisition|checkout|wait)(?: timeout)?"),
    phrase("idle_timeout", r"(?:max )?idle(?: timeout| time)?~<D>"),
    phrase("idle_timeout", r"<D> idle(?: timeout| time)?"),
    phrase("lifetime", r"(?:max(?:imum)? )?(?:connection )?(?:life ?time|age|recycle)(?: after)?~<D>"),
    phrase("lifetime", r"<D> (?:max )?(?:life ?time|recycle)"),
    phrase("statement_timeout", r"(?:statement|query)(?: timeout)?~<D>"),
    phrase("statement_timeout", r"<D> (?:statement|query) timeout"),
    phrase("timeout", r"(?:connection |connect )?timeout~<D>"),
    phrase("timeout", r"<D>(?: timeout)?"),
)
_FILLER = (
    r"[,;×x&/+]|and|with|a|an|the|of|pool|pooling|connection pool|connections?|each|"
    r"(?:per|for each|in each|on each) (?:instance|process|worker|pod|node|server|app|application)"
)


def parse_pool(text: str) -> Pool | Problem:
    """Sizes and timeouts in any order; a number alone is the largest size."""
    said = scan(text, _PHRASES, filler=_FILLER, accepted=ACCEPTED)
    if isinstance(said, Problem):
        return said
    numbers: dict[str, int] = {}
    timeouts: dict[str, timedelta] = {}
    for word in said:
        problem = (
            _take_timeout(word, timeouts)
            if word.meaning in (*TIMEOUTS, "timeout")
            else _take_number(word, numbers)
        )
        if problem:
            return problem
    return _pool(numbers, timeouts)


def write_pool(pool: Pool) -> str:
    parts = [f"min {pool.min}"] if pool.min is not None else []
    parts.append(f"max {pool.max}")
    for field, name in TIMEOUTS.items():
        duration = getattr(pool, field)
        if duration is not None:
            parts.append(f"{name} {write_duration(duration)}")
    if pool.instances is not None:
        parts.append(f"{pool.instances} instance{'' if pool.instances == 1 else 's'}")
    return ", ".join(parts)


def _take_number(word: Said[str], numbers: dict[str, int]) -> Problem | None:
    fields = ("min", "max") if word.meaning == "range" else (word.meaning,)
    for field, amount in zip(fields, word.amounts, strict=True):
        if field in numbers:
            return Problem(f"the pool's {field} is given twice", ACCEPTED, offset=word.offset)
        numbers[field] = whole(amount)
        if numbers[field] > _LARGEST:
            return Problem(f"the pool's {field} is too large", ACCEPTED, offset=word.offset)
    return None


def _take_timeout(word: Said[str], timeouts: dict[str, timedelta]) -> Problem | None:
    duration = parse_duration(word.amounts[0])
    if isinstance(duration, Problem):
        return Problem(duration.message, ACCEPTED, duration.ambiguous, word.offset)
    if word.meaning == "timeout":
        readings = tuple(f"{name} {word.amounts[0]}" for name in TIMEOUTS.values())
        return Problem("which of the timeouts this is, is not said", ACCEPTED, readings, word.offset)
    if not duration:
        return Problem(
            "a timeout of zero would mean never here and at once there", ACCEPTED, offset=word.offset
        )
    if word.meaning in timeouts:
        return Problem(f"the {TIMEOUTS[word.meaning]} is given twice", ACCEPTED, offset=word.offset)
    timeouts[word.meaning] = duration
    return None


def _pool(numbers: dict[str, int], timeouts: dict[str, timedelta]) -> Pool | Problem:
    largest, smallest, instances = numbers.get("max"), numbers.get("min"), numbers.get("instances")
    if largest is None:
        return Problem("the pool's largest size is not given", ACCEPTED)
    if largest < 1 or (instances is not None and instances < 1):
        return Problem("a pool and its instances are at least 1", ACCEPTED)
    if smallest is not None and smallest > largest:
        return Problem(f"min {smallest} is more than max {largest}", ACCEPTED)
    return Pool(max=largest, min=smallest, instances=instances, **timeouts)
