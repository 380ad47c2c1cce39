"""Keys and their values as people write them: bold lines, list items, tables, headings.

`**Key**: value`, `**Key:** value`, `- **Key** - value`, `__Key__: value`, a plain `Key: value` where the
key is known, a row `| Key | value |`, a column `| Key |` over its values.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from msgspec.structs import replace

from dbdeed.document.blocks import Fence, Html, List, Paragraph, Quote, Table
from dbdeed.document.inline import plain
from dbdeed.document.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.document.blocks import Block, Item

_SEPARATOR = rb"[ \t]*(?::|\xef\xbc\x9a|=|(?:-|\xe2\x80[\x93\x94])(?=[ \t]|$))"
_BOLD = re.compile(
    rb"(?:\*{2,3}(?P<star>[^*\r\n]{1,200}?)\*{2,3}|__(?P<line>(?:[^_\r\n]|_(?!_)){1,200}?)__)"
    rb"(?P<separator>" + _SEPARATOR + rb")?[ \t]*"
)
_PLAIN = re.compile(rb"[`*_]?(?P<key>[A-Za-z][A-Za-z0-9 ()/_-]{0,60}?)[`*_]?[ \t]*(?::|=)(?=[ \t]|$)[ \t]*")
_JOINERS = b" \t|,;\xc2\xb7\xe2\x80\xa2/"
_VALUE_COLUMNS = frozenset(
    {"value", "setting", "target", "objective", "policy", "choice", "configuration", "detail", "details"}
)


class Knows(Protocol):
    """Whether a section has a key of this name: the template's spelling of it, or ""."""

    def __call__(self, name: str, /) -> str: ...


class Keyed(Struct, frozen=True):
    """One key and what was written for it.

    Attributes:
        key: as written, without markup and colon.
        known: the template's spelling, or "".
        lines: the value on the key's own line (an empty span where nothing stands there) and on those that
            continue it; for a table's column, one span for each row.
        labels: for a table's column, what the rows are about, in step with `lines`.
        children: the blocks under the key.
        bold: written as a key should be; otherwise it counts only where no bold one does.
        separated: a colon or dash follows it.
        cell: the value is a table's cell.
    """

    source: Source
    key: str
    known: str
    span: Span
    lines: tuple[Span, ...]
    labels: tuple[str, ...] = ()
    children: tuple[Block, ...] = ()
    bold: bool = True
    separated: bool = True
    cell: bool = False


def find_keys(source: Source, blocks: Sequence[Block], knows: Knows) -> Iterator[Keyed]:
    """Every key in some blocks, in document order; what stands under a known key belongs to its value."""
    taken: Block | None = None
    blocks = [block for block in blocks if not isinstance(block, Html)]
    for index, block in enumerate(blocks):
        if block is taken:
            continue
        if isinstance(block, Paragraph):
            found = _in_paragraph(source, block, knows)
            following = _under(source, found, blocks[index + 1 : index + 2], knows)
            taken = following[0] if following else None
            yield from _with_children(source, found, following, knows)
        elif isinstance(block, List):
            for item in block.items:
                yield from _in_item(source, item, knows)
        elif isinstance(block, Quote):
            yield from find_keys(source, block.children, knows)
        elif isinstance(block, Table):
            yield from _in_table(source, block, knows)


def _in_item(source: Source, item: Item, knows: Knows) -> Iterator[Keyed]:
    first, rest = (item.children[0], item.children[1:]) if item.children else (None, ())
    found = _in_paragraph(source, first, knows) if isinstance(first, Paragraph) else []
    if found:
        yield from _with_children(source, found, rest, knows)
    else:
        yield from find_keys(source, item.children, knows)


def _with_children(
    source: Source, found: list[Keyed], children: Sequence[Block], knows: Knows
) -> Iterator[Keyed]:
    if not found:
        return
    yield from found[:-1]
    last = found[-1]
    own, beside = until_known_key(source, children, knows) if last.known else (children, ())
    yield replace(last, children=tuple(own))
    for nested in find_keys(source, own, knows):
        if not last.known or (nested.known and nested.bold):
            yield nested
    yield from find_keys(source, beside, knows)


def until_known_key(
    source: Source, children: Sequence[Block], knows: Knows
) -> tuple[Sequence[Block], Sequence[Block]]:
    """Part what is listed under a key from the keys that Markdown takes into the same list."""
    for index, block in enumerate(children):
        if not isinstance(block, List):
            continue
        cut = next((i for i, item in enumerate(block.items) if _opens_known(source, item, knows)), None)
        if cut is not None:
            own = [
                *children[:index],
                replace(block, items=block.items[:cut], span=_items_span(block.items[:cut])),
            ]
            rest = replace(block, items=block.items[cut:], span=_items_span(block.items[cut:]))
            return (own if cut else children[:index]), [rest, *children[index + 1 :]]
    return children, ()


def _opens_known(source: Source, item: Item, knows: Knows) -> bool:
    first = item.children[0] if item.children else None
    return isinstance(first, Paragraph) and any(
        keyed.known and keyed.bold for keyed in _in_paragraph(source, first, knows)
    )


def _items_span(items: Sequence[Item]) -> Span:
    return Span(items[0].span.start, items[-1].span.end) if items else Span(0, 0)


def _under(source: Source, found: list[Keyed], following: Sequence[Block], knows: Knows) -> Sequence[Block]:
    """The block after a paragraph, where it is the value of the paragraph's last key."""
    block = following[0] if found and following else None
    if block is None or not _leaves_open(source, found[-1].lines):
        return ()
    if isinstance(block, List | Fence | Table):
        return following
    if isinstance(block, Paragraph) and found[-1].known and not _in_paragraph(source, block, knows):
        return following if not plain(source.data, found[-1].lines).text else ()
    return ()


def _leaves_open(source: Source, lines: Sequence[Span]) -> bool:
    """Whether the value is still to come: nothing stands there, or a sentence that ends with a colon."""
    text = plain(source.data, lines).text
    return not text or text.endswith(":")


def _in_paragraph(source: Source, block: Paragraph, knows: Knows) -> list[Keyed]:
    """The keys whose lines a paragraph has. Other lines continue the value above them."""
    found: list[Keyed] = []
    lines: list[list[Span]] = []
    continues = False
    for line in block.lines:
        starts = list(_in_line(source, line, knows))
        if starts:
            found.extend(starts)
            lines.extend([*start.lines] for start in starts)
        elif continues:
            lines[-1].append(_value(source.data, line.start, line.end))
        continues = bool(starts or continues) and not _ends_hard(source.data, lines[-1][-1])
    return [replace(keyed, lines=tuple(own)) for keyed, own in zip(found, lines, strict=True)]


def _ends_hard(data: bytes, line: Span) -> bool:
    """Whether a hard line break (two blanks, a backslash) stands after a line's text."""
    return data[line.end : line.end + 2] == b"  " or data[line.start : line.end].endswith(b"\\")


def _in_line(source: Source, line: Span, knows: Knows) -> Iterator[Keyed]:
    data = source.data
    match = _BOLD.match(data, line.start, line.end)
    if match is None:
        plain_key = _PLAIN.match(data, line.start, line.end)
        known = knows(plain_key["key"].decode("ascii")) if plain_key else ""
        if plain_key and known:
            value = _value(data, plain_key.end(), line.end)
            yield Keyed(
                source, plain_key["key"].decode(), known, Span(*plain_key.span("key")), (value,), bold=False
            )
        return
    first = _bold_key(source, match, line.end, knows)
    if first is None:
        return
    keyed, start = first, match.end()
    for match in _BOLD.finditer(data, start, line.end):
        following = _bold_key(source, match, line.end, knows)
        if following and following.known and following.separated:
            yield _ended(keyed, data, match.start())
            keyed = following
    yield keyed


def _bold_key(source: Source, match: re.Match[bytes], end: int, knows: Knows) -> Keyed | None:
    group = "star" if match["star"] is not None else "line"
    span = Span(*match.span(group))
    written = plain(source.data, [span]).text
    name = written.rstrip(" :：")
    known = knows(name)
    separated = bool(match["separator"]) or name != written
    if not name or not (separated or (match.end() == end)):
        return None
    return Keyed(source, name, known, span, (_value(source.data, match.end(), end),), separated=separated)


def _ended(keyed: Keyed, data: bytes, end: int) -> Keyed:
    start = keyed.lines[0].start
    while end > start and data[end - 1] in _JOINERS:
        end -= 1
    return replace(keyed, lines=(Span(start, max(start, end)),))


def _value(data: bytes, start: int, end: int) -> Span:
    while end > start and data[end - 1] in b" \t":
        end -= 1
    return Span(start, end)


def _in_table(source: Source, table: Table, knows: Knows) -> Iterator[Keyed]:
    header = [plain(source.data, [cell]).text for cell in table.header]
    named = [knows(title) for title in header]
    if sum(map(bool, named)) >= 2 or (
        any(named) and not any(_row_key(source, row, knows) for row in table.rows)
    ):
        yield from _columns(source, table, header, named)
        return
    column = next((i for i, title in enumerate(header) if i and title.lower() in _VALUE_COLUMNS), 1)
    rows = (table.header, *table.rows) if named and named[0] and len(header) == 2 else table.rows
    for row in rows:
        key = _row_key(source, row, knows)
        if key and len(row) > column:
            written = plain(source.data, [row[0]]).text
            yield Keyed(source, written, key, row[0], (row[column],), cell=True)


def _row_key(source: Source, row: tuple[Span, ...], knows: Knows) -> str:
    return knows(plain(source.data, row[:1]).text.rstrip(" :")) if row else ""


def _columns(source: Source, table: Table, header: list[str], named: list[str]) -> Iterator[Keyed]:
    """A table with keys over its columns: each row is one more value, labelled by the other columns."""
    label = next((i for i, known in enumerate(named) if not known), -1)
    for column, known in enumerate(named):
        if not known or not table.rows:
            continue
        rows = [row for row in table.rows if len(row) > column and row[column].start < row[column].end]
        lines = tuple(row[column] for row in rows)
        if lines:
            labels = tuple(
                plain(source.data, row[label : label + 1]).text if label >= 0 else "" for row in rows
            )
            yield Keyed(source, header[column], known, table.header[column], lines, labels, cell=True)
