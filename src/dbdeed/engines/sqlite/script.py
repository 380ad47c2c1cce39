"""What stands around a plan's statements in a script for the program `sqlite3`.

The program goes on after an error unless it is told not to, and would drop a table whose rows could not be
copied: `.bail on` comes first. References that lead nowhere are counted before and after, since no statement
of SQLite's own fails over them while keys are not enforced.
"""

from __future__ import annotations

_COUNT = "SELECT count(*) FROM pragma_foreign_key_check"

_TABLE = (
    "CREATE TEMP TABLE dbdeed_references (was INTEGER, now INTEGER,"
    ' CONSTRAINT "rows refer to rows that do not exist" CHECK (now <= was))'
)

BEFORE = (
    ".bail on",
    "PRAGMA foreign_keys=OFF",
    "BEGIN IMMEDIATE",
    _TABLE,
    f"INSERT INTO dbdeed_references (was) {_COUNT}",
)
AFTER = (
    f"UPDATE dbdeed_references SET now = ({_COUNT})",
    "DROP TABLE temp.dbdeed_references",
    "COMMIT",
    "PRAGMA foreign_keys=ON",
)
