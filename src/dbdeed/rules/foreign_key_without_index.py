"""A foreign key has no index.

Deleting or updating a referenced row looks for the rows that reference it; without an index on the
foreign key that is a scan of the whole table, with locks held meanwhile. Joins along the relationship
scan as well. Where the document's own Query Optimization says to index every foreign key, it is an error.

**To right it**, add an index that begins with the foreign key's columns.

    CREATE INDEX orders_customer_id_idx ON orders (customer_id);
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.models.model import Cardinality
from dbdeed.rules.facts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.models.model import Model
    from dbdeed.rules.facts import Facts

CODE = "foreign-key-without-index"
SEVERITY = Severity.ERROR
NEEDS_ENGINE = True


def check(facts: Facts) -> Iterator[Finding]:
    promised = facts.architecture.queries.optimization.value
    severity = Severity.ERROR if promised and promised.index_foreign_keys else Severity.WARNING
    for model in facts.data_model.models if facts.data_model else ():
        for columns in _unindexed(model):
            names = ", ".join(columns)
            message = f"the foreign key ({names}) of {quoted(model.table)} has no index"
            hint = f"Add: CREATE INDEX {'_'.join((model.table, *columns))}_idx ON {model.sql_name} ({names});"
            yield Finding(CODE, severity, message, facts.table_place(model.table), hint)


def _unindexed(model: Model) -> list[tuple[str, ...]]:
    indexed = [key.columns for key in model.keys] + [
        index.columns for index in model.indexes if not index.partial
    ]
    held = [
        relationship.columns for relationship in model.relationships
        if relationship.holder and relationship.cardinality is not Cardinality.MANY_TO_MANY
    ]  # fmt: skip
    return [
        columns for columns in dict.fromkeys(held)
        if not any(set(index[: len(columns)]) == set(columns) for index in indexed)
    ]  # fmt: skip
