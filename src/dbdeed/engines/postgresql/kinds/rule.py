"""Rewrite rules, other than the one that is a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_REWRITE
from dbdeed.engines.postgresql.writing import exclusive

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Rule(Named, frozen=True, tag="rule"):
    """A rule on a table or view; `enabled` as for triggers."""

    schema: str
    table: str
    on: str
    name: str
    definition: str
    enabled: str

    @property
    def id(self) -> ObjectId:
        return ObjectId("rule", (self.schema, self.table, self.name))

    @property
    def parent(self) -> ObjectId | None:
        return ObjectId(self.on, (self.schema, self.table))

    @property
    def table_sql(self) -> str:
        return qualified(self.schema, self.table)


_QUERY = f"""
    SELECT r.oid, r.ev_class, n.nspname, c.relname,
        CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'table' END, r.rulename,
        rtrim(pg_get_ruledef(r.oid), ';'),
        CASE r.ev_enabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' ELSE
            'origin' END
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE r.rulename <> '_RETURN' AND {OURS}
    ORDER BY n.nspname, c.relname, r.rulename
"""

_WORDS = {"disabled": "DISABLE", "origin": "ENABLE", "replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}


def read(reading: Reading) -> None:
    for oid, table, *fields in reading.fetch(_QUERY):
        if table in reading.relations:
            reading.add(Rule(*fields), (PG_REWRITE, oid, 0))


def _state(new: Rule) -> Step:
    return exclusive(f"ALTER TABLE {new.table_sql} {_WORDS[new.enabled]} RULE {ident(new.name)}", new.id)


def create(new: Rule, _: Context) -> Making:
    making = exclusive(new.definition, new.id)
    return Making((making,) if new.enabled == "origin" else (making, _state(new)))


def drop(old: Rule, _: Context) -> tuple[Step, ...]:
    return (exclusive(f"DROP RULE {ident(old.name)} ON {old.table_sql}", old.id),)


def alter(old: Rule, new: Rule, _: Context) -> Alteration | None:
    if old.on != new.on:
        return None
    steps = []
    if old.definition != new.definition:
        steps.append(exclusive(new.definition.replace("CREATE RULE", "CREATE OR REPLACE RULE", 1), new.id))
    if old.enabled != new.enabled or (steps and new.enabled != "origin"):
        steps.append(_state(new))
    return Alteration(tuple(steps))


KINDS = (Kind("rule", Rule, create, drop, alter),)
