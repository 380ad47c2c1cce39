"""A catalog as a document's SQL: the texts that SQLite keeps, each table with its indexes and triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.reading_order import walk
from dbdeed.engines.seam import Passage
from dbdeed.engines.sqlite.names import fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.change import Change

_TABLES = ("table", "virtual_table")
_RANKS = {"table": 0, "virtual_table": 0, "view": 0, "index": 1, "trigger": 2}


def passages(changes: Sequence[Change], catalog: Catalog) -> list[Passage]:
    """One for each object; tables in the order in which they refer to each other, then views."""
    tables = sorted(one for one in catalog.objects if one.kind in _TABLES)
    named = {one.name[0]: one for one in tables}
    places, _ = walk(tables, {one: _above(one, catalog, named) for one in tables})
    found = []
    for number, change in enumerate(changes):
        root = _root(change.id, catalog)
        place = places.get(root, len(places))
        found.append(
            ((place, root.name, _RANKS.get(change.id.kind, 3), number), _passage(change, root, catalog))
        )
    return [passage for _, passage in sorted(found, key=lambda one: one[0])]


def _above(one: ObjectId, catalog: Catalog, named: Mapping[str, ObjectId]) -> list[ObjectId]:
    """The tables that a table's foreign keys lead to; `named` has them by folded name."""
    keys: Any = getattr(catalog.objects[one], "foreign_keys", ())
    return sorted(named[fold(key.table)] for key in keys if fold(key.table) in named)


def _root(one: ObjectId, catalog: Catalog) -> ObjectId:
    there = catalog.objects.get(one)
    return there.parent if there is not None and there.parent is not None else one


def _passage(change: Change, root: ObjectId, catalog: Catalog) -> Passage:
    there: Any = catalog.objects.get(root)
    is_table = root.kind in _TABLES
    statements = tuple(step.sql for step in change.steps)
    return Passage(
        "" if is_table else "Views",
        there.name if is_table else "",
        (change.id, *change.covers),
        statements,
        statements,
    )
