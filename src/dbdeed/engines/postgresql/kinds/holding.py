"""What holds values of a type: columns, be it inside of lists, rows and ranges."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.catalog import Catalog, Object, ObjectId

_LISTS = re.compile(r"(\[\])+\Z")
_TYPES = frozenset({"domain", "composite type", "range type", "table"})


def columns_of(of: ObjectId, catalog: Catalog) -> Iterator[tuple[ObjectId, bool]]:
    """The columns of tables, each with whether it holds the type inside of another."""
    waiting, seen = [(of, False)], {of}
    while waiting:
        above, inside = waiting.pop()
        for one in catalog.needed_by.get(above, ()):
            there: Any = catalog.objects[one]
            if one.kind == "column" and one.name[:-1] == above.name:
                continue  # a table's own, not one of its row type
            if one.kind == "column":
                yield one, inside or there.type.endswith("]")
            elif one.kind in _TYPES and one not in seen:
                seen.add(one)
                waiting.append((one, inside or one.kind != "domain" or there.base.endswith("]")))


def with_rows_held(objects: dict[ObjectId, Object]) -> None:
    """Let materialized views say of which tables they hold rows: nothing may while these change."""
    views: list[Any] = [one for one in objects.values() if one.id.kind == "materialized view"]
    parts = _parts(objects) if views else {}
    for view in views:
        names = {name for _, type_name, _ in view.columns for name in _inside(type_name, parts)}
        held = tuple(sorted((name, *parts[name][0]) for name in names if parts[name][0]))
        if held:
            objects[view.id] = msgspec.structs.replace(view, holds=held)


_Parts = dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
"""By a type's name: what of a table matters, () for other types; the types inside of it."""


def _parts(objects: dict[ObjectId, Object]) -> _Parts:
    found: _Parts = {}
    columns: defaultdict[tuple[str, ...], list[Any]] = defaultdict(list)
    for key, there in objects.items():
        one: Any = there
        if key.kind == "column":
            columns[key.name[:2]].append(one)
        elif key.kind == "composite type":
            found[one.sql_name] = (), tuple(type_name for _, type_name, _ in one.attributes)
        elif key.kind == "domain":
            found[one.sql_name] = (), (one.base,)
    for key, there in objects.items():
        table: Any = there
        if key.kind == "table":
            own = columns[key.name]
            computed = [f"{one.name} {one.type} {one.default if one.generated else ''}" for one in own]
            how = ("unlogged" if table.unlogged else "", table.access_method, *computed)
            found[table.sql_name] = how, tuple(one.type for one in own)
    return found


def _inside(type_name: str, parts: _Parts) -> set[str]:
    """The types with parts that a type is made of, itself included."""
    found: set[str] = set()
    waiting = [type_name]
    while waiting:
        name = _LISTS.sub("", waiting.pop())
        if name in parts and name not in found:
            found.add(name)
            waiting.extend(parts[name][1])
    return found
