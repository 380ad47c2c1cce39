"""Indexes built, replaced and dropped while readers and writers go on.

A build waits for transactions and reads the table twice (manual, "Building Indexes Concurrently"); it can
be in no transaction, and leaves an invalid index where it is stopped. On a partitioned table it is built for
each partition and then attached (manual, "Table Partitioning").
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dbdeed.engines.change import LockLevel
from dbdeed.engines.postgresql.online.names import aside, free_relation
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.writing import exclusive, may_fail, patient, pauses, step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.change import Hazard, Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.index import Index


def statement(new: Index, name: str, *, concurrently: bool = False, only: bool = False) -> str:
    """CREATE INDEX under this name."""
    words = f"CREATE {'UNIQUE ' if new.unique else ''}INDEX {'CONCURRENTLY ' if concurrently else ''}"
    return f"{words}{ident(name)} ON {'ONLY ' if only else ''}{new.table_sql} {_with_tablespace(new)}"


def _with_tablespace(new: Index) -> str:
    if not new.tablespace:
        return new.definition
    head, where, condition = new.definition.partition(" WHERE ")
    return f"{head} TABLESPACE {ident(new.tablespace)}{where}{condition}"


def built(new: Index, name: str = "") -> Step:
    """The index, built while others go on."""
    return patient(statement(new, name or new.name, concurrently=True), new.id, *twice(new))


def twice(new: Index) -> tuple[Hazard, ...]:
    """What a unique index may find."""
    return (may_fail(f"Rows of {new.table_sql} may hold the same values twice."),) if new.unique else ()


def built_below(new: Index, parts: Iterable[Index]) -> tuple[Step, ...]:
    """The index of a partitioned table: empty, then each partition's own is built and attached to it."""
    steps = [_empty(new)]
    for part in parts:
        above = qualified(*part.partition_of)
        if part.on_partitioned:
            steps.append(_empty(part))
        else:
            steps.append(built(part))
        steps.append(exclusive(f"ALTER INDEX {above} ATTACH PARTITION {part.sql_name}", part.id))
    return tuple(steps)


def _empty(new: Index) -> Step:
    moment = pauses(f"Writes to {new.table_sql} wait for a moment; no rows are read.")
    return step(statement(new, new.name, only=True), new.id, LockLevel.SHARE, hazards=(moment,))


def replaced(old: Index, new: Index, context: Context) -> tuple[Step, ...]:
    """The new index beside the old one; they change names, and the old one goes."""
    fresh = free_relation(new.schema, new.name, context)
    leaving = free_relation(new.schema, aside(new.name), context, besides=fresh)
    return (
        built(new, fresh),
        renamed(new.schema, old.name, leaving, new.id),
        renamed(new.schema, fresh, new.name, new.id),
        dropped(new.schema, leaving, new.id),
    )


def renamed(schema: str, old: str, new: str, one: ObjectId) -> Step:
    """Only the index itself is locked, and nobody waits who reads or writes by it."""
    text = f"ALTER INDEX {qualified(schema, old)} RENAME TO {ident(new)}"
    return step(text, one, LockLevel.SHARE_UPDATE_EXCLUSIVE)


def dropped(schema: str, name: str, one: ObjectId) -> Step:
    """The index dropped once nobody uses it any more."""
    return replace(patient(f"DROP INDEX CONCURRENTLY {qualified(schema, name)}", one), scans=False)
