"""Edits made of what they are to say: a generated block's new content, a key's new value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.blocks import Fence, Html, List, walk
from dbdeed.document.edit import Edit, apply_edits
from dbdeed.document.generated import checksum, closing_marker, generated_blocks, opening_marker
from dbdeed.document.lines import line_end, line_start, next_line
from dbdeed.document.markdown import parse_blocks
from dbdeed.document.source import Place, Source, Span
from dbdeed.errors import DbdeedError, InvalidInput, OurFault, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.document.architecture import Architecture, GeneratedBlock
    from dbdeed.document.blocks import Block


def line_ending(source: Source) -> str:
    """The document's own: that of most of its lines, LF where it has none."""
    crlf = source.data.count(b"\r\n")
    lone_cr, lone_lf = source.data.count(b"\r") - crlf, source.data.count(b"\n") - crlf
    if crlf > max(lone_lf, lone_cr):
        return "\r\n"
    return "\r" if lone_cr > lone_lf else "\n"


def in_style(source: Source, text: str) -> str:
    """A text whose lines end by LF, in the document's own line endings."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", line_ending(source))


def generated_block_edit(
    architecture: Architecture, name: str, content: str, at: Place, *, overwrite: bool = False
) -> Edit | None:
    """The edit that makes the generated block `name` hold `content`; None where it does already.

    An existing block is rewritten where it stands. A new one is placed at the first line boundary at or after
    `at`, parted by empty lines from what is around it, and indented where it would cut a list in two.

    Args:
        architecture: the document as read; the edit is of its own source.
        name: letters, digits and hyphens.
        content: Markdown, lines ended by LF; may end with or without one.
        at: where a new block goes.
        overwrite: replace a person's edits inside the block.

    Raises:
        Refused: a person changed the block, and `overwrite` is not set.
        InvalidInput: the markers in the document are broken, so that what is the block's is not known.
    """
    source = architecture.source
    edit: Edit | None
    _require_sound(architecture.generated, name)
    existing = next((block for block in architecture.generated if block.name == name), None)
    if existing is None:
        edit = _new_block(architecture, name, content, at)
    else:
        edit = _changed_block(source, existing, content, overwrite=overwrite)
    if edit is not None:
        _prove_block(source, edit, name, content)
    return edit


def _require_sound(blocks: Sequence[GeneratedBlock], name: str) -> None:
    """A block that never ends leaves open what is inside it, whichever it is."""
    broken = next((block for block in blocks if not block.closed), None)
    broken = broken or next(iter([block for block in blocks if block.name == name][1:]), None)
    if broken is not None:
        what = "appears twice" if broken.closed else "has no end marker"
        raise InvalidInput(
            f"the generated block “{broken.name}” {what}",
            where=str(broken.whole),
            code="broken-block",
            hint=f"remove it, or end it with {closing_marker(broken.name)}",
        )


def _changed_block(source: Source, block: GeneratedBlock, content: str, *, overwrite: bool) -> Edit | None:
    old = source.data[block.content.span.start : block.content.span.end]
    indent = _indent_of(source, block.whole.span.start)
    new = _body(source, content, indent)
    if checksum(old) == checksum(new.encode()) and not block.edited:
        if block.checksum:
            return None
    elif block.edited and not overwrite:
        raise Refused(
            f"the generated block “{block.name}” was changed by hand",
            where=str(block.whole),
            code="block-edited",
            hint="move the text out of the block, or overwrite it",
        )
    newline = line_ending(source)
    text = f"{opening_marker(block.name, new.encode())}{newline}{new}{indent}{closing_marker(block.name)}"
    return Edit(block.whole.span, text)


def _indent_of(source: Source, offset: int) -> str:
    """What stands before a marker on its line, where that is white space."""
    before = source.data[line_start(source.data, offset) : offset].decode("utf-8", "replace")
    return before if not before.strip(" \t") else ""


def _body(source: Source, content: str, indent: str) -> str:
    lines = content.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    newline = line_ending(source)
    return (
        "".join((indent + line if line.strip() else "") + newline for line in lines)
        if content.strip()
        else ""
    )


def _new_block(architecture: Architecture, name: str, content: str, at: Place) -> Edit:
    source = architecture.source
    data, blocks = source.data, parse_blocks(source.data)
    where = at.span.end if at.source is source else len(data)
    where = _free(architecture, blocks, where if where == line_start(data, where) else next_line(data, where))
    indent = " " * _list_indent(blocks, where)
    newline = line_ending(source)
    body = _body(source, content, indent)
    text = (
        f"{indent}{opening_marker(name, body.encode())}{newline}{body}{indent}{closing_marker(name)}{newline}"
    )
    return Edit(
        Span(where, where), _blank_before(data, where, newline) + text + _blank_after(data, where, newline)
    )


def _free(architecture: Architecture, blocks: Sequence[Block], where: int) -> int:
    """The next place outside other generated blocks and outside what a block there would cut in two."""
    while True:
        before = where
        where = _out_of_leaf(architecture.source.data, blocks, where)
        for other in architecture.generated:
            if other.whole.span.start < where < other.whole.span.end:
                where = next_line(architecture.source.data, other.whole.span.end)
        if where == before:
            return where


def _out_of_leaf(data: bytes, blocks: Iterable[Block], where: int) -> int:
    """The next place that is not within a paragraph, a table, a fence, a quote or a comment."""
    for block in walk(blocks):
        if block.span.start < where <= block.span.end and not isinstance(block, List):
            return next_line(data, block.span.end)
    return where


def _blank_before(data: bytes, where: int, newline: str) -> str:
    if where == 0:
        return ""
    if line_start(data, where) != where:
        return newline * 2
    previous = line_start(data, where - 1 - (data[where - 2 : where] == b"\r\n"))
    return newline if data[previous:where].strip(b" \t\r\n") else ""


def _blank_after(data: bytes, where: int, newline: str) -> str:
    return newline if data[where : line_end(data, where)].strip(b" \t") else ""


def _list_indent(blocks: Iterable[Block], where: int) -> int:
    """The column at which a line put at `where` belongs to the list item that it would otherwise end."""
    for block in blocks:
        if isinstance(block, List) and block.span.start < where < block.span.end:
            for item in block.items:
                if item.span.start < where < item.span.end:
                    return max(item.column, _list_indent(item.children, where))
            before = [item for item in block.items if item.span.end <= where]
            return before[-1].column if before else 0
    return 0


def _prove_block(source: Source, edit: Edit, name: str, content: str) -> None:
    """The block as written must be found again, whole: content with an open fence would swallow its end."""
    after = Source(source.name, apply_edits(source, [edit]))
    found, _ = generated_blocks(after, parse_blocks(after.data))
    block = next((block for block in found if block.name == name), None)
    if block is None or not block.closed or block.edited:
        raise lost(source, f"the generated block “{name}”", f"its content begins: {content[:60]!r}")


def lost(source: Source, what: str, hint: str = "") -> DbdeedError:
    """The error for what is written and not read back: the document's fault where a block never ends."""
    for block in walk(parse_blocks(source.data)):
        unclosed = isinstance(block, Fence) and not block.closed
        text = source.data[block.span.start : block.span.end]
        if unclosed or (isinstance(block, Html) and text.startswith(b"<!--") and b"-->" not in text):
            kind = "code block" if unclosed else "comment"
            return InvalidInput(f"{what} cannot be written: a {kind} is never closed", code="never-closed",
                                where=str(Place(source, block.span)), hint=f"close the {kind}")  # fmt: skip
    return OurFault(f"{what} does not come back as written", where=source.name, hint=hint)
