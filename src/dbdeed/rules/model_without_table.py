"""A model has no table.

A model under Data Models stands for the table that its name makes (`OrderLine` is `order_lines`), or that
its `Table` line names. The SQL of Schema Design does not make it.

**To right it**, run `dbdeed sync`, which drafts the `CREATE TABLE` from the model's attributes; or name
the table.

    ### OrderLine
    - **Table**: `order_items`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.rules.described import model_of, table_of
from dbdeed.rules.facts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "model-without-table"
SEVERITY = Severity.WARNING
NEEDS_ENGINE = True


def check(facts: Facts) -> Iterator[Finding]:
    if facts.data_model is None:
        return
    joins = {join.table.lower() for join in facts.data_model.joins}
    for entry in facts.architecture.models:
        if (
            facts.unfilled_at(entry.place)
            or model_of(entry, facts.data_model)
            or table_of(entry).lower() in joins
        ):
            continue
        message = f"the model {quoted(entry.name)} has no table {quoted(table_of(entry))}"
        hint = "Run `dbdeed sync` to draft it, or name its table: - **Table**: `name`"
        yield Finding(CODE, SEVERITY, message, entry.place, hint)
