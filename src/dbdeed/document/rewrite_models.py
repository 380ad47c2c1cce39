"""Edits of a model's lists, and new entries: models, tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbdeed.document import keys
from dbdeed.document.blocks import Heading, List
from dbdeed.document.edit import Edit
from dbdeed.document.lines import LINE_END, line_end, line_start, next_line, split_lines
from dbdeed.document.markdown import parse_blocks
from dbdeed.document.placeholders import has_placeholder
from dbdeed.document.rewrite import in_style, line_ending
from dbdeed.document.rewrite_rows import rows_edit
from dbdeed.document.sections.relationships import parse_relationship
from dbdeed.document.source import Place, Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from dbdeed.document.architecture import Architecture, ModelEntry

_MARKER = re.compile(rb"(?P<lead>[ \t>]*)(?P<marker>[-+*]|\d{1,9}[.)])[ \t]")


@dataclass(slots=True)
class _Chunk:
    """Some lines of a list: an entry with what belongs to it, and the remarks that follow it in items of their own."""

    key: Hashable
    text: str
    remarks: list[str] = field(default_factory=list)


def attributes_edit(model: ModelEntry, attributes: Sequence[tuple[str, str]]) -> Edit | None:
    """The edit of the model's source after which its Attributes are these, in this order; None where they are.

    A line that says the same already stays as it is; one whose type changed keeps its remark. Items that are
    no attributes stay behind the line they follow.

    Args:
        model: as read; the edit is of `model.place.source`.
        attributes: (name, "type, constraints").
    """
    old = {line_start(entry.place.source.data, entry.place.span.start): entry for entry in model.attributes}

    def kept(_name: str, text: str, at: int, line: str) -> str:
        entry = old[at]
        if _same(entry.text, text):
            return line
        data, span = entry.place.source.data, entry.place.span
        before, after = data[at : span.start].decode(), data[span.end : at + len(line.encode())].decode()
        glue = " " if before.endswith(":") else "" if before.endswith((" ", "\t", "(")) else ": "
        return f"{before}{glue}{text}{after}"

    lines = [_Line(name, f"`{name}`: {text}" if text else f"`{name}`", text) for name, text in attributes]
    found: dict[int, Hashable] = {at: entry.name for at, entry in old.items()}
    return _list_edit(model, "Attributes", model.attributes_place, lines, found, kept)


def relationships_edit(model: ModelEntry, relationships: Sequence[str]) -> Edit | None:
    """As `attributes_edit`, for lines such as "One-to-many with Order".

    A line that means the same stays as it is, whatever its words; one that was not understood is a person's
    and stays, unless it is the template's own.
    """
    found: dict[int, Hashable] = {}
    lines = [_Line(_meaning(text), text, "") for text in relationships]
    wanted = {line.key for line in lines}
    for entry in model.relationships:
        data, span = entry.place.source.data, entry.place.span
        meaning = _meaning(entry.text)
        if entry.kind or meaning in wanted or has_placeholder(data, span):
            found[line_start(data, span.start)] = meaning
    return _list_edit(
        model, "Relationships", model.relationships_place, lines, found, lambda *given: given[-1]
    )


def model_edits(
    model: ModelEntry, attributes: Sequence[tuple[str, str]], relationships: Sequence[str]
) -> tuple[Edit, ...]:
    """Both lists of a model at once: where it has neither, they are added as one list."""
    if model.attributes_place is None and model.relationships_place is None and attributes and relationships:
        own = [f"`{name}`: {text}" if text else f"`{name}`" for name, text in attributes]
        return (_new_keys(model, [("Attributes", own), ("Relationships", relationships)]),)
    edits = attributes_edit(model, attributes), relationships_edit(model, relationships)
    return tuple(edit for edit in edits if edit is not None)


def _meaning(text: str) -> Hashable:
    kind, target, through = parse_relationship(text)
    return (kind, target, through) if kind else " ".join(text.split()).casefold()


@dataclass(frozen=True, slots=True)
class _Line:
    key: Hashable
    item: str
    text: str


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.replace("`", "").split()).casefold()


def _list_edit(
    model: ModelEntry,
    key: str,
    place: Place | None,
    lines: Sequence[_Line],
    found: dict[int, Hashable],
    kept: Callable[[str, str, int, str], str],
) -> Edit | None:
    if place is None or place.span.start == place.span.end:
        return _new_list(model, key, place, [line.item for line in lines]) if lines else None
    data = place.source.data
    if data[place.span.start] == 0x7C:
        return rows_edit(place, [(str(line.key), line.text) for line in lines])
    if not _is_list(place):
        return _over_inline(place, lines, found)
    region = Span(line_start(data, place.span.start), next_line(data, place.span.end))
    head, chunks = _chunks(place.source, region, found)
    text = _rebuilt(place.source, region, head, chunks, lines, kept)
    return None if text == data[region.start : region.end].decode() else Edit(region, text)


def _is_list(place: Place) -> bool:
    data, start = place.source.data, place.span.start
    marker = _MARKER.match(data, line_start(data, start))
    return marker is not None and marker.start("marker") == start


def _chunks(
    source: Source, region: Span, found: dict[int, Hashable]
) -> tuple[str, dict[Hashable, tuple[int, _Chunk]]]:
    """A list's lines cut at its items: the remarks before the first entry, and each entry by its key."""
    data = source.data
    first = _MARKER.match(data, region.start)
    base = len(first["lead"].expandtabs(4)) if first else 0
    head: list[str] = []
    chunks: dict[Hashable, tuple[int, _Chunk]] = {}
    target = head
    current: _Chunk | None = None
    for start, end in _whole_lines(data, region):
        line = data[start:end].decode()
        marker = _MARKER.match(data, start)
        if start in found:
            key = found[start] if found[start] not in chunks else (found[start], start)  # a second one: unwanted
            current = _Chunk(key, line)
            chunks[key] = start, current
            target = current.remarks
        elif (
            current is not None and not target and not (marker and len(marker["lead"].expandtabs(4)) <= base)
        ):
            current.text += line
        else:
            target.append(line)
    return "".join(head), chunks


def _whole_lines(data: bytes, region: Span) -> list[tuple[int, int]]:
    starts = [line.start for line in split_lines(data, region.start, region.end)]
    return list(zip(starts, [*starts[1:], region.end], strict=True))


def _rebuilt(
    source: Source,
    region: Span,
    head: str,
    chunks: dict[Hashable, tuple[int, _Chunk]],
    lines: Sequence[_Line],
    kept: Callable[[str, str, int, str], str],
) -> str:
    first = _MARKER.match(source.data, region.start)
    assert first is not None
    prefix = f"{first['lead'].decode()}{first['marker'].decode()} "
    newline = line_ending(source)
    wanted = {line.key for line in lines}
    head += "".join(_leading_remarks(chunks, wanted))
    pieces = [_ended(head, newline)] if head else []
    for line in lines:
        if line.key not in chunks:
            pieces.append(f"{prefix}{line.item}{newline}")
            continue
        start, chunk = chunks[line.key]
        pieces.append(_ended(kept(str(line.key), line.text, start, chunk.text), newline))
        pieces += [_ended(remark, newline) for remark in _remarks_after(chunks, line.key, wanted)]
    text = "".join(pieces)
    return (
        text
        if LINE_END.search(source.data, max(region.start, region.end - 1))
        else text.removesuffix(newline)
    )


def _leading_remarks(chunks: dict[Hashable, tuple[int, _Chunk]], wanted: set[Hashable]) -> list[str]:
    """Remarks behind entries that go, where no entry before them stays."""
    remarks: list[str] = []
    for key, (_, chunk) in chunks.items():
        if key in wanted:
            break
        remarks += chunk.remarks
    return remarks


def _remarks_after(
    chunks: dict[Hashable, tuple[int, _Chunk]], key: Hashable, wanted: set[Hashable]
) -> list[str]:
    """The remarks of an entry, and of those behind it that go."""
    ordered = list(chunks)
    remarks = list(chunks[key][1].remarks)
    for following in ordered[ordered.index(key) + 1 :]:
        if following in wanted:
            break
        remarks += chunks[following][1].remarks
    return remarks


def _ended(text: str, newline: str) -> str:
    return text if text.endswith(("\n", "\r")) else text + newline


def _over_inline(place: Place, lines: Sequence[_Line], found: dict[int, Hashable]) -> Edit | None:
    """What stands on the key's own line stays while it says the same, and becomes a list when it must change."""
    if not lines or (len(lines) == 1 and list(found.values()) == [lines[0].key]):
        return None
    data, start = place.source.data, line_start(place.source.data, place.span.start)
    at = len(data[: place.span.start].rstrip(b" \t"))
    return Edit(Span(at, place.span.end), _nested(place.source, start, [line.item for line in lines]))


def _nested(source: Source, start: int, items: Sequence[str]) -> str:
    """A list below the key whose line begins at `start`."""
    marker = _MARKER.match(source.data, start)
    indent = " " * (len(marker["lead"].expandtabs(4)) + 4) if marker else ""
    return "".join(f"{line_ending(source)}{indent}- {item}" for item in items)


def _new_list(model: ModelEntry, key: str, place: Place | None, items: Sequence[str]) -> Edit:
    if place is None:
        return _new_keys(model, [(key, items)])
    data = place.source.data
    at = line_end(data, place.span.start)
    return Edit(Span(at, at), _nested(place.source, line_start(data, place.span.start), items))


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
    end = extent.start + (lists[0] if lists else heading).span.end
    at = next_line(data, end)
    return at, bool(not lists and data[at : line_end(data, at)].strip())


def append_model_edit(
    architecture: Architecture,
    name: str,
    attributes: Sequence[tuple[str, str]] = (),
    relationships: Sequence[str] = (),
    description: str = "",
) -> Edit:
    """The edit of the document that adds a model at the end of Data Models."""
    lines = [f"- **Description**: {description}"] if description else []
    if attributes:
        lines += ["- **Attributes**:", *(f"    - `{name}`: {text}" for name, text in attributes)]
    if relationships:
        lines += ["- **Relationships**:", *(f"    - {text}" for text in relationships)]
    return _append(architecture, keys.MODELS, name, "\n".join(lines))


def append_table_edit(architecture: Architecture, name: str, sql: str) -> Edit:
    """The edit of the document that adds `### Table: `name`` with its SQL at the end of Schema Design."""
    longest = max((len(run) for run in re.findall(r"`+", sql)), default=0)
    fence = "`" * max(3, longest + 1)
    return _append(architecture, keys.SCHEMA, f"Table: `{name}`", f"{fence}sql\n{sql.rstrip()}\n{fence}")


def _append(architecture: Architecture, section: str, title: str, body: str) -> Edit:
    source = architecture.source
    known = [found for found in architecture.sections if found.known and found.name == section]
    level = known[-1].level if known else 2
    heading = "#" * min(level + 1, 6)
    text = f"\n{heading} {title}\n{body}\n" if body else f"\n{heading} {title}\n"
    if not known:
        text = f"\n## {section}\n{text}"
    at = _text_end(source, known[-1].extent.span if known else _before_next(architecture, section))
    missing = "\n" if at and line_start(source.data, at) != at else ""
    return Edit(Span(at, at), in_style(source, missing + text))


def _text_end(source: Source, extent: Span) -> int:
    end = extent.start + len(source.data[extent.start : extent.end].rstrip(b" \t\r\n"))
    return next_line(source.data, end) if end else 0


def _before_next(architecture: Architecture, section: str) -> Span:
    """Where a missing section goes: before the first section that the template has after it, else at the end."""
    later = list(keys.SECTIONS)[list(keys.SECTIONS).index(section) + 1 :]
    for found in architecture.sections:
        if found.known and found.name in later:
            return Span(0, found.extent.span.start)
    return Span(0, len(architecture.source.data))
