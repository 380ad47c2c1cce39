"""What speaks of other databases: foreign data wrappers, servers, user mappings, publications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.engines.postgresql.random_schemas import looking, names, values
from tests.engines.postgresql.random_schemas.shape import Shape, quoted, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.engines.postgresql.random_schemas.shape import Draw, Name, Part, Place, World


def _free(kind: str) -> Any:
    def drawn(draw: Draw, world: World) -> Name | None:
        free = [name for name in names.PARTS[:5] if (kind, (name,)) not in world.by_key]
        return (draw.pick(free),) if free else None

    return drawn


def _options(draw: Draw, _: Place) -> Any:
    return draw.some((("host", "there"), ("dbname", "it's"), ("port", "6000")), 0, 2)


def _write_options(options: Any) -> str:
    written = ", ".join(f"{name} {text(value)}" for name, value in options)
    return f" OPTIONS ({written})" if written else ""


def _write_wrapper(part: Part, _: World) -> Iterable[str]:
    validator = " VALIDATOR postgresql_fdw_validator" if part["validator"] else ""
    options = "" if part["validator"] else _write_options(part["options"])
    yield f"CREATE FOREIGN DATA WRAPPER {quoted(*part.name)}{validator}{options}"


def _write_server(part: Part, _: World) -> Iterable[str]:
    if part["wrapper"] is None:
        return
    type_ = f" TYPE {text(part['type'])}" if part["type"] else ""
    version = f" VERSION {text(part['version'])}" if part["version"] else ""
    yield (
        f"CREATE SERVER {quoted(*part.name)}{type_}{version} FOREIGN DATA WRAPPER {quoted(*part['wrapper'])}"
        f"{_write_options(part['options'])}"
    )


def _mapping_name(draw: Draw, world: World) -> Name | None:
    server = names.one_of(draw, world, "server")
    if server is None:
        return None
    name = (*server, draw.pick(("PUBLIC", *names.ROLES)))
    return None if ("user mapping", name) in world.by_key else name


def _write_mapping(part: Part, _: World) -> Iterable[str]:
    server, user = part.name
    whom = user if user == "PUBLIC" else quoted(user)
    yield f'CREATE USER MAPPING FOR {whom} SERVER {quoted(server)} OPTIONS ("user" {text(part["user"])})'


def _tables(draw: Draw, place: Place) -> Any:
    """(table, how many columns or None, condition)."""
    found = []
    for table in draw.some(place.world.of("table"), 0, 2):
        condition = values.draw_condition(draw, place.world) if draw.chance(3) else None
        found.append((table.name, draw.number(1, 2) if draw.chance(3) else None, condition))
    return tuple(found)


def _write_publication(part: Part, world: World) -> Iterable[str]:
    name = quoted(*part.name)
    options = f" WITH ({part['options']})" if part["options"] else ""
    if part["all"]:
        yield f"CREATE PUBLICATION {name} FOR ALL TABLES{options}"
        return
    yield f"CREATE PUBLICATION {name}{options}"
    for table, most, drawn in part["tables"]:
        there = looking.columns(world, table)
        columns = f" ({', '.join(quoted(one) for one, _ in there[:most])})" if most and there else ""
        where = f" WHERE ({values.condition((*drawn[:3], None), there, world)})" if drawn else ""
        yield f"ALTER PUBLICATION {name} ADD TABLE {quoted(*table)}{columns}{where}"
    for schema in part["schemas"]:
        yield f"ALTER PUBLICATION {name} ADD TABLES IN SCHEMA {quoted(schema)}"


SHAPES = (
    Shape(
        "foreign data wrapper", 1, _free("foreign data wrapper"),
        {"validator": lambda draw, _: draw.chance(3), "options": _options}, _write_wrapper,
    ),
    Shape(
        "server", 1, _free("server"),
        {
            "wrapper": lambda draw, place: names.one_of(draw, place.world, "foreign data wrapper"),
            "type": lambda draw, _: draw.pick(("", "", "some")),
            "version": lambda draw, _: draw.pick(("", "1", "2")),
            "options": _options,
        },
        _write_server,
    ),
    Shape(
        "user mapping", 1, _mapping_name,
        {"user": lambda draw, _: draw.pick(("me", "you"))}, _write_mapping,
    ),
    Shape(
        "publication", 2, _free("publication"),
        {
            "all": lambda draw, _: draw.chance(4),
            "options": lambda draw, _: draw.pick(("", "", "publish = 'insert'", "publish_via_partition_root = true")),
            "tables": _tables,
            "schemas": lambda draw, place: draw.some([one.name[0] for one in place.world.of("schema")], 0, 1),
        },
        _write_publication,
    ),
)  # fmt: skip
