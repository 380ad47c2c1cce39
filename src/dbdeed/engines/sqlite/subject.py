"""What a statement is about, as far as its words say: a hint for where to look, never meaning."""

from __future__ import annotations

from dbdeed.engines.sqlite.names import fold
from dbdeed.engines.sqlite.text import lex

_MODIFIERS = frozenset({"temp", "temporary", "unique", "virtual"})


def subject(sql: str) -> tuple[str, ...]:
    """("table", name), ("index", name), …; a statement that is not understood is about its own words."""
    words = lex(sql)
    keys = [one.key for one in words]
    at = 1
    while keys[at : at + 1] and keys[at] in _MODIFIERS:
        at += 1
    kind = keys[at] if at < len(keys) else ""
    if keys[:1] != ["create"] or kind not in ("table", "index", "view", "trigger"):
        return ("text", *(one.raw.lower() for one in words))
    at += 1
    if keys[at : at + 3] == ["if", "not", "exists"]:
        at += 3
    if keys[at + 1 : at + 2] == ["."]:
        at += 2
    return (kind, fold(words[at].name) if at < len(words) else "")
