"""DEPENDS ON EXTENSION: what goes when an extension goes, though it belongs to no extension."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.naming import reference
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.writing import exclusive

if TYPE_CHECKING:
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Dependence(Named, frozen=True, tag="dependence"):
    """That a routine, trigger, index or materialized view depends on an extension."""

    of: ObjectId
    extension: str

    @property
    def id(self) -> ObjectId:
        return ObjectId("dependence", (self.of.kind, *self.of.name, self.extension))

    @property
    def parent(self) -> ObjectId | None:
        return self.of

    @property
    def needs(self) -> ObjectId:
        return ObjectId("extension", (self.extension,))


_QUERY = """
    SELECT d.classid, d.objid, e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'x' ORDER BY 1, 2, 3
"""


def read(reading: Reading) -> None:
    for classid, objid, extension in reading.fetch(_QUERY):
        of = reading.own(classid, objid)
        if of is not None:
            reading.add(Dependence(of, extension))


def _step(one: Dependence, words: str, catalog: Catalog) -> Step:
    of = one.of
    if of.kind == "constraint":  # the index behind it
        of = ObjectId("index", (of.name[0], of.name[-1]))
    named = reference(of, catalog)
    if of.kind == "aggregate":  # which has this by the common word only
        named = f"ROUTINE {named.removeprefix('AGGREGATE ')}"
    return exclusive(f"ALTER {named} {words} EXTENSION {ident(one.extension)}", one.id)


def create(new: Dependence, context: Context) -> Making:
    return Making((_step(new, "DEPENDS ON", context.target),))


def drop(old: Dependence, context: Context) -> tuple[Step, ...]:
    return (_step(old, "NO DEPENDS ON", context.current),)


def alter(_old: Dependence, _new: Dependence, _: Context) -> Alteration | None:
    return Alteration(())


def lost(of: ObjectId, catalog: Catalog) -> frozenset[ObjectId]:
    """What is lost of an object that PostgreSQL replaces or makes anew by itself."""
    return frozenset(child.id for child in catalog.children.get(of, ()) if child.id.kind == "dependence")


KINDS = (Kind("dependence", Dependence, create, drop, alter),)
