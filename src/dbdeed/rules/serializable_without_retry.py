"""Transactions may fail by design, and nothing retries them.

Under `serializable`, and in PostgreSQL under `repeatable read`, the database ends a transaction that it
cannot put in order with another one, and expects it to be run again. Without a retry the user sees that
as an error.

**To right it**, write a Retry Logic, or choose `read committed`.

    - **Transaction Management**: Serializable
    - **Retry Logic**: 5 attempts, exponential backoff from 50 ms to 2 s, jitter
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.types import Isolation, System
from dbdeed.rules.facts import where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "serializable-without-retry"
SEVERITY = Severity.ERROR

# SQLite is always serializable and never fails so: writers wait for each other.
_SYSTEMS = (System.POSTGRESQL, System.MYSQL, System.MARIADB)


def check(facts: Facts) -> Iterator[Finding]:
    system = facts.architecture.overview.system.value
    transactions, retry = facts.architecture.queries.transactions, facts.architecture.access.retry
    if transactions.value is None or system not in (None, *_SYSTEMS) or retry.problem:
        return
    level = transactions.value.isolation
    may_fail = level is Isolation.SERIALIZABLE or (
        level is Isolation.REPEATABLE_READ and system is System.POSTGRESQL
    )
    if level is None or not may_fail or (retry.value and retry.value.attempts > 1):
        return
    severity = Severity.ERROR if level is Isolation.SERIALIZABLE else Severity.WARNING
    why = "Retry Logic tries once" if retry.value else "no Retry Logic is given"
    yield Finding(
        CODE, severity, f"{level.value} transactions must be tried again when they collide, and {why}",
        where(retry, transactions),
        "Write “5 attempts, exponential backoff” under Retry Logic, or choose read committed.",
    )  # fmt: skip
