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
    CROSS JOIN LATERAL (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname),
        string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
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


KINDS = (Kind("statistics", Statistics, create, drop, alter),)
