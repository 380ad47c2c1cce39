"""A GRANT or REVOKE by somebody who may not give what it names does nothing, with no more than a warning.

(PostgreSQL manual, GRANT, "Notes".) In a scratch the document's role owns all but what extensions made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.engines.postgresql.sql.located import place_of

if TYPE_CHECKING:
    from dbdeed.engines.seam import Statement

CODE = "no-effect"
_NOTICES = ("no privileges were granted", "no privileges could be revoked")


def finding(statement: Statement, notice: object) -> Finding | None:
    """A finding, where the notice is about this."""
    message = getattr(notice, "message", "")
    if not message.startswith(_NOTICES):
        return None
    return Finding(
        CODE,
        Severity.WARNING,
        f"This statement changes nothing here: {message}.",
        place_of(statement),
        "What an extension made belongs to a superuser; dbdeed lets a document take rights on it away from "
        "everybody, and give those to call its functions and to read its tables.",
    )
