"""A table's heading has no SQL under it.

`### Table: `name`` announces the table's SQL. A Markdown table of columns may stand in its place as a
draft; with neither, the heading says nothing.

**To right it**, write the `CREATE TABLE`, or let `dbdeed sync` draft it from the model's attributes.

    ### Table: `orders`

    ## Data Access Layer      nothing between the two
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.rules.facts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "table-without-sql"
SEVERITY = Severity.WARNING


def check(facts: Facts) -> Iterator[Finding]:
    for table in facts.architecture.schema.tables:
        if not table.blocks and not table.draft and not facts.unfilled_at(table.place):
            message = f"nothing under the heading describes the table {quoted(table.name)}"
            hint = (
                "Write its CREATE TABLE in a ```sql block, or run `dbdeed sync` to draft it from the model."
            )
            yield Finding(CODE, SEVERITY, message, table.place, hint)
