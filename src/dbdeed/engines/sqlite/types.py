"""Declared types: their affinity, and how their values look in Python.

Source: "Datatypes In SQLite", 3.1 "Determination Of Column Affinity".
"""

from __future__ import annotations

import re
from enum import StrEnum

from dbdeed.models.model import PythonType


class Affinity(StrEnum):
    INTEGER = "integer"
    TEXT = "text"
    BLOB = "blob"
    REAL = "real"
    NUMERIC = "numeric"


def affinity(declared: str, *, strict: bool = False) -> Affinity:
    """The affinity of a declared type."""
    folded = declared.lower()
    if strict and folded == "any":
        return Affinity.BLOB  # "ANY in a STRICT table preserves the data exactly as it is received"
    if "int" in folded:
        return Affinity.INTEGER
    if any(part in folded for part in ("char", "clob", "text")):
        return Affinity.TEXT
    if not folded or "blob" in folded:
        return Affinity.BLOB
    if any(part in folded for part in ("real", "floa", "doub")):
        return Affinity.REAL
    return Affinity.NUMERIC


_BY_WORD = {
    "boolean": PythonType("bool"),
    "bool": PythonType("bool"),
    "timestamptz": PythonType("datetime.datetime", ("datetime",)),
    "timestamp": PythonType("datetime.datetime", ("datetime",)),
    "datetime": PythonType("datetime.datetime", ("datetime",)),
    "date": PythonType("datetime.date", ("datetime",)),
    "time": PythonType("datetime.time", ("datetime",)),
    "decimal": PythonType("decimal.Decimal", ("decimal",)),
    "numeric": PythonType("decimal.Decimal", ("decimal",)),
    "dec": PythonType("decimal.Decimal", ("decimal",)),
    "money": PythonType("decimal.Decimal", ("decimal",)),
    "uuid": PythonType("uuid.UUID", ("uuid",)),
    "json": PythonType("typing.Any", ("typing",)),
    "jsonb": PythonType("typing.Any", ("typing",)),
}
_BY_AFFINITY = {
    Affinity.INTEGER: PythonType("int"),
    Affinity.TEXT: PythonType("str"),
    Affinity.REAL: PythonType("float"),
    Affinity.NUMERIC: PythonType("typing.Any", ("typing",)),
}
_FIRST_WORD = re.compile(r"[a-z_]+")


def python_type(declared: str, *, strict: bool = False) -> PythonType:
    """The Python type that a loaded value of a declared type has.

    The declaration says what is meant, as in `BOOLEAN` or `TIMESTAMP`; else the affinity decides.
    """
    word = _FIRST_WORD.match(declared.lower())
    if word is not None and word.group() in _BY_WORD:
        return _BY_WORD[word.group()]
    if declared.lower() in ("", "any"):
        return PythonType("typing.Any", ("typing",))
    found = affinity(declared, strict=strict)
    return PythonType("bytes") if found is Affinity.BLOB else _BY_AFFINITY[found]


def is_json(declared: str) -> bool:
    word = _FIRST_WORD.match(declared.lower())
    return word is not None and word.group() in ("json", "jsonb")
