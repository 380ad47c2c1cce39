"""A document cut at its headings, linked files spliced in where they are linked."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dbdeed.document import keys
from dbdeed.document.blocks import Heading, List, Quote
from dbdeed.document.inline import plain
from dbdeed.document.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.document.blocks import Block


class Part(Struct, frozen=True):
    """A heading and what follows it up to the next heading of any level.

    Attributes:
        heading: None for what stands before the first heading of a file.
        level: the heading's, counted on from the linking part in a linked file; 0 without heading.
        title: the heading's text without markup.
        extent: the bytes from the heading's start to the next heading's start.
        section: the template's name of the section it belongs to, "" for an unknown one.
        opens: its heading opens the section.
        sql: the whole source is SQL (a linked file).
    """

    source: Source
    heading: Heading | None
    level: int
    title: str
    blocks: tuple[Block, ...]
    extent: Span
    section: str = ""
    opens: bool = False
    sql: bool = False


def cut(source: Source, blocks: Sequence[Block]) -> list[Part]:
    """The parts of one file, not yet assigned to sections."""
    headings = [index for index, block in enumerate(blocks) if isinstance(block, Heading)]
    end = len(source.data)
    first = headings[0] if headings else len(blocks)
    parts = [Part(source, None, 0, "", tuple(blocks[:first]), Span(0, _start(blocks, first, end)))]
    for index, following in zip(headings, [*headings, len(blocks)][1:], strict=True):
        heading = blocks[index]
        assert isinstance(heading, Heading)
        title = plain(source.data, [heading.text]).text
        extent = Span(heading.span.start, _start(blocks, following, end))
        parts.append(
            Part(source, heading, heading.level, title, tuple(blocks[index + 1 : following]), extent)
        )
    return parts


def _start(blocks: Sequence[Block], index: int, end: int) -> int:
    return blocks[index].span.start if index < len(blocks) else end


def assign_sections(parts: Sequence[Part]) -> list[Part]:
    """Give every part its section: the header is what stands before the first known one."""
    openers = _openers(parts)
    result: list[Part] = []
    current, level = keys.HEADER, 0
    for index, part in enumerate(parts):
        opens = index in openers
        if opens:
            current, level = openers[index], part.level
        elif part.heading is not None and part.level <= level:
            current, level = "", part.level
        result.append(replace(part, section=current, opens=opens))
    return result


def _openers(parts: Sequence[Part]) -> dict[int, str]:
    """Which headings open a known section, and which.

    The template has them at level two, but any level will do: most of them stand at one level, which decides.
    A section missing there may stand at another level, though not inside Data Models or Schema Design, where
    a heading is a model's or a table's name.
    """
    named = {index: name for index, part in enumerate(parts) if (name := keys.known_section(part.title))}
    counts = Counter(level for level, _ in {(parts[index].level, name) for index, name in named.items()})
    if not counts:
        return {}
    usual = min(counts, key=lambda level: (-counts[level], level))
    openers = {index: name for index, name in named.items() if parts[index].level == usual}
    present = set(openers.values())
    around, level = "", 0
    for index, part in enumerate(parts):
        if index in openers:
            around, level = openers[index], part.level
        elif part.heading is not None and part.level <= level:
            around, level = "", part.level
        name = named.get(index, "")
        if name and name not in present and _may_open(part, name, around):
            openers[index] = around = name
            level = part.level
            present.add(name)
    return openers


def _may_open(part: Part, name: str, around: str) -> bool:
    """Whether a heading of an unusual level opens a section, seen from the one around it."""
    if around in {keys.MODELS, keys.SCHEMA}:
        return False
    return not around or part.title.casefold() == name.casefold()


def splice(parts: Sequence[Part], at: Part) -> list[Part]:
    """A linked file's parts, as they belong under the part that links to it."""
    lowest = min((part.level for part in parts if part.heading), default=1)
    return [
        replace(
            part, section=at.section, level=at.level + part.level - lowest + 1 if part.heading else at.level
        )
        for part in parts
    ]


def prune(blocks: Iterable[Block], regions: Sequence[Span]) -> tuple[Block, ...]:
    """The blocks without those inside the regions: what the program wrote is not read back as a person's.

    The regions are in order and do not overlap.
    """
    if not regions:
        return tuple(blocks)
    starts = [region.start for region in regions]
    kept: list[Block] = []
    for block in blocks:
        index = bisect_right(starts, block.span.start) - 1
        if index >= 0 and block.span.end <= regions[index].end:
            continue
        next_start = starts[index + 1] if index + 1 < len(starts) else block.span.end
        kept.append(_pruned(block, regions) if next_start < block.span.end else block)
    return tuple(kept)


def _pruned(block: Block, regions: Sequence[Span]) -> Block:
    if isinstance(block, Quote):
        return replace(block, children=prune(block.children, regions))
    if isinstance(block, List):
        items = (replace(item, children=prune(item.children, regions)) for item in block.items)
        return replace(block, items=tuple(items))
    return block
