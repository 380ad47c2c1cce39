"""Views, materialized views, rules and policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.engines.postgresql.random_schemas import looking, names, values
from tests.engines.postgresql.random_schemas.shape import Shape, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.engines.postgresql.random_schemas.shape import Draw, Part, Place, World


def _source(draw: Draw, place: Place) -> Any:
    there = [one for one in place.world.of(*looking.RELATIONS) if one.name != place.name]
    return draw.pick(there).name if there and not draw.chance(12) else None


def _picks(draw: Draw, place: Place) -> Any:
    source = place.values["source"]
    return draw.some([name for name, _ in looking.columns(place.world, source)], 1, 4) if source else ()


def _query(part: Part, world: World) -> str:
    items = looking.selected(world, part.name)
    outputs = ", ".join(f"{sql} AS {quoted(output)}" for output, sql, _ in items)
    if not part["source"]:
        return f"SELECT {outputs}"
    source = quoted(*part["source"])
    there = looking.columns(world, part["source"])
    if part["how"] == "star":
        return f"SELECT * FROM {source}"
    if part["how"] == "grouped" and there:
        keys = ", ".join(str(number) for number in range(1, len(items) + 1))
        return f"SELECT {outputs} FROM {source} GROUP BY {keys}"
    if part["how"] == "twice":
        return f"SELECT {outputs} FROM {source} UNION ALL SELECT {outputs} FROM {source}"
    if part["how"] == "inside":
        return f"WITH few AS (SELECT * FROM {source}) SELECT {outputs} FROM few"
    where = f" WHERE {values.condition(part['where'], there, world)}" if part["where"] else ""
    return f"SELECT {outputs} FROM {source}{where}"


_OPTIONS = (
    "",
    "",
    "",
    "security_barrier = true",
    "check_option = local",
    "check_option = cascaded",
    "security_invoker = true",
)


def _write_view(part: Part, world: World) -> Iterable[str]:
    options = f" WITH ({part['options']})" if part["options"] else ""
    yield f"CREATE VIEW {quoted(*part.name)}{options} AS {_query(part, world)}"
    there = looking.columns(world, part.name)
    if part["default"] is not None and there:
        column, type_ = there[part["default"] % len(there)]
        yield f"ALTER VIEW {quoted(*part.name)} ALTER {quoted(column)} SET DEFAULT {values.value(type_, 1, world)}"


def _write_materialized(part: Part, world: World) -> Iterable[str]:
    options = " WITH (fillfactor = 70)" if part["options"] else ""
    yield f"CREATE MATERIALIZED VIEW {quoted(*part.name)}{options} AS {_query(part, world)}"


def _write_rule(part: Part, world: World) -> Iterable[str]:
    *relation, name = part.name
    there = looking.columns(world, tuple(relation))
    where = ""
    if part["where"] and there and part["event"] in ("UPDATE", "DELETE"):
        where = f" WHERE OLD.{quoted(there[0][0])} IS NOT NULL"
    other = looking.columns(world, part["other"]) if part["other"] else []
    action = "NOTHING"
    if part["action"] == "notify":
        action = "NOTIFY something"
    elif part["action"] == "insert" and other:
        action = f"INSERT INTO {quoted(*part['other'])} DEFAULT VALUES"
    elif part["action"] == "delete" and other:
        action = f"(DELETE FROM {quoted(*part['other'])} WHERE {quoted(other[0][0])} IS NULL; SELECT 1)"
    instead = "INSTEAD" if part["instead"] else "ALSO"
    yield f"CREATE RULE {quoted(name)} AS ON {part['event']} TO {quoted(*relation)}{where} DO {instead} {action}"
    if part["enabled"]:
        yield f"ALTER TABLE {quoted(*relation)} {part['enabled']} RULE {quoted(name)}"


def _write_policy(part: Part, world: World) -> Iterable[str]:
    *table, name = part.name
    there = looking.columns(world, tuple(table))
    using, check = (
        values.condition(part[word], there, world) if part[word] else "" for word in ("using", "check")
    )
    if part["reads"]:
        other = looking.columns(world, part["reads"])
        if other:
            using = (
                f"EXISTS (SELECT 1 FROM {quoted(*part['reads'])} x WHERE x.{quoted(other[0][0])} IS NOT NULL)"
            )
    words = f"CREATE POLICY {quoted(name)} ON {quoted(*table)} AS {part['how']} FOR {part['command']}"
    words += f" TO {', '.join(role if role == 'PUBLIC' else quoted(role) for role in part['roles'])}"
    if using and part["command"] != "INSERT":
        words += f" USING ({using})"
    if check and part["command"] not in ("SELECT", "DELETE"):
        words += f" WITH CHECK ({check})"
    yield words


def _maybe_condition(draw: Draw, place: Place) -> Any:
    return values.draw_condition(draw, place.world) if not draw.chance(3) else None


_VIEW = {
    "source": _source,
    "picks": _picks,
    "computed": lambda draw, place: tuple(
        values.draw_expression(draw, place.world) for _ in range(draw.number(0, 2))
    ),
    "how": lambda draw, _: draw.pick(("", "", "", "star", "grouped", "twice", "inside")),
    "where": lambda draw, place: values.draw_condition(draw, place.world) if draw.chance(2) else None,
}

SHAPES = (
    Shape(
        "view", 7, names.relation,
        {
            **_VIEW,
            "options": lambda draw, _: draw.pick(_OPTIONS),
            "default": lambda draw, _: draw.number(0, 3) if draw.chance(7) else None,
        },
        _write_view,
    ),
    Shape(
        "materialized view", 3, names.relation,
        {**_VIEW, "options": lambda draw, _: draw.chance(4)},
        _write_materialized,
    ),
    Shape(
        "rule", 2, lambda draw, world: names.inside(draw, world, "rule", "table", "view"),
        {
            "event": lambda draw, _: draw.pick(("INSERT", "UPDATE", "DELETE")),
            "where": lambda draw, _: draw.chance(3),
            "instead": lambda draw, _: not draw.chance(3),
            "action": lambda draw, _: draw.pick(("nothing", "notify", "insert", "delete")),
            "other": lambda draw, place: names.one_of(draw, place.world, "table", "view"),
            "enabled": lambda draw, _: draw.pick(("", "", "", "DISABLE", "ENABLE ALWAYS", "ENABLE REPLICA")),
        },
        _write_rule,
    ),
    Shape(
        "policy", 4, lambda draw, world: names.inside(draw, world, "policy", "table"),
        {
            "command": lambda draw, _: draw.pick(("ALL", "SELECT", "INSERT", "UPDATE", "DELETE")),
            "how": lambda draw, _: draw.pick(("PERMISSIVE", "RESTRICTIVE")),
            "roles": lambda draw, _: draw.some(names.ROLES, 1, 2) if draw.chance(2) else ("PUBLIC",),
            "using": _maybe_condition,
            "check": _maybe_condition,
            "reads": lambda draw, place: names.one_of(draw, place.world, *looking.RELATIONS) if draw.chance(4) else None,
        },
        _write_policy,
    ),
)  # fmt: skip
