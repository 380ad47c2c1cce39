"""Which database an address means. No message shows the address: it may hold a password."""

from __future__ import annotations

from typing import Literal
from urllib.parse import unquote

from dbdeed.access.errors import ConfigurationError

_FORMS = "postgresql://user@host/name, sqlite:///file.db (sqlite:////var/file.db for an absolute path)"


def dialect_of(address: str) -> Literal["postgresql", "sqlite"]:
    """Raises `ConfigurationError` where it is neither."""
    scheme, colon, _ = address.partition("://")
    if colon and scheme.lower() in ("postgresql", "postgres"):
        return "postgresql"
    if colon and scheme.lower() == "sqlite":
        return "sqlite"
    if not colon and "=" in address:  # libpq's key=value form
        return "postgresql"
    raise ConfigurationError(f"the database's address is not one that is understood; accepted: {_FORMS}")


def sqlite_path(address: str) -> str:
    """The file of `sqlite:///path`: percent-encoding is undone, a query part is refused."""
    rest = address.partition("://")[2]
    if not rest.startswith("/") or "?" in rest:
        raise ConfigurationError(
            "a SQLite address is sqlite:///file.db, with three slashes and without options"
        )
    path = unquote(rest[1:])
    if not path or path == ":memory:":
        raise ConfigurationError(
            "SQLite needs a file here: each connection to :memory: would be another database"
        )
    if "\0" in path:
        raise ConfigurationError("the SQLite file's name cannot be used")
    return path
