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
        condition = values.condition(_without_rings(drawn, world), [("value", base)], world).replace(
            '"value"', "VALUE"
        )
        late = "" if validated else " NOT VALID"
        yield f"ALTER DOMAIN {name} ADD CONSTRAINT {quoted(check)} CHECK ({condition}){late}"


def _without_rings(drawn: Any, world: World) -> Any:
    """A domain's condition calls no function that may need the domain: plans do not take such rings apart."""
    function = world.by_key.get(("function", drawn[3])) if drawn[3] else None
    types = [function["returns"], *(one[1] for one in function["arguments"])] if function else []
    safe = (
        all(isinstance(one, str) for one in types) and function is not None and function["body"][0] == "value"
    )
    return drawn if safe else (*drawn[:3], None)


def _attributes(draw: Draw, place: Place) -> Any:
    """(name, type, collation)."""
    return tuple(
        (name, _flat(values.draw_type(draw, place.world)), draw.pick(("", "", "", "C")))
        for name in draw.some(names.COLUMNS, 1, 4)
    )


def _flat(type_: Any) -> Any:
    """No composite type inside of another: plans do not retype what tables hold two types deep."""
    return "text" if "composite" in str(type_) or "domain" in str(type_) else type_


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
            "base": lambda draw, place: _flat(values.draw_type(draw, place.world, plain=draw.chance(2))),
            "collation": lambda draw, _: draw.pick(("", "", "", "C", "POSIX")),
            "default": lambda draw, _: draw.pick((None, 0, 1, 2)),
            "not_null": lambda draw, _: draw.chance(3),
            "checks": _checks,
        },
        _write_domain,
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
