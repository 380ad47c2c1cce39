"""A name longer than 63 bytes is cut off, with no more than a notice.

Two long names that begin alike then collide, and nothing is called what the document says. (PostgreSQL
manual, 4.1.1 "Identifiers and Key Words".)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.engines.postgresql.sql.located import place_of

if TYPE_CHECKING:
    from dbdeed.engines.seam import Statement

CODE = "truncated-name"
_NOTICE = re.compile(r'identifier "(.+)" will be truncated to "(.+)"\Z', re.DOTALL)


def finding(statement: Statement, notice: object) -> Finding | None:
    """A finding, where the notice is about this."""
    match = _NOTICE.match(getattr(notice, "message", ""))
    if match is None:
        return None
    name, cut = match.groups()
    start = max(statement.sql.find(name), 0)
    return Finding(
        CODE,
        Severity.WARNING,
        f"{name} is longer than 63 bytes; PostgreSQL calls it {cut}.",
        place_of(statement, start, len(name)),
        "Choose a shorter name.",
    )
