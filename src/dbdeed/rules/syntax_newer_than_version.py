"""The SQL uses what the Version does not have yet.

The engine in which the document is tried may be newer than the one that it is for. What is known by its
words alone to need a newer version is named, with the version that brought it.

**To right it**, raise the Version, or write it in another way.

    **Version**: 14
    UNIQUE NULLS NOT DISTINCT (email)     needs PostgreSQL 15
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.types import System
from dbdeed.document.values.version import write_version
from dbdeed.rules.sql import bare, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.document.architecture import CodeBlock
    from dbdeed.rules.facts import Facts

CODE = "syntax-newer-than-version"
SEVERITY = Severity.ERROR

# From the release notes: PostgreSQL manual appendix E; sqlite.org/changes.html.
_SINCE: dict[System, tuple[tuple[str, tuple[int, ...]], ...]] = {
    System.POSTGRESQL: (
        (r"generated\s+(?:always|by\s+default)\s+as\s+identity", (10,)),
        (r"partition\s+by\s+(?:range|list)", (10,)),
        (r"create\s+(?:or\s+replace\s+)?procedure", (11,)),
        (r"partition\s+by\s+hash", (11,)),
        (r"generated\s+always\s+as\s+\([^;]{1,500}?\)\s+stored", (12,)),
        (r"multirange|int[48]multirange|tstzmultirange", (14,)),
        (r"begin\s+atomic", (14,)),
        (r"nulls\s+not\s+distinct", (15,)),
        (r"merge\s+into", (15,)),
        (r"security_invoker", (15,)),
        (r"any_value\s*\(", (16,)),
        (r"is\s+json", (16,)),
        (r"json_table\s*\(", (17,)),
        (r"uuidv7\s*\(", (18,)),
        (r"without\s+overlaps", (18,)),
        (r"\)\s+virtual", (18,)),
        (r"not\s+enforced", (18,)),
    ),
    System.SQLITE: (
        (r"without\s+rowid", (3, 8, 2)),
        (r"on\s+conflict[^;]{1,300}?do\s+(?:update|nothing)", (3, 24)),
        (r"over\s*\(", (3, 25)),
        (r"generated\s+always\s+as", (3, 31)),
        (r"returning", (3, 35)),
        (r"\)\s*(?:without\s+rowid\s*,\s*)?strict", (3, 37)),
        (r"(?:right|full)\s+(?:outer\s+)?join", (3, 39)),
        (r"is\s+(?:not\s+)?distinct\s+from", (3, 39)),
        (r"jsonb(?:_\w+)?\s*\(", (3, 45)),
    ),
}


def check(facts: Facts) -> Iterator[Finding]:
    system, version = facts.architecture.overview.system.value, facts.architecture.overview.version.value
    if system not in _SINCE or version is None:
        return
    queries = (query.block for query in facts.architecture.queries.queries if query.block)
    for block in (*facts.architecture.schema.blocks, *queries):
        for start, end, words, since in _newer(block, system, version.parts):
            name = f"{system.value} {'.'.join(map(str, since))}"
            message = f"{words} needs {name}, and the Version is {write_version(version)}"
            yield Finding(
                CODE,
                SEVERITY,
                message,
                place_of(block, start, end),
                "Raise the Version, or write it otherwise.",
            )


def _newer(
    block: CodeBlock, system: System, version: tuple[int, ...]
) -> Iterator[tuple[int, int, str, tuple[int, ...]]]:
    text = bare(block.text, system)
    for pattern, since in _SINCE[system]:
        if version >= since[: len(version)]:
            continue
        # The first in a block says it all.
        if match := re.search(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE):
            words = " ".join(match.group().upper().split())[:40]
            yield match.start(), match.end(), words, since
