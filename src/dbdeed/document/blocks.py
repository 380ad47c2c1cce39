"""The blocks of a Markdown document, as data. Every span is of the document's own bytes.

Containers (lists, quotes) hold blocks; leaves hold the spans of their lines, without the markers and the
indentation of the containers around them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dbdeed.document.source import Span


class Heading(Struct, frozen=True):
    """ATX or setext. `text` is what is written, without the marks; empty for `##` alone."""

    span: Span
    text: Span
    level: int


class Paragraph(Struct, frozen=True):
    """`lines` has one span for each line, trimmed on the left, without its line ending."""

    span: Span
    lines: tuple[Span, ...]


class Fence(Struct, frozen=True):
    """A fenced code block.

    Attributes:
        info: the info string, trimmed.
        lines: each line of code after dedenting, without its line ending. A tab that the indentation only
            partly covers stays whole.
        code: from the first line's start to the last line's end, line ending included; where the block is
            empty, the place of its first line.
        closed: the closing fence is there.
    """

    span: Span
    info: Span
    lines: tuple[Span, ...]
    code: Span
    closed: bool


class IndentedCode(Struct, frozen=True):
    span: Span


class Table(Struct, frozen=True):
    """A pipe table: cells are trimmed spans; rows may have more or fewer cells than the header."""

    span: Span
    header: tuple[Span, ...]
    rows: tuple[tuple[Span, ...], ...]


class Html(Struct, frozen=True):
    """An HTML block or comment, as CommonMark delimits it."""

    span: Span


class Reference(Struct, frozen=True):
    """A link reference definition; `label` is without its brackets."""

    span: Span
    label: Span


class Other(Struct, frozen=True):
    """A thematic break, front matter, or what the grammar could not read (`broken`)."""

    span: Span
    broken: bool = False


class Quote(Struct, frozen=True):
    span: Span
    children: tuple[Block, ...]


class Item(Struct, frozen=True):
    """A list item.

    Attributes:
        span: from its marker to the end of its last line's text.
        marker: `-`, `*`, `+`, `1.` or `1)`.
        column: the column, from 0 and with tab stops of four, where its content begins.
    """

    span: Span
    marker: Span
    column: int
    children: tuple[Block, ...]


class List(Struct, frozen=True):
    span: Span
    items: tuple[Item, ...]
    ordered: bool


Block: TypeAlias = (
    Heading | Paragraph | Fence | IndentedCode | Table | Html | Reference | Other | Quote | List
)


def walk(blocks: Iterable[Block]) -> Iterator[Block]:
    """Every block, containers before what they hold, in document order."""
    for block in blocks:
        yield block
        if isinstance(block, Quote):
            yield from walk(block.children)
        elif isinstance(block, List):
            for item in block.items:
                yield from walk(item.children)
