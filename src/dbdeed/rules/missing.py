"""A key that decides what the program may do is missing.

Without a Database System nothing can be planned. Without a Status the document counts as a draft, and
without a Target State nothing is applied: both are only warned of, because saying nothing never means
yes.

**To right it**, add the line that the template has.

    **Database System**: PostgreSQL
    **Status**: Draft
    **Target State**: As-To-Be
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.source import Place, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "missing"
SEVERITY = Severity.ERROR


def check(facts: Facts) -> Iterator[Finding]:
    header, overview = facts.architecture.header, facts.architecture.overview
    top = Place(facts.architecture.source, Span(0, 0))
    if overview.system.absent:
        hint = (
            "Add `**Database System**: PostgreSQL` (or MySQL, MariaDB, SQLite, MongoDB) under `## Overview`."
        )
        yield Finding(CODE, Severity.ERROR, "the document names no Database System", top, hint)
    if header.status.absent:
        hint = "Add `**Status**: Active` at the top to let real databases be changed."
        yield Finding(CODE, Severity.WARNING, "without a Status the document is a draft", top, hint)
    if header.target_state.absent:
        hint = "Add `**Target State**: As-To-Be` at the top where the document leads."
        yield Finding(CODE, Severity.WARNING, "without a Target State nothing is applied", top, hint)
