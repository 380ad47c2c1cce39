"""Comments. Each is a part of what it is on: it goes with it, and comes back with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.kinds.column import identity_sequence
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.naming import reference
from dbdeed.engines.postgresql.quoting import literal
from dbdeed.engines.postgresql.reading import OWN_TYPE
from dbdeed.engines.postgresql.system import PG_CLASS, PG_CONSTRAINT
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Comment(Named, frozen=True, tag="comment"):
    """A comment.

    Attributes:
        kind, name: what it is on; columns of views are ("column", …) though they are no objects.
        part_of: the object that it stands and falls with.
        text: the comment itself.
    """

    kind: str
    name: tuple[str, ...]
    part_of: ObjectId
    text: str

    @property
    def id(self) -> ObjectId:
        return ObjectId("comment", (self.kind, *self.name))

    @property
    def parent(self) -> ObjectId | None:
        return self.part_of


_DOMAIN_CONSTRAINTS = "SELECT oid, conname FROM pg_constraint WHERE contypid <> 0"


def read(reading: Reading) -> None:
    domains = dict(reading.fetch(_DOMAIN_CONSTRAINTS))
    rows = reading.fetch(
        "SELECT d.classoid, d.objoid, d.objsubid, d.description FROM pg_description d "
        "LEFT JOIN pg_type ON d.classoid = 'pg_type'::regclass AND pg_type.oid = d.objoid "
        "WHERE (d.objoid >= 16384 OR d.classoid = 'pg_namespace'::regclass) "
        f"AND (pg_type.oid IS NULL OR ({OWN_TYPE})) ORDER BY 1, 2, 3"
    )
    for classid, objid, subid, text in rows:
        one = _on(reading, (classid, objid, subid), domains, text)
        if one is not None:
            reading.add(one)


def _on(
    reading: Reading, address: tuple[int, int, int], domains: dict[int, str], text: str
) -> Comment | None:
    if address[0] == PG_CONSTRAINT and address[1] in reading.not_nulls:
        return _on_not_null(reading, address[1], text)
    found = reading.views.get(address) or reading.addresses.get(address)
    if found is None or (address[0], address[1]) in reading.members:
        return None
    if address[0] == PG_CLASS and found.kind == "column" and not address[2]:
        return Comment("sequence", identity_sequence(reading, found).name, found, text)
    if address[0] == PG_CONSTRAINT and found.kind == "domain":
        return Comment("domain constraint", (*found.name, domains[address[1]]), found, text)
    if address in reading.views:
        return Comment(found.kind, found.name, reading.relations[address[1]], text)
    if address[0] == PG_CLASS and found.kind == "constraint":
        return Comment("index", (found.name[0], found.name[2]), found, text)
    return Comment(found.kind, found.name, found, text)


def _on_not_null(reading: Reading, constraint: int, text: str) -> Comment | None:
    """It stands and falls with its column, or with the table where the column is no object."""
    table, number, name = reading.not_nulls[constraint]
    if table not in reading.relations or (PG_CLASS, table) in reading.members:
        return None
    address, whole = (PG_CLASS, table, number), reading.relations[table]
    part_of = whole if address in reading.views else reading.addresses.get(address, whole)
    return Comment("constraint", (*whole.name, name), part_of, text)


def _on_what(one: Comment, catalog: Catalog) -> str:
    return reference(ObjectId(one.kind, one.name), catalog)


def _step(one: Comment, text: str, catalog: Catalog) -> Step:
    sql = f"COMMENT ON {_on_what(one, catalog)} IS {text}"
    return step(sql, one.id, LockLevel.SHARE_UPDATE_EXCLUSIVE)


def create(new: Comment, context: Context) -> Making:
    return Making((_step(new, literal(new.text), context.target),))


def drop(old: Comment, context: Context) -> tuple[Step, ...]:
    return (_step(old, "NULL", context.current),)


def alter(_old: Comment, new: Comment, context: Context) -> Alteration | None:
    return Alteration(create(new, context).steps)


KINDS = (Kind("comment", Comment, create, drop, alter),)
