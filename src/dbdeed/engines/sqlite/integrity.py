"""What `PRAGMA integrity_check` finds wrong, less what SQLite 3.40.0 to 3.41.0 only believe.

These report "NULL value in" a column of a WITHOUT ROWID table, for each of its rows, where its key is not
its first column: they look at another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.sqlite.names import written

if TYPE_CHECKING:
    import sqlite3

_ANY_NUMBER = 2**31 - 1  # what is believed comes once for each row, and would hide what is so
_COLUMNS = """
    SELECT 'NULL value in ' || t.name || '.' || c.name, t.name, c.name
    FROM pragma_table_list t JOIN pragma_table_xinfo(t.name) c
    WHERE t.schema = 'main' AND t.wr AND c."notnull"
"""


def problems_of(connection: sqlite3.Connection, most: int) -> list[str]:
    """The first `most` problems, in SQLite's words. Raises what the driver raises."""
    columns = {said: (table, column) for said, table, column in connection.execute(_COLUMNS)}
    believed: dict[str, bool] = {}
    found: list[str] = []
    for (said,) in connection.execute(f"PRAGMA integrity_check({_ANY_NUMBER})"):
        if said in columns and said not in believed:
            believed[said] = not _holds_null(connection, *columns[said])
        if said != "ok" and not believed.get(said):
            found.append(str(said))
            if len(found) == most:
                break
    return found


def _holds_null(connection: sqlite3.Connection, table: str, column: str) -> bool:
    # Of a column that is NOT NULL, `IS NULL` is taken to be false without a look.
    where = f"typeof({written(column)}) = 'null'"
    return bool(connection.execute(f"SELECT 1 FROM {written(table)} WHERE {where} LIMIT 1").fetchall())
