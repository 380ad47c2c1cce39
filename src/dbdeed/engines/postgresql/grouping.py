"""GROUP BY of the same expression twice.

Two columns of a query with one expression may both be grouped by (`GROUP BY 1, 2`). PostgreSQL writes the
expression twice, and reads that as the first column twice, which is once. By their places it reads them as
they were.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sql_text import TokenKind, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

_GROUP = re.compile(r"\n\s*GROUP BY ")
_AFTER = re.compile(r"\n\s*(HAVING|WINDOW|ORDER BY|LIMIT|OFFSET|FETCH|FOR|UNION|INTERSECT|EXCEPT)\b")
_NAMED = re.compile(r"""\s+AS\s+("(?:[^"]|"")*"|[\w$]+)\Z""")


def by_places(query: str) -> str:
    """A view's query with places in its GROUP BY where an expression stands there more than once."""
    if "GROUP BY" not in query or not query.startswith(("SELECT ", " SELECT ")):
        return query
    start, end = query.index("SELECT ") + len("SELECT "), len(query)
    clauses = _outside(query)
    group = next((found for found in _GROUP.finditer(query) if clauses[found.start()]), None)
    source = next((at for at in _found(r"\n\s*FROM ", query) if clauses[at]), None)
    if group is None or source is None:
        return query
    after = next((found for found in _AFTER.finditer(query, group.end()) if clauses[found.start()]), None)
    end = after.start() if after is not None else end
    grouped = _apart(query[group.end() : end])
    if len(set(grouped)) == len(grouped):
        return query
    places = _placed(grouped, [_NAMED.sub("", one) for one in _apart(query[start:source])])
    return query[: group.end()] + ", ".join(places) + query[end:]


def _placed(grouped: Sequence[str], selected: Sequence[str]) -> list[str]:
    """Each expression that is there again by the next place that has it."""
    left: dict[str, list[int]] = {}
    for place, one in enumerate(selected, 1):
        left.setdefault(one, []).append(place)
    written = []
    for one in grouped:
        call = one[1:-1] if one.startswith("(") else one  # a call of a function stands in parentheses here
        places = (left.get(one) or left.get(call)) if grouped.count(one) > 1 else None
        written.append(str(places.pop(0)) if places else one)
    return written


def _found(pattern: str, text: str) -> list[int]:
    return [found.start() for found in re.finditer(pattern, text)]


def _outside(text: str) -> list[bool]:
    """By character, whether it stands outside of strings, names and parentheses."""
    flags, depth = [False] * len(text), 0
    for token in tokens(text, RULES):
        word = text[token.start : token.end]
        depth += (word in ("(", "[")) - (word in (")", "]"))
        if token.kind is TokenKind.SPACE and depth == 0:
            flags[token.start : token.end] = [True] * (token.end - token.start)
    return flags


def _apart(text: str) -> list[str]:
    """What stands between commas outside of parentheses."""
    parts, depth, start = [], 0, 0
    for token in tokens(text, RULES):
        word = text[token.start : token.end]
        depth += (word in ("(", "[")) - (word in (")", "]"))
        if word == "," and depth == 0:
            parts.append(text[start : token.start].strip())
            start = token.end
    return [*parts, text[start:].strip()]
