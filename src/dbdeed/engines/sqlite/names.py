"""Names in SQLite: how they compare, and how they are written.

Sources: "SQLite Keywords" (the list, and the three ways to quote), `sqlite3StrICmp` (only ASCII letters
fold).
"""

from __future__ import annotations

import re

_UPPER_TO_LOWER = {ordinal: ordinal + 32 for ordinal in range(ord("A"), ord("Z") + 1)}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

PRIVATE_PREFIX = "dbdeed_"
"""Names of what dbdeed keeps in a database for itself."""

_WORDS = """
    abort action add after all alter always analyze and as asc attach autoincrement before begin between
    by cascade case cast check collate column commit conflict constraint create cross current
    current_date current_time current_timestamp database default deferrable deferred delete desc detach
    distinct do drop each else end escape except exclude exclusive exists explain fail filter first
    following for foreign from full generated glob group groups having if ignore immediate in index
    indexed initially inner insert instead intersect into is isnull join key last left like limit match
    materialized natural no not nothing notnull null nulls of offset on or order others outer over
    partition plan pragma preceding primary query raise range recursive references regexp reindex
    release rename replace restrict returning right rollback row rows savepoint select set table temp
    temporary then ties to transaction trigger unbounded union unique update using vacuum values view
    virtual when where window with without
"""
KEYWORDS = frozenset(_WORDS.split())


def fold(name: str) -> str:
    """The form in which two names are the same name: ASCII letters in lower case, all others as they are."""
    return name.lower() if name.isascii() else name.translate(_UPPER_TO_LOWER)


def quoted(name: str) -> str:
    """A name in quotes."""
    return '"' + name.replace('"', '""') + '"'


def written(name: str) -> str:
    """A name as a person would write it: in quotes only where it needs them."""
    plain = _PLAIN.match(name) is not None and fold(name) not in KEYWORDS
    return name if plain else quoted(name)


def literal(text: str) -> str:
    """A text as a string literal. SQLite ends a literal at NUL, so one with NUL is spelled as a cast blob."""
    if "\0" in text:
        return f"CAST(x'{text.encode().hex()}' AS TEXT)"
    return "'" + text.replace("'", "''") + "'"


def internal(name: str) -> bool:
    """Whether SQLite keeps this for itself."""
    return fold(name).startswith("sqlite_")


def private(name: str) -> bool:
    """Whether SQLite or dbdeed keeps this for itself; it is no part of any catalog."""
    return internal(name) or fold(name).startswith(PRIVATE_PREFIX)
