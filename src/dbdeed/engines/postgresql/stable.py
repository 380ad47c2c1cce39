"""What PostgreSQL writes and would not read back as the same.

`x IN ('a', 'b')` over a `varchar` is kept as one cast of the whole array, and written as
`(x)::text = ANY ((ARRAY['a'::character varying, …])::text[])`. Read again, the cast goes to each element,
which means the same and is kept, and compared, as something else. Written without the cast, PostgreSQL adds
it itself as it did the first time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.kinds.domain import Domain

if TYPE_CHECKING:
    from dbdeed.engines.catalog import Catalog

_OPEN = "((ARRAY["
_CLOSE = "])::text[])"
_WORD = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[()\[\],]|[^'"()\[\],]+""")
_CAST = re.compile(r"""::((?:[\w.$ ]|"(?:[^"]|"")*")+)(?:\(\d+\))?\Z""")
_TEXTUAL = frozenset({"character varying"})
_DEEPER = {"(": 1, "[": 1, ")": -1, "]": -1}


def stable(sql: str, textual: frozenset[str] = _TEXTUAL) -> str:
    """The statement in a form that PostgreSQL reads as what it wrote.

    Args:
        sql: one statement.
        textual: the types whose values PostgreSQL takes as texts, with the domains over them, but for text.
    """
    if _CLOSE not in sql:
        return sql
    written, at = [], 0
    while (start := sql.find(_OPEN, at)) >= 0:
        inside = start + len(_OPEN)
        end = _end(sql, inside, textual)
        written.append(sql[at:start])
        written.append(_OPEN if end is None else f"(ARRAY[{sql[inside:end]}])")
        at = inside if end is None else end + len(_CLOSE)
    return "".join((*written, sql[at:]))


def _end(sql: str, start: int, textual: frozenset[str]) -> int | None:
    """Where the list that begins at `start` ends, if it is of such and the whole is cast to text[]."""
    item, depth = "", 0
    for found in _WORD.finditer(sql, start):
        word = found[0]
        if depth or word not in (",", "]"):
            depth += _DEEPER.get(word, 0)
            item += word
        elif (cast := _CAST.search(item)) is None or cast[1] not in textual:
            return None
        elif word == "]":
            return found.start() if sql.startswith(_CLOSE, found.start()) else None
        else:
            item = ""
    return None


def textual_types(catalog: Catalog) -> frozenset[str]:
    """`character varying`, and the domains over it and over text."""
    domains = [one for one in catalog.objects.values() if isinstance(one, Domain)]
    found = {"text", *_TEXTUAL}
    for _ in domains:
        more = {one.sql_name for one in domains if one.base.partition("(")[0] in found} - found
        if not more:
            break
        found |= more
    return frozenset(found) - {"text"}
