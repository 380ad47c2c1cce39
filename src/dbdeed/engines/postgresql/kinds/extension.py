"""Extensions. What they contain belongs to them and is no object of its own.

The version is left out: it follows the server's packages, and pg_dump does not write it either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.system import PG_EXTENSION
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Extension(Named, frozen=True, tag="extension"):
    """An installed extension and the schema that its objects are in."""

    name: str
    schema: str
    relocatable: bool

    @property
    def id(self) -> ObjectId:
        return ObjectId("extension", (self.name,))


def read(reading: Reading) -> None:
    rows = reading.fetch(
        """
        SELECT e.oid, e.extname, n.nspname, e.extrelocatable
        FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
        WHERE e.extname <> 'plpgsql' ORDER BY e.extname
        """
    )
    by_oid = {}
    for oid, name, schema, relocatable in rows:
        one = Extension(name, schema, relocatable)
        by_oid[oid] = one.id
        reading.add(one, (PG_EXTENSION, oid, 0))
    _members(reading, by_oid)


def _members(reading: Reading, by_oid: dict[int, ObjectId]) -> None:
    """What needs a member needs its extension; array and row types are members with what they belong to."""
    rows = reading.fetch(
        """
        WITH member AS (
            SELECT d.classid, d.objid, d.refobjid FROM pg_depend d
            WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e')
        SELECT classid, objid, refobjid FROM member
        UNION ALL
        SELECT m.classid, t.typarray, m.refobjid FROM member m JOIN pg_type t ON t.oid = m.objid
        WHERE m.classid = 'pg_type'::regclass AND t.typarray <> 0
        UNION ALL
        SELECT 'pg_type'::regclass, r.reltype, m.refobjid FROM member m JOIN pg_class r ON r.oid = m.objid
        WHERE m.classid = 'pg_class'::regclass AND r.reltype <> 0
        """
    )
    reading.members = frozenset((classid, objid) for classid, objid, _ in rows)
    for classid, objid, extension in rows:
        if extension in by_oid:
            reading.addresses[classid, objid, 0] = by_oid[extension]


def create(new: Extension, _: Context) -> Making:
    return Making((step(f"CREATE EXTENSION {ident(new.name)} WITH SCHEMA {ident(new.schema)}", new.id),))


def drop(old: Extension, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP EXTENSION {ident(old.name)}", old.id),)


def alter(old: Extension, new: Extension, _: Context) -> Alteration | None:
    if old.schema == new.schema:
        return Alteration(())
    if not old.relocatable:
        return None
    return Alteration((step(f"ALTER EXTENSION {ident(new.name)} SET SCHEMA {ident(new.schema)}", new.id),))


KINDS = (Kind("extension", Extension, create, drop, alter),)
