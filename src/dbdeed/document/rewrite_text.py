"""Texts from elsewhere (a database's names, defaults, comments) made fit for a line of Markdown."""

from __future__ import annotations

import re

from dbdeed.document.placeholders import has_placeholder
from dbdeed.document.sections.models import parse_attribute
from dbdeed.document.source import Span

_WIDE = re.compile(r"\s+")


def normal(text: str) -> str:
    """For comparing: case, white space and backticks make no difference."""
    return _WIDE.sub(" ", text.replace("`", "")).strip().casefold()


def same(one: str, other: str) -> bool:
    return normal(one) == normal(other)


def one_line(text: str) -> str:
    """No line break, no comment, and so no marker of ours."""
    return _WIDE.sub(" ", text).strip().replace("<!--", "&lt;!--")


def code_span(text: str) -> str:
    """A code span around any text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{'`' * (longest + 1)}{blank}{_WIDE.sub(' ', text).strip()}{blank}{'`' * (longest + 1)}"


def attribute_text(text: str) -> str:
    """An attribute's text as it is, or as code where a part of it would be taken for a remark or markup."""
    plain = one_line(text)
    raw = plain.encode()
    back = parse_attribute(f"`x`: {plain}")
    misread = back is None or not same(back[1], text)
    if plain and (misread or "](" in plain or has_placeholder(raw, Span(0, len(raw)))):
        return code_span(text)
    return plain


def attribute_item(name: str, text: str) -> str:
    """`` `name`: type, constraints ``, in such a way that it is read back as given."""
    written = attribute_text(text)
    return f"{code_span(name)}: {written}" if written else code_span(name)
