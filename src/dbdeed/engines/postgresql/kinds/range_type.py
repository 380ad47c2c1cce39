"""Range types, with the multirange type that each brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.kinds.base_type import ShellType, shell_of
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_TYPE
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class RangeType(Named, frozen=True, tag="range type"):
    """A range type; the last five as SQL has them, "" where they are the default."""

    schema: str
    name: str
    subtype: str
    multirange: str
    operator_class: str = ""
    collation: str = ""
    canonical: str = ""
    difference: str = ""

    @property
    def id(self) -> ObjectId:
        return ObjectId("range type", (self.schema, self.name))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("type", self.schema, self.name),)

    @property
    def sql_name(self) -> str:
        return qualified(self.schema, self.name)


_QUERY = f"""
    SELECT t.oid, t.typarray, m.oid, m.typarray, n.nspname, t.typname, format_type(r.rngsubtype, NULL),
        quote_ident(mn.nspname) || '.' || quote_ident(m.typname),
        CASE WHEN o.opcdefault THEN '' ELSE quote_ident(o_n.nspname) || '.' || quote_ident(o.opcname) END,
        CASE WHEN r.rngcollation <> s.typcollation THEN r.rngcollation::regcollation::text ELSE '' END,
        CASE WHEN r.rngcanonical::oid = 0 THEN '' ELSE r.rngcanonical::text END,
        CASE WHEN r.rngsubdiff::oid = 0 THEN '' ELSE r.rngsubdiff::text END
    FROM pg_range r
    JOIN pg_type t ON t.oid = r.rngtypid
    JOIN pg_namespace n ON n.oid = t.typnamespace
    JOIN pg_type s ON s.oid = r.rngsubtype
    JOIN pg_type m ON m.oid = r.rngmultitypid
    JOIN pg_namespace mn ON mn.oid = m.typnamespace
    JOIN pg_opclass o ON o.oid = r.rngsubopc
    JOIN pg_namespace o_n ON o_n.oid = o.opcnamespace
    WHERE {OURS} ORDER BY n.nspname, t.typname
"""


def read(reading: Reading) -> None:
    for oid, array_type, multirange, multirange_array, *fields in reading.fetch(_QUERY):
        if (PG_TYPE, oid) not in reading.members:
            one, types = RangeType(*fields), (oid, array_type, multirange, multirange_array)
            if one.canonical:
                reading.add(ShellType(one.schema, one.name))
            reading.add(one, *((PG_TYPE, each, 0) for each in types))


def create(new: RangeType, _: Context) -> Making:
    parts = [f"SUBTYPE = {new.subtype}"]
    for word, value in (
        ("SUBTYPE_OPCLASS", new.operator_class),
        ("COLLATION", new.collation),
        ("CANONICAL", new.canonical),
        ("SUBTYPE_DIFF", new.difference),
        ("MULTIRANGE_TYPE_NAME", new.multirange),
    ):
        if value:
            parts.append(f"{word} = {value}")
    return Making((step(f"CREATE TYPE {new.sql_name} AS RANGE ({', '.join(parts)})", new.id),))


def drop(old: RangeType, _: Context) -> tuple[Step, ...]:
    """With its canonical function, which is made with the type's name alone: see base types."""
    return (step(f"DROP TYPE {old.sql_name}{' CASCADE' * bool(old.canonical)}", old.id),)


def alter(old: RangeType, _new: RangeType, _: Context) -> Alteration | None:
    if old.canonical:
        return Alteration((), disturbs=frozenset({ObjectId("shell type", old.id.name)}))
    return None


KINDS = (Kind("range type", RangeType, create, drop, alter, takes_along=shell_of),)
