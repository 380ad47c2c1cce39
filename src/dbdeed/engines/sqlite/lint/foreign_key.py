"""A foreign key that can never hold.

SQLite checks a reference only when rows are written: a key to a table or column that does not exist, or to
columns that are no PRIMARY KEY or UNIQUE key there, is accepted, and every later insert fails.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.engines.sqlite.kinds.claims import object_id
from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.names import fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.sqlite.kinds.table import ForeignKey
    from dbdeed.engines.sqlite.lint.context import Context

CODE = "sqlite-foreign-key"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each such key."""
    for table, written in context.tables():
        problems = [(key, _problem(context, key)) for key in table.foreign_keys]
        if table.foreign_keys and not any(problem for _, problem in problems):
            problems.append((table.foreign_keys[0], _mismatch(context, table)))
        for key, problem in problems:
            if problem:
                word = next((one for one in written.words if fold(one.name) == fold(key.table)), None)
                yield Finding(
                    code=CODE,
                    severity=Severity.ERROR,
                    message=f"{table.name} ({', '.join(key.columns)}) refers to {problem}.",
                    place=written.place(word),
                    hint="Refer to a table's PRIMARY KEY, or to columns with a UNIQUE key of their own.",
                )


def _problem(context: Context, key: ForeignKey) -> str:
    parent = context.schema.objects.get(object_id("table", key.table))
    if not isinstance(parent, Table):
        return f"{key.table}, which is not there"
    names = {fold(column.name) for column in parent.columns}
    missing = [column for column in key.target_columns if fold(column) not in names]
    return f"{key.table} ({', '.join(missing)}), which is not there" if missing else ""


def _mismatch(context: Context, table: Table) -> str:
    """SQLite's own word on whether the parents have such keys; it names the parent and not the columns."""
    connection = context.session.connection
    try:
        connection.execute("SELECT 1 FROM pragma_foreign_key_check(?)", [table.name]).fetchall()
    except sqlite3.OperationalError as error:
        parent = str(error).rpartition("referencing ")[2].strip('"')
        return f"columns of {parent} that no PRIMARY KEY or UNIQUE key there is made of"
    return ""
