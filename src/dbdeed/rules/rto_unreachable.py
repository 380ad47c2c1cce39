"""The last drill took longer than the RTO.

A drill restores the newest backup and measures how long that takes; the document holds the result in a
generated block. It is a warning and no error: only another drill can take it back, and `up` ends with one.

**To right it**, restore faster (snapshots in place of dumps, a nearer store), or promise less, then run
`dbdeed drill`.

    - **RTO (Recovery Time Objective)**: 15 minutes

    | | Declared | Measured | |
    | --- | --- | --- | --- |
    | RTO | 15 minutes | 31 min 4 s | **missed** |
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.duration import parse_duration, write_duration
from dbdeed.document.values.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "rto-unreachable"
SEVERITY = Severity.WARNING

# The row as `dbdeed.recovery.report` writes it.
_BLOCK = "recovery"
_ROW = re.compile(r"^[ \t>]*\|\s*RTO\s*\|[^|\n]*\|([^|\n]+)\|", re.MULTILINE)


def check(facts: Facts) -> Iterator[Finding]:
    rto = facts.architecture.recovery.rto
    row = measured_row(facts)
    measured = parse_duration(row) if row else None
    if rto.value is None or measured is None or isinstance(measured, Problem) or measured <= rto.value.limit:
        return
    message = f"the last drill took {row}, and the RTO is {write_duration(rto.value.limit)}"
    yield Finding(
        CODE, SEVERITY, message, rto.place, "Restore faster or promise less, then run `dbdeed drill`."
    )


def measured_row(facts: Facts) -> str:
    """The recovery time in the block under the Recovery Plan; "" where no drill has measured it."""
    for block in facts.architecture.generated:
        row = _ROW.search(block.content.source.text(block.content.span)) if block.name == _BLOCK else None
        if row:
            return row[1].strip()
    return ""
