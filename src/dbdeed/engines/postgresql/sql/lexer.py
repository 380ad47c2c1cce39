"""PostgreSQL's lexical rules, and the statements of a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.sql_text import LexicalRules, read_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.document.architecture import CodeBlock
    from dbdeed.engines.seam import Statement

RULES = LexicalRules(
    dollar_quotes=True,
    escape_strings=True,
    nested_comments=True,
    parentheses=True,
    atomic_bodies=True,
    backslash_commands=True,
)

LANGUAGES = frozenset({"sql", "postgresql", "postgres", "pgsql", "plpgsql", "psql"})
"""Info strings of fenced blocks that hold this dialect."""


def statements(blocks: Sequence[CodeBlock]) -> list[Statement]:
    """The SQL statements of code blocks, in document order."""
    return read_blocks(blocks, RULES, LANGUAGES)
