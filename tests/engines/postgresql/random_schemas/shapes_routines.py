"""Functions, procedures and aggregates; triggers and event triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.engines.postgresql.random_schemas import looking, names, values
from tests.engines.postgresql.random_schemas.shape import Shape, quoted, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.engines.postgresql.random_schemas.shape import Draw, Name, Part, Place, World


def _returns(draw: Draw, place: Place) -> Any:
    """A type, "trigger", "event_trigger", ("set of", relation) or ("rows", types)."""
    choice = draw.number(0, 11)
    relations = place.world.of(*looking.RELATIONS)
    if choice in (8, 9):
        return "trigger"
    if choice == 10:
        return "event_trigger"
    if choice == 11 and relations:
        return ("set of", draw.pick(relations).name)
    return draw.pick(("boolean", "text")) if choice == 7 else values.draw_type(draw, place.world)


def _arguments(draw: Draw, place: Place) -> Any:
    """(name, type, mode, a default's number or None)."""
    if place.values["returns"] in ("trigger", "event_trigger"):
        return ()
    found: list[Any] = []
    # All have names or none has: PostgreSQL writes a body of statements wrongly where some have none.
    for name in draw.some(("", "", "") if draw.chance(3) else ("a", "b", "order"), 0, 2):
        mode = draw.pick(("", "", "", "VARIADIC")) if not found and draw.chance(5) else ""
        type_ = "integer[]" if mode else values.draw_type(draw, place.world)
        if draw.chance(6) and place.world.of("table"):
            type_ = ("table", draw.pick(place.world.of("table")).name)
        found.append((name, type_, mode, draw.pick((None, None, None, 0, 1))))
    return tuple(found)


def _body(draw: Draw, place: Place) -> Any:
    """("value", n), ("argument",), ("count", relation), ("column", relation, n), ("call", function)."""
    relations, functions = place.world.of(*looking.RELATIONS), place.world.of("function")
    choice = draw.number(0, 6)
    if choice in (2, 3) and relations:
        return ("count", draw.pick(relations).name, 0)
    if choice == 4 and relations:
        return ("column", draw.pick(relations).name, draw.number(0, 4))
    if choice == 5 and functions:
        return ("call", draw.pick(functions).name, 0)
    return ("argument", None, 0) if choice == 1 else ("value", None, draw.number(0, 3))


def signature(part: Part, world: World) -> str:
    """The types that tell it from others of its name."""
    return ", ".join(values.type_sql(type_, world) for _, type_, _, _ in part["arguments"])


def _write_function(part: Part, world: World) -> Iterable[str]:
    name, returns = quoted(*part.name), part["returns"]
    arguments = ", ".join(_argument(one, world) for one in _defaults_last(part["arguments"]))
    if returns in ("trigger", "event_trigger"):
        body = "RETURN NEW" if returns == "trigger" else "NULL"
        yield (
            f"CREATE FUNCTION {name}() RETURNS {returns} LANGUAGE plpgsql {_attributes(part, ())}"
            f" AS $$BEGIN {body}; {'RAISE NOTICE ' + text(str(part['body'][2])) + ';'} END$$"
        )
        return
    if part["form"] == "procedure":
        yield f"CREATE PROCEDURE {name}({arguments}) {_language(part, world, 'integer')}"
        return
    if returns[0] == "set of":
        yield (
            f"CREATE FUNCTION {name}({arguments}) RETURNS SETOF {quoted(*returns[1])} {_attributes(part)}"
            f" LANGUAGE sql {_as(part, f'SELECT * FROM {quoted(*returns[1])}')}"
        )
        return
    yield (
        f"CREATE FUNCTION {name}({arguments}) RETURNS {values.type_sql(returns, world)} {_attributes(part)}"
        f" {_language(part, world, returns)}"
    )


def _defaults_last(arguments: Any) -> Any:
    """Arguments after one with a default need one too; a variadic one is last and has none."""
    plain = [one for one in arguments if one[3] is None and not one[2]]
    given = [one for one in arguments if one[3] is not None and not one[2]]
    return (*plain, *given, *(one for one in arguments if one[2] and not given))


def _argument(one: Any, world: World) -> str:
    name, type_, mode, default = one
    written = f"{mode} {quoted(name) if name else ''} {values.type_sql(type_, world)}"
    return written + (
        f" DEFAULT {values.value(type_, default, world)}" if default is not None and not mode else ""
    )


_SETTINGS = (
    "SECURITY DEFINER",
    "PARALLEL SAFE",
    "COST 7",
    "STRICT",
    "SET search_path = ''",
    "LEAKPROOF",
    "SET work_mem = '4MB'",
)


def _attributes(part: Part, settings: Any = None) -> str:
    chosen = part["settings"] if settings is None else settings
    return " ".join((part["volatility"], *chosen))


def _language(part: Part, world: World, returns: Any) -> str:
    query = _query(part, world, returns)
    if part["form"] == "procedure":
        return f"LANGUAGE sql {_as(part, query)}" if part["language"] != "plpgsql" else _plpgsql("NULL", "")
    if part["language"] == "plpgsql":
        return _plpgsql(f"RETURN ({query})", part["volatility"])
    return f"LANGUAGE sql {_as(part, query)}"


def _plpgsql(statement: str, _: str) -> str:
    return f"LANGUAGE plpgsql AS $body$BEGIN {statement}; END$body$"


def _as(part: Part, query: str) -> str:
    if part["language"] == "atomic":
        return f"BEGIN ATOMIC {query}; END"
    return f"AS {text(query)}"


def _query(part: Part, world: World, returns: Any) -> str:
    what, which, number = part["body"]
    wanted = values.type_sql(returns, world)
    if what == "argument" and part["arguments"]:
        return f"SELECT ($1)::text::{wanted}"
    if what == "count":
        return (
            f"SELECT {values.value(returns, 0, world)} FROM {quoted(*which)} GROUP BY 1 HAVING count(*) > 1"
        )
    if what == "column":
        there = looking.columns(world, which)
        column = quoted(there[number % len(there)][0]) if there else "1"
        return f"SELECT {column}::text::{wanted} FROM {quoted(*which)} LIMIT 1"
    called = values.called(which, [], world) if what == "call" else None
    if called is not None:
        return f"SELECT ({called})::text::{wanted}"
    return f"SELECT {values.value(returns, number, world)}"


def _function_name(draw: Draw, world: World) -> Name | None:
    return names.fresh(draw, world, names.ROUTINES, "function", "aggregate")


def _write_aggregate(part: Part, world: World) -> Iterable[str]:
    state, argument, function, combine, start = part["base"]
    if part["function"] and part["function"] != part.name:
        own = world.by_key.get(("function", part["function"]))
        if own is not None and len(own["arguments"]) == 2:
            state, argument = (values.type_sql(one[1], world) for one in own["arguments"])
            function, combine, start = quoted(*own.name), "", ""
    options = [f"SFUNC = {function}", f"STYPE = {state}"]
    if combine and part["combine"]:
        options.append(f"COMBINEFUNC = {combine}")
    if start and part["start"]:
        options.append(f"INITCOND = {start}")
    options += part["options"]
    yield f"CREATE AGGREGATE {quoted(*part.name)}({argument}) ({', '.join(options)})"


_BASES = (
    ("integer", "integer", "int4pl", "int4pl", "'0'"), ("numeric", "numeric", "numeric_add", "numeric_add", "'0'"),
    ("text", "text", "textcat", "", "''"), ("bigint", "bigint", "int8larger", "int8larger", "'3'"),
)  # fmt: skip


def trigger_functions(world: World, returns: str) -> list[Part]:
    return [one for one in world.of("function") if one["returns"] == returns]


def _trigger_name(draw: Draw, world: World) -> Name | None:
    return names.inside(draw, world, "trigger", "table", "view")


def _some_function(returns: str) -> Any:
    def drawn(draw: Draw, place: Place) -> Any:
        there = trigger_functions(place.world, returns)
        return draw.pick(there).name if there else None

    return drawn


def _write_trigger(part: Part, world: World) -> Iterable[str]:
    *table, name = part.name
    relation = world.find(tuple(table), "table", "view")
    if relation is None or part["function"] is None:
        return
    there = looking.columns(world, tuple(table))
    timing = "INSTEAD OF" if relation.kind == "view" and part["row"] else part["timing"]
    events = [_event(one, part, there, timing) for one in part["events"]]
    level = "ROW" if part["row"] else "STATEMENT"
    words = f"{'CONSTRAINT ' if part['constraint'] else ''}TRIGGER {quoted(name)} "
    words += f"{'AFTER' if part['constraint'] else timing} {' OR '.join(events)} ON {quoted(*table)}"
    if part["constraint"]:
        words, level = f"{words} {part['deferral']}", "ROW"
    elif part["transition"] and timing == "AFTER" and len(events) == 1 and events[0] == "INSERT":
        words += " REFERENCING NEW TABLE AS fresh"
    words += f" FOR EACH {level}"
    if part["when"] and level == "ROW" and timing != "INSTEAD OF" and there and "DELETE" not in events:
        words += f" WHEN (NEW.{quoted(there[part['when'] % len(there)][0])} IS NOT NULL)"
    arguments = ", ".join(map(text, part["arguments"]))
    yield f"CREATE {words} EXECUTE FUNCTION {quoted(*part['function'])}({arguments})"
    if part["enabled"]:
        yield f"ALTER TABLE {quoted(*table)} {part['enabled']} TRIGGER {quoted(name)}"


def _event(event: str, part: Part, there: values.Columns, timing: str) -> str:
    if event == "UPDATE" and part["of"] is not None and there and timing != "INSTEAD OF":
        return f"UPDATE OF {quoted(there[part['of'] % len(there)][0])}"
    return event


_TAGS = ("CREATE TABLE", "DROP TABLE", "ALTER TABLE", "COMMENT")


def _write_event_trigger(part: Part, _: World) -> Iterable[str]:
    if part["function"] is None:
        return
    tags = f" WHEN TAG IN ({', '.join(map(text, part['tags']))})" if part["tags"] else ""
    yield f"CREATE EVENT TRIGGER {quoted(*part.name)} ON {part['event']}{tags} EXECUTE FUNCTION {quoted(*part['function'])}()"
    if part["enabled"]:
        yield f"ALTER EVENT TRIGGER {quoted(*part.name)} {part['enabled']}"


def _event_trigger_name(draw: Draw, world: World) -> Name | None:
    free = [name for name in names.PARTS[:4] if ("event trigger", (name,)) not in world.by_key]
    return (draw.pick(free),) if free else None


_STATES = ("", "", "", "DISABLE", "ENABLE ALWAYS", "ENABLE REPLICA")

SHAPES = (
    Shape(
        "function", 8, _function_name,
        {
            "returns": _returns,
            "form": lambda draw, _: draw.pick(("function",) * 8 + ("procedure",)),
            "arguments": _arguments,
            "language": lambda draw, _: draw.pick(("sql", "atomic", "plpgsql")),
            "volatility": lambda draw, _: draw.pick(("IMMUTABLE", "IMMUTABLE", "STABLE", "VOLATILE")),
            "settings": lambda draw, _: draw.some(_SETTINGS, 0, 2) if draw.chance(4) else (),
            "body": _body,
        },
        _write_function,
    ),
    Shape(
        "aggregate", 2, _function_name,
        {
            "base": lambda draw, _: draw.pick(_BASES),
            "function": lambda draw, place: names.one_of(draw, place.world, "function") if draw.chance(2) else None,
            "combine": lambda draw, _: draw.chance(2),
            "start": lambda draw, _: draw.chance(2),
            "options": lambda draw, _: draw.some(("PARALLEL = SAFE", "SSPACE = 32", "FINALFUNC_EXTRA"), 0, 1),
        },
        _write_aggregate,
    ),
    Shape(
        "trigger", 4, _trigger_name,
        {
            "function": _some_function("trigger"),
            "timing": lambda draw, _: draw.pick(("BEFORE", "AFTER")),
            "events": lambda draw, _: draw.some(("INSERT", "UPDATE", "DELETE"), 1, 2),
            "of": lambda draw, _: draw.number(0, 3) if draw.chance(3) else None,
            "row": lambda draw, _: not draw.chance(4),
            "constraint": lambda draw, _: draw.chance(5),
            "deferral": lambda draw, _: draw.pick(("", "DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED")),
            "transition": lambda draw, _: draw.chance(3),
            "when": lambda draw, _: draw.number(0, 4),
            "arguments": lambda draw, _: draw.some(("one", "it's"), 0, 1),
            "enabled": lambda draw, _: draw.pick(_STATES),
        },
        _write_trigger,
    ),
    Shape(
        "event trigger", 2, _event_trigger_name,
        {
            "function": _some_function("event_trigger"),
            "event": lambda draw, _: draw.pick(("ddl_command_start", "ddl_command_end", "sql_drop")),
            "tags": lambda draw, _: draw.some(_TAGS, 0, 2),
            "enabled": lambda draw, _: draw.pick(_STATES),
        },
        _write_event_trigger,
    ),
)  # fmt: skip
