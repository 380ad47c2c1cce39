"""The migrations' Strategy, its Tool and the database do not fit together.

- A tool that does not know the database cannot change it.
- Flyway runs undo files only in its paid editions; `dbdeed migrate down` runs them in any.
- `expand and contract` exists to need no maintenance window: naming both contradicts.
- A rebuild of a table, which many changes in SQLite are, keeps every writer out: `online` cannot be
  promised.

**To right it**, change the one or the other.

    **Database System**: MongoDB
    **Tool**: Alembic               error: Alembic speaks SQL
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.types import How, System, Tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "strategy-and-tool"
SEVERITY = Severity.ERROR

_NO_MONGODB = frozenset({Tool.KNEX, Tool.ALEMBIC, Tool.DBMATE})


def check(facts: Facts) -> Iterator[Finding]:
    system = facts.architecture.overview.system.value
    tool, strategy = facts.architecture.migrations.tool, facts.architecture.migrations.strategy
    if system is System.MONGODB and tool.value in _NO_MONGODB:
        message = f"{tool.value.value} cannot change a MongoDB database"
        yield Finding(CODE, Severity.ERROR, message, tool.place, "Write “dbdeed”, “Liquibase” or “Flyway”.")
    if strategy.value is None:
        return
    if tool.value is Tool.FLYWAY and strategy.value.reversible:
        message = "Flyway itself runs undo files only in its paid editions"
        hint = "dbdeed runs them in any; write “Forward only” where Flyway alone is used."
        yield Finding(CODE, Severity.WARNING, message, strategy.place, hint)
    if strategy.value.expand_contract and strategy.value.how is How.MAINTENANCE_WINDOW:
        message = "expand and contract is for changes without a maintenance window"
        yield Finding(
            CODE, Severity.WARNING, message, strategy.place, "Write “online”, or leave one of them out."
        )
    if strategy.value.how is How.ONLINE and system is System.SQLITE:
        message = "SQLite keeps all writers out while a table is rebuilt"
        hint = "Write “maintenance window”, or expect writers to wait that long."
        yield Finding(CODE, Severity.WARNING, message, strategy.place, hint)
