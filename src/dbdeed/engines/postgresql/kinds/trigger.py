"""Triggers on tables and views, constraint triggers among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_CONSTRAINT, PG_TRIGGER
from dbdeed.engines.postgresql.writing import exclusive, step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Trigger(Named, frozen=True, tag="trigger"):
    """A trigger; `enabled` is "origin" (the usual), "disabled", "replica" or "always"."""

    schema: str
    table: str
    on: str
    name: str
    definition: str
    enabled: str
    constraint: bool

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
    SELECT t.oid, t.tgconstraint, t.tgrelid, n.nspname, c.relname,
        CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END, t.tgname, pg_get_triggerdef(t.oid),
        CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' ELSE 'origin'
            END,
        t.tgconstraint <> 0
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND {OURS}
    ORDER BY n.nspname, c.relname, t.tgname
"""


def read(reading: Reading) -> None:
    for oid, constraint, table, *fields in reading.fetch(_QUERY):
        if table in reading.relations:
            one = Trigger(*fields)
            reading.add(one, (PG_TRIGGER, oid, 0))
            if constraint:
                reading.addresses[PG_CONSTRAINT, constraint, 0] = one.id


def _state(new: Trigger) -> Step:
    word = {
        "disabled": "DISABLE",
        "origin": "ENABLE",
        "replica": "ENABLE REPLICA",
        "always": "ENABLE ALWAYS",
    }[new.enabled]
    return step(
        f"ALTER TABLE {new.table_sql} {word} TRIGGER {ident(new.name)}", new.id, LockLevel.SHARE_ROW_EXCLUSIVE
    )


def create(new: Trigger, _: Context) -> Making:
    making = step(new.definition, new.id, LockLevel.SHARE_ROW_EXCLUSIVE)
    return Making((making,) if new.enabled == "origin" else (making, _state(new)))


def drop(old: Trigger, _: Context) -> tuple[Step, ...]:
    return (exclusive(f"DROP TRIGGER {ident(old.name)} ON {old.table_sql}", old.id),)


def alter(old: Trigger, new: Trigger, _: Context) -> Alteration | None:
    if old.definition == new.definition and old.on == new.on:
        return Alteration((_state(new),))
    if old.constraint or new.constraint or old.on != new.on:
        return None
    text = new.definition.replace("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER", 1)
    steps = [step(text, new.id, LockLevel.SHARE_ROW_EXCLUSIVE)]
    return Alteration(
        (*steps, _state(new)) if old.enabled != "origin" or new.enabled != "origin" else tuple(steps)
    )


KINDS = (Kind("trigger", Trigger, create, drop, alter),)
