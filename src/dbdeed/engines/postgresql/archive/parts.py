"""What a table has, wherever it is declared, and what of it needs more than the table itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.kinds.table import Table

_QUOTED = re.compile(r'"(?:[^"]|"")*"')


def columns_of(table: Table, catalog: Catalog) -> Mapping[str, Column]:
    """All columns by name, those that a table above declares included."""
    found: dict[str, Column] = {}
    for name in table.above:
        parent: Any = catalog.objects.get(ObjectId("table", (name[0], name[1])))
        if parent is not None:
            found.update(columns_of(parent, catalog))
    for child in catalog.children.get(table.id, ()):
        if child.id.kind == "column":
            found[child.id.name[-1]] = child  # type: ignore[assignment]
    return found


def column_of(one: ObjectId, catalog: Catalog) -> Column | None:
    """A column by the table that has it, be it the table's own or only from above."""
    table: Any = catalog.objects.get(ObjectId("table", one.name[:2]))
    found = columns_of(table, catalog).get(one.name[-1]) if table is not None else None
    if found is None or found.id == one:
        return found
    return msgspec.structs.replace(found, schema=table.schema, table=table.name)


def subtree(root: ObjectId, catalog: Catalog) -> Iterator[ObjectId]:
    """An object and all its parts, nearest first."""
    waiting = [root]
    for one in waiting:
        yield one
        waiting.extend(child.id for child in catalog.children.get(one, ()))


def own_ids(table: Table, catalog: Catalog) -> frozenset[ObjectId]:
    """What its parts may need and still move with it: itself, its parts, its schema, the tables above."""
    found = {ObjectId("schema", (table.schema,)), *subtree(table.id, catalog)}
    for name in table.above:
        parent: Any = catalog.objects.get(ObjectId("table", (name[0], name[1])))
        if parent is not None:
            found |= own_ids(parent, catalog)
    return frozenset(found)


def foreign_type(column: Column) -> bool:
    """Whether its type belongs to the schema or an extension: the server writes such a name in full."""
    return "." in _QUOTED.sub("x", column.type.partition("(")[0])


def has_heirs(table: Table, catalog: Catalog) -> bool:
    """Whether other tables inherit from it, so that its keys hold for a part of its rows only."""
    return table.form != "partitioned" and any(
        table.id.name in getattr(one, "inherits", ()) for one in catalog.objects.values()
    )


def checks_above(table: Table, catalog: Catalog) -> Iterator[Any]:
    """The checks that it has from the tables above."""
    for name in table.above:
        parent: Any = catalog.objects.get(ObjectId("table", (name[0], name[1])))
        if parent is not None:
            for child in catalog.children.get(parent.id, ()):
                if getattr(child, "type", "") == "check":
                    yield child
            yield from checks_above(parent, catalog)
