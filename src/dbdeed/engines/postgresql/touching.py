"""What a statement locks, reads and rewrites: seen by running it, not by reading it.

In a scratch every table is nearly empty, and yet the server takes the same locks (pg_locks), counts that it
reads a table from end to end (pg_stat_xact_all_tables), and gives a table that it rewrites a new file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.postgresql.files import run_in_scratch
from dbdeed.engines.postgresql.sql.manner import manner
from dbdeed.engines.seam import Manner, Touch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.engines.seam import Session, Statement

_TABLES = """
SELECT c.oid::bigint, n.nspname::text, c.relname::text, c.relfilenode::bigint,
  coalesce(s.seq_scan, 0)::bigint,
  (SELECT array_agg(i.indexrelid::bigint ORDER BY 1) FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_stat_xact_all_tables s ON s.relid = c.oid
WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'dbdeed')
  AND n.nspname NOT LIKE 'pg\\_%'
"""
_LOCKS = """
SELECT relation::bigint, mode FROM pg_catalog.pg_locks
WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND granted
"""
_SIZES = """
SELECT n.nspname::text, c.relname::text, pg_catalog.pg_total_relation_size(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'dbdeed')
"""
_LEVELS = {
    "AccessShareLock": LockLevel.ACCESS_SHARE,
    "RowShareLock": LockLevel.ROW_SHARE,
    "RowExclusiveLock": LockLevel.ROW_EXCLUSIVE,
    "ShareUpdateExclusiveLock": LockLevel.SHARE_UPDATE_EXCLUSIVE,
    "ShareLock": LockLevel.SHARE,
    "ShareRowExclusiveLock": LockLevel.SHARE_ROW_EXCLUSIVE,
    "ExclusiveLock": LockLevel.EXCLUSIVE,
    "AccessExclusiveLock": LockLevel.ACCESS_EXCLUSIVE,
}


@dataclass(frozen=True, slots=True)
class _Table:
    id: ObjectId
    file: int
    scans: int
    indexes: frozenset[int]


def touches(session: Session, statement: Statement) -> tuple[Touch, ...]:
    """Run it and see."""
    if manner(statement.sql) in (Manner.ALONE, Manner.AGAIN):
        return _alone(session, statement)
    with session.transaction():
        before, held = _tables(session), _locks(session)
        run_in_scratch(session, statement)
        after, now = _tables(session), _locks(session)
    found = []
    for oid, table in before.items():
        there = after.get(oid, table)
        rewrites, scans = there.file != table.file, there.scans > table.scans
        levels = now.get(oid, set())
        taken = levels - held.get(oid, set())
        lock = max(taken or (levels if rewrites or scans else ()), default=LockLevel.NONE)
        if rewrites or scans or lock > LockLevel.ROW_SHARE:
            found.append(Touch(table.id, lock, rewrites, scans))
    return tuple(found)


def _alone(session: Session, statement: Statement) -> tuple[Touch, ...]:
    """Outside of transactions only whose indexes changed is left to be seen; that lets others go on."""
    before = _tables(session)
    run_in_scratch(session, statement)
    after = _tables(session)
    return tuple(
        Touch(
            table.id,
            LockLevel.SHARE_UPDATE_EXCLUSIVE,
            scans=bool(after[oid].indexes - table.indexes),
        )
        for oid, table in before.items()
        if oid in after and after[oid].indexes != table.indexes
    )


def _tables(session: Session) -> dict[int, _Table]:
    return {
        oid: _Table(ObjectId("table", (schema, name)), file, scans, frozenset(indexes or ()))
        for oid, schema, name, file, scans, indexes in session.fetch(_TABLES)
    }


def _locks(session: Session) -> dict[int, set[LockLevel]]:
    found: dict[int, set[LockLevel]] = {}
    for oid, mode in session.fetch(_LOCKS):
        found.setdefault(oid, set()).add(_LEVELS.get(mode, LockLevel.NONE))
    return found


def table_sizes(session: Session) -> Mapping[ObjectId, int]:
    """Bytes of each table with its indexes and what is stored beside it."""
    return {ObjectId("table", (schema, name)): int(size) for schema, name, size in session.fetch(_SIZES)}
