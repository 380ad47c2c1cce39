"""The system does not have this isolation level.

What a system does not have it refuses, or takes for another level without a word. PostgreSQL has no
`snapshot` (its repeatable read is one) and takes read uncommitted for read committed; MySQL and MariaDB
have no `snapshot`; SQLite is always serializable; MongoDB has snapshot only.

**To right it**, name the level that the system has.

    **Database System**: PostgreSQL
    - **Transaction Management**: Snapshot           before
    - **Transaction Management**: Repeatable read    after
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.types import Isolation, System

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "isolation-unavailable"
SEVERITY = Severity.ERROR

_REFUSED: dict[tuple[System, Isolation], str] = {
    (
        System.POSTGRESQL,
        Isolation.SNAPSHOT,
    ): "Write “Repeatable read”, which is snapshot isolation in PostgreSQL.",
    (System.MYSQL, Isolation.SNAPSHOT): "Write “Repeatable read”.",
    (System.MARIADB, Isolation.SNAPSHOT): "Write “Repeatable read”.",
    **{
        (System.MONGODB, level): "Write “Snapshot”." for level in Isolation if level is not Isolation.SNAPSHOT
    },
}
_TAKEN_FOR: dict[tuple[System, Isolation], Isolation] = {
    (System.POSTGRESQL, Isolation.READ_UNCOMMITTED): Isolation.READ_COMMITTED,
    **{
        (System.SQLITE, level): Isolation.SERIALIZABLE
        for level in Isolation
        if level is not Isolation.SERIALIZABLE
    },
}


def check(facts: Facts) -> Iterator[Finding]:
    system, transactions = facts.architecture.overview.system.value, facts.architecture.queries.transactions
    level = transactions.value.isolation if transactions.value else None
    if system is None or level is None:
        return
    if hint := _REFUSED.get((system, level)):
        message = f"{system.value} has no isolation level “{level.value}”"
        yield Finding(CODE, Severity.ERROR, message, transactions.place, hint)
    elif taken := _TAKEN_FOR.get((system, level)):
        message = f"{system.value} takes “{level.value}” for “{taken.value}”"
        hint = f"Write “{taken.value.capitalize()}”, which is what happens."
        yield Finding(CODE, Severity.WARNING, message, transactions.place, hint)
