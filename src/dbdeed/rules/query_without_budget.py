"""A declared query has no budget.

A budget is what a query may cost: a time, or rows read. Its plan is held against it; without one, nothing
says when it has become too slow.

**To right it**, write one in the sentence above the SQL.

    ### Query: `open_orders_of_customer`
    Returns many Order. Budget 50 ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.rules.facts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "query-without-budget"
SEVERITY = Severity.WARNING


def check(facts: Facts) -> Iterator[Finding]:
    for query in facts.architecture.queries.queries:
        if query.budget is None and query.rows_budget is None and not facts.unfilled_at(query.place):
            message = f"the query {quoted(query.name)} has no budget"
            yield Finding(
                CODE, SEVERITY, message, query.place, "Write for example “Budget 50 ms.” above its SQL."
            )
