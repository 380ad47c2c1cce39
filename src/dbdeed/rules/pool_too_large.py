"""The pools together want more connections than the server has.

Each instance of the application holds a pool; all of them share the server's `max_connections`, of which
a few are kept for superusers. Without a live server its default is assumed: 100 with 3 reserved for
PostgreSQL, 151 for MySQL and MariaDB.

**To right it**, make the pools smaller, run fewer instances, put a pooler between, or raise the server's
limit.

    - **Connection Pool**: max 30, 4 instances    120 of 97: a warning
    - **Connection Pool**: max 20, 4 instances    80 of 97
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.types import System

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.rules.facts import Facts

CODE = "pool-too-large"
SEVERITY = Severity.WARNING

# PostgreSQL manual 20.3 (max_connections, superuser_reserved_connections); MySQL manual 7.1.8 and MariaDB's
# server system variables (max_connections, one more kept for an administrator).
_LIMITS = {System.POSTGRESQL: 97, System.MYSQL: 151, System.MARIADB: 151}


def check(facts: Facts) -> Iterator[Finding]:
    system, pool = facts.architecture.overview.system.value, facts.architecture.access.pool
    limit = _LIMITS.get(system) if system else None
    if pool.value is None or limit is None:
        return
    instances = pool.value.instances or 1
    wanted = pool.value.max * instances
    if wanted > limit:
        held = f"{pool.value.max} connections" if instances == 1 else f"{instances} pools of {pool.value.max}"
        message = f"{held} are {wanted}, and a server with default settings has {limit} to give"
        hint = f"Write at most max {limit // instances}, or raise max_connections on the server."
        yield Finding(CODE, SEVERITY, message, pool.place, hint)
