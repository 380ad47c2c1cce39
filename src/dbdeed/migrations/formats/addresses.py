"""A database's address for programs of other languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.engines.seam import Target


def sqlite_file(target: Target) -> Path | None:
    """The file of a SQLite database; None for a database of another system."""
    from dbdeed.engines.sqlite.location import file_of

    scheme, separator, _ = target.url.partition("://")
    if separator and scheme.partition("+")[0].lower() in ("postgresql", "postgres"):
        return None
    return file_of(target.url)


def libpq_parameters(target: Target) -> dict[str, str]:
    """A PostgreSQL URL's parameters, by libpq's names. Raises `InvalidInput`."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    scheme, _, rest = target.url.partition("://")
    try:
        found = conninfo_to_dict(f"{scheme.partition('+')[0]}://{rest}")
    except ProgrammingError:
        raise InvalidInput(f"The URL of {target.label} cannot be read.", code="bad-url") from None
    return {key: str(value) for key, value in found.items() if value is not None}
