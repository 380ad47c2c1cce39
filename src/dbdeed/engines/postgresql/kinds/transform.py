"""Transforms of types for procedural languages: they are replaced in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.system import PG_TRANSFORM
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Transform(Named, frozen=True, tag="transform"):
    """A transform; `type` as SQL, its functions with their arguments, "" for none."""

    type: str
    language: str
    from_sql: str
    to_sql: str

    @property
    def id(self) -> ObjectId:
        return ObjectId("transform", (self.type, self.language))

    @property
    def reference(self) -> str:
        return f"TRANSFORM FOR {self.type} LANGUAGE {ident(self.language)}"


_QUERY = """
    SELECT t.oid, format_type(t.trftype, NULL), l.lanname,
        CASE WHEN t.trffromsql::oid = 0 THEN '' ELSE t.trffromsql::oid::regprocedure::text END,
        CASE WHEN t.trftosql::oid = 0 THEN '' ELSE t.trftosql::oid::regprocedure::text END
    FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE t.oid >= 16384 ORDER BY 2, 3
"""


def read(reading: Reading) -> None:
    for oid, *fields in reading.fetch(_QUERY):
        if (PG_TRANSFORM, oid) not in reading.members:
            reading.add(Transform(*fields), (PG_TRANSFORM, oid, 0))


def _written(verb: str, new: Transform) -> Step:
    ways = (("FROM SQL", new.from_sql), ("TO SQL", new.to_sql))
    inside = ", ".join(f"{way} WITH FUNCTION {function}" for way, function in ways if function)
    return step(f"{verb} {new.reference} ({inside})", new.id)


def create(new: Transform, _: Context) -> Making:
    return Making((_written("CREATE", new),))


def drop(old: Transform, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP {old.reference}", old.id),)


def alter(_old: Transform, new: Transform, _: Context) -> Alteration | None:
    return Alteration((_written("CREATE OR REPLACE", new),))


KINDS = (Kind("transform", Transform, create, drop, alter),)
