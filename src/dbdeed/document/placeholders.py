"""Template placeholders that nobody filled in.

A placeholder is a bracket text that the template has, or an evident variant of one. Square brackets mean much
else: links, task boxes, footnotes, SQL arrays and subscripts are none.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dbdeed.document.architecture import Placeholder
from dbdeed.document.blocks import Fence, Heading, IndentedCode, Paragraph, Reference, Table, walk
from dbdeed.document.inline import code_spans, comments
from dbdeed.document.source import Place, Source, Span
from dbdeed.document.template import template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dbdeed.document.blocks import Block

_BRACKET = re.compile(rb"(?P<before>[\w\]!^\\)'\"])?\[(?P<text>[^\[\]`*<>|]{2,200})\](?P<after>[(\[:])?")
_OPENINGS = re.compile(
    r"(?:e\.?\s?g\.?[,:]?|repeat for|purpose of|this section should|todo\b|tbd\b|your\b|insert\b|fill in)\s*",
    re.IGNORECASE,
)
_OTHERS = ("yyyy-mm-dd", "column_name", "schema_name", "project name", "your name", "todo", "tbd")


class _Known(Struct, frozen=True):
    """What the template has in brackets."""

    exact: frozenset[str]
    choices: frozenset[str]
    words: tuple[frozenset[str], ...]


@cache
def _known() -> _Known:
    texts = re.findall(r"\[([^\[\]]+)\]", template().decode())
    exact = frozenset([*(_normal(text) for text in texts), *_OTHERS])
    choices = frozenset(_normal(part) for text in texts if "/" in text for part in text.split(" / "))
    several = tuple(frozenset(_normal(text).split()) for text in texts if len(text.split()) > 2)
    return _Known(exact, choices, several)


def _normal(text: str) -> str:
    """Case, white space and numbers do not tell one placeholder from another."""
    return re.sub(r"\d+", "#", " ".join(text.lower().split())).strip(" .")


@cache
def _is_placeholder(text: str) -> bool:
    known, normal = _known(), _normal(text)
    if normal in known.exact or _OPENINGS.match(text):
        return True
    parts = [_normal(part) for part in text.split("/")]
    if len(parts) > 1 and sum(part in known.choices for part in parts) * 2 >= len(parts):
        return True
    if re.match(r"type\s*,", normal):
        return True
    here = frozenset(normal.split())
    return len(here) > 2 and any(len(here & other) * 3 >= 2 * len(here | other) for other in known.words)


@cache
def _is_code_placeholder(text: str) -> bool:
    """In code only what could be nothing else: `[table_name_1]`, `[Model Name 2]`, not an array `[Type]`."""
    return _normal(text) in _known().exact and bool(re.search(r"[ _]", text.strip()))


def _brackets(data: bytes, start: int, end: int, labels: frozenset[bytes], *, code: bool) -> Iterator[Span]:
    for match in _BRACKET.finditer(data, start, end):
        if _in_code(match) if code else _in_prose(match, labels):
            yield Span(match.start("text") - 1, match.end("text") + 1)


def _in_code(match: re.Match[bytes]) -> bool:
    return match["before"] is None and _is_code_placeholder(match["text"].decode("utf-8", "replace"))


def _in_prose(match: re.Match[bytes], labels: frozenset[bytes]) -> bool:
    if match["after"] in {b"(", b"["} or match["before"] in {b"!", b"\\", b"]", b"^"}:
        return False
    linked = b" ".join(match["text"].lower().split()) in labels
    return not linked and _is_placeholder(match["text"].decode("utf-8", "replace"))


def _in_text(data: bytes, span: Span, labels: frozenset[bytes] = frozenset()) -> Iterator[Span]:
    """Placeholders of a text: outside code spans by the generous rule, inside by the strict one."""
    if not _may_hold(data, span, labels):
        return
    hidden = comments(data, span.start, span.end)
    zones = [(zone, True) for zone, _ in code_spans(data, span.start, span.end)] + [
        (zone, False) for zone in hidden
    ]
    start = span.start
    for zone, code in sorted(zones):
        if zone.start < start:
            continue
        yield from _brackets(data, start, zone.start, labels, code=False)
        if code:
            yield from _brackets(data, zone.start, zone.end, labels, code=True)
        start = zone.end
    yield from _brackets(data, start, span.end, labels, code=False)


def _may_hold(data: bytes, span: Span, labels: frozenset[bytes]) -> bool:
    """Whether a bracket is a placeholder by either rule, wherever it stands: in most texts there is none."""
    found = _BRACKET.finditer(data, span.start, span.end)
    return any(_in_code(match) or _in_prose(match, labels) for match in found)


def has_placeholder(data: bytes, span: Span) -> bool:
    """Whether a value still holds a placeholder."""
    return next(_in_text(data, span), None) is not None


def find_placeholders(source: Source, blocks: Iterable[Block]) -> Iterator[Placeholder]:
    """Every placeholder of a source, in document order."""
    every = list(walk(blocks))
    labels = frozenset(
        b" ".join(source.data[block.label.start : block.label.end].lower().split())
        for block in every
        if isinstance(block, Reference)
    )
    for block in every:
        for span in _in_block(source.data, block, labels):
            yield Placeholder(source.text(span), Place(source, span))


def _in_block(data: bytes, block: Block, labels: frozenset[bytes]) -> Iterator[Span]:
    match block:
        case Paragraph():
            yield from _in_text(data, block.span, labels)
        case Heading():
            yield from _in_text(data, block.text, labels)
        case Table():
            for cell in _cells(block):
                yield from _in_text(data, cell, labels)
        case Fence():
            yield from _brackets(data, block.code.start, block.code.end, labels, code=True)
        case IndentedCode():
            yield from _brackets(data, block.span.start, block.span.end, labels, code=True)


def _cells(table: Table) -> Sequence[Span]:
    return [cell for row in (table.header, *table.rows) for cell in row]


def find_code_placeholders(source: Source) -> Iterator[Placeholder]:
    """Every placeholder of a linked SQL file."""
    for span in _brackets(source.data, 0, len(source.data), frozenset(), code=True):
        yield Placeholder(source.text(span), Place(source, span))
