"""Access methods of tables and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.system import PG_AM
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class AccessMethod(Named, frozen=True, tag="access method"):
    """An access method; `of` is "TABLE" or "INDEX", `handler` qualified SQL."""

    name: str
    of: str
    handler: str

    @property
    def id(self) -> ObjectId:
        return ObjectId("access method", (self.name,))


_QUERY = """
    SELECT a.oid, a.amname, CASE a.amtype WHEN 't' THEN 'TABLE' ELSE 'INDEX' END, a.amhandler::regproc::text
    FROM pg_am a WHERE a.oid >= 16384 ORDER BY a.amname
"""


def read(reading: Reading) -> None:
    for oid, *fields in reading.fetch(_QUERY):
        if (PG_AM, oid) not in reading.members:
            reading.add(AccessMethod(*fields), (PG_AM, oid, 0))


def create(new: AccessMethod, _: Context) -> Making:
    text = f"CREATE ACCESS METHOD {ident(new.name)} TYPE {new.of} HANDLER {new.handler}"
    return Making((step(text, new.id),))


def drop(old: AccessMethod, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP ACCESS METHOD {ident(old.name)}", old.id),)


def alter(_old: AccessMethod, _new: AccessMethod, _: Context) -> Alteration | None:
    return None


KINDS = (Kind("access method", AccessMethod, create, drop, alter),)
