"""The version beside the system's name is not the Version.

`Database System: PostgreSQL 15` names a version that only the Version key can hold. Where the two differ,
it is the Version that counts; where there is no Version, the one beside the name counts for nothing.

**To right it**, write the version under Version only.

    **Database System**: PostgreSQL 15+    before
    **Database System**: PostgreSQL        after
    **Version**: >=15
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.system import version_beside
from dbdeed.document.values.version import write_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "version-twice"
SEVERITY = Severity.WARNING


def check(facts: Facts) -> Iterator[Finding]:
    system, version = facts.architecture.overview.system, facts.architecture.overview.version
    beside = version_beside(system.raw) if system.value else None
    if beside is None or beside == version.value or version.problem:
        return
    written = write_version(beside)
    if version.value:
        message = f"Database System names version {written}, and Version {write_version(version.value)}"
    else:
        message = f"Database System names version {written}, which only counts under Version"
    yield Finding(
        CODE, SEVERITY, message, system.place, f"Write `**Version**: {written}`, and the name alone here."
    )
