"""Composite types."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.conversion import conversion
from dbdeed.engines.postgresql.kinds.holding import columns_of
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.online import names
from dbdeed.engines.postgresql.quoting import ident, literal, qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.swap import Values, swap_type
from dbdeed.engines.postgresql.system import PG_CLASS, PG_TYPE
from dbdeed.engines.postgresql.writing import exclusive, loses, step

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        if (PG_TYPE, type_oid) not in reading.members:
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
    """Attributes come and go in place; PostgreSQL refuses to retype one while a table's column has the type.

    Tables of the type change with it.
    """
    was = {one[0]: one for one in old.attributes}
    wanted = {one[0]: one for one in new.attributes}
    kept = [name for name in was if name in wanted]
    in_order = list(wanted)[: len(kept)] == kept
    stored = any(True for _ in columns_of(old.id, context.current))
    retyped = [name for name in kept if was[name] != wanted[name]]
    tables = _tables_of(old, context)
    by_itself = all(not conversion(was[name][1], wanted[name][1]).using_template for name in retyped)
    gone = [name for name in was if name not in wanted]
    less = _holding(old, context) if gone else ()
    if not in_order or (stored and retyped) or (tables and not by_itself):
        swapping = swap_type(old, new, create(new, context).steps, context, _by_name(old, new, context))
        if swapping is not None and tables:
            swapping = _with_tables(swapping, tables, context)
        if swapping is None or not (stored and gone):
            return swapping
        first, *rest = swapping.steps
        hazards = tuple(loses(f"Values of {new.sql_name}.{ident(name)} are lost.") for name in gone)
        first = replace(first, hazards=(*first.hazards, *hazards), changes=less)
        return replace(swapping, steps=(first, *rest))
    clauses = [f"DROP ATTRIBUTE {ident(name)}" for name in gone]
    lost = tuple(loses(f"Values of {new.sql_name}.{ident(name)} are lost.") for name in gone)
    for name in retyped:
        _, type_name, collation = wanted[name]
        collate = f" COLLATE {collation}" if collation else ""
        clauses.append(f"ALTER ATTRIBUTE {ident(name)} TYPE {type_name}{collate}")
    clauses += [f"ADD ATTRIBUTE {_attribute(wanted[name])}" for name in wanted if name not in was]
    if tables:
        clauses = [f"{clause} CASCADE" for clause in clauses]
    text = f"ALTER TYPE {new.sql_name} {', '.join(clauses)}"
    columns = [
        ObjectId("column", (*table.name, name))
        for table in tables
        for name in {*was, *wanted}
        if was.get(name) != wanted.get(name)
    ]
    destroyed = [one for one in columns if one in context.current.objects and one.name[-1] not in wanted]
    changing = step(text, new.id, hazards=lost if stored or tables else (), destroys=tuple(destroyed))
    changing = replace(changing, changes=less)
    if tables:
        changing = replace(changing, lock=LockLevel.ACCESS_EXCLUSIVE, rewrites=bool(retyped))
    return Alteration((changing,), _disturbed(columns, retyped, context), tuple(columns))


def _holding(one: CompositeType, context: Context) -> tuple[ObjectId, ...]:
    """The columns of tables that have the type, or lists of it, before and after: they hold less."""
    found = []
    for key in sorted(context.current.needed_by.get(one.id, ())):
        column: Any = context.current.objects[key]
        wanted: Any = context.target.objects.get(key)
        if key.kind != "column" or wanted is None or column.type.removesuffix("[]") != one.sql_name:
            continue
        table: Any = context.current.objects.get(ObjectId("table", key.name[:2]))
        has_rows = table is not None and table.form in ("plain", "partitioned")
        if has_rows and column.local and wanted.type == column.type and not column.generated:
            found.append(key)
    return tuple(found)


def _tables_of(one: CompositeType, context: Context) -> list[ObjectId]:
    """The tables that are of the type before and after."""
    return [
        key
        for key, table in context.current.objects.items()
        if key.kind == "table"
        and one.sql_name
        == getattr(table, "of_type", "")
        == getattr(context.target.objects.get(key), "of_type", "")
    ]


def _with_tables(swapping: Alteration, tables: Sequence[ObjectId], context: Context) -> Alteration | None:
    """Tables of the type let go of it before it is swapped, and come to be of the new one."""
    from dbdeed.engines.postgresql.kinds import table_alter
    from dbdeed.engines.postgresql.kinds.table_moved import dropped

    for key in tables:
        table: Any = context.current.objects[key]
        apart = exclusive(f"ALTER TABLE {table.sql_name} NOT OF", key)
        alone = msgspec.structs.replace(table, of_type="")
        way = table_alter.alter(alone, context.target.objects[key], context)  # type: ignore[arg-type]
        if way is None:
            return None
        gone = [
            one
            for one in context.current.children.get(key, ())
            if one.id.kind == "column" and one.id not in context.target.objects
        ]
        drops = [each for one in gone for each in dropped(one, context)]  # type: ignore[arg-type]
        swapping = replace(
            swapping,
            steps=(apart, *swapping.steps, *drops, *way.all_steps),
            disturbs=swapping.disturbs | way.disturbs,
            covers=(*swapping.covers, key, *(one.id for one in gone), *way.covers),
            ahead=swapping.ahead | way.ahead,
        )
    return swapping


def _disturbed(columns: list[ObjectId], retyped: list[str], context: Context) -> frozenset[ObjectId]:
    """What PostgreSQL does not adapt when a column gets another type."""
    needing = {
        other
        for one in columns
        if one.name[-1] in retyped
        for other in context.current.needed_by.get(one, ())
    }
    return frozenset(one for one in needing if one.kind in ("view", "materialized view", "rule", "policy"))


def _by_name(old: CompositeType, new: CompositeType, context: Context) -> Values:
    """Values attribute by attribute, whatever their places."""
    one = _value(old, new)
    aside, made = qualified(old.schema, names.free_type(old.schema, old.name, context)), new.sql_name
    function = f"pg_temp.{ident(names.aside(old.name))}"
    # Elements by their numbers: to unnest would take a row for its columns.
    body = f"""SELECT CASE WHEN pg_catalog.array_ndims($1) > 1
            THEN ('more than one dimension: ' || $1::text)::{made}[]
        WHEN pg_catalog.cardinality($1) = 0 THEN '{{}}'::{made}[]
        ELSE (SELECT pg_catalog.array_agg({one.replace("{}", "$1[n]")} ORDER BY n)
            FROM pg_catalog.generate_subscripts($1, 1) n) END"""
    making = f"CREATE FUNCTION {function}({aside}[]) RETURNS {made}[] LANGUAGE sql AS {literal(body)}"
    return Values(
        value=one,
        values=f"{function}({{}})",
        before=(step(making, old.id),),
        after=(step(f"DROP FUNCTION {function}({aside}[])", old.id),),
    )


def _value(old: CompositeType, new: CompositeType) -> str:
    was = {name: type_name for name, type_name, _ in old.attributes}
    parts = []
    for name, type_name, _ in new.attributes:
        if name not in was:
            parts.append(f"NULL::{type_name}")
            continue
        part = f"({{}}).{ident(name)}"
        if was[name] != type_name:
            part = conversion(was[name], type_name).using(part) or f"{part}::{type_name}"
        parts.append(part)
    row = f"ROW({', '.join(parts)})::{new.sql_name}"
    return f"CASE WHEN {{}} IS NOT DISTINCT FROM NULL THEN NULL ELSE {row} END"


KINDS = (Kind("composite type", CompositeType, create, drop, alter),)
