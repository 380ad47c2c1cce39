"""Few names, so that they meet: a view takes over the name of a table, a swap is nothing rare."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.engines.postgresql.random_schemas.shape import Draw, Name, World

_LONG = "a_name_as_long_as_postgresql_lets_one_be_" + "x" * 22

SCHEMAS = ("public", "app", 'My "Schema"')
RELATIONS = ("t", "orders", "u", "Order Lines", "select", "naïve", _LONG, "v", "it's", "w", "é" * 31)
COLUMNS = ("id", "a", "b", "c", "Mixed Case", "order", "größe", _LONG, "d", 'quo"te')
ROUTINES = ("f", "g", "h", "Fn One", "left", "ß")
TYPES = ("mood", "kind", "Ty Pe", "interval", "price", "typ_ü")
PARTS = ("p", "q", "r", "Part One", "check", _LONG, "naïf")
ROLES = ("reader", "Writer Role", "owner_é")


def schema(draw: Draw, world: World) -> str:
    there = ["public", *(part.name[0] for part in world.of("schema") if part.name[0] != "public")]
    return draw.pick(there) if draw.chance(3) else "public"


def fresh(draw: Draw, world: World, pool: tuple[str, ...], *kinds: str) -> Name | None:
    """A name in a schema that none of `kinds` has yet."""
    where = schema(draw, world)
    taken = {part.name[-1] for part in world.of(*kinds) if part.name[0] == where}
    free = [name for name in pool if name not in taken]
    return (where, draw.pick(free)) if free else None


def relation(draw: Draw, world: World) -> Name | None:
    return fresh(draw, world, RELATIONS, "table", "view", "materialized view", "sequence", "index")


def one_of(draw: Draw, world: World, *kinds: str) -> Name | None:
    """The name of something that is there."""
    there = world.of(*kinds)
    return draw.pick(there).name if there else None


def inside(draw: Draw, world: World, kind: str, *parents: str, pool: tuple[str, ...] = PARTS) -> Name | None:
    """A name for a part of some relation."""
    parent = one_of(draw, world, *parents)
    if parent is None:
        return None
    taken = {part.name[-1] for part in world.under(parent, kind)}
    free = [name for name in pool if name not in taken]
    return (*parent, draw.pick(free)) if free else None
