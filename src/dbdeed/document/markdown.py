"""Markdown bytes to blocks with exact byte spans, by tree-sitter's block grammar.

The grammar is given a copy of the same length in which what it handles badly is neutral, so that offsets stay
true while structure follows CommonMark:

- a lone CR ends a line (section 2.1; the grammar does not know it);
- control characters and every byte past ASCII are plain text: the grammar's scanner passes code points past
  255 to `isdigit`, which is undefined, and recovers slowly from NUL;
- a byte order mark is nothing, and the last line ends (an unfinished one may not be recognised);
- containers nest at most a hundred bytes deep: past 254 open blocks the scanner writes outside its buffer.

What is inside a block (keys, links, code spans) is read by `dbdeed.document.inline`.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from dbdeed.document.blocks import (
    Fence,
    Heading,
    Html,
    IndentedCode,
    Item,
    List,
    Other,
    Paragraph,
    Quote,
    Reference,
    Table,
)
from dbdeed.document.lines import column_at, line_start, next_line, split_lines, strip_containers
from dbdeed.document.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Language, Node

    from dbdeed.document.blocks import Block
    from dbdeed.document.lines import Container

_BOM = b"\xef\xbb\xbf"
_PLAIN = bytes(byte if byte in b"\t\n\r" or 0x20 <= byte < 0x7F else 0x25 for byte in range(256))
_LONE_CR = re.compile(rb"\r(?!\n)")
_FRONT_MATTER = re.compile(rb"---[ \t\r]*\n(?:[ \t\r]*\n|#[^\n]*\n)*[A-Za-z_][\w -]*:[ \t\r\n]")
_FIRST_RULE = re.compile(rb"\A-{3,}(?=[ \t\r]*\n)")
_DEEP = re.compile(rb"^(?:[ \t]|>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])){100,}", re.MULTILINE)
_CONTAINER_MARK = re.compile(rb"[>*+\-.)]")
_CLOSING_HASHES = re.compile(rb"(?:^|[ \t]+)#+[ \t]*$")
_PIPE = re.compile(rb"(?<!\\)\|")
_WHITE = b" \t\r\n"
_LONG = 16 * 1024  # bytes from which on a parse is worth keeping


def parse_blocks(data: bytes) -> tuple[Block, ...]:
    """The blocks at the top level, in order. Any bytes are a document; time is linear in their number."""
    return _parse(data) if len(data) < _LONG else _parse_long(data)


@lru_cache(maxsize=3)
def _parse_long(data: bytes) -> tuple[Block, ...]:
    """One run reads the same text again and again: as it was, to prove an edit, after the edit."""
    return _parse(data)


def _parse(data: bytes) -> tuple[Block, ...]:
    from tree_sitter import Parser

    tree = Parser(_language()).parse(_neutral(data))
    return tuple(_children(data, tree.root_node, ()))


@cache
def _language() -> Language:
    import tree_sitter_markdown
    from tree_sitter import Language

    return Language(tree_sitter_markdown.language())


def _neutral(data: bytes) -> bytes:
    copy = data.translate(_PLAIN)
    if data.startswith(_BOM):
        copy = b"\n\n\n" + copy[3:]
    copy = _LONE_CR.sub(b"\n", copy)
    if not _FRONT_MATTER.match(copy):  # else a rule on the first line would hide all down to the next one
        copy = _FIRST_RULE.sub(lambda rule: b"*" * len(rule.group()), copy, count=1)
    if not copy.endswith(b"\n"):
        copy += b"\n"
    return _DEEP.sub(_cap_depth, copy)


def _cap_depth(match: re.Match[bytes]) -> bytes:
    prefix = match.group()
    return prefix[:100] + _CONTAINER_MARK.sub(b"%", prefix[100:])


def _children(data: bytes, node: Node, containers: tuple[Container, ...]) -> Iterator[Block]:
    for child in node.children:
        kind = child.type
        if kind in {"section", "document"}:
            yield from _children(data, child, containers)
        elif kind == "ERROR":
            yield Other(_trimmed(data, child), broken=True)
            yield from _children(data, child, containers)
        else:
            block = _block(data, child, kind, containers)
            if block is not None:
                yield block


def _block(data: bytes, node: Node, kind: str, containers: tuple[Container, ...]) -> Block | None:
    match kind:
        case "paragraph":
            return _paragraph(data, node, containers)
        case "atx_heading" | "setext_heading":
            return _heading(data, node)
        case "list":
            return _list(data, node, containers)
        case "block_quote":
            return Quote(_trimmed(data, node), tuple(_children(data, node, (*containers, None))))
        case "fenced_code_block":
            return _fence(data, node, containers)
        case "pipe_table":
            return _table(data, node)
        case "html_block":
            return Html(_trimmed(data, node))
        case "indented_code_block":
            return IndentedCode(_trimmed(data, node))
        case "link_reference_definition":
            return _reference(data, node)
        case "thematic_break" | "minus_metadata" | "plus_metadata":
            return Other(_trimmed(data, node))
    return None


def _trim(data: bytes, start: int, end: int) -> Span:
    end = min(end, len(data))
    while end > start and data[end - 1] in _WHITE:
        end -= 1
    while start < end and data[start] in _WHITE:
        start += 1
    return Span(start, end)


def _trimmed(data: bytes, node: Node) -> Span:
    return _trim(data, node.start_byte, node.end_byte)


def _child(node: Node, kind: str) -> Node | None:
    return next((child for child in node.children if child.type == kind), None)


def _paragraph(data: bytes, node: Node, containers: tuple[Container, ...]) -> Paragraph:
    inline = _child(node, "inline") or node
    span = _trimmed(data, inline)
    first, *rest = split_lines(data, span.start, span.end) or [span]
    lines = (strip_containers(data, line, containers, 1 << 30) for line in rest)
    return Paragraph(span, (first, *lines))


def _heading(data: bytes, node: Node) -> Heading:
    marker = node.children[-1] if node.type == "setext_heading" else node.children[0]
    level = next((int(digit) for digit in marker.type if digit.isdigit()), 1)
    holder = _child(node, "paragraph") or node
    inline = _child(holder, "inline")
    span = _trimmed(data, node)
    if inline is None:
        return Heading(span, Span(span.end, span.end), level)
    text = _trimmed(data, inline)
    if node.type == "atx_heading" and (closing := _CLOSING_HASHES.search(data[text.start : text.end])):
        text = Span(text.start, text.start + closing.start())
    return Heading(span, text, level)


def _list(data: bytes, node: Node, containers: tuple[Container, ...]) -> List:
    items = tuple(_item(data, child, containers) for child in node.children if child.type == "list_item")
    span = Span(items[0].span.start, items[-1].span.end) if items else _trimmed(data, node)
    ordered = bool(items) and data[items[0].marker.start] in b"0123456789"
    return List(span, items, ordered)


def _item(data: bytes, node: Node, containers: tuple[Container, ...]) -> Item:
    marker = _trimmed(data, node.children[0])
    column = _content_column(data, marker)
    children = tuple(_children(data, node, (*containers, column)))
    end = max((child.span.end for child in children), default=marker.end)
    return Item(Span(marker.start, end), marker, column, children)


def _content_column(data: bytes, marker: Span) -> int:
    after = marker.end
    while data[after : after + 1] in {b" ", b"\t"}:
        after += 1
    start = line_start(data, marker.start)
    column = column_at(data, start, marker.end)
    content = column_at(data, start, after)
    empty = data[after : after + 1] in {b"", b"\r", b"\n"}
    return column + 1 if empty or content - column > 4 else content


def _fence(data: bytes, node: Node, containers: tuple[Container, ...]) -> Fence:
    marks = [child for child in node.children if child.type == "fenced_code_block_delimiter"]
    opening = _trimmed(data, marks[0] if marks else node).start
    info = _child(node, "info_string")
    start = next_line(data, marks[0].end_byte if marks else opening)
    closed = len(marks) > 1
    end = line_start(data, marks[-1].start_byte) if closed else _fence_end(data, node, start)
    column = column_at(data, line_start(data, opening), opening)
    lines = tuple(strip_containers(data, line, containers, column) for line in split_lines(data, start, end))
    code = Span(lines[0].start if lines else start, max(end, start))
    span = Span(opening, marks[-1].end_byte if closed else _trim(data, opening, code.end).end)
    return Fence(span, _trimmed(data, info) if info else Span(opening, opening), lines, code, closed)


def _fence_end(data: bytes, node: Node, start: int) -> int:
    """An unclosed fence ends with its container."""
    content = _child(node, "code_fence_content")
    return max(start, min(content.end_byte, len(data)) if content else start)


def _table(data: bytes, node: Node) -> Table:
    rows = [child for child in node.children if child.type in {"pipe_table_header", "pipe_table_row"}]
    cells = [_cells(data, row) for row in rows]
    return Table(_trimmed(data, node), cells[0] if cells else (), tuple(cells[1:]))


def _cells(data: bytes, row: Node) -> tuple[Span, ...]:
    span = _trimmed(data, row)
    start = span.start + 1 if data[span.start : span.start + 1] == b"|" else span.start
    cells = []
    for pipe in _PIPE.finditer(data, start, span.end):
        cells.append(_trim_cell(data, start, pipe.start()))
        start = pipe.end()
    if start < span.end:
        cells.append(_trim_cell(data, start, span.end))
    return tuple(cells)


def _trim_cell(data: bytes, start: int, end: int) -> Span:
    """The trimmed cell; an empty one is the empty span after one blank, where a value would be written."""
    span = _trim(data, start, end)
    if span.start == span.end and start < end:
        return Span(start + 1, start + 1)
    return span


def _reference(data: bytes, node: Node) -> Reference:
    label = _child(node, "link_label")
    span = _trimmed(data, node)
    return Reference(span, Span(label.start_byte + 1, label.end_byte - 1) if label else span)
