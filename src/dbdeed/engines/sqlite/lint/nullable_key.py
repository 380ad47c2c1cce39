"""A primary key does not keep NULL out.

In SQLite, for old compatibility, PRIMARY KEY does not mean NOT NULL, except for `INTEGER PRIMARY KEY` and in
STRICT and WITHOUT ROWID tables. Rows without a key, even several, are accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.engines.sqlite.lint.integer_key import numbers_nothing
from dbdeed.engines.sqlite.lint.serial import SERIALS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.sqlite.lint.context import Context

CODE = "sqlite-nullable-key"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each column of a key that may be NULL."""
    for table, column, written, name in context.columns():
        if column.name not in table.primary_key or column.name == table.rowid_alias or not column.nullable:
            continue
        if numbers_nothing(table, column) or column.type in SERIALS:
            continue  # `sqlite-integer-key` and `sqlite-serial` say more
        yield Finding(
            code=CODE,
            severity=Severity.WARNING,
            message=f"{table.name}.{column.name} is in the primary key and may be NULL.",
            place=written.place(name),
            hint="Add NOT NULL.",
        )
