"""What a name stands for in a schema: the columns of a table, a partition, a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.engines.postgresql.random_schemas import values
from tests.engines.postgresql.random_schemas.shape import quoted

if TYPE_CHECKING:
    from tests.engines.postgresql.random_schemas.shape import Name, World

RELATIONS = ("table", "view", "materialized view")


def columns(world: World, name: Name, depth: int = 0) -> values.Columns:
    """Its columns with their types, those from tables above first; nothing where it is gone."""
    part = world.find(name, *RELATIONS)
    if part is None or depth > 6:
        return []
    if part.kind == "table":
        return _table(world, name, part["form"], depth)
    return [(output, type_) for output, _, type_ in selected(world, name, depth)]


def _table(world: World, name: Name, form: tuple[object, ...], depth: int) -> values.Columns:
    found: dict[str, object] = {}
    if form[0] in ("partition", "child"):
        found.update(columns(world, form[1], depth + 1))  # type: ignore[arg-type]
    if form[0] == "typed":
        typed = world.by_key.get(("composite type", form[1]))  # type: ignore[arg-type]
        found.update({one: type_ for one, type_, _ in typed["attributes"]} if typed else {})
    if form[0] not in ("partition", "typed"):
        for part in world.under(name, "column"):
            found.setdefault(part.name[-1], values.plain_type(part["type"]))
    return list(found.items())


def selected(world: World, name: Name, depth: int = 0) -> list[tuple[str, str, object]]:
    """(output name, SQL, type) of what a view selects."""
    part = world.find(name, "view", "materialized view")
    if part is None:
        return []
    there = columns(world, part["source"], depth + 1) if part["source"] else []
    found = {column: (quoted(column), type_) for column, type_ in there if column in part["picks"]}
    for number, drawn in enumerate(part["computed"]):
        found[f"x{number}"] = values.expression(drawn, there, world)
    if not found:
        found["one"] = ("1", "integer")
    return [(output, sql, type_) for output, (sql, type_) in found.items()]
