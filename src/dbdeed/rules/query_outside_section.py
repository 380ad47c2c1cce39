"""A declared query stands outside Query Strategy.

`### Query: `name`` under another section is read as that section's: in Schema Design its SQL is the schema's,
elsewhere it is prose. No function is generated of it, and nothing holds it against a budget.

**To right it**, move it under Query Strategy, with all that stands under its heading.

    ## Data Access Layer

    ### Query: `open_orders_of_customer`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.rules.facts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.document.architecture import Architecture
    from dbdeed.rules.facts import Facts

CODE = "query-outside-section"
SEVERITY = Severity.WARNING


def check(facts: Facts) -> Iterator[Finding]:
    yield from outside(facts.architecture)


def outside(architecture: Architecture) -> Iterator[Finding]:
    """The queries of a document that nothing is generated of."""
    for query in architecture.queries.strays:
        message = f"the query {quoted(query.name)} stands outside Query Strategy, and is none"
        yield Finding(CODE, SEVERITY, message, query.place, "Move it under the heading Query Strategy.")
