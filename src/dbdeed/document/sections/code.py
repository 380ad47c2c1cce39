"""Code blocks: fences and linked SQL files, with the way back to the document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document.architecture import CodeBlock
from dbdeed.document.blocks import Fence, walk
from dbdeed.document.lines import split_lines
from dbdeed.document.source import Place, Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.document.outline import Part

_SQL = frozenset(
    [
        "sql",
        "postgresql",
        "postgres",
        "pgsql",
        "psql",
        "plpgsql",
        "mysql",
        "mariadb",
        "sqlite",
        "sqlite3",
        "plsql",
        "tsql",
        "ddl",
    ]
)
_JS = frozenset(["js", "javascript", "mongo", "mongodb", "mongosh", "mongo-shell"])
_JSON = frozenset(["json", "jsonc", "json5"])
_LANGUAGE = re.compile(r"[^\s{},]+")
_STATEMENT = re.compile(
    r"\s*(?:--[^\n]*\n\s*|/\*[^*]*\*/\s*)*(?:create|alter|comment\s+on|insert\s+into|grant|select|with|set|drop|do)\b",
    re.IGNORECASE,
)


def code_blocks(part: Part, heading: str, table: str = "") -> Iterator[CodeBlock]:
    """The code of a part that an engine could read: SQL, JavaScript, JSON."""
    if part.sql:
        yield linked_sql(part.source, heading, table)
        return
    for block in walk(part.blocks):
        if isinstance(block, Fence):
            found = _fence(part.source, block, heading, table)
            if found is not None:
                yield found


def linked_sql(source: Source, heading: str, table: str) -> CodeBlock:
    """A whole file as one block. A byte order mark is no part of its code."""
    start = 3 if source.data.startswith(b"\xef\xbb\xbf") else 0
    span = Span(start, len(source.data))
    return _block(source, split_lines(source.data, start, span.end), span, "sql", heading, table)


def _fence(source: Source, fence: Fence, heading: str, table: str) -> CodeBlock | None:
    block = _block(source, fence.lines, fence.code, "", heading, table)
    language = _language(source.text(fence.info), block.text)
    if not language:
        return None
    return CodeBlock(block.text, language, block.place, block.line_offsets, heading, table)


def _block(source: Source, lines: list[Span] | tuple[Span, ...], span: Span, language: str, heading: str,
           table: str) -> CodeBlock:  # fmt: skip
    text = "".join(source.text(line) + "\n" for line in lines)
    offsets = tuple(line.start for line in lines) or (span.start,)
    return CodeBlock(text, language, Place(source, span), offsets, heading, table)


def _language(info: str, text: str) -> str:
    """The language of a fence: SQL for each dialect's name, and for a bare one that begins like it.

    Empty for what is no code of ours.
    """
    match = _LANGUAGE.search(info.lower())
    word = match.group().lstrip(".").removeprefix("language-") if match else ""
    if not word:
        return "sql" if _STATEMENT.match(text) else ""
    if word in _SQL:
        return "sql"
    if word in _JS:
        return "js"
    return "json" if word in _JSON else ""
