"""Types, and values, conditions and expressions over columns of them.

A type is the SQL of a built-in one, ("array", type), or (kind, name) of one that the schema makes itself.
A condition or an expression is (style, column, number, function): what it refers to is looked up when it is
written, and where that is gone it falls back to something that needs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.engines.postgresql.random_schemas.shape import quoted, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.engines.postgresql.random_schemas.shape import Draw, Name, Part, World

Columns = list[tuple[str, Any]]
"""(name, type) of what a condition or a query may speak of."""

OWN_TYPES = ("enum", "domain", "composite type", "range type")

COMMON = ("integer", "bigint", "text", "varchar(20)", "numeric(10,2)", "boolean", "date", "timestamptz")
RARE = (
    "smallint", "numeric", "varchar(40)", "varchar", "char(5)", "timestamp", "timestamptz(3)", "interval",
    "time", "uuid", "jsonb", "json", "bytea", "inet", "cidr", "double precision", "real", "money", "bit(8)",
    "varbit", "point", "tsvector", "int4range", "tstzrange", "nummultirange", "interval day to second(2)",
    "oid", "name", '"char"', "macaddr", "xml", "integer[]", "text[]", "varchar(10)[]", "numeric(6,1)[]",
)  # fmt: skip

_SAMPLES = {
    "integer": ("1", "2", "3", "40"),
    "boolean": ("true", "false"),
    "text": ("'a'", "'b'", "'it''s'", "'7'"),
    "numeric": ("1", "2.5", "3", "40"),
    "date": ("'2024-01-01'", "'2024-01-02'", "'2025-06-03'"),
    "time": ("'10:00'", "'11:30'"),
    "interval": ("'1 day'", "'2 hours'"),
    "uuid": ("'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000002'"),
    "json": ("'{}'", "'{\"a\": 1}'", "'[1, 2]'"),
    "bytea": (r"'\x01'", r"'\x02'"),
    "inet": ("'10.0.0.1'", "'10.0.0.2'"),
    "cidr": ("'10.0.0.0/24'", "'10.0.1.0/24'"),
    "money": ("'1'", "'2'"),
    "bit": ("B'10000001'", "B'10000011'"),
    "point": ("'(1,2)'", "'(3,4)'"),
    "tsvector": ("'a b'", "'c'"),
    "int4range": ("'[1,5)'", "'empty'"),
    "tstzrange": ("'[2024-01-01,2024-02-01)'", "'empty'"),
    "nummultirange": ("'{[1,5)}'", "'{}'"),
    "macaddr": ("'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'"),
    "xml": ("'<a/>'", "'<b/>'"),
    "[]": ("'{}'", "'{1,2}'"),
}
_FAMILIES = {
    "bigint": "integer", "smallint": "integer", "oid": "integer", "serial": "integer", "bigserial": "integer",
    "double": "numeric", "real": "numeric", "varchar": "text", "char": "text", "name": "text", '"char"': "text",
    "timestamptz": "date", "timestamp": "date", "jsonb": "json", "varbit": "bit", "citext": "text",
}  # fmt: skip


def draw_type(draw: Draw, world: World, *, plain: bool = False) -> Any:
    own = [] if plain else world.of(*OWN_TYPES)
    choice = draw.number(0, 9)
    if choice < 5 or (choice < 8 and not own):
        return draw.pick(COMMON)
    if choice < 8:
        return draw.pick(own).key
    if choice == 8 and own:
        return ("array", draw.pick(own).key)
    return draw.pick(RARE)


def type_sql(type_: Any, world: World) -> str:
    """The type's SQL; of one that is gone, text."""
    if isinstance(type_, str):
        return type_
    if type_[0] == "array":
        return f"{type_sql(type_[1], world)}[]"
    return quoted(*type_[1]) if type_ in world.by_key else "text"


def plain_type(type_: Any) -> Any:
    """What a column has whose type made it a serial."""
    return {"serial": "integer", "bigserial": "bigint", "smallserial": "smallint"}.get(type_, type_)


def value(type_: Any, number: int, world: World) -> str:
    """A constant of the type."""
    made = _own_value(type_, number, world)
    if made is not None:
        return f"{made}::{type_sql(type_, world)}"
    written = plain_type(type_) if isinstance(type_, str) else "text"
    word = "[]" if written.endswith("[]") else written.split("(")[0].split(" ")[0]
    samples = _SAMPLES.get(_FAMILIES.get(word, word), _SAMPLES["text"])
    return f"{samples[number % len(samples)]}::{written}"


def _own_value(type_: Any, number: int, world: World) -> str | None:
    if isinstance(type_, str):
        return None
    if type_[0] == "array":
        return f"ARRAY[{value(type_[1], number, world)}]"
    part = world.by_key.get(type_)
    if part is None:
        return None
    if part.kind == "enum":
        return text(part["values"][number % len(part["values"])]) if part["values"] else "NULL"
    if part.kind == "domain":
        return "NULL" if _is_endless(type_, world) else value(part["base"], number, world)
    if part.kind == "range type":
        return "'empty'"
    return "NULL"


def _is_endless(type_: Any, world: World) -> bool:
    """Whether a domain is over itself, or over lists of itself; the server will refuse it."""
    seen = []
    while not isinstance(type_, str):
        part = world.by_key.get(type_)
        if type_ in seen:
            return True
        seen.append(type_)
        if type_[0] == "array":
            type_ = type_[1]
        elif part is not None and part.kind == "domain":
            type_ = part["base"]
        else:
            break
    return False


def draw_condition(draw: Draw, world: World) -> Any:
    """A condition over some column; it may call a function."""
    function = draw.pick(world.of("function")).name if world.of("function") and draw.chance(3) else None
    return (draw.number(0, 6), draw.number(0, 5), draw.number(0, 3), function)


draw_expression = draw_condition


def condition(drawn: Any, columns: Columns, world: World) -> str:
    style, at, number, function = drawn
    if not columns:
        return "true" if number % 2 else "1 > 0"
    name, type_ = columns[at % len(columns)]
    column, constant = quoted(name), value(type_, number, world)
    call = called(function, [(column, type_)], world)
    if call is not None:
        return f"{call} IS NOT NULL" if number % 2 else f"{call}::text <> {text(str(number))}"
    return {
        0: f"{column} IS NOT NULL",
        1: f"{column} <> {constant}",
        2: f"{column} = ANY (ARRAY[{constant}, {value(type_, number + 1, world)}])",
        3: f"{column} IN ({constant}, {value(type_, number + 1, world)})",
        4: f"({column} > {constant} OR {column} IS NULL)",
        5: f"{column}::text <> {text('x' * (number + 1))}",
        6: f"NOT ({column} IS NULL AND {number} > 5)",
    }[style]


def expression(drawn: Any, columns: Columns, world: World) -> tuple[str, Any]:
    """(SQL, its type)."""
    style, at, number, function = drawn
    if not columns:
        return f"{number}", "integer"
    name, type_ = columns[at % len(columns)]
    column = quoted(name)
    call = called(function, [(column, type_)], world)
    if call is not None and function is not None:
        return call, world.by_key["function", function]["returns"]
    return {
        0: (f"coalesce({column}, {value(type_, number, world)})", type_),
        1: (f"upper({column}::text)", "text"),
        2: (f"({column} IS NULL)", "boolean"),
        3: (f"CASE WHEN {column} = {value(type_, number, world)} THEN {number} ELSE 9 END", "integer"),
        4: (f"length({column}::text) + {number}", "integer"),
        5: (f"ARRAY[{column}]", ("array", type_) if not str(type_).endswith("[]") else type_),
        6: (f"nullif({column}, {value(type_, number, world)})", type_),
    }[style]


def called(function: Name | None, given: Sequence[tuple[str, Any]], world: World) -> str | None:
    """A call of the function with these values first; None where it is gone or no such function."""
    part = world.by_key.get(("function", function)) if function else None
    if part is None or not isinstance(part["returns"], str | tuple) or part["form"] == "procedure":
        return None
    if part["returns"] in ("trigger", "event_trigger", "void") or part["returns"][0] == "set of":
        return None
    return f"{quoted(*part.name)}({', '.join(_arguments(part, given, world))})"


def _arguments(part: Part, given: Sequence[tuple[str, Any]], world: World) -> list[str]:
    """A column where its type is asked for, else a constant."""
    left, found = list(given), []
    for _, type_, _, _ in part["arguments"]:
        fits = next((one for one in left if one[1] == type_), None)
        found.append(fits[0] if fits else value(type_, 1, world))
        if fits:
            left.remove(fits)
    return found
