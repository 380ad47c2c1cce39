"""A generated block was edited by hand.

What stands between `<!-- dbdeed:NAME … -->` and `<!-- /dbdeed:NAME -->` is written by the program. Its
marker holds a checksum, and the content no longer has it. The block is not overwritten silently.

**To right it**, move what you wrote outside of the markers, then run `dbdeed sync`, which writes the
block anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "generated-edited"
SEVERITY = Severity.WARNING


def check(facts: Facts) -> Iterator[Finding]:
    for block in facts.architecture.generated:
        if block.edited:
            message = f"the generated block “{block.name}” was edited by hand"
            hint = "Move your words outside of the markers; the block is written anew by the program."
            yield Finding(CODE, SEVERITY, message, block.content, hint)
