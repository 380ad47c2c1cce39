"""A whole-number key that is not called `INTEGER` numbers nothing.

Only `INTEGER PRIMARY KEY`, in exactly this spelling of the type, is the number of the row and is given out by
SQLite. `INT PRIMARY KEY` or `BIGINT PRIMARY KEY` is an ordinary column: an insert without it stores NULL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.edit import Edit
from dbdeed.document.findings import Finding, Severity
from dbdeed.engines.sqlite.lint.context import type_word
from dbdeed.engines.sqlite.types import Affinity, affinity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.sqlite.kinds.table import Column, Table
    from dbdeed.engines.sqlite.lint.context import Context

CODE = "sqlite-integer-key"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each such key; a key that may not be NULL, or refers elsewhere, is meant as it is."""
    for table, column, written, name in context.columns():
        if numbers_nothing(table, column):
            word = type_word(written, name)
            place = written.place(word)
            simple = word is not None and word.key == column.type != "integer"
            yield Finding(
                code=CODE,
                severity=Severity.ERROR,
                message=f"{table.name}.{column.name} is {column.type.upper()} PRIMARY KEY: SQLite"
                " does not number its rows, and takes NULL for it.",
                place=place,
                hint="Write INTEGER PRIMARY KEY, or add NOT NULL if you give the numbers out yourself.",
                fix=(Edit(place.span, "INTEGER"),) if place is not None and simple else (),
            )


def numbers_nothing(table: Table, column: Column) -> bool:
    """Whether it looks like a number that SQLite gives out, and is none."""
    return (
        table.primary_key == (column.name,)
        and not table.rowid_alias
        and column.nullable
        and affinity(column.type) is Affinity.INTEGER
        and not any(column.name in key.columns for key in table.foreign_keys)
    )
