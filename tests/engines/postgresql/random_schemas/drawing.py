"""Drawing a schema, and another that is related to it: a few parts dropped, added, changed, swapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from tests.engines.postgresql.random_schemas import (
    names,
    shapes_keys,
    shapes_operators,
    shapes_outside,
    shapes_rights,
    shapes_routines,
    shapes_search,
    shapes_tables,
    shapes_types,
    shapes_views,
)
from tests.engines.postgresql.random_schemas.shape import Draw, Part, World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from tests.engines.postgresql.random_schemas.shape import Name, Shape

# In this order the statements have the best chance to be accepted at the first try.
SHAPES: tuple[Shape, ...] = (
    *shapes_types.SHAPES,
    *shapes_search.SHAPES,
    *shapes_outside.SHAPES[:3],
    *shapes_tables.SHAPES,
    *shapes_keys.SHAPES,
    *shapes_routines.SHAPES,
    *shapes_operators.SHAPES,
    *shapes_views.SHAPES,
    *shapes_outside.SHAPES[3:],
    *shapes_rights.SHAPES,
)
BY_KIND = {shape.kind: shape for shape in SHAPES}
_RANK = {shape.kind: number for number, shape in enumerate(SHAPES)}
_WEIGHTED = tuple(shape for shape in SHAPES for _ in range(shape.weight))

# What a random schema begins with, so that the rest has something to speak of.
_BASE = ("enum", "table", "column", "column", "table", "column", "column", "function", "column", "constraint")

# What a kind stands on, for schemas that are aimed at it.
_AIMED = {
    "access method": ("access method", "table", "table"),
    "conversion": ("schema",),
    "default privileges": ("schema", "schema"),
    "collation": ("collation", "column", "column"),
    "server": ("foreign data wrapper",),
    "user mapping": ("foreign data wrapper", "server"),
    "foreign data wrapper": ("foreign data wrapper", "server"),
    "publication": ("schema", "table"),
    "operator class": ("operator family",),
    "text search dictionary": ("text search template",),
    "text search configuration": ("text search parser", "text search dictionary"),
    "dependence": ("extension", "function"),
    "rule": ("view", "rule", "rule"),
    "domain constraint": ("domain", "domain", "function", "function"),
}

# Kinds that take each other's names.
_NAMESPACES = (
    ("table", "view", "materialized view", "sequence", "index"),
    ("enum", "domain", "composite type", "range type"),
    ("function", "aggregate"),
    ("text search dictionary", "text search configuration"),
)


def statements(world: World) -> list[str]:
    """The schema as SQL; some of it may be refused, and is then no part of it."""
    parts = sorted(world.parts, key=lambda part: _RANK[part.kind])
    return list(dict.fromkeys(sql for part in parts for sql in BY_KIND[part.kind].write(part, world)))


def schemas(major: int, aim: str = "", most: int = 30) -> st.SearchStrategy[World]:
    @st.composite
    def drawn(draw: Callable[[st.SearchStrategy[Any]], Any]) -> World:
        return _draw_schema(Draw(draw), World(major), aim, most)

    return drawn()


def pairs(major: int, aim: str = "", most: int = 30) -> st.SearchStrategy[tuple[World, World]]:
    """Two schemas, mostly related; `aim` is a kind that they and their differences have most of."""

    @st.composite
    def drawn(draw: Callable[[st.SearchStrategy[Any]], Any]) -> tuple[World, World]:
        drawing = Draw(draw)
        first = _draw_schema(drawing, World(major), aim, most)
        if not aim and drawing.chance(8):
            return first, _draw_schema(drawing, World(major), aim, most)
        second = first
        for _ in range(drawing.number(1, 12)):
            second = _mutated(drawing, second, aim)
        return first, second

    return drawn()


def _draw_schema(draw: Draw, world: World, aim: str, most: int) -> World:
    for kind in (*_BASE, *(_AIMED.get(aim, ()) if aim else ())):
        world = _with_another(draw, world, kind)
    for returns in ("trigger", "event_trigger"):
        if draw.chance(2) or aim == returns.replace("_", " "):
            world = _with_caller(draw, world, returns)
    for _ in range(draw.number(most // 3, most)):
        kind = aim if aim and draw.chance(3) else draw.pick(_WEIGHTED).kind
        world = _with_another(draw, world, kind)
    return _with_comments(draw, world, aim) if aim and aim not in shapes_rights.UNCOMMENTED else world


def _with_comments(draw: Draw, world: World, aim: str) -> World:
    """So that what is aimed at is needed by something."""
    for part in world.of(aim)[:2]:
        world = world.with_part(BY_KIND["comment"].draw(draw, world, (part.kind, *part.name)))
    return world


def _with_caller(draw: Draw, world: World, returns: str) -> World:
    """With a function that triggers can call: by chance alone there would seldom be one."""
    name = BY_KIND["function"].name(draw, world)
    if name is None:
        return world
    part = BY_KIND["function"].draw(draw, world, name)
    return world.with_part(
        Part("function", name, {**part.values, "returns": returns, "arguments": (), "form": "function"})
    )


def _with_another(draw: Draw, world: World, kind: str) -> World:
    shape = BY_KIND[kind]
    name = shape.name(draw, world)
    return world if name is None else world.with_part(shape.draw(draw, world, name))


def _mutated(draw: Draw, world: World, aim: str) -> World:
    stands_on = world.of(*_AIMED.get(aim, ())[:1])
    if stands_on and draw.chance(4):
        return _drop(draw, world, draw.pick(stands_on))
    change = draw.pick(_MUTATIONS)
    aimed = world.of(aim) if aim and not draw.chance(3) else []
    kind = draw.pick(sorted({one.kind for one in world.parts}))  # rare kinds as often as columns
    return change(draw, world, draw.pick(aimed or world.of(kind)))


def _redraw_field(draw: Draw, world: World, part: Part) -> World:
    shape = BY_KIND[part.kind]
    if not shape.fields:
        return _drop(draw, world, part)
    field = draw.pick(tuple(shape.fields))
    return world.with_part(shape.redraw(draw, world, part, field))


def _redraw(draw: Draw, world: World, part: Part) -> World:
    return world.with_part(BY_KIND[part.kind].draw(draw, world, part.name))


def _drop(_: Draw, world: World, part: Part) -> World:
    return world.without(part)


def _add(draw: Draw, world: World, part: Part) -> World:
    return _with_another(draw, world, part.kind if draw.chance(2) else draw.pick(_WEIGHTED).kind)


def _swap_names(draw: Draw, world: World, part: Part) -> World:
    """Two change their names; what is under them goes with them or stays under the name."""
    rivals = [one for one in _rivals(world, part) if one.name != part.name]
    if not rivals:
        return _redraw_field(draw, world, part)
    other, along = draw.pick(rivals), draw.chance(2)
    swap = {part.name: other.name, other.name: part.name}
    return World(world.major, tuple(_renamed(one, swap, (part, other), along=along) for one in world.parts))


def _renamed(one: Part, swap: dict[Name, Name], both: tuple[Part, Part], *, along: bool) -> Part:
    if any(one is each for each in both):
        return Part(one.kind, swap[one.name], one.values)
    above = one.name[:-1]
    if along and above in swap and one.kind in ("column", "constraint", "trigger", "rule", "policy"):
        return Part(one.kind, (*swap[above], one.name[-1]), one.values)
    return one


def _rivals(world: World, part: Part) -> list[Part]:
    for kinds in _NAMESPACES:
        if part.kind in kinds:
            return world.of(*kinds)
    if part.kind in ("column", "constraint", "trigger", "policy", "rule", "domain constraint"):
        return world.under(part.name[:-1], part.kind)
    return (
        world.of(part.kind)
        if part.kind not in ("comment", "owner", "privileges", "dependence", "user mapping")
        else []
    )


def _replace_kind(draw: Draw, world: World, part: Part) -> World:
    """Another kind of object takes the name."""
    kinds: Sequence[str] = next((kinds for kinds in _NAMESPACES if part.kind in kinds), ())
    others = [kind for kind in kinds if kind != part.kind]
    if not others:
        return _redraw(draw, world, part)
    left = world.without(part)
    return left.with_part(BY_KIND[draw.pick(others)].draw(draw, left, part.name))


def _move(draw: Draw, world: World, part: Part) -> World:
    """To another schema."""
    if part.name[0] not in names.SCHEMAS or part.kind not in {
        kind for kinds in _NAMESPACES for kind in kinds
    }:
        return _redraw_field(draw, world, part)
    moved = Part(part.kind, (names.schema(draw, world), *part.name[1:]), part.values)
    return world.without(part).with_part(moved)


_MUTATIONS = (
    *((_redraw_field,) * 8), *((_drop,) * 3), *((_add,) * 3), _redraw, _redraw, _swap_names, _replace_kind, _move,
)  # fmt: skip
