"""Identifiers and parameters as an engine writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.codegen.picture import Field
    from dbdeed.models.model import Dialect

_PLAIN = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")


def quoted(name: str, dialect: Dialect) -> str:
    """An identifier, in quotes only where it needs them."""
    if "\0" in name or not name:
        raise InvalidInput(
            "an empty name, or one with a NUL character, cannot stand in SQL", where=repr(name)
        )
    plain = _PLAIN.match(name) and name.lower() not in dialect.reserved
    if plain and (name == name.lower() or not dialect.folds_case):
        return name
    return f"{dialect.quote}{name.replace(dialect.quote, dialect.quote * 2)}{dialect.quote}"


def any_key(fields: Sequence[Field], dialect: Dialect) -> str:
    """The columns are one of a list of keys: one parameter, or for PostgreSQL one for each column."""
    if dialect.name == "postgresql":
        lists = [f"${number}::{field.attribute.type}[]" for number, field in enumerate(fields, 1)]
        if len(fields) == 1:
            return f"{fields[0].sql} = ANY({lists[0]})"
        return f"({_names(fields)}) IN (SELECT * FROM unnest({', '.join(lists)}))"
    if len(fields) == 1:
        return f"{_comparable(fields[0])} IN (SELECT value FROM json_each(?))"
    values = ", ".join(f"json_extract(value, '$[{place}]')" for place, _ in enumerate(fields))
    return f"({', '.join(map(_comparable, fields))}) IN (SELECT {values} FROM json_each(?))"


def _names(fields: Sequence[Field]) -> str:
    return ", ".join(field.sql for field in fields)


def _comparable(field: Field) -> str:
    """Bytes travel in JSON as hexadecimal digits."""
    return f"hex({field.sql})" if field.type == "bytes" else field.sql


def mark(number: int, dialect: Dialect) -> str:
    """The placeholder of the `number`-th parameter, from 1."""
    return f"${number}" if dialect.name == "postgresql" else "?"
