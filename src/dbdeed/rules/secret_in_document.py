"""A password stands in the document.

A document is read, copied and committed; it never holds a secret. Every text is searched: values, prose,
SQL and linked files. The finding does not repeat what it found.

**To right it**, name an environment variable in its place, and change the password: it has been read.

    - **Connection String**: postgresql://shop:…@db/shop    before
    - **Connection String**: `DATABASE_URL`                 after

In SQL, `${NAME}` stands for an environment variable that is filled in when a plan runs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.source import Place, Span
from dbdeed.document.values.secrets import STAND_IN, secret_spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.document.source import Source
    from dbdeed.rules.facts import Facts

CODE = "secret-in-document"
SEVERITY = Severity.ERROR

# CREATE ROLE … PASSWORD 'x', IDENTIFIED BY 'x'
_IN_SQL = re.compile(r"(?<!\w)(?:password|identified\s{1,5}by)\s{1,5}'([^'\n]{1,500})'", re.IGNORECASE)

_PARAMETER = re.compile(r"(?:password|passwd|pwd)\s{0,5}=\s{0,5}'?$", re.IGNORECASE)
_CONNECTION = re.compile(r"(?<!\w)(?:host|user|dbname)\s{0,5}=\s{0,5}[\w.-]", re.IGNORECASE)


def check(facts: Facts) -> Iterator[Finding]:
    for source in (facts.architecture.source, *facts.architecture.included):
        for place in _secrets(facts, source):
            yield Finding(
                CODE, SEVERITY, "a password stands in the document", place,
                "Name an environment variable instead, and change the password: it has been read.",
            )  # fmt: skip


def _secrets(facts: Facts, source: Source) -> Iterator[Place]:
    # Latin-1 keeps one character a byte, so that spans are bytes whatever the text holds.
    text = source.data.decode("latin-1")
    spans = [
        span
        for span in secret_spans(text)
        if not (facts.code.touch_span(source, Span(*span)) and _compares(text, span))
    ]
    spans += [match.span(1) for match in _IN_SQL.finditer(text) if not STAND_IN.fullmatch(match[1])]
    for start, end in sorted(set(spans)):
        yield Place(source, Span(start, end))


def _compares(text: str, span: tuple[int, int]) -> bool:
    """In SQL, `password = value` compares a column, unless it stands among a connection string's words."""
    parameter = _PARAMETER.search(text[max(span[0] - 30, 0) : span[0]])
    return parameter is not None and not _CONNECTION.search(text[max(span[0] - 200, 0) : span[1] + 200])
