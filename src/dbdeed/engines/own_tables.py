"""A live catalog without what a migration tool keeps for itself in the database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.engines.catalog import Catalog, ObjectId


def without_tables(catalog: Catalog, tables: Iterable[str]) -> Catalog:
    """The catalog without some tables, and without what belongs to them.

    Args:
        catalog: of a live database.
        tables: names, unquoted; one without a schema is meant in any.
    """
    names = frozenset(tables)
    if not names:
        return catalog
    gone = {one for one in catalog.objects if one.kind == "table" and _named(one, names)}
    if not gone:
        return catalog
    gone |= _parts(catalog, gone)
    gone |= {one for one in catalog.dependents(gone) if catalog.objects[one].parent in gone}
    gone |= _parts(catalog, gone)
    nothing = replace(catalog, objects={}, needs={})
    return catalog.taking(nothing, gone)


def _named(one: ObjectId, names: frozenset[str]) -> bool:
    return ".".join(one.name) in names or one.name[-1] in names


def _parts(catalog: Catalog, roots: set[ObjectId]) -> set[ObjectId]:
    """Everything whose parent, or parent's parent, is one of `roots`."""
    found: set[ObjectId] = set()
    waiting = list(roots)
    while waiting:
        for child in catalog.children.get(waiting.pop(), ()):
            if child.id not in found:
                found.add(child.id)
                waiting.append(child.id)
    return found
