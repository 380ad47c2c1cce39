"""What PostgreSQL writes and would not read back as the same.

`x IN ('a', 'b')` over a `varchar` is kept as one cast of the whole array, and written as
`(x)::text = ANY ((ARRAY['a'::character varying, …])::text[])`. Read again, the cast goes to each element,
which means the same and is kept, and compared, as something else. Written without the cast, PostgreSQL adds
it itself as it did the first time. So it is with values of a domain, which it takes as those of the type
below.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.kinds.domain import Domain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.engines.catalog import Catalog

    Taken = Mapping[str, frozenset[str]]
    """By type, those whose values PostgreSQL takes as values of it by itself."""

_OPEN = "((ARRAY["
_CLOSE = re.compile(r"""\]\)::((?:[\w.$ ]|"(?:[^"]|"")*")+)\[\]\)""")
_WORD = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[()\[\],]|[^'"()\[\],]+""")
_CAST = re.compile(r"""::((?:[\w.$ ]|"(?:[^"]|"")*")+)(?:\(\d+\))?\Z""")
_TAKEN: Taken = {"text": frozenset({"character varying"}), "inet": frozenset({"cidr"})}
_DEEPER = {"(": 1, "[": 1, ")": -1, "]": -1}


def stable(sql: str, taken: Taken = _TAKEN) -> str:
    """The statement in a form that PostgreSQL reads as what it wrote.

    Args:
        sql: one statement.
        taken: `character varying` for text, and the domains over each type.
    """
    if _OPEN not in sql:
        return sql
    written, at = [], 0
    while (start := sql.find(_OPEN, at)) >= 0:
        inside = start + len(_OPEN)
        end = _end(sql, inside, taken)
        written.append(sql[at:start])
        written.append(_OPEN if end is None else f"(ARRAY[{sql[inside : end[0]]}])")
        at = inside if end is None else end[1]
    return "".join((*written, sql[at:]))


def _end(sql: str, start: int, taken: Taken) -> tuple[int, int] | None:
    """Where the list that begins at `start` ends, and its cast, if all is of types that are taken as that."""
    item, depth = "", 0
    types: set[str] = set()
    for found in _WORD.finditer(sql, start):
        word = found[0]
        if depth or word not in (",", "]"):
            depth += _DEEPER.get(word, 0)
            item += word
        elif (cast := _CAST.search(item)) is None:
            return None
        else:
            types.add(cast[1])
            item = ""
        if word == "]" and not depth and not item:
            close = _CLOSE.match(sql, found.start())
            fits = close is not None and types <= taken.get(close[1], frozenset())
            return (found.start(), close.end()) if close is not None and fits else None
    return None


def taken_as(catalog: Catalog) -> Taken:
    """For each type the domains over it, be it by way of others; for text `character varying` as well."""
    domains = {one.sql_name: one.base for one in catalog.objects.values() if isinstance(one, Domain)}
    found: defaultdict[str, set[str]] = defaultdict(set, text={"character varying"}, inet={"cidr"})
    for name in domains:
        base = name
        while base in domains:
            base = domains[base].partition("(")[0]
            found[base].add(name)
        if base == "character varying":
            found["text"].add(name)
        elif base == "cidr":
            found["inet"].add(name)
    return {base: frozenset(types) for base, types in found.items()}
