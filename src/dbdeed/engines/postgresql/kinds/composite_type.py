"""Composite types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.swap import swap_type
from dbdeed.engines.postgresql.system import PG_CLASS, PG_TYPE
from dbdeed.engines.postgresql.writing import loses, step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class CompositeType(Named, frozen=True, tag="composite type"):
    """A composite type; `attributes` are (name, type, collation where it is not the type's own) in order."""

    schema: str
    name: str
    attributes: tuple[tuple[str, str, str], ...]

    @property
    def id(self) -> ObjectId:
        return ObjectId("composite type", (self.schema, self.name))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("relation", self.schema, self.name), ("type", self.schema, self.name))

    @property
    def sql_name(self) -> str:
        return qualified(self.schema, self.name)


_QUERY = f"""
    SELECT c.oid, t.oid, t.typarray, n.nspname, c.relname,
        ARRAY(SELECT ARRAY[a.attname::text, format_type(a.atttypid, a.atttypmod),
                CASE WHEN a.attcollation <> b.typcollation THEN a.attcollation::regcollation::text ELSE ''
                    END]
            FROM pg_attribute a JOIN pg_type b ON b.oid = a.atttypid
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = c.reltype
    WHERE c.relkind = 'c' AND {OURS} ORDER BY n.nspname, c.relname
"""


def read(reading: Reading) -> None:
    for oid, type_oid, array_type, *fields in reading.fetch(_QUERY):
        if (PG_CLASS, oid) not in reading.members:
            one = CompositeType(*fields)
            reading.relations[oid] = one.id
            for number, (name, _, _) in enumerate(one.attributes, 1):
                reading.views[PG_CLASS, oid, number] = ObjectId("column", (one.schema, one.name, name))
            reading.add(one, (PG_CLASS, oid, 0), (PG_TYPE, type_oid, 0), (PG_TYPE, array_type, 0))


def _attribute(attribute: tuple[str, str, str]) -> str:
    name, type_name, collation = attribute
    return f"{ident(name)} {type_name}" + (f" COLLATE {collation}" if collation else "")


def create(new: CompositeType, _: Context) -> Making:
    inside = "(\n    " + ",\n    ".join(_attribute(one) for one in new.attributes) + "\n)"
    return Making((step(f"CREATE TYPE {new.sql_name} AS {inside if new.attributes else '()'}", new.id),))


def drop(old: CompositeType, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP TYPE {old.sql_name}", old.id),)


def alter(old: CompositeType, new: CompositeType, context: Context) -> Alteration | None:
    """Attributes come and go in place; PostgreSQL refuses to retype one while a table has the type."""
    was = {one[0]: one for one in old.attributes}
    wanted = {one[0]: one for one in new.attributes}
    kept = [name for name in was if name in wanted]
    in_order = list(wanted)[: len(kept)] == kept
    stored = any(one.kind == "column" for one in context.current.needed_by.get(old.id, ()))
    retyped = [name for name in kept if was[name] != wanted[name]]
    if not in_order or (stored and retyped):
        return swap_type(old, new, create(new, context).steps, context)
    clauses = [f"DROP ATTRIBUTE {ident(name)}" for name in was if name not in wanted]
    lost = tuple(
        loses(f"Values of {new.sql_name}.{ident(name)} are lost.") for name in was if name not in wanted
    )
    for name in retyped:
        _, type_name, collation = wanted[name]
        collate = f" COLLATE {collation}" if collation else ""
        clauses.append(f"ALTER ATTRIBUTE {ident(name)} TYPE {type_name}{collate}")
    clauses += [f"ADD ATTRIBUTE {_attribute(wanted[name])}" for name in wanted if name not in was]
    text = f"ALTER TYPE {new.sql_name} {', '.join(clauses)}"
    return Alteration((step(text, new.id, hazards=lost if stored else ()),))


KINDS = (Kind("composite type", CompositeType, create, drop, alter),)
