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


_QUERY = f"""
    SELECT s.oid, s.stxrelid, n.nspname, s.stxname, ARRAY[tn.nspname::text, t.relname::text],
        pg_get_statisticsobjdef(s.oid), coalesce(s.stxstattarget, -1)::int
    FROM pg_statistic_ext s
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
