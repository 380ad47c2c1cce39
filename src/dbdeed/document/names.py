"""Names as people vary them: case, plural, numbering, order of words, what stands in parentheses."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMBERING = re.compile(
    r"^\W*(?:(?:section|part|chapter)\s+)?(?:\(?\d+(?:\.\d+)*[.):]?|[ivxlc]+[.)]|[a-z][.)])\s+", re.IGNORECASE
)
_PARENTHESES = re.compile(r"\([^()]*\)")
_WORD = re.compile(r"[a-z0-9]+")
_FILLER = frozenset({"the", "and", "of", "our", "a", "an", "for", "to", "database", "db"})


def without_numbering(text: str) -> str:
    """The text of "3.1 Data Models" is "Data Models"."""
    return _NUMBERING.sub("", text).strip()


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """What is left of a name for comparing: its words in the singular, sorted, without filler words."""
    cleaned = _PARENTHESES.sub(" ", without_numbering(text[:200])).lower() or text[:200].lower()
    found = [_singular(word) for word in _WORD.findall(cleaned)]
    return tuple(sorted(word for word in found if word not in _FILLER)) or tuple(sorted(found))


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s"):
        return word[:-1]
    return word.replace("isation", "ization")


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that `name` is most like, or "" where none is near."""
    from difflib import get_close_matches

    by_lower = {key.lower(): key for key in known}
    close = get_close_matches(name.lower()[:60], by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else ""
