"""Retention keeps less, or more often, than Frequency makes.

A backup that is kept for a shorter time than lies between two expires before the next one is made: all
that is ever left is the newest, which is never pruned. Keeping `hourly` backups of a daily schedule keeps
nothing more than `daily` would.

**To right it**, keep longer, or back up more often.

    - **Frequency**: Weekly
    - **Retention**: 3 days     before
    - **Retention**: 30 days    after
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.duration import write_duration
from dbdeed.document.values.retention import UNITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "retention-gap"
SEVERITY = Severity.WARNING


def check(facts: Facts) -> Iterator[Finding]:
    frequency, retention = facts.architecture.recovery.frequency, facts.architecture.recovery.retention
    every = (
        [cadence.every for cadence in frequency.value.cadences if cadence.every] if frequency.value else []
    )
    if retention.value is None or not every:
        return
    rules, shortest = retention.value.rules, min(every)
    if all(rule.period is not None and rule.period < shortest for rule in rules):
        message = (
            f"each backup expires before the next one is made: they are {write_duration(shortest)} apart"
        )
        yield Finding(
            CODE,
            SEVERITY,
            message,
            retention.place,
            f"Keep them for at least {write_duration(2 * max(every))}.",
        )
    for rule in rules:
        if rule.unit and UNITS[rule.unit] < shortest:
            message = f"{rule.unit} backups are kept, and they are {write_duration(shortest)} apart"
            yield Finding(
                CODE, SEVERITY, message, retention.place, "Back up more often, or leave that rule out."
            )
