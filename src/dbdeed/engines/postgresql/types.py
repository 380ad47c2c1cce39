"""PostgreSQL's types as Python sees them, as psycopg 3 loads them."""

from __future__ import annotations

import re

from dbdeed.models.model import PythonType

_PLAIN = {
    "smallint": "int",
    "integer": "int",
    "bigint": "int",
    "oid": "int",
    "real": "float",
    "double precision": "float",
    "boolean": "bool",
    "text": "str",
    "character varying": "str",
    "character": "str",
    "bpchar": "str",
    '"char"': "str",
    "name": "str",
    "citext": "str",
    "xml": "str",
    "money": "str",
    "bit": "str",
    "bit varying": "str",
    "tsvector": "str",
    "tsquery": "str",
    "macaddr": "str",
    "macaddr8": "str",
    "point": "str",
    "line": "str",
    "lseg": "str",
    "box": "str",
    "path": "str",
    "polygon": "str",
    "circle": "str",
    "ltree": "str",
    "pg_lsn": "str",
    "bytea": "bytes",
    "json": "typing.Any",
    "jsonb": "typing.Any",
    "hstore": "str",
}
_FROM = {
    "numeric": ("decimal.Decimal", "decimal"),
    "date": ("datetime.date", "datetime"),
    "time without time zone": ("datetime.time", "datetime"),
    "time with time zone": ("datetime.time", "datetime"),
    "timestamp without time zone": ("datetime.datetime", "datetime"),
    "timestamp with time zone": ("datetime.datetime", "datetime"),
    "interval": ("datetime.timedelta", "datetime"),
    "uuid": ("uuid.UUID", "uuid"),
}
_ADDRESSES = {
    "inet": (
        "ipaddress.IPv4Address | ipaddress.IPv6Address | ipaddress.IPv4Interface | ipaddress.IPv6Interface"
    ),
    "cidr": "ipaddress.IPv4Network | ipaddress.IPv6Network",
}
_RANGES = {
    "int4": ("int", ()),
    "int8": ("int", ()),
    "num": ("decimal.Decimal", ("decimal",)),
    "date": ("datetime.date", ("datetime",)),
    "ts": ("datetime.datetime", ("datetime",)),
    "tstz": ("datetime.datetime", ("datetime",)),
}
_ARRAY = re.compile(r"(?:\[\])+\Z")
_MODIFIER = re.compile(r"\([^)]*\)")


def bare(type_name: str) -> str:
    """Without modifiers and brackets: `numeric(12,2)[]` is `numeric`."""
    return _MODIFIER.sub("", _ARRAY.sub("", type_name)).replace("  ", " ").strip()


def is_array(type_name: str) -> bool:
    return type_name.endswith("]")


def wrapping(type_name: str) -> str:
    """How a driver must wrap a value: "array", "json" or ""."""
    if is_array(type_name):
        return "array"
    return "json" if bare(type_name) in ("json", "jsonb") else ""


def python_type(type_name: str) -> PythonType:
    """The Python type of a built-in type, or of a list of it; what is not known here is `str` as text."""
    one = _one(bare(type_name))
    if not is_array(type_name):
        return one
    return PythonType(f"list[{one.expression}]", one.imports)


def listed(one: PythonType) -> PythonType:
    """A list of it."""
    return PythonType(f"list[{one.expression}]", one.imports, one.enum)


def _one(name: str) -> PythonType:
    name = name.rpartition(".")[2] if name.rpartition(".")[2] in _PLAIN else name
    if name in _PLAIN:
        expression = _PLAIN[name]
        return PythonType(expression, ("typing",) if expression == "typing.Any" else ())
    if name in _FROM:
        expression, module = _FROM[name]
        return PythonType(expression, (module,))
    if name in _ADDRESSES:
        return PythonType(_ADDRESSES[name], ("ipaddress",))
    return _range(name)


def _range(name: str) -> PythonType:
    for end, of in (
        ("multirange", "psycopg.types.multirange.Multirange"),
        ("range", "psycopg.types.range.Range"),
    ):
        if name.endswith(end) and name.removesuffix(end) in _RANGES:
            inner, imports = _RANGES[name.removesuffix(end)]
            return PythonType(f"{of}[{inner}]", (of.rpartition(".")[0], *imports))
    return PythonType("str")
