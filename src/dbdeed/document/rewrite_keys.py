"""Setting a key's value in place, or adding the key where the template has it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document import keys
from dbdeed.document.blocks import Heading, Item, List, Other, Paragraph, Quote, Table
from dbdeed.document.edit import Edit, apply_edits
from dbdeed.document.inline import plain
from dbdeed.document.lines import line_end, line_start, next_line
from dbdeed.document.markdown import parse_blocks
from dbdeed.document.rewrite import line_ending, lost
from dbdeed.document.source import Source, Span
from dbdeed.errors import InvalidInput, OurFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dbdeed.document.architecture import Architecture, Setting
    from dbdeed.document.blocks import Block
    from dbdeed.document.source import Place

_LIST_MARKER = re.compile(rb"(?<=[\r\n])[ \t>]*(?:[-+*]|\d{1,9}[.)])[ \t]+\Z")
_KEY = re.compile(rb"\*\*|__|[A-Za-z][A-Za-z0-9 ()/_-]{0,60}[:=]")


def set_value_edit(architecture: Architecture, key: str, value: str) -> Edit | None:
    """The edit of the document after which `key` says `value`; None where it does already.

    An absent key is added beside the keys of its section, in their style; an absent section at the end.

    Args:
        architecture: the document as read.
        key: in the template's spelling: "Last Updated", "RPO".
        value: one line, as it would stand after the colon.

    Raises:
        InvalidInput: the value stands in a linked file, or spread over a table's rows.
    """
    if not value.strip() or "\n" in value or "\r" in value:
        raise OurFault(f"a value of “{key}” must be one line of text")
    setting = next(setting for setting in architecture.settings() if setting.key == key)
    if setting.raw == value.strip():
        return None
    source = architecture.source
    edit = (
        _replaced(source, setting, setting.place, value)
        if setting.place
        else _added(architecture, key, value)
    )
    _prove_value(source, edit, key, value)
    return edit


def _replaced(source: Source, setting: Setting[object], place: Place, value: str) -> Edit:
    if place.source is not source:
        raise InvalidInput(
            f"“{setting.key}” stands in a linked file",
            where=str(place),
            code="in-linked-file",
            hint="change it there",
        )
    data, span = source.data, place.span
    cell = data[line_start(data, span.start) : span.start].lstrip(b" \t>").startswith(b"|")
    if cell and span.end > line_end(data, span.start):
        raise InvalidInput(
            f"“{setting.key}” is spread over a table's rows",
            where=str(place),
            code="in-table",
            hint="change the table",
        )
    if cell:
        return Edit(span, _in_cell(value.strip()))
    before = _LIST_MARKER.sub(b"", data[: span.start]).rstrip(b" \t\r\n>")
    below_heading = data[line_start(data, len(before)) : len(before)].lstrip(b" ").startswith(b"#")
    if len(before) < line_start(data, span.start) and not below_heading:
        return Edit(Span(len(before), span.end), f" {value.strip()}")
    if span.start == span.end and not below_heading:
        blank = data[len(before) : span.end].decode()
        colon = ":" if before.endswith((b"**", b"__")) and before[-3:-2] != b":" else ""
        text = f"{colon} {value.strip()}{blank if len(blank) > 1 else ''}"
        return Edit(Span(len(before), span.end), text)
    glued = span.start > 0 and data[span.start - 1 : span.start] not in {b" ", b"\t", b"\n", b"\r"}
    return Edit(span, f" {value.strip()}" if glued else value.strip())


def _added(architecture: Architecture, key: str, value: str) -> Edit:
    source = architecture.source
    section = next(name for name, its_keys in keys.KEYS.items() if key in its_keys)
    order = list(keys.KEYS[section])
    present = {
        setting.key: setting.place
        for setting in architecture.settings()
        if setting.key in order and setting.place
    }
    beside = [place for name in order if (place := present.get(name)) and place.source is source]
    earlier = [
        place for name in order[: order.index(key)] if (place := present.get(name)) and place.source is source
    ]
    if beside:
        return _beside(source, earlier[-1] if earlier else beside[0], section, key, value.strip())
    newline = line_ending(source)
    line = f"**{key}**: {value.strip()}{newline}"
    for index, known in enumerate(architecture.sections):
        title = index == 0 and not known.known and known.level == 1
        if (known.known and known.name == section) or (section == keys.HEADER and title):
            at = next_line(source.data, _heading_end(source, known.heading.span))
            parted = newline if source.data[at : line_end(source.data, at)].strip(b" \t") else ""
            return Edit(Span(at, at), f"{_missing_newline(source, at)}{newline}{line}{parted}")
    if section == keys.HEADER:
        top = _top(source)
        return Edit(Span(top, top), f"{_missing_newline(source, top)}{line}{newline}")
    end = len(source.data)
    return Edit(
        Span(end, end), f"{_missing_newline(source, end)}{newline}## {section}{newline}{newline}{line}"
    )


def _heading_end(source: Source, text: Span) -> int:
    """The end of the heading that has this text: of a setext one, that of its underline."""
    blocks = parse_blocks(source.data)
    found = (block for block in blocks if isinstance(block, Heading) and block.text.start == text.start)
    return next((heading.span.end for heading in found), text.end)


def _top(source: Source) -> int:
    """Where text begins: behind a byte order mark and front matter."""
    data = source.data
    start = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    first = next(iter(parse_blocks(data)), None)
    matter = isinstance(first, Other) and first.span.start == start and first.span.end > line_end(data, start)
    return next_line(data, first.span.end) if first and matter else start


def _in_cell(value: str) -> str:
    return value.replace("|", "\\|")


def _missing_newline(source: Source, at: int) -> str:
    return line_ending(source) if at and line_start(source.data, at) != at else ""


def _beside(source: Source, place: Place, section: str, key: str, value: str) -> Edit:
    """A key after another one, written as that one is: a list item, a table row, a line with a hard break."""
    data = source.data
    around = list(_around(parse_blocks(data), place.span.start))
    for block in reversed(around):
        if isinstance(block, Item) and _KEY.match(data, _text_start(block)):
            lead = data[line_start(data, block.marker.start) : block.marker.start].decode()
            marker = data[block.marker.start : block.marker.end].decode()
            return _line_after(source, block.span.end, f"{lead}{marker} **{key}**: {value}")
        if isinstance(block, Table) and _has_rows_of_keys(source, block, section):
            row = f"| {key} | {_in_cell(value)} |" + " |" * (len(block.header) - 2)
            return _line_after(source, block.span.end, row)
    if around and isinstance(around[0], Paragraph) and _KEY.match(data, around[0].span.start):
        end = line_end(data, place.span.end)
        ends_hard = data[:end].endswith((b"  ", b"\\"))
        text = f"{line_ending(source)}**{key}**: {value}"
        return Edit(Span(end, end), f"{text}  " if ends_hard else f"  {text}")
    end = around[0].span.end if around else place.span.end
    return _line_after(source, end, f"**{key}**: {value}", parted=True)


def _around(blocks: Iterable[Block], offset: int) -> Iterator[Block | Item]:
    """The block that holds an offset, and what holds it in that, from the outside in."""
    for block in blocks:
        if block.span.start <= offset <= block.span.end:
            yield block
            if isinstance(block, Quote):
                yield from _around(block.children, offset)
            elif isinstance(block, List):
                for item in block.items:
                    if item.span.start <= offset <= item.span.end:
                        yield item
                        yield from _around(item.children, offset)


def _text_start(item: Item) -> int:
    return item.children[0].span.start if item.children else item.span.end


def _has_rows_of_keys(source: Source, table: Table, section: str) -> bool:
    """Keys stand in the first column, not over the columns."""
    firsts = (plain(source.data, row[:1]).text for row in table.rows if row)
    return len(table.header) > 1 and any(keys.known_key(section, first) for first in firsts)


def _line_after(source: Source, end: int, line: str, *, parted: bool = False) -> Edit:
    """A line of its own after the line that `end` stands in; `parted` by empty lines from what is around."""
    data, newline = source.data, line_ending(source)
    at = next_line(data, end)
    before = _missing_newline(source, at) + (newline if parted else "")
    after = newline if parted and data[at : line_end(data, at)].strip(b" \t") else ""
    return Edit(Span(at, at), f"{before}{line}{newline}{after}")


def _prove_value(source: Source, edit: Edit, key: str, value: str) -> None:
    from dbdeed.document.read import read

    after = read(Source(source.name, apply_edits(source, [edit])))
    found = next(setting for setting in after.settings() if setting.key == key)
    if found.raw.replace("\\|", "|") != value.strip():
        raise lost(source, f"the value of “{key}”", f"{found.raw!r} is read for {value.strip()!r}")
