"""Edits of a model's attributes and relationships, and new entries: models, tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document import keys
from dbdeed.document.blocks import Heading, List
from dbdeed.document.edit import Edit
from dbdeed.document.lines import line_end, line_start, next_line
from dbdeed.document.markdown import parse_blocks
from dbdeed.document.placeholders import has_placeholder
from dbdeed.document.rewrite import in_style, line_ending
from dbdeed.document.rewrite_lists import Line, is_list, list_edit, nested_list
from dbdeed.document.rewrite_rows import is_table, rows_edit
from dbdeed.document.rewrite_text import attribute_item, attribute_text, code_span, normal, one_line, same
from dbdeed.document.sections.relationships import parse_relationship
from dbdeed.document.source import Place, Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from dbdeed.document.architecture import Architecture, ModelEntry


def attributes_edit(model: ModelEntry, attributes: Sequence[tuple[str, str]]) -> Edit | None:
    """The edit of the model's source after which its Attributes are these, in this order; None if they are.

    A line that says the same already stays as it is; one whose type changed keeps its remark. Items that are
    no attributes stay behind the line they follow.

    Args:
        model: as read; the edit is of `model.place.source`.
        attributes: (name, "type, constraints"), names unique.
    """
    old = {line_start(entry.place.source.data, entry.place.span.start): entry for entry in model.attributes}

    def kept(line: Line, at: int, text: str) -> str:
        entry = old[at]
        if same(entry.text, line.text):
            return text
        data, span = entry.place.source.data, entry.place.span
        before, after = data[at : span.start].decode(), data[span.end : at + len(text.encode())].decode()
        glue = " " if before.endswith(":") else "" if before.endswith((" ", "\t", "(")) else ": "
        return f"{before}{glue}{attribute_text(line.text)}{after}"

    lines = [Line(name, attribute_item(name, text), text) for name, text in attributes]
    found: dict[int, Hashable] = {at: entry.name for at, entry in old.items()}
    return _edit(model, "Attributes", model.attributes_place, lines, found, kept)


def relationships_edit(model: ModelEntry, relationships: Sequence[str]) -> Edit | None:
    """As `attributes_edit`, for lines such as "One-to-many with Order".

    A line that means the same stays as it is, whatever its words; one that was not understood is a person's
    and stays, unless it is the template's own.
    """
    found: dict[int, Hashable] = {}
    lines = [Line(_meaning(text), one_line(text)) for text in relationships]
    wanted = {line.key for line in lines}
    for entry in model.relationships:
        data, span = entry.place.source.data, entry.place.span
        meaning = _meaning(entry.text)
        if entry.kind or meaning in wanted or has_placeholder(data, span):
            found[line_start(data, span.start)] = meaning

    def kept(_line: Line, _at: int, text: str) -> str:
        return text

    return _edit(model, "Relationships", model.relationships_place, lines, found, kept)


def model_edits(
    model: ModelEntry, attributes: Sequence[tuple[str, str]], relationships: Sequence[str]
) -> tuple[Edit, ...]:
    """Both lists of a model at once: where it has neither, they are added as one list."""
    if model.attributes_place is None and model.relationships_place is None and attributes and relationships:
        own = [attribute_item(name, text) for name, text in attributes]
        links = [one_line(text) for text in relationships]
        return (_new_keys(model, [("Attributes", own), ("Relationships", links)]),)
    edits = attributes_edit(model, attributes), relationships_edit(model, relationships)
    return tuple(edit for edit in edits if edit is not None)


def _meaning(text: str) -> Hashable:
    kind, target, through = parse_relationship(text)
    return (kind, target, through) if kind else normal(text)


def _edit(
    model: ModelEntry,
    key: str,
    place: Place | None,
    lines: Sequence[Line],
    found: dict[int, Hashable],
    kept: Callable[[Line, int, str], str],
) -> Edit | None:
    if place is None:
        return _new_keys(model, [(key, [line.item for line in lines])]) if lines else None
    data, span = place.source.data, place.span
    if span.start == span.end:
        return _below_key(place, lines, line_end(data, span.start)) if lines else None
    if is_table(place):
        return rows_edit(place, [(str(line.key), line.text) for line in lines])
    if is_list(place):
        return list_edit(place, lines, found, kept)
    if not lines or (len(lines) == 1 and list(found.values()) == [lines[0].key]):
        return None
    return _below_key(place, lines, len(data[: span.start].rstrip(b" \t\r\n>")))


def _below_key(place: Place, lines: Sequence[Line], at: int) -> Edit:
    """A list below a key, in place of its value; `at` is where the key's own text ends."""
    key_line = line_start(place.source.data, at)
    text = nested_list(place.source, key_line, [line.item for line in lines])
    return Edit(Span(at, max(at, place.span.end)), text)


def _new_keys(model: ModelEntry, lists: Sequence[tuple[str, Sequence[str]]]) -> Edit:
    source = model.place.source
    newline = line_ending(source)
    at, follows = _list_end(model)
    lines = [line for key, items in lists for line in (f"- **{key}**:", *(f"    - {item}" for item in items))]
    missing = newline if at and line_start(source.data, at) != at else ""
    return Edit(Span(at, at), missing + newline.join(lines) + newline + (newline if follows else ""))


def _list_end(model: ModelEntry) -> tuple[int, bool]:
    """Where a model's list ends, or would stand: after its heading. And whether text follows at once."""
    data, extent = model.extent.source.data, model.extent.span
    blocks = parse_blocks(data[extent.start : extent.end])
    lists = [block for block in blocks if isinstance(block, List)]
    heading = next(block for block in blocks if isinstance(block, Heading))
    at = next_line(data, extent.start + (lists[0] if lists else heading).span.end)
    return at, bool(not lists and data[at : line_end(data, at)].strip(b" \t"))


def append_model_edit(
    architecture: Architecture,
    name: str,
    attributes: Sequence[tuple[str, str]] = (),
    relationships: Sequence[str] = (),
    description: str = "",
    *,
    table: str = "",
) -> Edit:
    """The edit of the document that adds a model at the end of Data Models.

    `table` is said where the model's name does not lead to it.
    """
    lines = [f"- **Description**: {one_line(description)}"] if description else []
    if table:
        lines.append(f"- **Table**: {code_span(table)}")
    if attributes:
        lines += ["- **Attributes**:", *(f"    - {attribute_item(*attribute)}" for attribute in attributes)]
    if relationships:
        lines += ["- **Relationships**:", *(f"    - {one_line(text)}" for text in relationships)]
    return _append(architecture, keys.MODELS, one_line(name), "\n".join(lines))


def append_table_edit(architecture: Architecture, name: str, sql: str) -> Edit:
    """The edit of the document that adds `### Table: `name`` with its SQL at the end of Schema Design."""
    return _append(architecture, keys.SCHEMA, f"Table: {code_span(name)}", fenced(sql))


def fenced(sql: str) -> str:
    """A fenced block of SQL whose fence is longer than any run of backticks inside; no final line ending."""
    longest = max((len(run) for run in re.findall(r"`+", sql)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sql\n{sql.rstrip()}\n{fence}"


def append_section_edit(architecture: Architecture, text: str) -> Edit:
    """The edit of the document that adds a `###` with all its text at the end of Schema Design."""
    title, _, body = text.removeprefix("### ").partition("\n")
    return _append(architecture, keys.SCHEMA, title, body.rstrip("\n"))


def _append(architecture: Architecture, section: str, title: str, body: str) -> Edit:
    source = architecture.source
    known = [found for found in architecture.sections if found.known and found.name == section]
    level = known[-1].level if known else 2
    text = f"\n{'#' * min(level + 1, 6)} {title}\n" + (f"{body}\n" if body else "")
    if not known:
        text = f"\n## {section}\n{text}"
    at = _text_end(source, known[-1].extent.span if known else _before_next(architecture, section))
    missing = "\n" if at and line_start(source.data, at) != at else ""
    return Edit(Span(at, at), in_style(source, missing + text))


def _text_end(source: Source, extent: Span) -> int:
    end = extent.start + len(source.data[extent.start : extent.end].rstrip(b" \t\r\n"))
    return next_line(source.data, end) if end else 0


def _before_next(architecture: Architecture, section: str) -> Span:
    """Where a missing section goes: before the first that the template has after it, else at the end."""
    later = list(keys.SECTIONS)[list(keys.SECTIONS).index(section) + 1 :]
    for found in architecture.sections:
        if found.known and found.name in later:
            return Span(0, found.extent.span.start)
    return Span(0, len(architecture.source.data))
