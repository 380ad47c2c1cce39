"""The names that Python code says."""

from __future__ import annotations

import io
import tokenize
from functools import lru_cache
from itertools import pairwise


def says(name: str, code: str) -> bool:
    """Whether the code itself says this name; texts, comments and attributes of something do not count."""
    return name in _words(code)


@lru_cache(maxsize=8)
def _words(code: str) -> frozenset[str]:
    tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    names = (
        token for before, token in pairwise(tokens) if token.type == tokenize.NAME and before.string != "."
    )
    return frozenset(token.string for token in names)
