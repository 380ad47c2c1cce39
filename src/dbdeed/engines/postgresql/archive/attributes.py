"""Values of composite types whose type loses attributes: the column stays, and holds less.

What is left of a value is told attribute by attribute, as a row of the attributes that stay: so it can be
asked for before the type changes, and once more when it has all its attributes again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.postgresql.conversion import conversion
from dbdeed.engines.postgresql.quoting import ident

if TYPE_CHECKING:
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.postgresql.kinds.column import Column


def left_of(column: Column, before: Catalog, after: Catalog) -> str:
    """What is left of a value, as text: an expression with `{}` for the value as it was.

    "" where the column's type loses nothing.
    """
    old, new = _types(column, before, after)
    if old is None or new is None or not _gone(old, new):
        return ""
    was = {name: type_name for name, type_name, _ in old.attributes}
    parts = [_part(name, was.get(name, ""), wanted) for name, wanted, _ in new.attributes]
    one = f"CASE WHEN {{}} IS NOT DISTINCT FROM NULL THEN NULL ELSE ROW({', '.join(parts)})::text END"
    if not column.type.endswith("[]"):
        return one
    each = one.replace("{}", "{}[n]")
    return (
        f"CASE WHEN pg_catalog.cardinality({{}}) = 0 THEN {_EMPTY} ELSE (SELECT pg_catalog.array_agg("
        f"{each} ORDER BY n)::text FROM pg_catalog.generate_subscripts({{}}, 1) n) END"
    )


def left_untouched(column: Column, before: Catalog, after: Catalog) -> str:
    """The same of a value that has all its attributes again, of which those that were gone say nothing.

    Where one of these says something by now, somebody has written it: what is left of no value looks so.
    """
    left = left_of(column, before, after)
    if not left:
        return ""
    gone = _gone(*_types(column, before, after))
    if column.type.endswith("[]"):
        said = " OR ".join(f"({{}}[n]).{ident(name)} IS NOT NULL" for name in gone)
        there = f"EXISTS (SELECT FROM pg_catalog.generate_subscripts({{}}, 1) n WHERE {said})"
    else:
        there = " OR ".join(f"({{}}).{ident(name)} IS NOT NULL" for name in gone)
    return f"CASE WHEN {there} THEN '' ELSE {left} END"


_EMPTY = "pg_catalog.concat('{', '}')"
"""An empty list as text, in an expression in which two braces stand for the value."""


def _types(column: Column, before: Catalog, after: Catalog) -> tuple[Any, Any]:
    if "." not in column.type:
        return None, None
    name = column.type.removesuffix("[]")
    types: tuple[Any, ...] = before.by_kind.get("composite type", ())
    for there in types:
        if there.sql_name == name:
            return there, after.objects.get(there.id)
    return None, None


def _gone(old: Any, new: Any) -> list[str]:
    there = {name for name, _, _ in new.attributes}
    return [name for name, _, _ in old.attributes if name not in there]


def _part(name: str, was: str, wanted: str) -> str:
    if not was:
        return "NULL"
    part = f"({{}}).{ident(name)}"
    return part if was == wanted else conversion(was, wanted).using(part) or f"{part}::{wanted}"
