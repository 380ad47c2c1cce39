"""Identifiers and parameters as an engine writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
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


def mark(number: int, dialect: Dialect) -> str:
    """The placeholder of the `number`-th parameter, from 1."""
    return f"${number}" if dialect.name == "postgresql" else "?"
