"""A type name that SQLite takes for another one.

SQLite reads a declared type by what its name contains. `STRING` and `UUID` contain nothing that it knows
and are NUMERIC, so that the text `007` is stored as the number 7 and a UUID such as `1e5…` may become a
number; `POINT` and `INTERVAL` contain INT and are INTEGER.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.engines.sqlite.lint.context import type_word
from dbdeed.engines.sqlite.lint.serial import SERIALS
from dbdeed.engines.sqlite.types import Affinity, affinity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.sqlite.lint.context import Context

CODE = "sqlite-affinity"

# Numbers by name, and what SQLite's own documentation lists or keeps as numbers or as ISO 8601 texts.
_MEANT = re.compile(
    r"(?:numeric|decimal|dec|number|money|bool|boolean|bit|date|datetime|time|timestamp|timestamptz)\b",
    re.IGNORECASE,
)
_INTEGER = re.compile(
    r"(?:unsigned |big |medium |small |tiny )*(?:big|medium|small|tiny|u)?int(?:eger|[1248])?\b"
)


def check(context: Context) -> Iterator[Finding]:
    """One finding for each such column."""
    for table, column, written, name in context.columns():
        found = affinity(column.type, strict=table.strict)
        numeric = found is Affinity.NUMERIC and not _MEANT.match(column.type) and column.type not in SERIALS
        integer = found is Affinity.INTEGER and not _INTEGER.match(column.type)
        if numeric or integer:
            yield Finding(
                code=CODE,
                severity=Severity.WARNING,
                message=f"{table.name}.{column.name} is {column.type.upper()}, which SQLite takes for"
                f" {found.value.upper()}: a text that looks like a number is stored as one.",
                place=written.place(type_word(written, name)),
                hint="Write TEXT for what is text.",
            )
