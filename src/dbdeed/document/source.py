"""A document's bytes, and where in them a thing stands.

Bytes are the truth: spans are byte offsets, so that an edit replaces exactly what it owns. Lines and columns
are derived for people: both count from 1, columns in characters. A line ends at LF, CR LF or a lone CR, as
CommonMark has it (section 2.1); U+2028 and form feed end none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

from msgspec import Struct

_STRIDE = 4096
_CONTINUING = bytes(range(0x80, 0xC0))
_LINE_END = re.compile(rb"\r\n|\r|\n")


class Span(Struct, frozen=True, order=True, gc=False):
    """Half-open byte range `[start, end)`."""

    start: int
    end: int


class Position(Struct, frozen=True, order=True):
    """A place as a person counts it, from 1."""

    line: int
    column: int


@dataclass(frozen=True, eq=False)
class Source:
    """One file as it was read.

    Attributes:
        name: the path as the person gave it, for findings.
        data: the bytes, unchanged.
    """

    name: str
    data: bytes = field(repr=False)

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.data))]

    def position(self, offset: int) -> Position:
        """Line and column of a byte offset; an offset past the end is the end's."""
        offset = min(max(offset, 0), len(self.data))
        line = bisect_right(self._line_starts, offset)
        start = self._line_starts[line - 1]
        if offset - start > _STRIDE:
            return Position(line, self._characters(offset) - self._characters(start) + 1)
        return Position(line, len(self.data[start:offset].decode("utf-8", "replace")) + 1)

    def _characters(self, offset: int) -> int:
        """Characters before a byte offset: in UTF-8, its bytes that continue none."""
        stride = offset // _STRIDE
        return self._strides[stride] + len(self.data[stride * _STRIDE : offset].translate(None, _CONTINUING))

    @cached_property
    def _strides(self) -> list[int]:
        """Characters before each stride: a place far along a line costs no more than one at its start."""
        starts = range(0, len(self.data) + 1, _STRIDE)
        counts = (len(self.data[start : start + _STRIDE].translate(None, _CONTINUING)) for start in starts)
        return [0, *accumulate(counts)]

    def text(self, span: Span) -> str:
        """The text of a span; bytes that are not UTF-8 come out as U+FFFD."""
        return self.data[span.start : span.end].decode("utf-8", "replace")


class Place(Struct, frozen=True):
    """A span of a source: what findings and errors point at."""

    source: Source
    span: Span

    @property
    def start(self) -> Position:
        return self.source.position(self.span.start)

    @property
    def end(self) -> Position:
        return self.source.position(self.span.end)

    def __str__(self) -> str:
        start = self.start
        return f"{self.source.name}:{start.line}:{start.column}"
