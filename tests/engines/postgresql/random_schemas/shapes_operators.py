"""Casts, operators with their families and classes, base types and transforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.engines.postgresql.random_schemas import names, values
from tests.engines.postgresql.random_schemas.shape import Shape, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.engines.postgresql.random_schemas.shape import Draw, Name, Part, Place, World

_OPERATORS = ("===", "<%%>", "~#", "@@@")
_METHODS = ("btree", "hash")
# (type, function, negator's function) of comparisons that PostgreSQL has.
_COMPARISONS = (("integer", "int4eq"), ("integer", "int4lt"), ("text", "texteq"), ("bigint", "int8eq"))
_CLASSES = {
    "btree": "OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer)",
    "hash": "OPERATOR 1 =, FUNCTION 1 hashint4(integer)",
}  # fmt: skip


def _cast_name(draw: Draw, world: World) -> Name | None:
    """("enum", schema, name, target): of what own type, to what."""
    own = world.of("enum", "composite type", "domain", "range type")
    if not own:
        return None
    of = draw.pick(own)
    name = (of.kind, *of.name, draw.pick(("integer", "text", "bigint", "jsonb")))
    return None if ("cast", name) in world.by_key else name


def _one_argument(draw: Draw, place: Place) -> Any:
    """A function that may do: of one argument, of the own type."""
    kind, schema, name, _ = place.name
    fits = [
        one.name
        for one in place.world.of("function")
        if len(one["arguments"]) == 1 and one["arguments"][0][1] == (kind, (schema, name))
    ]
    return draw.pick(fits) if fits else None


def cast_reference(part: Part, world: World) -> str:
    kind, schema, name, target = part.name
    return f"CAST ({values.type_sql((kind, (schema, name)), world)} AS {target})"


def _write_cast(part: Part, world: World) -> Iterable[str]:
    kind, schema, name, target = part.name
    of = (kind, (schema, name))
    how = "WITH INOUT" if part["inout"] else "WITHOUT FUNCTION"
    if part["function"]:
        how = f"WITH FUNCTION {quoted(*part['function'])}({values.type_sql(of, world)})"
    yield f"CREATE CAST ({values.type_sql(of, world)} AS {target}) {how} {part['context']}"


def _operator_name(draw: Draw, world: World) -> Name | None:
    return names.fresh(draw, world, _OPERATORS, "operator")


def operator_reference(part: Part, world: World) -> str:
    type_, _ = _compared(part, world)
    return f"OPERATOR {quoted(part.name[0])}.{part.name[1]} ({type_}, {type_})"


def _compared(part: Part, world: World) -> tuple[str, str]:
    """The type of both sides, and the function."""
    own = world.by_key.get(("function", part["function"])) if part["function"] else None
    if own is not None and len(own["arguments"]) == 2 and own["arguments"][0][1] == own["arguments"][1][1]:
        return values.type_sql(own["arguments"][0][1], world), quoted(*own.name)
    type_, function = part["comparison"]
    return type_, function


def _write_operator(part: Part, world: World) -> Iterable[str]:
    schema, name = part.name
    type_, function = _compared(part, world)
    options = [f"LEFTARG = {type_}", f"RIGHTARG = {type_}", f"FUNCTION = {function}", *part["options"]]
    if part["commutes"]:
        options.append(f"COMMUTATOR = OPERATOR({quoted(schema)}.{name})")
    yield f"CREATE OPERATOR {quoted(schema)}.{name} ({', '.join(options)})"


def _of_method(kind: str) -> Any:
    """(schema, name, method)."""

    def drawn(draw: Draw, world: World) -> Name | None:
        name = (names.schema(draw, world), draw.pick(names.PARTS[:4]), draw.pick(_METHODS))
        return None if (kind, name) in world.by_key else name

    return drawn


def family_reference(part: Part, _: World) -> str:
    return f"{part.kind.upper()} {quoted(*part.name[:2])} USING {part.name[2]}"


def _write_family(part: Part, _: World) -> Iterable[str]:
    *name, method = part.name
    yield f"CREATE OPERATOR FAMILY {quoted(*name)} USING {method}"
    if part["members"]:
        yield f"ALTER OPERATOR FAMILY {quoted(*name)} USING {method} ADD {_members(method, part['members'])}"


def _members(method: str, members: Any) -> str:
    """Loose ones for bigint, so that a class for integer has a place beside them."""
    operators = {"btree": ("<", "<=", "=", ">=", ">"), "hash": ("=",)}[method]
    written = [
        f"OPERATOR {number} {sign} (bigint, bigint)"
        for number, sign in enumerate(operators, 1)
        if number in members
    ]
    if 6 in members:
        function = {"btree": "btint8cmp(bigint, bigint)", "hash": "hashint8(bigint)"}[method]
        written.append(f"FUNCTION 1 (bigint, bigint) {function}")
    return ", ".join(written) or "OPERATOR 1 = (bigint, bigint)"


def _write_class(part: Part, _: World) -> Iterable[str]:
    *name, method = part.name
    family = (
        f" FAMILY {quoted(*part['family'][:2])}" if part["family"] and part["family"][2] == method else ""
    )
    yield (
        f"CREATE OPERATOR CLASS {quoted(*name)} FOR TYPE integer USING {method}{family} AS {_CLASSES[method]}"
    )


def _type_name(draw: Draw, world: World) -> Name | None:
    return names.fresh(draw, world, names.TYPES, *values.OWN_TYPES, "base type", "shell type")


def _write_base(part: Part, _: World) -> Iterable[str]:
    schema, name = part.name
    own, read, write = (
        quoted(schema, name),
        quoted(schema, f"{name[:50]}_in"),
        quoted(schema, f"{name[:50]}_out"),
    )
    yield f"CREATE TYPE {own}"
    yield f"CREATE FUNCTION {read}(cstring) RETURNS {own} LANGUAGE internal IMMUTABLE STRICT AS 'int4in'"
    yield f"CREATE FUNCTION {write}({own}) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out'"
    options = "".join(f", {one}" for one in part["options"])
    yield f"CREATE TYPE {own} (INPUT = {read}, OUTPUT = {write}, LIKE = integer{options})"


def type_reference(part: Part, _: World) -> str:
    return f"TYPE {quoted(*part.name)}"


def _write_shell(part: Part, _: World) -> Iterable[str]:
    schema, name = part.name
    own, read = quoted(schema, name), quoted(schema, f"{name[:50]}_in")
    yield f"CREATE TYPE {own}"
    if part["read"]:
        yield f"CREATE FUNCTION {read}(cstring) RETURNS {own} LANGUAGE internal IMMUTABLE STRICT AS 'int4in'"


def _transform_name(draw: Draw, world: World) -> Name | None:
    name = (draw.pick(("integer", "text", "bigint")), draw.pick(("sql", "plpgsql")))
    return None if ("transform", name) in world.by_key else name


def transform_reference(part: Part, _: World) -> str:
    return f"TRANSFORM FOR {part.name[0]} LANGUAGE {part.name[1]}"


def _write_transform(part: Part, _: World) -> Iterable[str]:
    type_, language = part.name
    receive = {"integer": "int4recv", "text": "textrecv", "bigint": "int8recv"}[type_]
    ways = ["FROM SQL WITH FUNCTION prsd_lextype(internal)"] if part["read"] else []
    ways += [f"TO SQL WITH FUNCTION {receive}(internal)"] if part["write"] or not ways else []
    yield f"CREATE TRANSFORM FOR {type_} LANGUAGE {language} ({', '.join(ways)})"


_JOINS = ("RESTRICT = eqsel", "JOIN = eqjoinsel", "HASHES", "MERGES")

SHAPES = (
    Shape(
        "cast", 1, _cast_name,
        {
            "inout": lambda draw, _: not draw.chance(4),
            "function": _one_argument,
            "context": lambda draw, _: draw.pick(("", "AS ASSIGNMENT")),
        },
        _write_cast,
    ),
    Shape(
        "operator", 1, _operator_name,
        {
            "comparison": lambda draw, _: draw.pick(_COMPARISONS),
            "function": lambda draw, place: names.one_of(draw, place.world, "function") if draw.chance(2) else None,
            "options": lambda draw, _: draw.some(_JOINS, 0, 3),
            "commutes": lambda draw, _: draw.chance(2),
        },
        _write_operator,
    ),
    Shape(
        "operator family", 1, _of_method("operator family"),
        {"members": lambda draw, _: draw.some((1, 2, 3, 4, 5, 6), 0, 4)}, _write_family,
    ),
    Shape(
        "operator class", 1, _of_method("operator class"),
        {"family": lambda draw, place: names.one_of(draw, place.world, "operator family") if draw.chance(2) else None},
        _write_class,
    ),
    Shape(
        "base type", 1, _type_name,
        {"options": lambda draw, _: draw.some(("CATEGORY = 'N'", "PREFERRED = true", "DEFAULT = '7'", "DELIMITER = ';'"), 0, 2)},
        _write_base,
    ),
    Shape("shell type", 1, _type_name, {"read": lambda draw, _: draw.chance(2)}, _write_shell),
    Shape(
        "transform", 1, _transform_name,
        {"read": lambda draw, _: draw.chance(2), "write": lambda draw, _: draw.chance(2)}, _write_transform,
    ),
)  # fmt: skip

REFERENCES = {
    "cast": cast_reference,
    "operator": operator_reference,
    "operator family": family_reference,
    "operator class": family_reference,
    "transform": transform_reference,
    "base type": type_reference,
}
"""What they are called after COMMENT ON and ALTER … OWNER."""
