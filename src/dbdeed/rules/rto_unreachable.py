"""The last drill took longer than the RTO.

A drill restores the newest backup and measures how long that takes; the document holds the result in a
generated block. A promise that was measured to be broken is an error until something is changed and
measured again.

**To right it**, restore faster (snapshots in place of dumps, a nearer store), or promise less, then run
`dbdeed drill`.

    - **RTO (Recovery Time Objective)**: 15 minutes
    Recovery time, measured: 31 minutes               error
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.duration import DURATION, parse_duration, write_duration
from dbdeed.document.values.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from dbdeed.rules.facts import Facts

CODE = "rto-unreachable"
SEVERITY = Severity.ERROR

_LINE = re.compile(r"^[^\n]{0,200}?(?:recovery\s+time|RTO)[^\n]{0,300}$", re.IGNORECASE | re.MULTILINE)
_DURATION = re.compile(rf"(?<![\w.]){DURATION}", re.IGNORECASE)


def check(facts: Facts) -> Iterator[Finding]:
    rto = facts.architecture.recovery.rto
    measured = measured_recovery_time(facts)
    if rto.value is None or measured is None or measured <= rto.value.limit:
        return
    message = (
        f"the last drill took {write_duration(measured)}, and the RTO is {write_duration(rto.value.limit)}"
    )
    yield Finding(
        CODE, SEVERITY, message, rto.place, "Restore faster or promise less, then run `dbdeed drill`."
    )


def measured_recovery_time(facts: Facts) -> timedelta | None:
    """What the generated block under the Recovery Plan says; None where no drill has run.

    Its line on the recovery time holds the declared duration, if any, before the measured one.
    """
    for block in facts.architecture.generated:
        if block.name not in ("recovery", "drill"):
            continue
        text = block.content.source.text(block.content.span)
        for line in _LINE.finditer(text):
            durations = [parse_duration(match.group()) for match in _DURATION.finditer(line.group())]
            if durations and not isinstance(durations[-1], Problem):
                return durations[-1]
    return None
