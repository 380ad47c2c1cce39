"""A table that becomes a partition, or is one no more: its columns must fit what it comes to stand under.

A partition has the columns of the table above without saying so; once by itself they are its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.choosing import not_null_name
from dbdeed.engines.postgresql.kinds import column_alter, column_create
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.writing import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.kinds.table import Table

_PLACES = frozenset({"table", "column"})
_TABLES = frozenset({"table", "column", "sequence"})


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is done while the table stands by itself.

    Attributes:
        covers: the columns that come out right by it.
    """

    steps: tuple[Step, ...] = ()
    covers: tuple[ObjectId, ...] = ()
    disturbs: frozenset[ObjectId] = frozenset()


def fitted(old: Table, new: Table, context: Context) -> Fitted:
    """From the columns that it has to those that it will have, be they its own or from above."""
    there: Any = context.current.objects[old.id]  # `old` may have been loosened from those above
    was, wanted = columns(there, context.current), columns(new, context.target)
    steps, was = _names_freed(was, wanted, context)
    covers: list[ObjectId] = []
    disturbs: set[ObjectId] = set()
    for name, column in sorted(wanted.items(), key=_computed):
        covers.append(column.id)
        found = was.get(name)
        way = column_alter.alter(found, column, context) if found is not None else None
        if way is not None:
            steps += way.steps
            disturbs |= way.disturbs
            covers += way.covers
            steps += _sequences_gone(column, {*covers}, context)
            continue
        if found is not None:
            steps += dropped(found, context)
        making = column_create.create(column, context)
        steps += making.steps
        covers += making.covers
    freed = _freed(was, wanted, context)
    for name, column in sorted(was.items(), key=_computed, reverse=True):
        own: Any = context.current.objects.get(column.id)
        if name not in wanted and (column.id in freed or not (own is not None and own.local)):
            steps += dropped(column, context)
            covers.append(column.id)
            needing = context.current.needed_by.get(column.id, ())
            disturbs.update(other for other in needing if other.kind not in _TABLES)
    for one in freed:
        disturbs.update(other for other in context.current.needed_by[one] if other.kind not in _TABLES)
    for name, column in was.items():
        if name not in wanted or wanted[name].type != column.type:
            disturbs.update(reading(column, context))
    return Fitted(tuple(steps), tuple(covers), frozenset(disturbs))


def _names_freed(
    was: Mapping[str, Column], wanted: Mapping[str, Column], context: Context
) -> tuple[list[Step], Mapping[str, Column]]:
    """The columns without the not-null constraints whose names others come to have."""
    takers = {one.not_null_name: name for name, one in wanted.items() if one.not_null_name}
    found = dict(was)
    steps: list[Step] = []
    for name, column in was.items():
        own: Any = context.current.objects.get(column.id)
        goes_before = name not in wanted and own is not None and own.local
        if column.not_null and takers.get(column.not_null_name, name) != name and not goes_before:
            sql = f"ALTER TABLE {column.table_sql} ALTER COLUMN {ident(name)} DROP NOT NULL"
            steps.append(exclusive(sql, column.id))
            found[name] = msgspec.structs.replace(column, not_null=False, not_null_name="")
    return steps, found


def _freed(was: Mapping[str, Column], wanted: Mapping[str, Column], context: Context) -> frozenset[ObjectId]:
    """Columns that go, and from which one that stays was computed: they can go only after it has changed."""
    computed = [one for name, one in was.items() if one.generated and name in wanted]
    needs = {need for one in computed for need in context.current.needs.get(one.id, ())}
    counted = (one.parent for one in context.current.by_kind.get("sequence", ()))
    gone = {one.id for name, one in was.items() if name not in wanted}
    return frozenset(needs & gone - set(counted)) if computed else frozenset()


def _sequences_gone(column: Column, covered: set[ObjectId], context: Context) -> Iterator[Step]:
    """What was the column's while it was the table's own, and would go with a column that goes."""
    for one in (
        column_create.owned(column, context.current) if column.id not in context.target.objects else ()
    ):
        if one.id not in context.target.objects and one.id not in covered:
            yield exclusive(f"DROP SEQUENCE {qualified(one.schema, one.name)}", one.id)


def defaults_left(old: Table, new: Table, context: Context) -> Iterator[Step]:
    """Those that a detached partition has from above and that hold on to what goes, such as a serial's."""
    wanted = columns(new, context.target)
    for name, column in columns(old, context.current).items():
        stays = name in wanted and wanted[name].default == column.default
        if stays or not column.default or column.generated:
            continue
        above = column_create.column_above(column, context.current)
        ids = [column.id] if above is None else [column.id, above.id]
        needs = {need for one in ids for need in context.current.needs.get(one, ())}
        if any(need not in context.target.objects and need.kind not in _PLACES for need in needs):
            sql = f"ALTER TABLE {old.sql_name} ALTER COLUMN {ident(name)} DROP DEFAULT"
            yield exclusive(sql, column.id)


def reading(column: Column, context: Context) -> Iterator[ObjectId]:
    """What reads a column that only comes from above in this table: it needs the one above, and the table."""
    above = column_create.column_above(column, context.current)
    if column.id in context.current.objects or above is None:
        return
    table = ObjectId("table", (column.schema, column.table))
    for one in context.current.needed_by.get(above.id, ()):
        if table in context.current.needs.get(one, ()) and one.kind not in _TABLES:
            yield one


def _computed(named: tuple[str, Column]) -> bool:
    """What is computed comes after the columns that it is computed from, and goes before them."""
    return bool(named[1].generated)


def dropped(column: Column, context: Context) -> tuple[Step, ...]:
    from dbdeed.engines.postgresql.kinds.column import drop

    return drop(column, context)


def columns(table: Table, catalog: Catalog) -> Mapping[str, Column]:
    """All of a table's columns as if they were its own."""
    found: dict[str, Column] = {}
    for parent in table.above:
        above: Any = catalog.objects.get(ObjectId("table", (parent[0], parent[1])))
        if above is not None:
            found.update(
                (name, _own(column, table, catalog.version[0]))
                for name, column in columns(above, catalog).items()
            )
    given = {name: one.not_null_name for name, one in found.items() if one.not_null}
    given |= dict(table.requires)
    for child in catalog.children.get(table.id, ()):
        if child.id.kind == "column":
            column: Any = child
            named = catalog.version[0] >= 18 and column.not_null and not column.local
            name = column_create.not_null_constraint(column, catalog) if named else column.not_null_name
            found[column.name] = msgspec.structs.replace(
                column, local=True, inherited=False, not_null_name=name
            )
    for name in given if table.inherits and catalog.version[0] >= 18 else ():
        if name in found and found[name].not_null:
            found[name] = msgspec.structs.replace(found[name], not_null_name=given[name])
    return found


def _own(column: Column, table: Table, version: int) -> Column:
    """As CREATE TABLE … PARTITION OF makes it: with the name of the not-null constraint above."""
    above = column.not_null_name or not_null_name(column.table, column.name)
    name = above if column.not_null and version >= 18 else ""
    return msgspec.structs.replace(
        column, schema=table.schema, table=table.name, identity=None, not_null_name=name
    )
