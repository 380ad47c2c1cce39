"""ORM Usage and Query Optimization: prose, kept as written, and the few words in it that can be held."""

from __future__ import annotations

import re

from dbdeed.document.values.number import NUMBER, whole
from dbdeed.document.values.problem import Problem
from dbdeed.document.values.types import Optimization, Orm

_LIBRARIES = {"SQLAlchemy": re.compile(r"(?<!\w)sql[\s-]?alchemy(?!\w)", re.IGNORECASE | re.ASCII)}
_CLAUSE = re.compile(r"[^,.;:()\n]+")
_NOT = re.compile(
    r"(?<!\w)(?:no|not|never|without|instead|rather|avoid|don't|don’t|unlike|replaces?|replaced)(?!\w)",
    re.IGNORECASE | re.ASCII,
)
_INDEX = re.compile(
    r"index(?:es)?(?:\s+(?:on|for))?\s+(?:every|each|all)\s+(?:the\s+)?foreign[\s-]keys?|(?:every|each|all)\s+foreign[\s-]keys?\s+(?:is|are|has|have|gets?)\s+(?:an\s+)?index(?:ed)?",
    re.IGNORECASE | re.ASCII,
)
_SCAN = re.compile(
    rf"(?:no|avoid|without)\s+(?:sequential|seq|full[\s-]table|full|table)\s+scans?\s+(?:over|on|of|above)\s+(?:tables?\s+(?:with|of|over|above)\s+)?(?:more\s+than\s+)?({NUMBER})\s*(k|thousand|m|million)?(?!\w)",
    re.IGNORECASE | re.ASCII,
)
_SCALE = {"": 1, "k": 1000, "thousand": 1000, "m": 10**6, "million": 10**6}


def parse_orm(text: str) -> Orm | Problem:
    """The libraries that the prose names; one that it turns away (`no SQLAlchemy`) does not count."""
    clauses = [clause.group() for clause in _CLAUSE.finditer(text)]
    names = tuple(
        name for name, pattern in _LIBRARIES.items()
        if any(pattern.search(clause) and not _NOT.search(clause) for clause in clauses)
    )  # fmt: skip
    return Orm(text, names)


def write_orm(orm: Orm) -> str:
    return orm.prose


def parse_optimization(text: str) -> Optimization | Problem:
    """The rules that the prose states: `index every foreign key`, `no sequential scan over 10,000 rows`."""
    found = _INDEX.search(text)
    refused = found and _NOT.search(text[max(found.start() - 30, 0) : found.start()].rpartition(",")[2])
    rows = [whole(match[1]) * _SCALE[(match[2] or "").lower()] for match in _SCAN.finditer(text)]
    if len(set(rows)) > 1:
        return Problem(
            "sequential scans are limited twice, to different sizes",
            ("no sequential scan over 10,000 rows",), tuple(f"{count:,} rows" for count in rows),
        )  # fmt: skip
    return Optimization(text, bool(found and not refused), rows[0] if rows else None)


def write_optimization(optimization: Optimization) -> str:
    return optimization.prose
