"""Expressions whose text, as the server writes it, would be read back as something else.

`status IN ('a', 'b')` on a varchar column is kept as a cast of the whole array, and written so:
`(status)::text = ANY ((ARRAY['a'::character varying, …])::text[])`. Read again, the cast goes to each
    element,
which means the same and is kept, and compared, as something else. Written without the casts, PostgreSQL adds
them itself as it did the first time.
"""

from __future__ import annotations

import re

_ITEM = r"'(?:[^']|'')*'::character\ varying"
_LIST = re.compile(
    rf"""\((?P<value>(?:[\w$.]|"[^"]*")+)\)::text\ (?P<operator>(?:=|<>|~~)\ (?:ANY|ALL))\ \(
    \(ARRAY\[(?P<items>{_ITEM}(?:,\ {_ITEM})*)\]\)::text\[\]\)""",
    re.VERBOSE,
)


def stable(sql: str) -> str:
    """The statement in a form that PostgreSQL reads as what it wrote."""
    if ")::text[])" not in sql:
        return sql
    return _LIST.sub(r"\g<value> \g<operator> (ARRAY[\g<items>])", sql)
