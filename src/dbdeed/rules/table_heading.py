"""A table's heading names a table that the SQL does not make.

`### Table: `name`` and the `CREATE TABLE` under it are about the same table; readers and `sync` find it
by its heading.

**To right it**, correct the heading or the SQL.

    ### Table: `order`           before
    ### Table: `orders`          after
    CREATE TABLE orders (…);
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.names import nearest
from dbdeed.rules.facts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "table-heading"
SEVERITY = Severity.WARNING
NEEDS_ENGINE = True


def check(facts: Facts) -> Iterator[Finding]:
    for table in facts.architecture.schema.tables:
        name = table.name.rpartition(".")[2]
        if table.blocks and name not in facts.tables and not facts.unfilled_at(table.place):
            near = nearest(name, sorted(facts.tables))
            hint = f"Did you mean “{near}”?" if near else "Name the table that the SQL under it makes."
            message = f"no SQL makes a table {quoted(table.name)}"
            yield Finding(CODE, SEVERITY, message, table.place, hint)
