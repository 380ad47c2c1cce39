"""A column by which a table is partitioned: no statement gives it another type, so the table is made anew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration
from dbdeed.engines.postgresql.quoting import ident

if TYPE_CHECKING:
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.kinds.table import Table


def divides(column: Column, context: Context) -> bool:
    """Whether the column is in the partition key of its table, or of one below."""
    from dbdeed.engines.postgresql.kinds.table_rebuild import tree

    top = _table(column, context.current)
    if top is None or top.partition_of or top.form != "partitioned":
        return False
    name = re.compile(rf"(?<![\w\"]){re.escape(ident(column.name))}(?![\w\"])")
    return any(name.search(table.partition_key) for table in tree(top, context.current))


def retypes_its_key(table: Table, context: Context) -> bool:
    """Whether a column of its key gets another type."""
    columns: list[Any] = [
        one for one in context.current.children.get(table.id, ()) if one.id.kind == "column"
    ]
    return any(_retyped(one, context.target.objects.get(one.id)) and divides(one, context) for one in columns)


def rebuilt(column: Column, context: Context) -> Alteration | None:
    """The table made anew, by the first such column; the others are covered by that."""
    from dbdeed.engines.postgresql.kinds import table_alter, table_rebuild

    old, new = _table(column, context.current), _table(column, context.target)
    if (old.form, old.partition_key) != (new.form, new.partition_key) or column.id != _first(old, context):
        return Alteration(())
    way = table_rebuild.rebuild(old, new, context, table_alter.alter)
    if way is None:
        return None
    covers = {old.id, *way.covers} - {column.id}
    return Alteration(way.steps, way.disturbs, tuple(sorted(covers)), ahead=way.ahead)


def _first(table: Any, context: Context) -> ObjectId:
    """The first column of the keys that gets another type."""
    columns: list[Any] = [one for one in context.current.children[table.id] if one.id.kind == "column"]
    retyped = [one for one in columns if _retyped(one, context.target.objects.get(one.id))]
    first: ObjectId = min(one.id for one in retyped if divides(one, context))
    return first


def _retyped(old: Any, new: Any) -> bool:
    return new is not None and (old.type, old.collation) != (new.type, new.collation)


def _table(column: Column, catalog: Catalog) -> Any:
    return catalog.objects.get(ObjectId("table", (column.schema, column.table)))
