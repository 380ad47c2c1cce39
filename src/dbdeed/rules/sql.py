"""SQL as rules look at it: its words, without comments and strings. It never decides what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.source import Place, Span
from dbdeed.document.values.types import System
from dbdeed.engines.sql_text import LexicalRules, TokenKind, tokens

if TYPE_CHECKING:
    from dbdeed.document.architecture import CodeBlock

_POSTGRESQL = LexicalRules(dollar_quotes=True, escape_strings=True, nested_comments=True)
_SQLITE = LexicalRules(identifier_quotes='"`[')
_MYSQL = LexicalRules(identifier_quotes="`")
_DIALECTS = {
    System.POSTGRESQL: _POSTGRESQL,
    System.SQLITE: _SQLITE,
    System.MYSQL: _MYSQL,
    System.MARIADB: _MYSQL,
}
_SILENT = frozenset({TokenKind.COMMENT, TokenKind.STRING})


def bare(text: str, system: System | None) -> str:
    """The text with blanks for comments and strings, character for character; "" for what is not SQL."""
    if system is System.MONGODB:
        return ""
    pieces = (
        " " * (token.end - token.start) if token.kind in _SILENT else text[token.start : token.end]
        for token in tokens(text, _DIALECTS.get(system or System.POSTGRESQL, _POSTGRESQL))
    )
    return "".join(pieces)


def place_of(block: CodeBlock, start: int, end: int) -> Place:
    """The place of the characters `[start, end)` of a block's text."""
    first, last = block.source_offset(start), block.source_offset(end)
    return Place(block.place.source, Span(first, max(first, last)))
