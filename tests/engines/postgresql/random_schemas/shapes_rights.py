"""What is said of any object: comments, owners, grants; and default privileges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.engines.postgresql.random_schemas import looking, names
from tests.engines.postgresql.random_schemas.shape import Shape, quoted, text
from tests.engines.postgresql.random_schemas.shapes_operators import REFERENCES
from tests.engines.postgresql.random_schemas.shapes_routines import signature

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.engines.postgresql.random_schemas.shape import Draw, Name, Part, Place, World

_WORDS = {
    "enum": "TYPE", "composite type": "TYPE", "range type": "TYPE", "foreign data wrapper": "FOREIGN DATA WRAPPER",
}  # fmt: skip
_ON = ("constraint", "trigger", "rule", "policy")
UNCOMMENTED = (
    "comment",
    "dependence",
    "owner",
    "privileges",
    "default privileges",
    "user mapping",
    "shell type",
)
_OWNED = (
    "schema", "table", "view", "materialized view", "sequence", "function", "aggregate", "enum", "domain",
    "composite type", "range type", "collation", "statistics", "event trigger", "publication", "foreign data wrapper",
    "server", "text search dictionary", "text search configuration", "conversion", "language", "operator",
    "operator family", "operator class", "base type",
)  # fmt: skip
_GRANTS = {
    "table": ("SELECT", "INSERT", "UPDATE", "TRIGGER", "ALL"), "view": ("SELECT", "INSERT"),
    "materialized view": ("SELECT",), "sequence": ("USAGE", "SELECT"), "schema": ("USAGE", "CREATE", "ALL"),
    "function": ("EXECUTE",), "aggregate": ("EXECUTE",), "enum": ("USAGE",), "domain": ("USAGE",),
    "composite type": ("USAGE",), "range type": ("USAGE",), "foreign data wrapper": ("USAGE",), "server": ("USAGE",),
}  # fmt: skip
_GRANTED_ON = {
    "view": "TABLE", "materialized view": "TABLE", "enum": "TYPE", "composite type": "TYPE", "range type": "TYPE",
    "aggregate": "FUNCTION", "server": "FOREIGN SERVER",
}  # fmt: skip


def reference(kind: str, name: Name, world: World) -> str | None:
    """`TABLE "public"."t"`, as COMMENT ON and ALTER … OWNER have it; None where it is gone."""
    part = world.find(name, kind)
    if part is None:
        return None
    if kind in REFERENCES:
        return REFERENCES[kind](part, world)
    if kind in _ON:
        return f"{kind.upper()} {quoted(name[-1])} ON {quoted(*name[:-1])}"
    if kind == "domain constraint":
        return f"CONSTRAINT {quoted(name[-1])} ON DOMAIN {quoted(*name[:-1])}"
    if kind == "table" and part["form"][0] == "foreign":
        return f"FOREIGN TABLE {quoted(*name)}"
    return f"{_WORDS.get(kind, kind.upper())} {_named(part, world)}"


def _named(part: Part, world: World) -> str:
    if part.kind == "aggregate":
        own = world.by_key.get(("function", part["function"])) if part["function"] else None
        types = (
            signature(own, world).split(", ")[1:] if own and len(own["arguments"]) == 2 else [part["base"][1]]
        )
        return f"{quoted(*part.name)}({', '.join(types)})"
    if part.kind == "function" and part["form"] == "procedure":
        return quoted(*part.name)
    return quoted(*part.name)


def _said_of(*kinds: str, not_of: tuple[str, ...] = ()) -> Any:
    """A name for what is said of something: of what it is, as (kind, *name)."""

    def drawn(draw: Draw, world: World) -> Name | None:
        there = [one for one in world.parts if (not kinds or one.kind in kinds) and one.kind not in not_of]
        if not there:
            return None
        of = {one.kind for one in there}
        kind = draw.pick(sorted(of))
        return (kind, *draw.pick([one for one in there if one.kind == kind]).name)

    return drawn


def _write_comment(part: Part, world: World) -> Iterable[str]:
    found = reference(part.name[0], part.name[1:], world)
    relation = world.find(part.name[1:], "view", "materialized view", "table")
    columns = looking.columns(world, part.name[1:]) if relation is not None else []
    if part["column"] and columns:
        yield f"COMMENT ON COLUMN {quoted(*part.name[1:], columns[0][0])} IS {text(part['text'])}"
    elif found is not None:
        if part.name[0] == "function" and world.by_key["function", part.name[1:]]["form"] == "procedure":
            found = found.replace("FUNCTION", "PROCEDURE", 1)
        yield f"COMMENT ON {found} IS {text(part['text'])}"


def _write_owner(part: Part, world: World) -> Iterable[str]:
    found = reference(part.name[0], part.name[1:], world)
    if found is not None:
        yield f"ALTER {found.replace('FUNCTION', 'ROUTINE', 1)} OWNER TO {quoted(part['role'])}"


def _grants(draw: Draw, place: Place) -> Any:
    """(privilege, role, with grant option, of the first column only)."""
    there = _GRANTS[place.name[0]]
    return tuple(
        (draw.pick(there), draw.pick(("PUBLIC", *names.ROLES)), draw.chance(4), draw.chance(4))
        for _ in range(draw.number(1, 2))
    )


def _write_privileges(part: Part, world: World) -> Iterable[str]:
    kind, name = part.name[0], part.name[1:]
    found = world.find(name, kind)
    if found is None:
        return
    word = _GRANTED_ON.get(kind, kind.upper())
    if kind == "function":
        word = "ROUTINE"
    on = f"{word} {_named(found, world)}"
    if part["revoke"]:
        yield f"REVOKE ALL ON {on} FROM {part['revoke']}"
    columns = looking.columns(world, name) if kind in ("table", "view") else []
    owner = world.by_key.get(("owner", part.name))
    for privilege, role, option, narrow in part["grants"]:
        if owner is not None and owner["role"] == role:
            continue  # PostgreSQL keeps it and gives it no meaning
        whom = role if role == "PUBLIC" else quoted(role)
        some = f" ({quoted(columns[-1][0])})" if narrow and columns and privilege != "TRIGGER" else ""
        last = " WITH GRANT OPTION" if option and role != "PUBLIC" else ""
        yield f"GRANT {privilege}{some} ON {on} TO {whom}{last}"


def _write_dependence(part: Part, world: World) -> Iterable[str]:
    found = reference(part.name[0], part.name[1:], world)
    if found is not None and part["extension"]:
        phrase = found.replace("FUNCTION", "ROUTINE", 1)
        yield f"ALTER {phrase} DEPENDS ON EXTENSION {quoted(*part['extension'])}"


def _default_name(draw: Draw, world: World) -> Name | None:
    role, where = (
        draw.pick(("", *names.ROLES)),
        draw.pick(("", "public", *(one.name[0] for one in world.of("schema")))),
    )
    name = (role, where, draw.pick(("TABLES", "SEQUENCES", "FUNCTIONS", "TYPES", "SCHEMAS")))
    return None if ("default privileges", name) in world.by_key else name


def _write_default(part: Part, _: World) -> Iterable[str]:
    role, where, objects = part.name
    head = "ALTER DEFAULT PRIVILEGES"
    head += f" FOR ROLE {quoted(role)}" if role else ""
    head += f" IN SCHEMA {quoted(where)}" if where else ""
    privilege = {"TABLES": "SELECT", "SEQUENCES": "USAGE", "FUNCTIONS": "EXECUTE"}.get(objects, "USAGE")
    grantee, option = part["grantee"], " WITH GRANT OPTION" if part["option"] else ""
    if grantee:
        yield f"{head} GRANT {part['privilege'] or privilege} ON {objects} TO {quoted(grantee)}{option}"
    if part["revoke"]:
        yield f"{head} REVOKE ALL ON {objects} FROM PUBLIC"


SHAPES = (
    Shape(
        "dependence", 1, _said_of("function", "materialized view", "index", "trigger"),
        {"extension": lambda draw, place: names.one_of(draw, place.world, "extension")}, _write_dependence,
    ),
    Shape(
        "comment", 6, _said_of(not_of=UNCOMMENTED),
        {
            "text": lambda draw, _: draw.pick(("one", "it's two", "drei\nZeilen\\n", "x" * 90)),
            "column": lambda draw, _: draw.chance(3),
        },
        _write_comment,
    ),
    Shape(
        "owner", 3, _said_of(*_OWNED), {"role": lambda draw, _: draw.pick(names.ROLES)}, _write_owner,
    ),
    Shape(
        "privileges", 4, _said_of(*_GRANTS),
        {"revoke": lambda draw, _: draw.pick(("", "", "PUBLIC", '"reader"')), "grants": _grants}, _write_privileges,
    ),
    Shape(
        "default privileges", 1, _default_name,
        {
            # not to itself: PostgreSQL keeps such a grant and gives it no meaning
            "grantee": lambda draw, place: draw.pick(("", *(one for one in names.ROLES if one != place.name[0]))),
            "privilege": lambda draw, _: draw.pick(("", "", "ALL")),
            "option": lambda draw, _: draw.chance(3),
            "revoke": lambda draw, _: draw.chance(2),
        },
        _write_default,
    ),
)  # fmt: skip
