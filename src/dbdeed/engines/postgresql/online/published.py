"""Tables whose rows nobody may change: their updates are published, and nothing tells their rows apart.

The server refuses every UPDATE there, be the table empty (CheckCmdReplicaIdentity in execReplication.c), and
with it that a column is filled in parts. ALTER TABLE writes rows anew all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.writing import may_fail

if TYPE_CHECKING:
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Hazard
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.kinds.table import Table


def takes_no_update(column: Column, context: Context) -> bool:
    """Whether an UPDATE of the column's table, or of one below it, may be refused while the plan runs."""
    from dbdeed.engines.postgresql.kinds.column_create import tables_below

    top, both = ObjectId("table", (column.schema, column.table)), (context.current, context.target)
    below = {one.id for catalog in both if top in catalog.objects for one in tables_below(top, catalog)}
    for one in (top, *below):
        there = [catalog for catalog in both if one in catalog.objects]
        apart = all(_told_apart(_table(one, catalog), catalog) for catalog in there)
        if not apart and any(_published(one, catalog) for catalog in there):
            return True
    return False


def refused(column: Column, context: Context) -> tuple[Hazard, ...]:
    """What to say where its rows cannot be filled."""
    if not takes_no_update(column, context):
        return ()
    text = f"Updates of {column.table_sql} are published, so that none is taken without a replica identity."
    return (may_fail(f"{text} Give it a primary key first, or REPLICA IDENTITY FULL."),)


def _table(one: ObjectId, catalog: Catalog) -> Table:
    return catalog.objects[one]  # type: ignore[return-value]


def _told_apart(table: Table, catalog: Catalog) -> bool:
    """Whether it has a replica identity, or wants none: a partitioned table leaves that to its partitions."""
    if table.form != "plain" or table.unlogged or table.replica_identity == "full":
        return True
    below: list[Any] = list(catalog.children.get(table.id, ()))
    if any(one.replica_identity for one in below if one.id.kind in ("constraint", "index")):
        return True
    primary = [one for one in below if one.id.kind == "constraint" and one.type == "primary"]
    return table.replica_identity == "default" and any(not one.deferrable for one in primary)


def _published(one: ObjectId, catalog: Catalog) -> bool:
    """Whether a publication has the table's updates, be it for one that it is a partition of."""
    from dbdeed.engines.postgresql.kinds.made_anew import lineage

    publications: tuple[Any, ...] = catalog.by_kind.get("publication", ())
    updated = [each for each in publications if "update" in dict(each.options).get("publish", "update")]
    return bool(updated) and any(
        each.has(table.schema, table.name) for table in lineage(one, catalog) for each in updated
    )
