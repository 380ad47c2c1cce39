"""The same name twice, hidden by IF NOT EXISTS.

The second `CREATE … IF NOT EXISTS` of a name does nothing, whatever it says: only the first one counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.sqlite.lint.context import Context

CODE = "sqlite-duplicate"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each later statement with a name that is taken."""
    if any(one.first in ("drop", "alter") for one in context.statements):
        return  # the first one may be gone by then
    for written in context.statements:
        first = context.by_object.get(written.id) if written.id is not None else None
        if first is not None and first is not written:
            yield Finding(
                code=CODE,
                severity=Severity.ERROR,
                message=f"{written.id} is made twice; SQLite ignores this one.",
                place=written.place(written.creates),
                hint="Keep one of them.",
            )
