"""Statements that differ only in what their strings hold: a routine's body, a comment, a default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.sql_text import TokenKind, tokens

if TYPE_CHECKING:
    from dbdeed.engines.sql_text import LexicalRules, Token


def carried(written: str, old: str, new: str, rules: LexicalRules) -> str | None:
    """A person's statement with the strings that differ between `old` and `new` replaced.

    None where more than strings differs, or where a string of `old` does not stand once in the person's text.
    """
    before, after = _real(old, rules), _real(new, rules)
    if len(before) != len(after):
        return None
    for one, other in zip(before, after, strict=True):
        was, wanted = old[one.start : one.end], new[other.start : other.end]
        if was == wanted:
            continue
        if one.kind is not TokenKind.STRING or other.kind is not TokenKind.STRING:
            return None
        done = _replaced(written, was, wanted, rules)
        if done is None:
            return None
        written = done
    return written


def _real(sql: str, rules: LexicalRules) -> list[Token]:
    return [one for one in tokens(sql, rules) if one.kind not in (TokenKind.SPACE, TokenKind.COMMENT)]


def _replaced(written: str, was: str, wanted: str, rules: LexicalRules) -> str | None:
    content = _content(was)
    strings = [one for one in tokens(written, rules) if one.kind is TokenKind.STRING]
    found = [one for one in strings if _content(written[one.start : one.end]) == content]
    if content is None or len(found) != 1:
        return None
    there = found[0]
    return written[: there.start] + _in_style(written[there.start : there.end], wanted) + written[there.end :]


def _content(text: str) -> str | None:
    """What a string holds; None for one with escapes."""
    if text[0] == "$":
        tag = text[: text.index("$", 1) + 1]
        return text[len(tag) : -len(tag)]
    if text[0] == "'" and "\\" not in text:
        return text[1:-1].replace("''", "'")
    return None


def _in_style(mine: str, wanted: str) -> str:
    """The new string between the marks of the old one, where they can hold it."""
    content = _content(wanted)
    if content is None or mine[0] != "$" or wanted[0] != "$":
        return wanted
    tag = mine[: mine.index("$", 1) + 1]
    return wanted if tag in content + "$" else f"{tag}{content}{tag}"
