"""The SQL needs a superuser, and a provider hosts the server.

Managed servers keep superuser rights for themselves. What needs them (programs and files of the server,
its settings, tablespaces, untrusted languages, event triggers) fails there.

**To right it**, remove the statement, use the provider's own way, or host the server yourself.

    **Hosting**: AWS RDS
    ALTER SYSTEM SET wal_level = 'logical';    needs a superuser
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.types import HostingKind, System
from dbdeed.rules.sql import bare, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "superuser-on-provider"
SEVERITY = Severity.WARNING

_NEEDS = re.compile(
    r"(?<!\w)(?:alter\s+system|create\s+tablespace|create\s+event\s+trigger|create\s+access\s+method"
    r"|language\s+(?:c|internal|\w+u)|(?:from|to)\s+program|create\s+(?:or\s+replace\s+)?cast|superuser)(?!\w)",
    re.IGNORECASE,
)


def check(facts: Facts) -> Iterator[Finding]:
    overview = facts.architecture.overview
    hosting = overview.hosting.value
    if (
        overview.system.value is not System.POSTGRESQL
        or hosting is None
        or hosting.kind is not HostingKind.PROVIDER
    ):
        return
    for block in facts.architecture.schema.blocks:
        said: set[str] = set()
        for match in _NEEDS.finditer(bare(block.text, System.POSTGRESQL)):
            words = " ".join(match.group().upper().split())
            if words in said:
                continue
            said.add(words)
            message = f"{words} needs a superuser, which {hosting.provider} is unlikely to give"
            hint = "Use the provider's own way for it, or host the server yourself."
            yield Finding(CODE, SEVERITY, message, place_of(block, *match.span()), hint)
