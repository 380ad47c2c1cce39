"""A table is not described as a model.

Every table but those whose columns are only two foreign keys is a model, and readers look for it under
Data Models.

**To right it**, run `dbdeed sync`, which adds the model with its attributes and relationships.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.rules.described import table_of
from dbdeed.rules.facts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "table-without-model"
SEVERITY = Severity.WARNING
NEEDS_ENGINE = True


def check(facts: Facts) -> Iterator[Finding]:
    if facts.data_model is None:
        return
    described = {table_of(entry).lower() for entry in facts.architecture.models}
    for model in facts.data_model.models:
        if model.table.lower() not in described:
            message = f"the table {quoted(model.table)} is not described as a model"
            hint = f"Run `dbdeed sync` to add “### {model.name}” under Data Models."
            yield Finding(CODE, SEVERITY, message, facts.table_place(model.table), hint)
