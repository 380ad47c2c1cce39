"""The last drill is too old to prove anything, or did not prove what it should.

Databases grow and change, and a restore that worked last month may not work now. A drill proves for a week,
or, where backups are rarer than that, from one backup to the next; one day of grace is added. The date is the
one in the block that the drill itself wrote under the Recovery Plan, so that this is noticed wherever the
document is checked.

**To right it**, run `dbdeed drill`, and see to it that it runs again in time.

    **PROVEN** by the drill of 2026-01-05 02:00 UTC     warning, in March
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.proof_age import expires
from dbdeed.rules.facts import within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "proof-expired"
SEVERITY = Severity.WARNING

_BLOCK = "recovery"
_DRILL = re.compile(r"\*\*(PROVEN|FAILED|NOT VERIFIED)\*\* by the drill of (\d{4}-\d\d-\d\d \d\d:\d\d) UTC")
_HINT = "Run “dbdeed drill”, as often as it is to be believed."


def check(facts: Facts) -> Iterator[Finding]:
    frequency = facts.architecture.recovery.frequency.value
    for block in facts.architecture.generated:
        if block.name != _BLOCK:
            continue
        found = _DRILL.search(block.content.source.text(block.content.span))
        if found is None:
            continue
        place = within(block.content, found.start())
        try:
            drilled = datetime.strptime(found[2], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        except ValueError:
            continue
        until = expires(drilled, frequency)
        if found[1] != "PROVEN":
            message = f"the last drill, of {drilled:%Y-%m-%d}, was {found[1]}"
            yield Finding(CODE, SEVERITY, message, place, "The block says what is missing.")
        elif until.date() + timedelta(days=1) < facts.today:  # wherever its day begins
            message = f"the last drill, of {drilled:%Y-%m-%d}, proves nothing since {until:%Y-%m-%d}"
            yield Finding(CODE, SEVERITY, message, place, _HINT)
