"""In which order tables are read: what is referred to comes first; and which keys can stand inside them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.reading_order import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from dbdeed.engines.catalog import Catalog


def reading_order(
    catalog: Catalog, made: Collection[ObjectId], root: Callable[[ObjectId], ObjectId]
) -> tuple[list[Any], Mapping[ObjectId, int]]:
    """The foreign keys that can be part of their CREATE TABLE, and each table's place.

    Args:
        catalog: what is written.
        made: what has a creation of its own.
        root: the table above a partition, or the table itself.

    Two tables that refer to each other cannot both be first: one of the keys stays apart.
    """
    keys = [
        one for one in catalog.objects.values() if one.id in made and _can_stand_inside(one, catalog, made)
    ]
    above: defaultdict[ObjectId, dict[ObjectId, list[Any]]] = defaultdict(dict)
    for key in keys:
        above[root(_table_of(key))].setdefault(root(_referred(key)), []).append(key)
    tables = sorted({root(one) for one in made if one.kind == "table"})
    for one in tables:
        for need in catalog.needs.get(one, ()):
            if need.kind == "table" and root(need) != one:
                above[one].setdefault(root(need), [])
    places, back = walk(tables, above)
    apart = {key.id for one, other in back for key in above[one][other]}
    return [key for key in keys if key.id not in apart], places


def _table_of(key: Any) -> ObjectId:
    return key.parent  # type: ignore[no-any-return]


def _referred(key: Any) -> ObjectId:
    return ObjectId("table", tuple(key.references))


def _can_stand_inside(one: Any, catalog: Catalog, made: Collection[ObjectId]) -> bool:
    """A plain foreign key; one that needs an index of its own table would come too early."""
    if one.id.kind != "constraint" or one.type != "foreign" or not one.plain or one.parent not in made:
        return False
    table: Any = catalog.objects[one.parent]
    if table.partition_of or table.form == "foreign":
        return False
    needs = catalog.needs.get(one.id, frozenset())
    own = _referred(one) == one.parent
    return all(need.kind in ("table", "column", "constraint") or not own for need in needs)
