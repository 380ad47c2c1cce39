"""Triggers on tables and views, constraint triggers among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.kinds import dependence
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_CONSTRAINT, PG_TRIGGER
from dbdeed.engines.postgresql.writing import exclusive, step

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Trigger(Named, frozen=True, tag="trigger"):
    """A trigger.

    Attributes:
        enabled: "origin" (the usual), "disabled", "replica" or "always".
        partition_of: (schema, table, name) of the trigger that made this one on a partition. Such a one is an
            object only where its `enabled` is not that of the one above.
    """

    schema: str
    table: str
    on: str
    name: str
    definition: str
    enabled: str
    constraint: bool
    partition_of: tuple[str, ...] = ()

    @property
    def id(self) -> ObjectId:
        return ObjectId("trigger", (self.schema, self.table, self.name))

    @property
    def parent(self) -> ObjectId | None:
        return ObjectId(self.on, (self.schema, self.table))

    @property
    def table_sql(self) -> str:
        return qualified(self.schema, self.table)


_QUERY = f"""
    SELECT t.oid, t.tgparentid, t.tgconstraint, t.tgrelid, n.nspname, c.relname,
        CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END, t.tgname, pg_get_triggerdef(t.oid),
        CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' ELSE 'origin'
            END,
        t.tgconstraint <> 0
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND {OURS}
    ORDER BY n.nspname, c.relname, t.tgname
"""


def read(reading: Reading) -> None:
    rows = {
        oid: (above, constraint, table, Trigger(*fields))
        for oid, above, constraint, table, *fields in reading.fetch(_QUERY)
    }
    for oid, (above, constraint, table, one) in rows.items():
        if table not in reading.relations:
            continue
        of = above
        while of and _follows(rows, of):
            of = rows[of][0]
        if above and one.enabled == rows[above][-1].enabled:
            reading.addresses[PG_TRIGGER, oid, 0] = rows[of][-1].id
            continue
        found = one
        if above:
            found = msgspec.structs.replace(one, partition_of=rows[of][-1].id.name)
        reading.add(found, (PG_TRIGGER, oid, 0))
        if constraint:
            reading.addresses[PG_CONSTRAINT, constraint, 0] = found.id


def _follows(rows: Mapping[int, Any], oid: int) -> bool:
    """Whether a trigger is no object: it is on a partition, in the state of the one above."""
    above, *_, one = rows[oid]
    return bool(above) and one.enabled == rows[above][-1].enabled


def _state(new: Trigger, enabled: str = "") -> Step:
    word = {
        "disabled": "DISABLE",
        "origin": "ENABLE",
        "replica": "ENABLE REPLICA",
        "always": "ENABLE ALWAYS",
    }[enabled or new.enabled]
    return step(
        f"ALTER TABLE {new.table_sql} {word} TRIGGER {ident(new.name)}", new.id, LockLevel.SHARE_ROW_EXCLUSIVE
    )


def _states(new: Trigger, context: Context) -> Iterable[Step]:
    """Its state, which goes down to partitions; those with one of their own get that back."""
    yield _state(new)
    waiting = [new.id]
    while waiting:
        above = waiting.pop().name
        for one in context.target.objects.values():
            if isinstance(one, Trigger) and one.partition_of == above:
                yield _state(one)
                waiting.append(one.id)


def create(new: Trigger, _: Context) -> Making:
    if new.partition_of:
        return Making((_state(new),))
    making = step(new.definition, new.id, LockLevel.SHARE_ROW_EXCLUSIVE)
    return Making((making,) if new.enabled == "origin" else (making, _state(new)))


def drop(old: Trigger, context: Context) -> tuple[Step, ...]:
    if not old.partition_of:
        return (exclusive(f"DROP TRIGGER {ident(old.name)} ON {old.table_sql}", old.id),)
    above = context.target.objects.get(ObjectId("trigger", old.partition_of))
    there = old.parent in context.target.objects and isinstance(above, Trigger)
    return (_state(old, above.enabled),) if there and isinstance(above, Trigger) else ()


def alter(old: Trigger, new: Trigger, context: Context) -> Alteration | None:
    if old.partition_of != new.partition_of:
        return None
    if old.partition_of:
        return Alteration((_state(new),) if old.enabled != new.enabled else ())
    if old.definition == new.definition and old.on == new.on:
        return Alteration(tuple(_states(new, context)))
    if old.constraint or new.constraint or old.on != new.on:
        return None
    text = new.definition.replace("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER", 1)
    making = step(text, new.id, LockLevel.SHARE_ROW_EXCLUSIVE)
    states = _states(new, context) if new.on == "table" else ()  # a view's has none
    return Alteration((making, *states), dependence.lost(old.id, context.current))


KINDS = (Kind("trigger", Trigger, create, drop, alter),)
