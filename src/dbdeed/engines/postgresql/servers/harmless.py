"""Forms of statements that only a superuser may run and that are harmless in every case.

PostgreSQL asks for a superuser where a wrong function could make the server read memory that is none of its
business: types, operator classes, parsers, languages. It is harmless where the functions are known, or where
PostgreSQL itself checks all that they are called with. Nothing here ever runs a function of the document's.

Each function takes a statement's tokens and gives what to run as superuser, or None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.sql_text import Token, TokenKind, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Found = list[tuple[str, Token]]
"""A statement's tokens with their text folded to lower case."""

_PARSER = {
    "start": "prsd_start",
    "gettoken": "prsd_nexttoken",
    "end": "prsd_end",
    "headline": "prsd_headline",
    "lextypes": "prsd_lextype",
}
_TEMPLATES = ("dsimple", "dsynonym", "dispell", "thesaurus")
_LANGUAGE = {
    "handler": "plpgsql_call_handler",
    "inline": "plpgsql_inline_handler",
    "validator": "plpgsql_validator",
}
_METHODS = frozenset(
    {"heap_tableam_handler", "bthandler", "hashhandler", "gisthandler", "ginhandler", "spghandler"}
    | {"brinhandler"}
)


def without_cascade(sql: str, found: Found, role: str) -> str | None:  # noqa: ARG001
    return None if any(text == "cascade" for text, _ in found) else sql


def _calls(found: Found, options: Mapping[str, str] | Sequence[str]) -> dict[str, str]:
    """What stands after each of these words, an equals sign and a `pg_catalog.` passed over."""
    texts = [text for text, _ in found]
    calls = {}
    for place, text in enumerate(texts):
        if text in options:
            rest = texts[place + 1 + (texts[place + 1 : place + 2] == ["="]) :]
            if rest[:2] == ["pg_catalog", "."]:
                rest = rest[2:]
            calls[text] = "".join(rest[:1]) if rest[1:2] != ["."] else ""
    return calls


def _body(found: Found) -> Found:
    """From the first parenthesis on: before it stands a name, which may be any word."""
    texts = [text for text, _ in found]
    return found[texts.index("(") :] if "(" in texts else []


def parser(sql: str, found: Found, role: str) -> str | None:  # noqa: ARG001
    """A text search parser of the default one's functions, each in its own place."""
    calls = _calls(_body(found), _PARSER)
    known = len(calls) >= 4 and all(_PARSER[option] == name for option, name in calls.items())
    return sql if known and _pairs(found) == len(calls) else None


def template(sql: str, found: Found, role: str) -> str | None:  # noqa: ARG001
    """A text search template of one of PostgreSQL's own."""
    calls = _calls(_body(found), ("init", "lexize"))
    of = calls.get("init", "").removesuffix("_init")
    known = of in _TEMPLATES and calls == {"init": f"{of}_init", "lexize": f"{of}_lexize"}
    return sql if known and _pairs(found) == 2 else None


def _pairs(found: Found) -> int:
    return sum(text == "=" for text, _ in found)


def language(sql: str, found: Found, role: str) -> str | None:
    """One that PL/pgSQL runs, with its validator, which keeps out what only C functions may take."""
    texts = [text for text, _ in found]
    place = texts.index("language") + 1
    name = name_of(sql, found[place][1], fold=True) if place < len(found) else None
    rest = found[place + 1 :]
    calls = _calls(rest, _LANGUAGE)
    if name is None or {"handler", "validator"} - calls.keys():
        return None
    if any(_LANGUAGE[option] != called for option, called in calls.items()):
        return None
    return f"{sql}; ALTER LANGUAGE {ident(name)} OWNER TO {ident(role)}"


def access_method(sql: str, found: Found, role: str) -> str | None:  # noqa: ARG001
    """One with a handler of PostgreSQL's own."""
    calls = _calls(found[4:], ("handler",))
    return sql if calls.get("handler") in _METHODS else None


def transform(sql: str, found: Found, role: str) -> str | None:  # noqa: ARG001
    """For a language that never calls it."""
    texts = [text for text, _ in found]
    words = [texts[place + 1] for place, text in enumerate(texts[:-1]) if text == "language"]
    return sql if len(words) == 1 and words[0] in {"sql", "plpgsql"} else None


# Types of one group share their size, or are all texts: any bytes of one are a value of the other.
_ALIKE = (
    frozenset(
        {"smallint", "int2", "integer", "int", "int4", "bigint", "int8", "real", "float4", "float8"}
        | {"double precision", "date", "oid", "money", "time without time zone", "time", "timestamp"}
        | {"timestamp without time zone", "timestamp with time zone", "timestamptz", "xid", "cid"}
        | {"regclass", "regtype", "regproc", "regprocedure", "regrole", "regnamespace", "regconfig"}
    ),
    frozenset({"text", "character varying", "varchar", "citext", "public . citext"}),
)


def cast(sql: str, found: Found, role: str) -> str | None:  # noqa: ARG001
    """A cast that calls no function of its own: through text, or between types that are alike."""
    texts = [text for text, _ in found]
    if texts[2:3] != ["("] or "as" not in texts or ")" not in texts:
        return None
    middle, end = texts.index("as"), texts.index(")")
    types = {" ".join(texts[3:middle]), " ".join(texts[middle + 1 : end])}
    how = texts[end + 1 : end + 3]
    alike = any(types <= group for group in _ALIKE)
    return sql if how == ["with", "inout"] or (how == ["without", "function"] and alike) else None


def operator_class(sql: str, found: Found, role: str) -> str | None:
    """One for btree or hash whose members are harmless; its family may come with it."""
    named = _named(sql, found, 3)
    method, rest = _method(found)
    if named is None or method not in {"btree", "hash"} or not _items_harmless(rest, method):
        return None
    own = f"{named} USING {method} OWNER TO {ident(role)}"
    texts = [text for text, _ in rest]
    family = "" if texts[:1] == ["family"] else f"; ALTER OPERATOR FAMILY {own}"
    return f"{sql}{family}; ALTER OPERATOR CLASS {own}"


def operator_family(sql: str, found: Found, role: str) -> str | None:
    named = _named(sql, found, 3)
    method, _ = _method(found)
    if named is None or not method:
        return None
    return f"{sql}; ALTER OPERATOR FAMILY {named} USING {ident(method)} OWNER TO {ident(role)}"


def operator_family_change(sql: str, found: Found, role: str) -> str | None:  # noqa: ARG001
    """Members that come or go; all else its owner may do."""
    method, rest = _method(found)
    texts = [text for text, _ in rest]
    if texts[:1] == ["drop"]:
        return sql
    if texts[:1] != ["add"] or method not in {"btree", "hash"}:
        return None
    return sql if _items_harmless([("as", rest[0][1]), *rest[1:]], method) else None


def _named(sql: str, found: Found, place: int) -> str | None:
    """The name, perhaps qualified, that stands at this place."""
    names = []
    while place < len(found):
        name = name_of(sql, found[place][1], fold=True)
        if name is None:
            return None
        names.append(ident(name))
        if found[place + 1 : place + 2] and found[place + 1][0] == ".":
            place += 2
            continue
        break
    return ".".join(names) if names else None


def _method(found: Found) -> tuple[str, Found]:
    """The access method after USING, and what follows it."""
    for place, (text, token) in enumerate(found[:-1]):
        if text == "using" and token.kind is TokenKind.WORD:
            return found[place + 1][0], found[place + 2 :]
    return "", []


def _items_harmless(rest: Found, method: str) -> bool:
    """After AS: operators, which an index never calls unchecked, and functions whose types are checked."""
    texts = [text for text, _ in rest]
    if "as" not in texts:
        return False
    items = list(_items(texts[texts.index("as") + 1 :]))
    return bool(items) and all(_item_harmless(item, method) for item in items)


def _items(texts: Sequence[str]) -> Iterator[list[str]]:
    """At the commas that stand in no parentheses."""
    depth, item = 0, list[str]()
    for text in texts:
        depth += (text == "(") - (text == ")")
        if text == "," and depth == 0:
            yield item
            item = []
        else:
            item.append(text)
    yield item


def _item_harmless(item: list[str], method: str) -> bool:
    """What is sound for every function that PostgreSQL accepts in that place.

    It takes a comparison's and a hash function's types from the function itself where none are written. A
    number that takes `internal` could be given any C function, so those are left out.
    """
    if item[:1] in (["operator"], ["storage"]):
        return True
    if item[:1] != ["function"] or item[2:3] == ["("]:
        return False
    seeded = (method, item[1]) == ("hash", "2") and item[-3:] == [",", "bigint", ")"]
    alone = (method, item[1]) == ("btree", "4") and item[-3:] == ["(", "oid", ")"]
    return seeded or alone or item[1] == "1"


FORMS: Mapping[str, Callable[[str, Found, str], str | None]] = {
    "create text search parser ": parser,
    "create text search template ": template,
    "drop text search parser ": without_cascade,
    "drop text search template ": without_cascade,
    "comment on text search parser ": without_cascade,
    "comment on text search template ": without_cascade,
    "create access method ": access_method,
    "drop access method ": without_cascade,
    "comment on access method ": without_cascade,
    "create transform ": transform,
    "create or replace transform ": transform,
    "drop transform ": without_cascade,
    "comment on transform ": without_cascade,
    "create cast ": cast,
    "drop cast ": without_cascade,
    "comment on cast ": without_cascade,
    "create operator class ": operator_class,
    "create operator family ": operator_family,
    "alter operator family ": operator_family_change,
}
