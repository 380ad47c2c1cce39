"""Edits of one list: the lines that stay, stay as they are, with everything that people wrote among them."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from dbdeed.document.edit import Edit
from dbdeed.document.lines import LINE_END, line_start, next_line, split_lines
from dbdeed.document.rewrite import line_ending
from dbdeed.document.source import Place, Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

_MARKER = re.compile(rb"(?P<lead>[ \t>]*)(?P<marker>[-+*]|\d{1,9}[.)])[ \t]")


class Line(Struct, frozen=True):
    """A line that a list is to have.

    Attributes:
        key: what it is about; unique in its list.
        item: what to write after the marker where the list has no such line.
        text: what it says, for comparing with a line that is there.
    """

    key: Hashable
    item: str
    text: str = ""


@dataclass(slots=True)
class _Chunk:
    """An item with all that belongs to it: `key` is None for a remark, an item that is no entry."""

    key: Hashable | None
    start: int
    text: str


def is_list(place: Place) -> bool:
    """Whether a place begins with a list item's marker."""
    data, start = place.source.data, place.span.start
    marker = _MARKER.match(data, line_start(data, start))
    return marker is not None and marker.start("marker") == start


def list_edit(
    place: Place,
    lines: Sequence[Line],
    found: dict[int, Hashable],
    kept: Callable[[Line, int, str], str],
) -> Edit | None:
    """The edit after which a list has these lines, in this order; None where it has.

    Items that are no entries stay behind the entry that they follow; where it goes, behind the one before.

    Args:
        place: the list.
        lines: what it is to have.
        found: the entries that it has, by the start of their line; the others are remarks.
        kept: the text of an entry that stays, from its line, its start and its text with what is below it.
    """
    source = place.source
    region = Span(line_start(source.data, place.span.start), next_line(source.data, place.span.end))
    first = _MARKER.match(source.data, region.start)
    assert first is not None
    prefix, newline = f"{first['lead'].decode()}{first['marker'].decode()} ", line_ending(source)
    entries, remarks = _anchored(_chunks(source, region, found), {line.key for line in lines})
    pieces = list(remarks[None])
    for line in lines:
        chunk = entries.get(line.key)
        pieces.append(kept(line, chunk.start, chunk.text) if chunk else prefix + line.item)
        pieces += remarks[line.key]
    text = "".join(piece if piece.endswith(("\n", "\r")) else piece + newline for piece in pieces)
    if not LINE_END.search(source.data, max(region.start, region.end - 1)):
        text = text.removesuffix(newline)
    return None if text == source.data[region.start : region.end].decode() else Edit(region, text)


def _chunks(source: Source, region: Span, found: dict[int, Hashable]) -> Iterator[_Chunk]:
    """A list's lines cut at its own items; deeper ones belong to the item above them."""
    data, base, current = source.data, -1, None
    starts = [line.start for line in split_lines(data, region.start, region.end)]
    for start, end in zip(starts, [*starts[1:], region.end], strict=True):
        marker = _MARKER.match(data, start)
        depth = len(marker["lead"].expandtabs(4)) if marker else -1
        base = depth if base < 0 else base
        text = data[start:end].decode()
        if current is None or start in found or (marker and depth <= base):
            if current:
                yield current
            current = _Chunk(found.get(start), start, text)
        else:
            current.text += text
    if current:
        yield current


def _anchored(
    chunks: Iterator[_Chunk], wanted: set[Hashable]
) -> tuple[dict[Hashable, _Chunk], dict[Hashable | None, list[str]]]:
    """The entries that stay, and the remarks by the entry that they follow then."""
    entries: dict[Hashable, _Chunk] = {}
    remarks: dict[Hashable | None, list[str]] = defaultdict(list)
    anchor: Hashable | None = None
    for chunk in chunks:
        if chunk.key is None:
            remarks[anchor].append(chunk.text)
        elif chunk.key in wanted and chunk.key not in entries:
            entries[chunk.key] = chunk
            anchor = chunk.key
    return entries, remarks


def nested_list(source: Source, key_line: int, items: Sequence[str]) -> str:
    """A list below the key whose line begins at `key_line`, a line ending before each of its lines."""
    marker = _MARKER.match(source.data, key_line)
    indent = " " * (len(marker["lead"].expandtabs(4)) + 4) if marker else ""
    return "".join(f"{line_ending(source)}{indent}- {item}" for item in items)
