"""`timestamp` without time zone holds a wall clock's reading, not a moment.

The same value means different moments to sessions in different zones, and nothing warns. For when something
happened, `timestamptz` is right. (PostgreSQL manual, 8.5 "Date/Time Types".)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.engines.postgresql.lint.columns import USER_COLUMNS

if TYPE_CHECKING:
    from dbdeed.document.source import Place

CODE = "naive-timestamp"
QUERY = USER_COLUMNS + " AND a.atttypid = 'pg_catalog.timestamp'::regtype ORDER BY 1, 2"


def finding(table: str, column: str, place: Place | None) -> Finding:
    return Finding(
        CODE,
        Severity.INFO,
        f"{table}.{column} is a timestamp without time zone.",
        place,
        "Use timestamptz for moments; a wall clock's reading (an opening hour) may stay as it is.",
    )
