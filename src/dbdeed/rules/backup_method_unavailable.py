"""The backup method is not possible with this system or hosting.

- SQLite has no log that could be archived; snapshots and dumps it has.
- MySQL, MariaDB and MongoDB are not archived continuously by dbdeed yet.
- A provider lets nobody copy its disks or its log: physical snapshots and continuous archiving need a
  server of your own. Logical dumps are always possible.

**To right it**, write `Logical dumps`, or host the server yourself.

    **Hosting**: Heroku
    - **Method**: Snapshots        before
    - **Method**: Logical dumps    after
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.types import HostingKind, Method, System

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "backup-method-unavailable"
SEVERITY = Severity.ERROR

_NO_LOG = {
    System.SQLITE: "SQLite has no log that could be archived",
    System.MYSQL: "MySQL's log is not archived by dbdeed yet",
    System.MARIADB: "MariaDB's log is not archived by dbdeed yet",
    System.MONGODB: "MongoDB's log is not archived by dbdeed yet",
}


def check(facts: Facts) -> Iterator[Finding]:
    overview, method = facts.architecture.overview, facts.architecture.recovery.method
    for name in method.value or ():
        system, hosting = overview.system.value, overview.hosting.value
        if name is Method.CONTINUOUS_ARCHIVING and system in _NO_LOG:
            hint = "Write “Snapshots” or “Logical dumps”, often enough for the RPO."
            yield Finding(CODE, SEVERITY, _NO_LOG[system], method.place, hint)
        elif hosting and hosting.kind is HostingKind.PROVIDER and name is not Method.LOGICAL_DUMPS:
            what = "disks" if name is Method.SNAPSHOTS else "log"
            message = f"{name.value} needs the server's {what}, which {hosting.provider} keeps to itself"
            hint = (
                "Write “Logical dumps”; the provider's own snapshots cannot be taken or proven from here yet."
            )
            yield Finding(CODE, SEVERITY, message, method.place, hint)
