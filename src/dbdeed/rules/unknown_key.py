"""A bold key is not one that the program knows.

Nothing is silently ignored: a key that looks like a setting and has no effect is named, with the known
key that it resembles.

**To right it**, use the known key, or write the remark without making it a bold key.

    - **Retentoin**: 30 days    before
    - **Retention**: 30 days    after
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.edit import Edit
from dbdeed.document.findings import Finding, Severity
from dbdeed.document.source import Span
from dbdeed.rules.facts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.document.architecture import UnknownKey
    from dbdeed.rules.facts import Facts

CODE = "unknown-key"
SEVERITY = Severity.WARNING


def check(facts: Facts) -> Iterator[Finding]:
    taken = {setting.key for setting in facts.architecture.settings() if not setting.absent}
    for unknown in facts.architecture.unknown_keys:
        if facts.unfilled_at(unknown.place):
            continue
        near = f"Did you mean “{unknown.nearest}”?" if unknown.nearest else "It has no effect."
        message = f"{quoted(unknown.key)} is no key of {unknown.section}"
        fix = () if unknown.nearest in taken else _respelt(unknown)
        taken.add(unknown.nearest)
        yield Finding(CODE, SEVERITY, message, unknown.place, near, fix)


def _respelt(unknown: UnknownKey) -> tuple[Edit, ...]:
    """The key spelt right."""
    data, span = unknown.place.source.data, unknown.place.span
    key = unknown.key.encode()
    at = data.find(key, span.start, span.end)
    if not unknown.nearest or at < 0:
        return ()
    return (Edit(Span(at, at + len(key)), unknown.nearest),)
