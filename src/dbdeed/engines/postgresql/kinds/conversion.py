"""Conversions between encodings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import literal, qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_CONVERSION
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Conversion(Named, frozen=True, tag="conversion"):
    """A conversion; `function` is qualified SQL, `default` the one that is used unasked."""

    schema: str
    name: str
    source: str
    target: str
    function: str
    default: bool

    @property
    def id(self) -> ObjectId:
        return ObjectId("conversion", (self.schema, self.name))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("default conversion", self.schema, self.source, self.target),) if self.default else ()

    @property
    def sql_name(self) -> str:
        return qualified(self.schema, self.name)


_QUERY = f"""
    SELECT c.oid, n.nspname, c.conname, pg_encoding_to_char(c.conforencoding)::text,
        pg_encoding_to_char(c.contoencoding)::text, c.conproc::regproc::text, c.condefault
    FROM pg_conversion c JOIN pg_namespace n ON n.oid = c.connamespace
    WHERE {OURS} ORDER BY n.nspname, c.conname
"""


def read(reading: Reading) -> None:
    for oid, *fields in reading.fetch(_QUERY):
        if (PG_CONVERSION, oid) not in reading.members:
            reading.add(Conversion(*fields), (PG_CONVERSION, oid, 0))


def create(new: Conversion, _: Context) -> Making:
    word = "DEFAULT CONVERSION" if new.default else "CONVERSION"
    between = f"FOR {literal(new.source)} TO {literal(new.target)}"
    return Making((step(f"CREATE {word} {new.sql_name} {between} FROM {new.function}", new.id),))


def drop(old: Conversion, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP CONVERSION {old.sql_name}", old.id),)


def alter(_old: Conversion, _new: Conversion, _: Context) -> Alteration | None:
    return None


KINDS = (Kind("conversion", Conversion, create, drop, alter),)
