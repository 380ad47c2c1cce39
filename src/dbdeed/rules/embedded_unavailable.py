"""Hosting is Embedded, and the system cannot be embedded.

An embedded database is run by dbdeed itself, for PostgreSQL and SQLite. Others need a server that
somebody runs.

**To right it**, name the provider or `Self-hosted` under Hosting, or choose PostgreSQL or SQLite.

    **Database System**: MongoDB
    **Hosting**: Embedded           error
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.types import HostingKind, System

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "embedded-unavailable"
SEVERITY = Severity.ERROR


def check(facts: Facts) -> Iterator[Finding]:
    system, hosting = facts.architecture.overview.system.value, facts.architecture.overview.hosting
    embedded = hosting.value is not None and hosting.value.kind is HostingKind.EMBEDDED
    if embedded and system is not None and system not in (System.POSTGRESQL, System.SQLITE):
        message = f"{system.value} cannot be embedded"
        hint = "Write “Self-hosted” or the provider's name, or choose PostgreSQL or SQLite."
        yield Finding(CODE, SEVERITY, message, hosting.place, hint)
