"""Schemas, extensions, collations and types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.engines.postgresql.random_schemas import names, values
from tests.engines.postgresql.random_schemas.shape import Shape, quoted, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.engines.postgresql.random_schemas.shape import Draw, Name, Part, Place, World

EXTENSIONS = ("citext", "hstore", "btree_gist", "pg_trgm")
VALUES = ("low", "mid", "high", "It's", "größer", "")
COLLATIONS = (
    ("libc", "C", True), ("libc", "POSIX", True), ("icu", "de-DE", True), ("icu", "und-u-ks-level2", False),
    ("icu", "en-u-kn-true", True),
)  # fmt: skip


def _schema_name(draw: Draw, world: World) -> Name | None:
    free = [name for name in names.SCHEMAS[1:] if ("schema", (name,)) not in world.by_key]
    return (draw.pick(free),) if free else None


def _write_schema(part: Part, _: World) -> Iterable[str]:
    if part.name[0] != "public":
        yield f"CREATE SCHEMA {quoted(*part.name)}"


def _extension_name(draw: Draw, world: World) -> Name | None:
    free = [name for name in EXTENSIONS if ("extension", (name,)) not in world.by_key]
    return (draw.pick(free),) if free else None


def _write_extension(part: Part, _: World) -> Iterable[str]:
    yield f"CREATE EXTENSION {quoted(*part.name)} SCHEMA {quoted(part['schema'])}"


def _write_collation(part: Part, _: World) -> Iterable[str]:
    provider, locale, deterministic = part["settings"]
    rest = "" if deterministic else ", deterministic = false"
    yield f"CREATE COLLATION {quoted(*part.name)} (provider = {provider}, locale = {text(locale)}{rest})"


def _type_name(draw: Draw, world: World) -> Name | None:
    return names.fresh(draw, world, names.TYPES, *values.OWN_TYPES)


def _write_enum(part: Part, _: World) -> Iterable[str]:
    yield f"CREATE TYPE {quoted(*part.name)} AS ENUM ({', '.join(map(text, part['values']))})"


def _checks(draw: Draw, place: Place) -> Any:
    """(name, condition, whether validated)."""
    chosen = draw.some(names.PARTS[:4], 0, 2)
    return tuple((name, values.draw_condition(draw, place.world), not draw.chance(4)) for name in chosen)


def _write_domain(part: Part, world: World) -> Iterable[str]:
    base, name = part["base"], quoted(*part.name)
    collate = f' COLLATE "{part["collation"]}"' if part["collation"] else ""
    yield f"CREATE DOMAIN {name} AS {values.type_sql(base, world)}{collate}"
    if part["default"] is not None:
        yield f"ALTER DOMAIN {name} SET DEFAULT {values.value(base, part['default'], world)}"
    if part["not_null"]:
        yield f"ALTER DOMAIN {name} SET NOT NULL"
    for check, drawn, validated in part["checks"]:
        yield _added(name, check, (*drawn[:3], None), base, world, validated=validated)


def _added(domain: str, check: str, drawn: Any, base: Any, world: World, *, validated: bool) -> str:
    condition = values.condition(drawn, [("value", base)], world).replace('"value"', "VALUE")
    late = "" if validated else " NOT VALID"
    return f"ALTER DOMAIN {domain} ADD CONSTRAINT {quoted(check)} CHECK ({condition}){late}"


def _function(draw: Draw, place: Place) -> Any:
    """One that takes the domain, where there is one: then each needs the other."""
    domain = ("domain", place.name[:-1])
    there = place.world.of("function")
    takes = [one for one in there if any(each[1] == domain for each in one["arguments"])]
    return draw.pick(takes or there).name if there else None


def _write_domain_constraint(part: Part, world: World) -> Iterable[str]:
    *domain, check = part.name
    there = world.by_key.get(("domain", tuple(domain)))
    if there is not None:
        drawn = (*part["condition"][:3], part["function"])
        yield _added(quoted(*domain), check, drawn, there["base"], world, validated=part["validated"])


def _attributes(draw: Draw, place: Place) -> Any:
    """(name, type, collation)."""
    return tuple(
        (name, values.draw_type(draw, place.world), draw.pick(("", "", "", "C")))
        for name in draw.some(names.COLUMNS, 1, 4)
    )


def _write_composite(part: Part, world: World) -> Iterable[str]:
    """Attributes that fit first; one whose type fits not is left out by the server's refusal."""
    yield f"CREATE TYPE {quoted(*part.name)} AS ()"
    for name, type_, collation in part["attributes"]:
        words = f"{quoted(name)} {values.type_sql(type_, world)}"
        words += ' COLLATE "C"' if collation and type_ in ("text", "varchar(20)") else ""
        yield f"ALTER TYPE {quoted(*part.name)} ADD ATTRIBUTE {words}"


def _write_range(part: Part, world: World) -> Iterable[str]:
    options = [f"subtype = {values.type_sql(part['subtype'], world)}"]
    if part["multirange"]:
        schema, name = part.name
        options.append(f"multirange_type_name = {quoted(schema, name[:50] + '_many')}")
    if part["collation"] and part["subtype"] == "text":
        options.append('collation = "C"')
    if part["difference"] and part["subtype"] == "double precision":
        options.append("subtype_diff = float8mi")
    yield f"CREATE TYPE {quoted(*part.name)} AS RANGE ({', '.join(options)})"


SHAPES = (
    Shape("schema", 2, _schema_name, {}, _write_schema),
    Shape(
        "extension", 1, _extension_name, {"schema": lambda draw, place: names.schema(draw, place.world)},
        _write_extension,
    ),
    Shape(
        "collation", 1, lambda draw, world: names.fresh(draw, world, names.PARTS, "collation"),
        {"settings": lambda draw, _: draw.pick(COLLATIONS)}, _write_collation,
    ),
    Shape("enum", 4, _type_name, {"values": lambda draw, _: draw.some(VALUES, 1, 5)}, _write_enum),
    Shape(
        "domain", 4, _type_name,
        {
            "base": lambda draw, place: values.draw_type(draw, place.world, plain=draw.chance(2)),
            "collation": lambda draw, _: draw.pick(("", "", "", "C", "POSIX")),
            "default": lambda draw, _: draw.pick((None, 0, 1, 2)),
            "not_null": lambda draw, _: draw.chance(3),
            "checks": _checks,
        },
        _write_domain,
    ),
    Shape(
        "domain constraint", 1, lambda draw, world: names.inside(draw, world, "domain constraint", "domain"),
        {
            "condition": lambda draw, place: values.draw_condition(draw, place.world),
            "function": _function,
            "validated": lambda draw, _: not draw.chance(4),
        },
        _write_domain_constraint,
    ),
    Shape("composite type", 3, _type_name, {"attributes": _attributes}, _write_composite),
    Shape(
        "range type", 2, _type_name,
        {
            "subtype": lambda draw, _: draw.pick(("integer", "text", "timestamptz", "double precision")),
            "multirange": lambda draw, _: draw.chance(3),
            "collation": lambda draw, _: draw.chance(2),
            "difference": lambda draw, _: draw.chance(2),
        },
        _write_range,
    ),
)  # fmt: skip
