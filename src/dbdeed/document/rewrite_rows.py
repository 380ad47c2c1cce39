"""Edits of a model's attributes where they stand in a Markdown table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.blocks import Table
from dbdeed.document.edit import Edit
from dbdeed.document.inline import plain
from dbdeed.document.lines import line_end, line_start
from dbdeed.document.markdown import parse_blocks
from dbdeed.document.rewrite import line_ending
from dbdeed.document.rewrite_text import attribute_text, code_span, same
from dbdeed.document.sections.models import text_columns
from dbdeed.document.source import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.document.source import Place


def is_table(place: Place) -> bool:
    """Whether a place is a Markdown table, and not a line that only begins like one."""
    data, span = place.source.data, place.span
    if data[span.start : span.start + 1] != b"|":
        return False
    blocks = parse_blocks(data[line_start(data, span.start) : span.end])
    return len(blocks) == 1 and isinstance(blocks[0], Table)


def rows_edit(place: Place, attributes: Sequence[tuple[str, str]]) -> Edit | None:
    """The edit after which the table's rows are these attributes, in this order; None where they are.

    A row that says the same stays as it is. A changed one has the new text in the first column behind the
    name; its columns of prose stay.

    Args:
        place: the table.
        attributes: (name, "type, constraints").
    """
    source = place.source
    start = line_start(source.data, place.span.start)
    region = source.data[start : place.span.end]
    table = next(block for block in parse_blocks(region) if isinstance(block, Table))
    wanted = text_columns([plain(region, [cell]).text for cell in table.header])
    old = {plain(region, row[:1]).text.replace("\\|", "|"): row for row in table.rows}
    lead = region[: table.span.start].decode()
    lines = [
        _row(region, old.get(name, ()), wanted, len(table.header), name, text, lead)
        for name, text in attributes
    ]
    head = line_end(region, line_end(region, table.span.start) + 2)  # past the header and its ruling
    new = region[:head].decode() + "".join(line_ending(source) + line for line in lines)
    return None if new == region.decode() else Edit(Span(start, place.span.end), new)


def _row(
    region: bytes, row: tuple[Span, ...], wanted: list[int], columns: int, name: str, text: str, lead: str
) -> str:
    cells = [region[cell.start : cell.end].decode() for cell in row] + [""] * (columns - len(row))
    own = [plain(region, [row[i]]).text for i in wanted if i < len(row) and row[i].start < row[i].end]
    if row and same(", ".join(own).replace("\\|", "|"), text):
        begin = line_start(region, row[0].start)
        return region[begin : line_end(region, begin)].decode()
    cells[0] = cells[0] if row else _cell(code_span(name))
    for index in wanted:
        cells[index] = _cell(attribute_text(text)) if index == wanted[0] else ""
    return f"{lead}| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
