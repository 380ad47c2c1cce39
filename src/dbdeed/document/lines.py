"""Lines and columns inside containers: what of a line belongs to the list items and quotes around it.

CommonMark 0.31, sections 2.2 (tabs), 5.1 (block quotes) and 5.2 (list items).
"""

from __future__ import annotations

import re
from typing import TypeAlias

from dbdeed.document.source import Span

LINE_END = re.compile(rb"\r\n|\r|\n")
_TAB_STOP = 4

Container: TypeAlias = int | None
"""The column where a list item's content begins, or None for a block quote."""


def split_lines(data: bytes, start: int, end: int) -> list[Span]:
    """The lines in `[start, end)` without their endings. A final line ending begins no further line."""
    spans = []
    for match in LINE_END.finditer(data, start, end):
        spans.append(Span(start, match.start()))
        start = match.end()
    if start < end:
        spans.append(Span(start, end))
    return spans


def line_start(data: bytes, offset: int) -> int:
    """Where the line begins that `offset` stands in."""
    reach = 256
    while (
        True
    ):  # a search for an absent kind of line ending must not run back to the document's start each time
        low = max(0, offset - reach)
        found = max(data.rfind(b"\n", low, offset), data.rfind(b"\r", low, offset))
        if found >= 0 or low == 0:
            return found + 1
        reach *= 4


def line_end(data: bytes, offset: int) -> int:
    """Where the text of the line ends that `offset` stands in, before its line ending."""
    match = LINE_END.search(data, offset)
    return match.start() if match else len(data)


def next_line(data: bytes, offset: int) -> int:
    """The start of the next line, or the end of the data."""
    match = LINE_END.search(data, offset)
    return match.end() if match else len(data)


def column_at(data: bytes, start: int, offset: int) -> int:
    """The column (from 0) of `offset` in the line that begins at `start`."""
    column = 0
    for byte in data[start:offset]:
        column = _advance(column, byte)
    return column


def _advance(column: int, byte: int) -> int:
    return column + _TAB_STOP - column % _TAB_STOP if byte == 0x09 else column + 1


def strip_containers(data: bytes, line: Span, containers: tuple[Container, ...], indent: int) -> Span:
    """What is left of a line inside its containers, after up to `indent` columns more of white space.

    `indent` is an absolute column.
    """
    position, column = line.start, 0
    for container in containers:
        if container is None:
            position, column = _skip_quote(data, line.end, position, column)
        else:
            position, column = _skip_white(data, line.end, position, column, container)
    position, _ = _skip_white(data, line.end, position, column, indent)
    return Span(position, line.end)


def _skip_white(data: bytes, end: int, position: int, column: int, until: int) -> tuple[int, int]:
    while position < end and data[position] in b" \t" and _advance(column, data[position]) <= until:
        column = _advance(column, data[position])
        position += 1
    return position, column


def _skip_quote(data: bytes, end: int, position: int, column: int) -> tuple[int, int]:
    marker, at = _skip_white(data, end, position, column, column + 3)
    if marker == end or data[marker] != 0x3E:
        return position, column
    return _skip_white(data, end, marker + 1, at + 1, at + 2)
