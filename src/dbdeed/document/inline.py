"""What stands inside a block's text: code spans, links, comments and emphasis, by one linear scan.

Only what the reading needs: the grammar's own inline parser takes seconds for a long paragraph.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dbdeed.document.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TICKS = re.compile(rb"`+")
_LINK = re.compile(
    rb"!?\[(?P<label>[^\[\]]*)\]"
    rb"(?:\((?P<target><[^<>\r\n]*>|[^()\s]*)(?:[ \t]+[\"'][^\"'\r\n]*[\"'])?[ \t]*\))?"
)
_MARKUP = re.compile(
    rb"(?P<escape>\\(?=[!-/:-@\[-`{-~]))"
    rb"|(?P<break><br[ \t]*/?>)"
    rb"|(?P<strong>\*{2,3}(?=\S)|(?<=\S)\*{2,3}|(?<!\w)__(?=\S)|(?<=\S)__(?!\w))"
    rb"|(?P<emphasis>(?<![\w*])\*(?=[^\s*])|(?<=[^\s*])\*(?![\w*]))"
)


_ANY_MARK = re.compile(rb"[`*_\[<\\]")


class Plain(Struct, frozen=True):
    """Text without its markup, and where each character came from.

    `offsets[i]` is the byte where character `i` begins; one more at the end.
    """

    text: str
    offsets: tuple[int, ...]

    def offset(self, index: int) -> int:
        return self.offsets[min(max(index, 0), len(self.offsets) - 1)]


class Link(Struct, frozen=True):
    """An inline link: `[label](target)`."""

    span: Span
    target: str
    image: bool


def code_spans(data: bytes, start: int, end: int) -> list[tuple[Span, Span]]:
    """Code spans as (whole, inside), in order. A run of backticks closes at the next one of its length."""
    if data.find(b"`", start, end) < 0:
        return []
    runs = [match.span() for match in _TICKS.finditer(data, start, end)]
    later: dict[int, list[int]] = defaultdict(list)
    for index in range(len(runs) - 1, -1, -1):
        later[runs[index][1] - runs[index][0]].append(index)
    spans, index = [], 0
    while index < len(runs):
        left, right = runs[index]
        same = later[right - left]
        while same and same[-1] <= index:
            same.pop()
        if same:
            index = same[-1]
            spans.append((Span(left, runs[index][1]), Span(right, runs[index][0])))
        index += 1
    return spans


def comments(data: bytes, start: int, end: int) -> list[Span]:
    """HTML comments in `[start, end)`; one that does not close is no comment."""
    spans = []
    while (opening := data.find(b"<!--", start, end)) >= 0:
        closing = data.find(b"-->", opening + 4, end)
        if closing < 0:
            break
        spans.append(Span(opening, closing + 3))
        start = closing + 3
    return spans


def opaque(data: bytes, start: int, end: int) -> list[Span]:
    """Code spans and comments, in order and without overlap: where no other markup counts."""
    return _outermost([whole for whole, _ in code_spans(data, start, end)], comments(data, start, end))


def _outermost(code: list[Span], hidden: list[Span]) -> list[Span]:
    if not (code and hidden):
        return code or hidden
    kept: list[Span] = []
    for span in sorted([*code, *hidden]):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def links(data: bytes, start: int, end: int) -> Iterator[Link]:
    """Inline links and images outside code spans and comments."""
    for left, right in between(opaque(data, start, end), start, end):
        for match in _LINK.finditer(data, left, right):
            if match["target"]:
                target = match["target"].strip(b"<>").decode("utf-8", "replace")
                yield Link(Span(*match.span()), target, data[match.start()] == 0x21)


def between(spans: Sequence[Span], start: int, end: int) -> Iterator[tuple[int, int]]:
    """What of `[start, end)` lies outside some spans, which are in order and do not overlap."""
    for span in spans:
        yield start, span.start
        start = span.end
    yield start, end


def plain(data: bytes, lines: Sequence[Span], *, ticks: bool = False) -> Plain:
    """The text of some lines as a reader sees it: one blank between lines, no marks, no comments.

    With `ticks`, backticks stay: to a value they say that this is a name.
    """
    builder = _Builder([], [], ticks)
    for line in lines:
        if builder.pieces and builder.pieces[-1] != " ":
            builder.add(" ", [line.start])
        _plain_line(data, line.start, line.end, builder)
    text = "".join(builder.pieces)
    last = lines[-1].end if lines else 0
    stripped = text.strip()
    lead = len(text) - len(text.lstrip())
    offsets = builder.offsets[lead : lead + len(stripped)]
    return Plain(stripped, (*offsets, offsets[-1] + len(stripped[-1].encode()) if offsets else last))


class _Builder(Struct, frozen=True):
    pieces: list[str]
    offsets: list[int]
    ticks: bool

    def add(self, text: str, offsets: Sequence[int]) -> None:
        self.pieces.append(text)
        self.offsets.extend(offsets)

    def copy(self, data: bytes, start: int, end: int) -> None:
        """Take bytes over as they are."""
        raw = data[start:end]
        if raw.isascii():
            self.add(raw.decode("ascii"), range(start, end))
            return
        for text, size in _characters(raw):
            self.add(text, [start])
            start += size


def _characters(raw: bytes) -> Iterator[tuple[str, int]]:
    try:
        for character in raw.decode("utf-8"):
            yield character, len(character.encode())
    except UnicodeDecodeError:
        for byte in raw:  # not UTF-8: one U+FFFD for each byte past ASCII keeps the offsets true
            yield chr(byte) if byte < 0x80 else "\ufffd", 1


def _plain_line(data: bytes, start: int, end: int, builder: _Builder) -> None:
    if not _ANY_MARK.search(data, start, end):
        builder.copy(data, start, end)
        return
    inside = dict(code_spans(data, start, end))
    spans = _outermost(list(inside), comments(data, start, end))
    for index, (left, right) in enumerate(between(spans, start, end)):
        _plain_text(data, left, right, builder)
        if index < len(spans) and (inner := inside.get(spans[index])):
            kept = spans[index] if builder.ticks else inner
            builder.copy(data, kept.start, kept.end)


def _plain_text(data: bytes, start: int, end: int, builder: _Builder) -> None:
    for match in _LINK.finditer(data, start, end):
        if not match["target"]:
            continue
        _plain_marks(data, start, match.start(), builder)
        _plain_marks(data, match.start("label"), match.end("label"), builder)
        start = match.end()
    _plain_marks(data, start, end, builder)


def _plain_marks(data: bytes, start: int, end: int, builder: _Builder) -> None:
    for match in _MARKUP.finditer(data, start, end):
        if match.start() < start:
            continue
        builder.copy(data, start, match.start())
        start = match.end()
        if match["break"]:
            builder.add(", ", [match.start(), match.start()])
        elif match["escape"]:
            builder.copy(data, start, start + 1)
            start += 1
    builder.copy(data, start, end)
