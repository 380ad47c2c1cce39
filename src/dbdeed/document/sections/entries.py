"""Entries under a section's headings: a model, a table, a query, each with what follows its heading."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from dbdeed.document.inline import code_spans, plain
from dbdeed.document.names import without_numbering
from dbdeed.document.source import Place, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.document.outline import Part

_IDENTIFIER = re.compile(r"[^\W\d][\w$]*(?:\.[^\W\d][\w$]*)*")


class Entry(Struct, frozen=True):
    """A heading with everything below it.

    Attributes:
        parts: the heading's own part first, then those of deeper headings and of linked files.
        extent: from the heading to the end of the last part of its own file.
    """

    parts: tuple[Part, ...]
    extent: Place

    @property
    def part(self) -> Part:
        return self.parts[0]

    @property
    def place(self) -> Place:
        heading = self.part.heading
        assert heading is not None
        return Place(self.part.source, heading.text)


def entry_at(parts: Sequence[Part], index: int) -> Entry:
    """The entry whose heading is that of `parts[index]`."""
    first = parts[index]
    end = index + 1
    while (
        end < len(parts)
        and (parts[end].heading is None or parts[end].level > first.level)
        and not parts[end].opens
    ):
        end += 1
    below = tuple(parts[index:end])
    last = max(part.extent.end for part in below if part.source is first.source)
    return Entry(below, Place(first.source, Span(first.extent.start, last)))


def bare_name(part: Part, words: str, *, aside: bool = True) -> tuple[str, bool]:
    """The name in a heading such as "Table: `orders`", and whether a word said what it is.

    Args:
        part: the heading's part.
        words: what may stand before or after the name, as a pattern: "table|collection".
        aside: the name may be what stands in backticks in parentheses: of "Orders (`orders`)" that is
            a table's, not a model's.
    """
    title = without_numbering(part.title).strip().rstrip(":")
    named = re.fullmatch(
        rf"(?:the\s+)?(?:{words})s?\s*(?:[:：–—-]\s*|\s)(?P<name>\S.*)", title, re.IGNORECASE
    )
    named = named or re.fullmatch(rf"(?P<name>\S.*?)\s+(?:{words})", title, re.IGNORECASE)
    name = named["name"] if named else title
    code = _code(part)
    if code and (aside or not re.search(rf"\([^()]*{re.escape(code)}[^()]*\)", title)):
        return code, bool(named)
    without = re.sub(r"\s*\([^()]*\)\s*$", "", name).strip()
    return (without or name).strip("\"'"), bool(named)


def _code(part: Part) -> str:
    """The heading's first code span, where it has one."""
    text = part.heading.text if part.heading else None
    if text is None:
        return ""
    spans = code_spans(part.source.data, text.start, text.end)
    return part.source.text(spans[0][1]).strip().strip('"') if spans else ""


def in_code(part: Part) -> bool:
    """Whether the heading is nothing but an identifier in backticks."""
    return bool(_IDENTIFIER.fullmatch(_code(part))) and without_numbering(part.title).strip(": ") == _code(
        part
    )


def identifiers(part: Part) -> Iterator[str]:
    """Identifiers in backticks in the heading."""
    text = part.heading.text if part.heading else Span(0, 0)
    for _, inside in code_spans(part.source.data, text.start, text.end):
        found = plain(part.source.data, [inside]).text
        if _IDENTIFIER.fullmatch(found):
            yield found
