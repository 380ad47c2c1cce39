"""Something in the document cannot be read at all.

A link that leads nowhere or out of the project, a generated block whose end marker is missing, a key that
is given twice with different values: what is meant cannot be known.

**To right it**, follow the finding: restore the file or marker, or remove one of the two keys.

    <!-- dbdeed:erd -->      without its <!-- /dbdeed:erd -->
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.secrets import REFUSED
from dbdeed.rules.facts import offer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "unreadable"
SEVERITY = Severity.ERROR


def check(facts: Facts) -> Iterator[Finding]:
    for place, problem in facts.architecture.problems:
        if problem != REFUSED:
            hint = offer(problem) or "Put it right, or remove it."
            yield Finding(CODE, SEVERITY, problem.message, place, hint)
