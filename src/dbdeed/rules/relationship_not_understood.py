"""A relationship of a model is not understood, or leads to a model that is not described.

A line under Relationships says how many stand on each side and which model is on the other.

**To right it**, write it as in the example, with the name of a model that has its own heading.

    - **Relationships**:
        - One-to-many with Order
        - belongs to Customer
        - has many Product through OrderLine
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.names import nearest
from dbdeed.models.naming import table_name
from dbdeed.rules.facts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "relationship-not-understood"
SEVERITY = Severity.WARNING

_ACCEPTED = "Accepted: “One-to-many with Order”, “belongs to Customer”, “has many Product through OrderLine”."


def check(facts: Facts) -> Iterator[Finding]:
    names = [model.name for model in facts.architecture.models]
    known = {table_name(name) for name in names} | {
        model.table for model in facts.architecture.models if model.table
    }
    for model in facts.architecture.models:
        for entry in model.relationships:
            if facts.unfilled_at(entry.place):
                continue
            if not entry.kind or not entry.target:
                message = f"the relationship {quoted(entry.text)} is not understood"
                yield Finding(CODE, SEVERITY, message, entry.place, _ACCEPTED)
                continue
            for target in filter(None, (entry.target, entry.through)):
                if table_name(target) not in known and target not in facts.tables:
                    near = nearest(target, names)
                    hint = f"Did you mean “{near}”?" if near else "Describe it under Data Models."
                    message = f"there is no model {quoted(target)}"
                    yield Finding(CODE, SEVERITY, message, entry.place, hint)
