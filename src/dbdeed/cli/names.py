"""Names of database systems as a person types them."""

from __future__ import annotations

from dbdeed.document.values.types import System
from dbdeed.errors import InvalidInput


def system_named(name: str) -> System:
    """The system of a name such as `postgres`. Raises `InvalidInput`."""
    from dbdeed.document.values.grammar import parse_system

    found = parse_system(name)
    if isinstance(found, System):
        return found
    known = ", ".join(one.value for one in System)
    raise InvalidInput(f"{name!r} is no database system known here.", hint=f"Known: {known}.")
