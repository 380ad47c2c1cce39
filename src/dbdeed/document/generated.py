"""Generated blocks: what stands between `<!-- dbdeed:NAME sum=… -->` and `<!-- /dbdeed:NAME -->`.

The checksum in the marker is of what the program last wrote there, so that a person's edit is noticed. Line
endings do not count: a checkout that turns LF into CRLF is no edit.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from dbdeed.document.architecture import GeneratedBlock
from dbdeed.document.blocks import Html, Paragraph, walk
from dbdeed.document.inline import comments, opaque
from dbdeed.document.lines import line_start, next_line
from dbdeed.document.source import Place, Source, Span
from dbdeed.document.values.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dbdeed.document.blocks import Block

_MARKER = re.compile(
    rb"<!--[ \t]*(?P<end>/)?dbdeed:(?P<name>[A-Za-z][\w-]{0,63})(?P<rest>[^\r\n]{0,200}?)-->"
)
_SUM = re.compile(rb"\bsum=([0-9a-f]{1,64})\b")

Problems: TypeAlias = list[tuple[Place, Problem]]


def checksum(content: bytes) -> str:
    """Sixteen hexadecimal digits of the content with its lines ended by LF."""
    return sha256(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")).hexdigest()[:16]


def opening_marker(name: str, content: bytes) -> str:
    return f"<!-- dbdeed:{name} sum={checksum(content)} -->"


def closing_marker(name: str) -> str:
    return f"<!-- /dbdeed:{name} -->"


def generated_blocks(source: Source, blocks: Iterable[Block]) -> tuple[tuple[GeneratedBlock, ...], Problems]:
    """The generated blocks of a source in order, and what is wrong with its markers."""
    found: list[GeneratedBlock] = []
    problems: Problems = []
    opening: re.Match[bytes] | None = None
    for marker in _markers(source.data, blocks):
        if opening is None:
            if marker["end"]:
                problems.append(_problem(source, marker, "this end marker has no beginning"))
            else:
                opening = marker
        elif marker["end"] and marker["name"] == opening["name"]:
            found.append(_closed(source, opening, marker))
            opening = None
        else:
            problems.append(_problem(source, marker, "generated blocks do not nest or overlap"))
    if opening is not None:
        found.append(_unclosed(source, opening))
        problems.append(_problem(source, opening, "this generated block has no end marker"))
    return tuple(found), problems + _duplicates(found)


def _markers(data: bytes, blocks: Iterable[Block]) -> Iterator[re.Match[bytes]]:
    """Markers are comments of their own: one in a code span or inside a longer comment is none."""
    for block in walk(blocks):
        if data.find(b"dbdeed:", block.span.start, block.span.end) < 0:
            continue
        if isinstance(block, Html | Paragraph):
            hidden = comments if isinstance(block, Html) else opaque
            for span in hidden(data, block.span.start, block.span.end):
                match = _MARKER.fullmatch(data, span.start, span.end)
                if match:
                    yield match


def _closed(source: Source, opening: re.Match[bytes], closing: re.Match[bytes]) -> GeneratedBlock:
    data = source.data
    start, end = opening.end(), closing.start()
    if next_line(data, start) <= end:
        start = next_line(data, start)
    if start <= line_start(data, end):
        end = line_start(data, end)
    return _entry(source, opening, Span(start, end), closing.end(), closed=True)


def _unclosed(source: Source, opening: re.Match[bytes]) -> GeneratedBlock:
    """Nothing is known to be inside: the rest of the document is a person's."""
    end = opening.end()
    return _entry(source, opening, Span(end, end), end, closed=False)


def _entry(
    source: Source, opening: re.Match[bytes], content: Span, end: int, *, closed: bool
) -> GeneratedBlock:
    match = _SUM.search(opening["rest"])
    written = match.group(1).decode() if match else ""
    now = checksum(source.data[content.start : content.end])
    return GeneratedBlock(
        name=opening["name"].decode(),
        whole=Place(source, Span(opening.start(), end)),
        content=Place(source, content),
        checksum=written,
        edited=closed and bool(written) and written != now,
        closed=closed,
    )


def _problem(source: Source, marker: re.Match[bytes], message: str) -> tuple[Place, Problem]:
    name = marker["name"].decode()
    accepted = (f"<!-- dbdeed:{name} --> … <!-- /dbdeed:{name} -->",)
    return Place(source, Span(*marker.span())), Problem(message, accepted)


def _duplicates(found: list[GeneratedBlock]) -> Problems:
    seen: set[str] = set()
    problems: Problems = []
    for block in found:
        if block.name in seen:
            problems.append(
                (block.whole, Problem(f"a generated block named “{block.name}” stands further up"))
            )
        seen.add(block.name)
    return problems
