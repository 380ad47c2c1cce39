"""A column as generated code knows it, and the SQL of a condition that is asked of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.access.conditions import Condition
from dbdeed.access.errors import StatementFailed
from dbdeed.access.sqlite_json import CONTAINS
from dbdeed.access.sqlite_values import json_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dbdeed.access.statements import Dialect

# The shape of what is asked: an operator, or "and" and "or" with the shapes of their parts.
Shape = tuple[Any, ...]

# What an engine can be asked with these operators: `{0}` is the column, `{1}` and `{2}` its parameters.
_BOTH = {
    "eq": "{0} = {1}",
    "never": "1 = 0",
    "always": "1 = 1",
    "null": "{0} IS NULL",
    "not_null": "{0} IS NOT NULL",
    "lt": "{0} < {1}",
    "le": "{0} <= {1}",
    "gt": "{0} > {1}",
    "ge": "{0} >= {1}",
    "between": "{0} BETWEEN {1} AND {2}",
}
_OPERATORS: Mapping[Dialect, Mapping[str, str]] = {
    "postgresql": _BOTH
    | {
        "any_of": "{0} = ANY({1})",
        "like": "{0} LIKE {1}",
        "ilike": "{0} ILIKE {1}",
        "contains": "{0} @> {1}",
        "overlaps": "{0} && {1}",
        "contains_value": "{0} @> {1}",
        "contains_json": "{0}::jsonb @> {1}::jsonb",
    },
    "sqlite": _BOTH
    | {
        "any_of": "{0} IN (SELECT value FROM json_each({1}))",
        "like": "{0} GLOB {1}",
        "ilike": "{0} LIKE {1} ESCAPE '\\'",
        "contains_json": f"{CONTAINS}({{0}}, {{1}})",
    },
}
# Operators that take a list: how they are put together of its members, and what they are of an empty one.
_LISTS = {
    "any_of": ("or", "eq", "", "never"),
    "any_of_or_null": ("or", "eq", "null", "never"),
    "none_of": ("and", "ne", "", "always"),
    "none_of_nor_null": ("and", "ne", "not_null", "always"),
}
_RANGES = {
    "int4range": "integer",
    "int8range": "bigint",
    "numrange": "numeric",
    "daterange": "date",
    "tsrange": "timestamp",
    "tstzrange": "timestamptz",
}
_WILDCARDS = re.compile(r"\\(.)|([%_])|([*?\[])", re.DOTALL)


class Column(msgspec.Struct, frozen=True):
    """One column of a generated table.

    Attributes:
        sql: its name, quoted where it must be.
        type: in the engine's own words.
        python: the type of a loaded value, where rows can be sorted by it; else None.
        nullable: it may be null, so that sorting must say where nulls go.
        default: it may be null, and still has another default.
        array: a parameter must be cast to `type`: a list does not say what it holds.
        json: values are encoded as JSON; in an `array`, each of a list's.
    """

    sql: str
    type: str = ""
    python: Any = None
    nullable: bool = False
    default: bool = False
    array: bool = False
    json: bool = False

    def encode(self, value: object) -> object:
        """The value as the driver takes it."""
        if not self.json or (value is None and self.nullable):
            return value
        if self.array:
            return [msgspec.json.encode(item).decode() for item in value]  # type: ignore[attr-defined]
        return msgspec.json.encode(value).decode()

    def mark(self, mark: str) -> str:
        """The placeholder of a value of this column."""
        return f"{mark}::{self.type}" if self.array else mark


def ask(column: Column, value: object, dialect: Dialect, values: list[object]) -> Shape:
    """The shape of what is asked; its parameters are appended to `values`."""
    if type(value) is not Condition:
        if value is None:
            return ("null",)
        values.append(column.encode(value))
        return ("eq",)
    operator = value.operator
    if operator in ("and", "or"):
        return (operator, *(ask(column, part, dialect, values) for part in value.values))
    if len(value.values) != _width(operator, column, dialect):
        raise StatementFailed(f"{operator!r} cannot be asked of {column.sql} with {len(value.values)} values")
    if column.array and operator in _LISTS:
        return _one_by_one(operator, column, value.values, values)
    values += [_parameter(operator, column, one, dialect) for one in value.values]
    return (operator,)


def _one_by_one(operator: str, column: Column, given: Sequence[object], values: list[object]) -> Shape:
    """Lists of arrays are no arrays that a server can look into."""
    (items,) = given
    assert isinstance(items, list)
    values += [column.encode(item) for item in items]
    several, one, null, none = _LISTS[operator]
    parts = [(one,)] * len(items) + ([(null,)] if null else [])
    return (several, *parts) if parts else (none,)


def asked(column: Column, shape: Shape, dialect: Dialect, mark: Callable[[], str]) -> str:
    """The SQL of a shape."""
    operator = shape[0]
    if operator in ("and", "or"):
        parts = [asked(column, part, dialect, mark) for part in shape[1:]]
        return f"({f' {operator.upper()} '.join(parts)})"
    if operator == "ne":
        return _or_null(f"{column.sql} <> {column.mark(mark())}", column)
    if operator == "any_of_or_null":
        return f"({asked(column, ('any_of',), dialect, mark)} OR {column.sql} IS NULL)"
    if operator == "none_of":
        return _or_null(f"NOT {asked(column, ('any_of',), dialect, mark)}", column)
    if operator == "none_of_nor_null":
        return f"(NOT {asked(column, ('any_of',), dialect, mark)} AND {column.sql} IS NOT NULL)"
    template = _template(operator, column, dialect)
    sql = f"hex({column.sql})" if _as_hex(operator, column, dialect) else column.sql
    marks = [_cast(operator, column, mark(), dialect) for _ in range(_width(operator, column, dialect))]
    return template.format(sql, *marks)


def _template(operator: str, column: Column, dialect: Dialect) -> str:
    found = _OPERATORS[dialect].get(operator)
    if found is None:
        raise StatementFailed(f"{dialect} cannot ask {operator!r} of {column.sql}")
    return found


def _width(operator: str, column: Column, dialect: Dialect) -> int:
    """How many parameters it takes."""
    if operator == "ne" or operator in _LISTS:
        return 1
    template = _template(operator, column, dialect)
    return ("{1}" in template) + ("{2}" in template)


def _or_null(sql: str, column: Column) -> str:
    """What SQL calls unknown of a null is true here."""
    return f"({sql} OR {column.sql} IS NULL)" if column.nullable else sql


def _cast(operator: str, column: Column, mark: str, dialect: Dialect) -> str:
    if dialect != "postgresql":
        return mark
    if operator == "any_of":
        return f"{mark}::{column.type}[]"
    if operator == "contains_value":
        return f"{mark}::{_RANGES[column.type]}" if column.type in _RANGES else mark
    return column.mark(mark)


def _parameter(operator: str, column: Column, value: object, dialect: Dialect) -> object:
    if operator == "contains_json":
        return msgspec.json.encode(value).decode()
    if operator == "contains_value":
        return value
    if operator in _LISTS:
        assert isinstance(value, list)
        encoded = [column.encode(one) for one in value]
        return json_of(encoded) if dialect == "sqlite" else encoded
    if operator == "like" and dialect == "sqlite":
        return _glob(str(value))
    return column.encode(value)


def _as_hex(operator: str, column: Column, dialect: Dialect) -> bool:
    """Bytes travel in JSON as hexadecimal digits."""
    return dialect == "sqlite" and operator == "any_of" and column.python is bytes


def _glob(pattern: str) -> str:
    """LIKE's pattern as GLOB has it, which minds upper and lower case."""

    def one(found: re.Match[str]) -> str:
        escaped, wildcard, special = found.groups()
        if wildcard:
            return "*" if wildcard == "%" else "?"
        literal = str(escaped or special)
        return f"[{literal}]" if literal in "*?[" else literal

    return _WILDCARDS.sub(one, pattern)
