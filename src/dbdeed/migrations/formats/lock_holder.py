"""Who holds a Java tool's advisory lock on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbdeed.engines.seam import Session

_HOLDER = """
    SELECT coalesce(nullif(a.application_name, ''), 'a connection'), a.usename, host(a.client_addr), a.pid,
        to_char(coalesce(a.xact_start, a.query_start, a.backend_start) AT TIME ZONE 'UTC',
            'YYYY-MM-DD HH24:MI:SS')
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
        AND (l.classid::bigint << 32 | l.objid::bigint) = $1::bigint
"""


def java_hash(text: str) -> int:
    """`String.hashCode()`: over UTF-16 code units, signed, of 32 bits."""
    units = text.encode("utf-16-be", "surrogatepass")
    value = 0
    for at in range(0, len(units), 2):
        value = (31 * value + int.from_bytes(units[at : at + 2], "big")) & 0xFFFFFFFF
    return value - (1 << 32) if value >= 1 << 31 else value


def who_holds(session: Session, number: int) -> str:
    """Who holds an advisory lock and since when, for people."""
    found = session.fetch(_HOLDER, number)
    if not found:
        return "who holds its lock is not to be seen"
    name, user, address, process, since = found[0]
    place = f" from {address}" if address else ""
    return f"{name} of {user}{place} (process {process}) holds its lock since {since} UTC or before"
