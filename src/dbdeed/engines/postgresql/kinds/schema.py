"""Schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_NAMESPACE
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Schema(Named, frozen=True, tag="schema"):
    """A schema: its name is all there is; owner, grants and comment stand apart."""

    name: str

    @property
    def id(self) -> ObjectId:
        return ObjectId("schema", (self.name,))


def read(reading: Reading) -> None:
    for oid, name in reading.fetch(f"SELECT n.oid, n.nspname FROM pg_namespace n WHERE {OURS} ORDER BY 2"):
        if (PG_NAMESPACE, oid) not in reading.members:
            reading.add(Schema(name), (PG_NAMESPACE, oid, 0))


_PUBLIC = (  # as initdb makes it
    "ALTER SCHEMA public OWNER TO pg_database_owner",
    "GRANT USAGE ON SCHEMA public TO PUBLIC",
)


def create(new: Schema, _: Context) -> Making:
    more = _PUBLIC if new.name == "public" else ()
    return Making(tuple(step(sql, new.id) for sql in (f"CREATE SCHEMA {ident(new.name)}", *more)))


def drop(old: Schema, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP SCHEMA {ident(old.name)}", old.id),)


def alter(_old: Schema, _new: Schema, _: Context) -> Alteration | None:
    return Alteration(())


KINDS = (Kind("schema", Schema, create, drop, alter, holds_data=True),)
