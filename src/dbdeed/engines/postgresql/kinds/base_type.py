"""Base types, and shells: a type's name that its own input and output functions are made with.

`CREATE TYPE t; CREATE FUNCTION t_in(cstring) RETURNS t …; CREATE TYPE t (INPUT = t_in, …)`. The functions
need the shell, the type needs the functions, and everything else needs the type. Type and functions can only
be dropped together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import literal, qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_TYPE
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class ShellType(Named, frozen=True, tag="shell type"):
    """A type's bare name: by itself, or what a base or range type of that name starts from."""

    schema: str
    name: str

    @property
    def id(self) -> ObjectId:
        return ObjectId("shell type", (self.schema, self.name))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("type", self.schema, self.name),)

    @property
    def sql_name(self) -> str:
        return qualified(self.schema, self.name)


class BaseType(Named, frozen=True, tag="base type"):
    """A base type; `settings` are (option, value) as SQL has them, in the manual's order."""

    schema: str
    name: str
    settings: tuple[tuple[str, str], ...]

    @property
    def id(self) -> ObjectId:
        return ObjectId("base type", (self.schema, self.name))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("type", self.schema, self.name),)

    @property
    def sql_name(self) -> str:
        return qualified(self.schema, self.name)


_FUNCTIONS = (
    ("INPUT", "typinput"), ("OUTPUT", "typoutput"), ("RECEIVE", "typreceive"), ("SEND", "typsend"),
    ("TYPMOD_IN", "typmodin"), ("TYPMOD_OUT", "typmodout"), ("ANALYZE", "typanalyze"),
    ("SUBSCRIPT", "typsubscript"),
)  # fmt: skip

_NAMES = ", ".join(f"coalesce(nullif(t.{column}::text, '-'), '')" for _, column in _FUNCTIONS)

_QUERY = f"""
    SELECT t.oid, t.typarray, n.nspname, t.typname, t.typisdefined, {_NAMES},
        t.typlen::int, t.typbyval, t.typalign::text, t.typstorage::text, t.typcategory::text,
        t.typispreferred, t.typdefault, coalesce(format_type(nullif(t.typelem, 0), NULL), ''),
        t.typdelim::text, t.typcollation <> 0
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE (t.typtype = 'b' OR t.typtype = 'p' AND NOT t.typisdefined) AND {OURS}
        AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)
    ORDER BY n.nspname, t.typname
"""

_ALIGNMENTS = {"c": "char", "s": "int2", "i": "int4", "d": "double"}
_STORAGES = {"p": "plain", "e": "external", "x": "extended", "m": "main"}


def read(reading: Reading) -> None:
    for oid, array, schema, name, defined, *fields in reading.fetch(_QUERY):
        if (PG_TYPE, oid) in reading.members:
            continue
        shell = ShellType(schema, name)
        if not defined:
            reading.add(shell, (PG_TYPE, oid, 0))
            continue
        reading.add(shell)
        one = BaseType(schema, name, tuple(_settings(fields[: len(_FUNCTIONS)], *fields[len(_FUNCTIONS) :])))
        reading.add(one, (PG_TYPE, oid, 0), (PG_TYPE, array, 0))


def _settings(
    functions: list[str],
    length: int,
    by_value: bool,
    alignment: str,
    storage: str,
    category: str,
    preferred: bool,
    default: str | None,
    element: str,
    delimiter: str,
    collatable: bool,
) -> Iterator[tuple[str, str]]:
    yield from (
        (word, function) for (word, _), function in zip(_FUNCTIONS, functions, strict=True) if function
    )
    yield "INTERNALLENGTH", "variable" if length == -1 else str(length)
    if by_value:
        yield "PASSEDBYVALUE", ""
    yield "ALIGNMENT", _ALIGNMENTS[alignment]
    yield "STORAGE", _STORAGES[storage]
    if category != "U":
        yield "CATEGORY", literal(category)
    if preferred:
        yield "PREFERRED", "true"
    if default is not None:
        yield "DEFAULT", literal(default)
    if element:
        yield "ELEMENT", element
    if delimiter != ",":
        yield "DELIMITER", literal(delimiter)
    if collatable:
        yield "COLLATABLE", "true"


def create_shell(new: ShellType, _: Context) -> Making:
    return Making((step(f"CREATE TYPE {new.sql_name}", new.id),))


def drop_shell(old: ShellType, context: Context) -> tuple[Step, ...]:
    """One that was filled went with its type."""
    if filled(old.id, context.current.objects) is not None:
        return ()
    return (step(f"DROP TYPE {old.sql_name}", old.id),)


def filled(shell: ObjectId, objects: Container[ObjectId]) -> ObjectId | None:
    """The type that a shell became."""
    found = (ObjectId(kind, shell.name) for kind in ("base type", "range type"))
    return next((one for one in found if one in objects), None)


def create(new: BaseType, _: Context) -> Making:
    inside = ", ".join(f"{word} = {value}" if value else word for word, value in new.settings)
    return Making((step(f"CREATE TYPE {new.sql_name} ({inside})", new.id),))


def drop(old: BaseType, _: Context) -> tuple[Step, ...]:
    """With its input and output functions: neither can go without the other, and all else is gone."""
    return (step(f"DROP TYPE {old.sql_name} CASCADE", old.id),)


_ALTERABLE = frozenset({"RECEIVE", "SEND", "TYPMOD_IN", "TYPMOD_OUT", "ANALYZE", "SUBSCRIPT", "STORAGE"})


def alter(old: BaseType, new: BaseType, _: Context) -> Alteration | None:
    """In place, or else together with its functions, which all start from the shell."""
    had, wanted = dict(old.settings), dict(new.settings)
    changed = {word for word in {**had, **wanted} if had.get(word) != wanted.get(word)}
    if changed <= _ALTERABLE and not ("STORAGE" in changed and wanted["STORAGE"] == "plain"):
        settings = ", ".join(f"{word} = {wanted.get(word, 'NONE')}" for word in sorted(changed))
        return Alteration((step(f"ALTER TYPE {new.sql_name} SET ({settings})", new.id),))
    return Alteration((), disturbs=frozenset({ObjectId("shell type", old.id.name)}))


def shell_of(one: Any, _: Context) -> tuple[ObjectId, ...]:
    """What a type was filled from goes with it, and is made again where it stays a shell."""
    return (ObjectId("shell type", one.id.name),)


KINDS = (
    Kind("shell type", ShellType, create_shell, drop_shell, lambda _old, _new, _: Alteration(())),
    Kind("base type", BaseType, create, drop, alter, takes_along=shell_of),
)
