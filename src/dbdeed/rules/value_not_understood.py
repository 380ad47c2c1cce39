"""A value cannot be understood.

A known key's value is read generously, but never guessed: what means nothing, or could mean two things,
is an error that shows the forms that would be understood.

**To right it**, write one of the forms that the finding offers.

    - **RPO (Recovery Point Objective)**: 5 m          before: minutes or months?
    - **RPO (Recovery Point Objective)**: 5 minutes    after
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.secrets import REFUSED
from dbdeed.rules.facts import offer, quoted, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "value-not-understood"
SEVERITY = Severity.ERROR


def check(facts: Facts) -> Iterator[Finding]:
    for setting in facts.architecture.settings():
        problem, place = setting.problem, setting.place
        if problem is None or place is None or problem == REFUSED:
            continue
        verb = "is ambiguous" if problem.ambiguous else "is not understood"
        found = (
            f"{setting.key} {quoted(setting.raw)} {verb}"
            if setting.raw.strip()
            else f"{setting.key} has no value"
        )
        detail = f": {problem.message}" if setting.raw.strip() else ""
        yield Finding(CODE, SEVERITY, found + detail, within(place, problem.offset), offer(problem))
