"""Last Updated lies in the future.

The date says when the document last changed; `sync` keeps it. A later date than today is a slip of the
pen, or of the clock.

**To right it**, write the day of the last change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "date-in-future"
SEVERITY = Severity.WARNING


def check(facts: Facts) -> Iterator[Finding]:
    updated = facts.architecture.header.last_updated
    # A day's grace: it may be tomorrow already where the document was written.
    if updated.value and (updated.value - facts.today).days > 1:
        yield Finding(
            CODE, SEVERITY, f"Last Updated is {updated.value}, and today is {facts.today}", updated.place,
            "Write the day of the last change.",
        )  # fmt: skip
