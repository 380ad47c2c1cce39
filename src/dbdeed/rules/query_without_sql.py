"""A declared query has no SQL.

`### Query: `name`` becomes a typed method; what it does is the SQL block under it.

**To right it**, write the query in an `sql` block, with its parameters as `:name`.

    SELECT * FROM orders WHERE customer_id = :customer_id
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.rules.facts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "query-without-sql"
SEVERITY = Severity.ERROR


def check(facts: Facts) -> Iterator[Finding]:
    for query in facts.architecture.queries.queries:
        if (query.block is None or not query.block.text.strip()) and not facts.unfilled_at(query.place):
            message = f"the query {quoted(query.name)} has no SQL"
            yield Finding(
                CODE, SEVERITY, message, query.place, "Write it in a ```sql block under the heading."
            )
