"""Schema Design: tables by heading, and every code block in document order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document.architecture import ColumnDraft, SchemaDesign, TableEntry
from dbdeed.document.blocks import Table
from dbdeed.document.inline import plain
from dbdeed.document.sections.code import code_blocks
from dbdeed.document.sections.entries import bare_name, entry_at, in_code
from dbdeed.document.source import Place, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.document.architecture import CodeBlock
    from dbdeed.document.outline import Part
    from dbdeed.document.sections.entries import Entry
    from dbdeed.document.source import Source

_COLUMN_TITLES = frozenset({"column", "field", "attribute", "name", "column name", "field name"})
_CREATE = re.compile(
    r"\bcreate\s+(?:(?:unlogged|temp|temporary|virtual|foreign|global|local)\s+)*table\s+(?:if\s+not\s+exists\s+)?"
    r"(?P<name>[\w.\"`$\[\]]+)",
    re.IGNORECASE,
)


_SAMPLES = re.compile(r"(?:sample|seed|example)\s+(?:rows|data)", re.IGNORECASE)


def read_schema(parts: Sequence[Part]) -> SchemaDesign:
    """Tables are headings that say so, identifiers in backticks, and headings over a table of that name."""
    tables: list[TableEntry] = []
    blocks: list[CodeBlock] = []
    owner: TableEntry | None = None
    samples: list[CodeBlock] = []
    left, sampled = 0, 0
    for index, part in enumerate(parts):
        sampled = _sample_level(part, sampled)
        if sampled:
            samples.extend(_blocks(part, parts, index, None))
            continue
        if left == 0:
            owner = None
            if part.heading is not None and not part.opens:
                entry = entry_at(parts, index)
                owner = _table(entry)
                if owner is not None:
                    tables.append(owner)
                    left = len(entry.parts)
        left = max(0, left - 1)
        blocks.extend(_blocks(part, parts, index, owner))
        if left == 0:
            owner = None
    return SchemaDesign(tuple(tables), tuple(blocks), tuple(samples))


def _sample_level(part: Part, above: int) -> int:
    """The level of the heading over sample rows that a part stands under; 0 where it stands under none."""
    if part.heading is None:
        return above
    if above and part.level > above:
        return above
    return part.level if not part.opens and _SAMPLES.fullmatch(part.title.strip()) else 0


def _blocks(part: Part, parts: Sequence[Part], index: int, owner: TableEntry | None) -> Iterator[CodeBlock]:
    heading = next((before.title for before in reversed(parts[: index + 1]) if before.heading), "")
    yield from code_blocks(part, heading, owner.name if owner else "")


def _table(entry: Entry) -> TableEntry | None:
    name, said = bare_name(entry.part, "table|collection")
    blocks = tuple(block for part in entry.parts for block in code_blocks(part, entry.part.title, name))
    drafts = [
        (part.source, block)
        for part in entry.parts
        for block in part.blocks
        if isinstance(block, Table) and _is_draft(part.source, block)
    ]
    if not (said or in_code(entry.part) or _creates(blocks, name) or (drafts and " " not in name)):
        return None
    draft = tuple(row for source, table in drafts for row in _rows(source, table)) if not blocks else ()
    return TableEntry(name, entry.place, entry.extent, blocks, draft)


def _creates(blocks: Sequence[CodeBlock], name: str) -> bool:
    wanted = _folded(name)
    return any(_folded(match["name"]) == wanted for block in blocks for match in _CREATE.finditer(block.text))


def _folded(name: str) -> str:
    return re.sub(r"[\"`\[\]]", "", name).lower()


def _is_draft(source: Source, table: Table) -> bool:
    titles = [plain(source.data, [cell]).text.lower() for cell in table.header]
    return len(titles) > 1 and titles[0] in _COLUMN_TITLES


def _rows(source: Source, table: Table) -> Iterator[ColumnDraft]:
    titles = [plain(source.data, [cell]).text for cell in table.header]
    for row in table.rows:
        name = plain(source.data, row[:1]).text
        if name:
            texts = [plain(source.data, [cell]).text for cell in row]
            yield ColumnDraft(
                name, tuple(zip(titles, texts, strict=False)), Place(source, Span(row[0].start, row[-1].end))
            )
