"""Edits inside code blocks, and of the sections that hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.edit import Edit
from dbdeed.document.lines import line_start, next_line
from dbdeed.document.rewrite import line_ending
from dbdeed.document.source import Span

if TYPE_CHECKING:
    from dbdeed.document.architecture import CodeBlock


def code_edit(block: CodeBlock, start: int, end: int, text: str) -> Edit:
    """Replace the characters `[start, end)` of a block's text; its new lines begin as its own do."""
    source = block.place.source
    behind = len(block.text)  # past the last line's end: the next line is the closing fence's
    first, last = (block.place.span.end if at == behind else block.source_offset(at) for at in (start, end))
    line = min(block.text.count("\n", 0, start), max(len(block.line_offsets) - 1, 0))
    base = block.line_offsets[line] if block.line_offsets else block.place.span.start
    prefix = source.data[line_start(source.data, base) : base].decode()
    newline = line_ending(source)
    body = text.replace("\n", newline + prefix)
    if prefix and end == behind:
        body = (prefix if start == behind else "") + body.removesuffix(prefix)
    return Edit(Span(first, max(first, last)), body)


def fence_span(block: CodeBlock) -> Span:
    """A fenced block whole, its fences and a blank line behind it included."""
    data, span = block.place.source.data, block.place.span
    first = line_start(data, span.start)
    above = max(first - (2 if data[first - 2 : first] == b"\r\n" else 1), 0)
    end = next_line(data, span.end)
    following = next_line(data, end)
    return Span(line_start(data, above), end if data[end:following].strip() else following)
