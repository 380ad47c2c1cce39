"""How a statement that somebody wrote stands to transactions, by its words.

Sources: the manual's reference pages, "cannot be executed inside a transaction block". Where the words do not
tell (a procedure that commits), the server does, and then the file must say it.
"""

from __future__ import annotations

import re

from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.seam import Manner
from dbdeed.engines.sql_text import split, words

_CONTROL = {
    "begin": Manner.BEGIN,
    "start": Manner.BEGIN,
    "commit": Manner.COMMIT,
    "end": Manner.COMMIT,
    "rollback": Manner.ROLLBACK,
    "abort": Manner.ROLLBACK,
}
_ALONE = frozenset(
    {
        ("create", "database"),
        ("drop", "database"),
        ("create", "tablespace"),
        ("drop", "tablespace"),
        ("create", "subscription"),
        ("drop", "subscription"),
    }
)
_COMMITS = re.compile(r"\bcommit\b", re.IGNORECASE)
_FILLS = re.compile(r"LOOP\s+page := 0; filled := 0;")
"""The block that our own plans fill a column with: it changes only rows that have no value yet."""


def manner(sql: str) -> Manner:
    """How one statement stands to transactions."""
    parts = split(sql, RULES)
    if not parts:
        return Manner.ANY
    found = parts[0].tokens
    texts = words(sql, found, 8)
    first = texts[0]
    if first in _CONTROL and not (first == "rollback" and "to" in texts):
        return _CONTROL[first]
    if first == "prepare" and texts[1:2] == ("transaction",):
        return Manner.ROLLBACK
    if first in {"vacuum", "cluster"} or texts[:2] == ("alter", "system"):
        return Manner.AGAIN
    if first == "reindex":
        whole = any(one in texts for one in ("concurrently", "database", "system", "schema"))
        return Manner.AGAIN if whole else Manner.ANY
    if texts[:2] in _ALONE or _concurrent(texts, words(sql, found[-1:], 1)):
        return Manner.ALONE
    if first == "call":  # a procedure may commit
        return Manner.ALONE
    if first == "do" and _COMMITS.search(sql):
        return Manner.AGAIN if _FILLS.search(sql) else Manner.ALONE
    return Manner.SETTING if _sets(texts) else Manner.ANY


def _concurrent(texts: tuple[str, ...], last: tuple[str, ...]) -> bool:
    """An index made or dropped, or a partition detached, while others go on."""
    if texts[:1] in (("create",), ("drop",)):
        return "index" in texts[:3] and "concurrently" in texts[:5]
    return texts[:2] == ("alter", "table") and last in (("concurrently",), ("finalize",))


def _sets(texts: tuple[str, ...]) -> bool:
    if texts[0] == "select":
        call = texts[3:] if texts[1:3] == ("pg_catalog", ".") else texts[1:]
        return call[:2] == ("set_config", "(")
    if texts[0] == "set":
        return texts[1:2] not in (("local",), ("constraints",), ("transaction",))
    return texts[0] in {"reset", "load", "listen"}
