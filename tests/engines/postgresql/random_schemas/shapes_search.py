"""Text search, conversions, languages, access methods and subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.engines.postgresql.random_schemas import names
from tests.engines.postgresql.random_schemas.shape import Shape, quoted, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.engines.postgresql.random_schemas.shape import Draw, Name, Part, Place, World

_WORDS = ("asciiword", "word", "numword", "email", "url")


def _in_schema(kind: str) -> Any:
    return lambda draw, world: names.fresh(draw, world, names.PARTS[:4], kind)


def _plain(kind: str) -> Any:
    def drawn(draw: Draw, world: World) -> Name | None:
        free = [name for name in names.PARTS[:4] if (kind, (name,)) not in world.by_key]
        return (draw.pick(free),) if free else None

    return drawn


def _own_or(kind: str, *others: str) -> Any:
    """One that the schema makes, or one of PostgreSQL's own."""

    def drawn(draw: Draw, place: Place) -> Any:
        return draw.pick([*((one,) for one in others), *(one.name for one in place.world.of(kind))])

    return drawn


def _write_template(part: Part, _: World) -> Iterable[str]:
    init = "INIT = dsimple_init, " if part["init"] else ""
    yield f"CREATE TEXT SEARCH TEMPLATE {quoted(*part.name)} ({init}LEXIZE = dsimple_lexize)"


def _write_parser(part: Part, _: World) -> Iterable[str]:
    headline = ", HEADLINE = prsd_headline" if part["headline"] else ""
    yield (
        f"CREATE TEXT SEARCH PARSER {quoted(*part.name)} (START = prsd_start, GETTOKEN = prsd_nexttoken, "
        f"END = prsd_end, LEXTYPES = prsd_lextype{headline})"
    )


def _write_dictionary(part: Part, _: World) -> Iterable[str]:
    options = "".join(f", {one}" for one in part["options"])
    yield f"CREATE TEXT SEARCH DICTIONARY {quoted(*part.name)} (TEMPLATE = {quoted(*part['template'])}{options})"


def _write_configuration(part: Part, _: World) -> Iterable[str]:
    name = quoted(*part.name)
    yield f"CREATE TEXT SEARCH CONFIGURATION {name} (PARSER = {quoted(*part['parser'])})"
    for word, dictionaries in part["mappings"]:
        written = ", ".join(quoted(*one) for one in dictionaries)
        yield f"ALTER TEXT SEARCH CONFIGURATION {name} ADD MAPPING FOR {word} WITH {written}"


def _mappings(draw: Draw, place: Place) -> Any:
    there = [("simple",), ("english_stem",), *(one.name for one in place.world.of("text search dictionary"))]
    return tuple((word, draw.some(there, 1, 2)) for word in draw.some(_WORDS, 0, 3))


_ENCODINGS = (
    ("LATIN1", "UTF8", "iso8859_1_to_utf8"), ("UTF8", "LATIN1", "utf8_to_iso8859_1"), ("WIN1251", "UTF8", "win_to_utf8"),
)  # fmt: skip


def _write_conversion(part: Part, _: World) -> Iterable[str]:
    source, target, function = part["between"]
    default = "DEFAULT " if part["default"] else ""
    yield f"CREATE {default}CONVERSION {quoted(*part.name)} FOR '{source}' TO '{target}' FROM {function}"


def _write_language(part: Part, _: World) -> Iterable[str]:
    trusted = "TRUSTED " if part["trusted"] else ""
    inline = " INLINE plpgsql_inline_handler" if part["inline"] else ""
    validator = " VALIDATOR plpgsql_validator" if part["validator"] else ""
    yield f"CREATE {trusted}LANGUAGE {quoted(*part.name)} HANDLER plpgsql_call_handler{inline}{validator}"


def _write_access_method(part: Part, _: World) -> Iterable[str]:
    of, handler = part["how"]
    yield f"CREATE ACCESS METHOD {quoted(*part.name)} TYPE {of} HANDLER {handler}"


def _write_subscription(part: Part, _: World) -> Iterable[str]:
    options = "".join(f", {one}" for one in part["options"])
    publications = ", ".join(quoted(one) for one in part["publications"])
    yield (
        f"CREATE SUBSCRIPTION {quoted(*part.name)} CONNECTION {text('dbname=x')} PUBLICATION {publications} "
        f"WITH (connect = false, slot_name = NONE{options})"
    )


SHAPES = (
    Shape("text search template", 1, _in_schema("text search template"), {"init": lambda draw, _: draw.chance(2)}, _write_template),
    Shape("text search parser", 1, _in_schema("text search parser"), {"headline": lambda draw, _: draw.chance(2)}, _write_parser),
    Shape(
        "text search dictionary", 1, _in_schema("text search dictionary"),
        {
            "template": _own_or("text search template", "simple"),
            "options": lambda draw, _: draw.some(("STOPWORDS = english", "ACCEPT = false"), 0, 2),
        },
        _write_dictionary,
    ),
    Shape(
        "text search configuration", 1, _in_schema("text search configuration"),
        {"parser": _own_or("text search parser", "default"), "mappings": _mappings}, _write_configuration,
    ),
    Shape(
        "conversion", 1, _in_schema("conversion"),
        {"between": lambda draw, _: draw.pick(_ENCODINGS), "default": lambda draw, _: draw.chance(3)}, _write_conversion,
    ),
    Shape(
        "language", 1, _plain("language"),
        {
            "trusted": lambda draw, _: draw.chance(2),
            "inline": lambda draw, _: draw.chance(2),
            "validator": lambda draw, _: draw.chance(2),
        },
        _write_language,
    ),
    Shape(
        "access method", 1, _plain("access method"),
        {"how": lambda draw, _: draw.pick((("TABLE", "heap_tableam_handler"), ("INDEX", "bthandler"), ("INDEX", "hashhandler")))},
        _write_access_method,
    ),
    Shape(
        "subscription", 1, _plain("subscription"),
        {
            "publications": lambda draw, _: draw.some(("one", "two", "Three Ü"), 1, 2),
            "options": lambda draw, _: draw.some(("binary = true", "streaming = true", "synchronous_commit = 'local'"), 0, 2),
        },
        _write_subscription,
    ),
)  # fmt: skip
