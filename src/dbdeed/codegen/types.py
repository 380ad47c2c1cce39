"""How values cross between a row of the driver and the types of generated code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbdeed.codegen.names import Names
    from dbdeed.models.model import Attribute, Dialect

# Types that a driver gives as text anyhow; any other that the model calls a text is read through a cast.
_TEXTS = re.compile(r"^(text|character|varchar|char|bpchar|name|citext|\"char\"|xml)\b")
_TEXTS_IN_ARRAYS = re.compile(r"^(text|character|varchar|bpchar|name|\"char\")(\b|$)")
_SQLITE = {
    "datetime.date": "datetime.date.fromisoformat({})",
    "datetime.time": "datetime.time.fromisoformat({})",
    "decimal.Decimal": "access.to_decimal({})",
    "uuid.UUID": "uuid.UUID({})",
    "bool": "bool({})",
    "float": "float({})",
}
# Types that know no equality, and one more that knows no order.
_NOT_EQUAL = re.compile(r"^(json|xml|point|polygon)\b")
_NOT_SORTED = re.compile(r"^(line|lseg|box|path|circle)\b|^(inet|cidr)\b|range$")
_ZONED = re.compile(r"with time zone|timestamptz|timestamp_tz|datetimeoffset", re.IGNORECASE)


def zoned(attribute: Attribute) -> bool:
    """A timestamp that knows its zone."""
    return _ZONED.search(attribute.type) is not None


def has_equality(attribute: Attribute) -> bool:
    """Two values can be compared."""
    return attribute.array_or_json != "json" and not _NOT_EQUAL.match(attribute.type)


def has_order(attribute: Attribute) -> bool:
    """Rows can be sorted by it, and a cursor can hold its values."""
    one = has_equality(attribute) and not attribute.array_or_json
    return one and not _NOT_SORTED.search(attribute.type)


def annotation(attribute: Attribute, names: Names) -> str:
    """The type of a loaded value, without `| None`."""
    enum = attribute.python.enum
    expression = attribute.python.expression
    return re.sub(rf"(?<!\w){re.escape(enum)}(?!\w)", names.enums[enum], expression) if enum else expression


def selected(attribute: Attribute, quoted: str, dialect: Dialect) -> str:
    """The column in a select list."""
    if dialect.name != "postgresql":
        return quoted
    if attribute.array_or_json == "array" and (
        attribute.python.enum or _odd(attribute.type.rstrip("[]"), attribute)
    ):
        return f"{quoted}::text[]"  # the driver does not know arrays of a database's own types
    if attribute.python.expression == "str" and not _TEXTS.match(attribute.type):
        return f"{quoted}::text"
    return quoted


def _odd(element: str, attribute: Attribute) -> bool:
    return attribute.python.expression == "list[str]" and not _TEXTS_IN_ARRAYS.match(element)


def cast(attribute: Attribute, dialect: Dialect) -> str:
    """The type that a parameter must be cast to: a list does not say what it holds."""
    is_array = dialect.name == "postgresql" and attribute.array_or_json == "array"
    return attribute.type if is_array else ""


def load(attribute: Attribute, names: Names, dialect: Dialect, value: str) -> str:
    """The expression that turns the driver's `value` into the annotated type."""
    converted = _converted(attribute, names, dialect, value)
    if converted == value or not attribute.nullable:
        return converted
    return f"None if {value} is None else {converted}"


def _converted(attribute: Attribute, names: Names, dialect: Dialect, value: str) -> str:
    if attribute.python.enum:
        lookup = names.lookups[attribute.python.enum]
        if attribute.array_or_json == "array":
            return f"[{lookup}[item] for item in {value}]"
        return f"{lookup}[{value}]"
    if dialect.name != "sqlite":
        return value
    if attribute.array_or_json == "json":
        return f"access.from_json({value})"
    if attribute.python.expression == "datetime.datetime":
        return f"access.to_utc({value})" if zoned(attribute) else f"access.to_datetime({value})"
    return _SQLITE.get(attribute.python.expression, "{}").format(value)
