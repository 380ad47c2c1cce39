"""`SERIAL` is no type of SQLite's.

SQLite takes `id SERIAL PRIMARY KEY` as a column of a made-up type that nothing fills: every row gets NULL
as its id. `INTEGER PRIMARY KEY` is what numbers rows by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.edit import Edit
from dbdeed.document.findings import Finding, Severity
from dbdeed.engines.sqlite.lint.context import type_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.sqlite.lint.context import Context

CODE = "sqlite-serial"

SERIALS = frozenset({"serial", "bigserial", "smallserial", "serial4", "serial8", "serial2", "auto_increment"})


def check(context: Context) -> Iterator[Finding]:
    """One finding for each such column."""
    for table, column, written, name in context.columns():
        if column.type in SERIALS:
            word = type_word(written, name)
            place = written.place(word)
            yield Finding(
                code=CODE,
                severity=Severity.ERROR,
                message=f"{table.name}.{column.name} is {column.type.upper()}, which SQLite does not know:"
                " nothing fills it, and every row gets NULL.",
                place=place,
                hint="INTEGER PRIMARY KEY numbers rows by itself.",
                fix=(Edit(place.span, "INTEGER"),) if place is not None and word is not None else (),
            )
