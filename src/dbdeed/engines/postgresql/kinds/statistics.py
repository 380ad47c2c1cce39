"""Extended statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_STATISTIC_EXT
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Statistics(Named, frozen=True, tag="statistics"):
    """A statistics object; `definition` is the whole CREATE STATISTICS, `target` -1 for the default."""

    schema: str
    name: str
    on: tuple[str, ...]
    definition: str
    target: int

    @property
    def id(self) -> ObjectId:
        return ObjectId("statistics", (self.schema, self.name))

    @property
    def parent(self) -> ObjectId | None:
        return ObjectId("table", self.on)

    @property
    def sql_name(self) -> str:
        return qualified(self.schema, self.name)


# The server writes columns in the order of their places in the table, which means nothing: here by name.
_QUERY = f"""
    SELECT s.oid, s.stxrelid, n.nspname, s.stxname, ARRAY[tn.nspname::text, t.relname::text],
        replace(pg_get_statisticsobjdef(s.oid), format(' ON %s FROM ', items.written),
            format(' ON %s%s FROM ', c.by_name, substr(items.written, length(c.by_place) + 1))),
        coalesce(s.stxstattarget, -1)::int
    FROM pg_statistic_ext s
    CROSS JOIN LATERAL (SELECT pg_get_statisticsobjdef_columns(s.oid)) items (written)
    CROSS JOIN LATERAL (SELECT coalesce(string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname), ''),
        coalesce(string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), '') FROM pg_attribute a
        WHERE a.attrelid = s.stxrelid AND a.attnum = ANY (s.stxkeys)) c (by_name, by_place)
    JOIN pg_namespace n ON n.oid = s.stxnamespace
    JOIN pg_class t ON t.oid = s.stxrelid
    JOIN pg_namespace tn ON tn.oid = t.relnamespace
    WHERE {OURS} ORDER BY n.nspname, s.stxname
"""


def read(reading: Reading) -> None:
    for oid, table, *fields in reading.fetch(_QUERY):
        if table in reading.relations:
            reading.add(Statistics(*fields), (PG_STATISTIC_EXT, oid, 0))


def _target(new: Statistics) -> Step:
    return step(f"ALTER STATISTICS {new.sql_name} SET STATISTICS {new.target}", new.id)


def create(new: Statistics, _: Context) -> Making:
    making = step(new.definition, new.id, LockLevel.SHARE_UPDATE_EXCLUSIVE)
    return Making((making,) if new.target == -1 else (making, _target(new)))


def drop(old: Statistics, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP STATISTICS {old.sql_name}", old.id, LockLevel.SHARE_UPDATE_EXCLUSIVE),)


def alter(old: Statistics, new: Statistics, _: Context) -> Alteration | None:
    if (old.on, old.definition) != (new.on, new.definition):
        return None
    return Alteration((_target(new),))


_ROUTINES = frozenset({"function", "aggregate", "operator"})
_RELATIONS = frozenset({"table", "column", "view", "materialized view"})
_PLANNED_OVER = frozenset({"table", "column", "constraint", "index"})


def steps_aside(old: Statistics, context: Context) -> ObjectId | None:
    """What changes about the table of statistics over a function that reads tables.

    Whatever is planned over the table computes it, since it says that it is IMMUTABLE: also the building of
    an index, which that function could read half-built, and with the rights of the table's owner. A database
    that is made from nothing has its statistics last.
    """
    return next(_planned_over(old, context), None) if _reads_tables(old, context.current) else None


def _reads_tables(one: Statistics, catalog: Catalog) -> bool:
    waiting = [need for need in catalog.needs.get(one.id, ()) if need.kind in _ROUTINES]
    seen = set(waiting)
    while waiting:
        routine = waiting.pop()
        for used in catalog.needs.get(routine, frozenset()) | catalog.mentions.get(routine, frozenset()):
            if used.kind in _RELATIONS:
                return True
            if used.kind in _ROUTINES and used not in seen:
                seen.add(used)
                waiting.append(used)
    return False


def _planned_over(one: Statistics, context: Context) -> Iterator[ObjectId]:
    """The table's own differences, and those of keys that point to it."""
    for catalog, other in ((context.target, context.current), (context.current, context.target)):
        table = ObjectId("table", one.on)
        there = {table, *(child.id for child in catalog.children.get(table, ()))}
        for each in (*there, *catalog.needed_by.get(table, ())):
            if each.kind in _PLANNED_OVER and catalog.objects[each] != other.objects.get(each):
                yield each


KINDS = (Kind("statistics", Statistics, create, drop, alter, steps_aside=steps_aside),)
