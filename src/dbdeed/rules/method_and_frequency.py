"""Frequency and Method do not speak of the same backups.

A frequency that says `continuous` needs the method `Continuous archiving`, and archiving needs a full
backup that the log continues. Incremental backups exist of snapshots only: a dump is always whole.

**To right it**, name the method that the frequency asks for, or leave that part of the frequency out.

    - **Frequency**: Weekly full, continuous
    - **Method**: Snapshots                          before
    - **Method**: Snapshots, Continuous archiving    after
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.types import BackupKind, Method
from dbdeed.rules.facts import where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "method-and-frequency"
SEVERITY = Severity.ERROR


def check(facts: Facts) -> Iterator[Finding]:
    frequency, method = facts.architecture.recovery.frequency, facts.architecture.recovery.method
    if frequency.value is None:
        return
    kinds = [cadence.kind for cadence in frequency.value.cadences]
    if BackupKind.INCREMENTAL in kinds and BackupKind.FULL not in kinds and None not in kinds:
        message = "incremental backups need a full one that they continue, and Frequency has none"
        yield Finding(
            CODE, SEVERITY, message, frequency.place, "Write for example “Weekly full, daily incremental”."
        )
    if method.value is None:
        return
    if BackupKind.CONTINUOUS in kinds and Method.CONTINUOUS_ARCHIVING not in method.value:
        message = "Frequency says continuous, and Method does not name Continuous archiving"
        hint = "Add “Continuous archiving” to the Method, or give an interval as Frequency."
        yield Finding(CODE, SEVERITY, message, method.place, hint)
    if Method.CONTINUOUS_ARCHIVING in method.value and Method.SNAPSHOTS not in method.value:
        message = "an archived log needs a snapshot that it continues, and Method names none"
        yield Finding(CODE, SEVERITY, message, method.place, "Write “Snapshots, Continuous archiving”.")
    if BackupKind.INCREMENTAL in kinds and Method.SNAPSHOTS not in method.value:
        message = "incremental backups exist of snapshots only, and Method names none"
        yield Finding(
            CODE, SEVERITY, message, where(method), "Add “Snapshots” to the Method, or leave incremental out."
        )
