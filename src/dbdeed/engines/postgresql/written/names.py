"""Statements with shorter names, and with texts that a line of a document can hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sql_text import Token, TokenKind, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

_SCHEMA = "public"  # where a document's names lead without one
_REGCLASS = re.compile(r"'public\.((?:[a-z_][a-z0-9_$]*|\"[^\"']+\"))'")


def short(sql: str) -> str:
    """The statement without `public.` before names, and without what is so by default."""
    found = list(tokens(sql, RULES))
    kept = [sql[one.start : one.end] for one in found]
    for at, one in enumerate(found):
        if one.kind is TokenKind.WORD and kept[at] == _SCHEMA and _before_name(sql, found, at):
            kept[at] = kept[at + 1] = ""
        elif one.kind is TokenKind.STRING and sql.startswith("::regclass", one.end):
            kept[at] = _REGCLASS.sub(r"'\1'", kept[at])
    text = "".join(kept)
    if text.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX")):
        text = text.replace(" USING btree (", " (", 1)
    return text


def _before_name(sql: str, found: Sequence[Token], at: int) -> bool:
    after = found[at + 2 : at + 3]
    named = bool(after) and after[0].kind in (TokenKind.WORD, TokenKind.QUOTED)
    within = at > 0 and sql[found[at - 1].start : found[at - 1].end] == "."
    return named and not within and sql[found[at + 1].start : found[at + 1].end] == "."


def safe(sql: str) -> str:
    """The statement with carriage returns as escapes: a document's lines have no room for them."""
    if "\r" not in sql:
        return sql
    return "".join(_safe(sql[one.start : one.end], one.kind) for one in tokens(sql, RULES))


def _safe(text: str, kind: TokenKind) -> str:
    if "\r" not in text:
        return text
    if kind is TokenKind.QUOTED:
        return f"U&{text.replace(chr(92), chr(92) * 2).replace(chr(13), chr(92) + '000d')}"
    if kind is not TokenKind.STRING:
        return text.replace("\r", "\n")
    if text[0] in "eE":
        return text.replace("\r", "\\r")
    if text[0] == "$":
        tag = text[: text.index("$", 1) + 1]
        text = f"'{text[len(tag) : -len(tag)].replace(chr(39), chr(39) * 2)}'"
    return "E" + text.replace("\\", "\\\\").replace("\r", "\\r")
