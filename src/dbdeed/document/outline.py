"""A document cut at its headings, linked files spliced in where they are linked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbdeed.document import keys
from dbdeed.document.blocks import Heading, List, Quote
from dbdeed.document.inline import plain
from dbdeed.document.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.document.blocks import Block


@dataclass(frozen=True, slots=True)
class Part:
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
    for index, following in zip(headings, [*headings[1:], len(blocks)], strict=True):
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
            current, level = keys.known_section(part.title), part.level
        elif part.heading is not None and part.level <= level:
            current, level = "", part.level
        result.append(replace(part, section=current, opens=opens))
    return result


def _openers(parts: Sequence[Part]) -> set[int]:
    """Which headings open a known section.

    The template has them at level two, but any level will do: most of them stand at one level, which decides.
    A section missing there may stand at another level, though not inside Data Models or Schema Design, where a
    heading is a model's or a table's name.
    """
    named = {index: keys.known_section(part.title) for index, part in enumerate(parts) if part.heading}
    named = {index: name for index, name in named.items() if name}
    counts = Counter(level for level, _ in {(parts[index].level, name) for index, name in named.items()})
    if not counts:
        return set()
    usual = min(counts, key=lambda level: (-counts[level], level))
    openers = {index for index in named if parts[index].level == usual}
    present = {named[index] for index in openers}
    for index, name in named.items():
        if name not in present and not _inside_entries(parts, openers, named, index):
            openers.add(index)
            present.add(name)
    return openers


def _inside_entries(parts: Sequence[Part], openers: Iterable[int], named: dict[int, str], index: int) -> bool:
    before = max((opener for opener in openers if opener < index), default=None)
    if before is None or parts[index].level <= parts[before].level:
        return False
    left = any(part.heading and part.level <= parts[before].level for part in parts[before + 1 : index])
    exact = parts[index].title.casefold() == named[index].casefold()
    return not left and (named[before] in {keys.MODELS, keys.SCHEMA} or not exact)


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
    """The blocks without those inside the regions: what the program wrote is not read back as a person's."""
    if not regions:
        return tuple(blocks)
    kept: list[Block] = []
    for block in blocks:
        if any(region.start <= block.span.start and block.span.end <= region.end for region in regions):
            continue
        touched = any(region.start < block.span.end and block.span.start < region.end for region in regions)
        kept.append(_pruned(block, regions) if touched else block)
    return tuple(kept)


def _pruned(block: Block, regions: Sequence[Span]) -> Block:
    if isinstance(block, Quote):
        return replace(block, children=prune(block.children, regions))
    if isinstance(block, List):
        items = (replace(item, children=prune(item.children, regions)) for item in block.items)
        return replace(block, items=tuple(items))
    return block
