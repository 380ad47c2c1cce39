"""`char(n)` pads with spaces, and forgets them again when it compares.

PostgreSQL stores `char(10)` filled up with spaces that some operations see and others do not (`length`,
`LIKE` and a cast to text differ). It saves neither space nor time. `text`, or `varchar(n)` where the limit
is meant, does what people expect. (PostgreSQL manual, 8.3 "Character Types".)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.engines.postgresql.lint.columns import USER_COLUMNS

if TYPE_CHECKING:
    from dbdeed.document.source import Place

CODE = "padded-char"
QUERY = USER_COLUMNS + " AND a.atttypid = 'pg_catalog.bpchar'::regtype AND a.atttypmod > 5 ORDER BY 1, 2"


def finding(table: str, column: str, place: Place | None) -> Finding:
    return Finding(
        CODE,
        Severity.WARNING,
        f"{table}.{column} is char(n), which is padded with spaces.",
        place,
        "Use text, or varchar(n) where the limit matters.",
    )
