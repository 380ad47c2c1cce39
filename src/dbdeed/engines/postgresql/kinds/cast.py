"""Casts between types. Nothing depends on a cast itself, only on the function behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.system import PG_CAST
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Cast(Named, frozen=True, tag="cast"):
    """A cast.

    Attributes:
        source, target: types as SQL.
        method: "function", "inout" (through both types' text) or "binary" (the bytes as they are).
        function: with its arguments, as SQL; "" for the other methods.
        context: where it is used unasked: "explicit" (nowhere), "assignment" or "implicit".
    """

    source: str
    target: str
    method: str
    function: str
    context: str

    @property
    def id(self) -> ObjectId:
        return ObjectId("cast", (self.source, self.target))

    @property
    def reference(self) -> str:
        return f"CAST ({self.source} AS {self.target})"


# A range type brings a cast of its own, which goes with it.
_QUERY = """
    SELECT c.oid, format_type(c.castsource, NULL), format_type(c.casttarget, NULL),
        CASE c.castmethod WHEN 'i' THEN 'inout' WHEN 'b' THEN 'binary' ELSE 'function' END,
        CASE WHEN c.castfunc = 0 THEN '' ELSE c.castfunc::regprocedure::text END,
        CASE c.castcontext WHEN 'i' THEN 'implicit' WHEN 'a' THEN 'assignment' ELSE 'explicit' END
    FROM pg_cast c WHERE c.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i'))
    ORDER BY 2, 3
"""

_WITH = {"inout": "WITH INOUT", "binary": "WITHOUT FUNCTION"}
_AS = {"explicit": "", "assignment": " AS ASSIGNMENT", "implicit": " AS IMPLICIT"}


def read(reading: Reading) -> None:
    for oid, *fields in reading.fetch(_QUERY):
        reading.add(Cast(*fields), (PG_CAST, oid, 0))


def create(new: Cast, _: Context) -> Making:
    by = _WITH.get(new.method) or f"WITH FUNCTION {new.function}"
    return Making((step(f"CREATE {new.reference} {by}{_AS[new.context]}", new.id),))


def drop(old: Cast, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP {old.reference}", old.id),)


def alter(_old: Cast, _new: Cast, _: Context) -> Alteration | None:
    return None


KINDS = (Kind("cast", Cast, create, drop, alter),)
