"""Where a project has its Flyway files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput
from dbdeed.migrations.formats.flyway.names import Malformed, parse

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.migrations.formats.flyway.names import Naming

CONVENTIONS = ("src/main/resources/db/migration", "db/migration", "sql", "migrations")
"""Where Spring Boot and Maven, Flyway's library, its command line and Redgate's own tools look."""

NEW = "sql"
"""Where files of a new project go: Flyway's command line looks there by itself."""

_RESOURCES = "src/main/resources"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9]+):(?!\\)(.*)")


@dataclass(frozen=True, slots=True)
class Location:
    """One folder that is searched with all that is in it.

    Attributes:
        java: the folder of Java migrations that belong to it; None where there can be none.
    """

    folder: Path
    java: Path | None = None


def location_of(root: Path, text: str, where: str) -> Location:
    """One entry of `flyway.locations`. Raises `InvalidInput` for what lies outside of the project."""
    match = _SCHEME.fullmatch(text)
    scheme, path = (match[1], match[2]) if match is not None else ("classpath", text)
    if scheme not in ("filesystem", "classpath") or any(mark in path for mark in "*?"):
        raise InvalidInput(
            f"The location {text} is not followed here.",
            where=where,
            hint="Name folders of the project: filesystem:sql.",
            code="flyway-location",
        )
    path = path.removeprefix("/") if scheme == "classpath" else path
    folder = root / path
    java = None
    if scheme == "classpath":
        java = root / "src/main/java" / path
        if (root / _RESOURCES).is_dir() or not folder.is_dir():
            folder = root / _RESOURCES / path if (root / "src/main").is_dir() else folder
    if not folder.resolve().is_relative_to(root.resolve()):
        raise InvalidInput(
            f"The location {text} lies outside of the project.",
            where=where,
            hint="Name folders of the project: filesystem:sql.",
            code="flyway-location",
        )
    return Location(folder, java)


def conventional(root: Path, naming: Naming) -> Location:
    """The folder that holds migrations where no configuration names one."""
    for name in CONVENTIONS:
        if _holds_migrations(root / name, naming):
            java = root / "src/main/java/db/migration" if name == CONVENTIONS[0] else None
            return Location(root / name, java)
    return Location(root / NEW)


def _holds_migrations(folder: Path, naming: Naming) -> bool:
    if not folder.is_dir():
        return False
    found = (parse(path.name, naming) for path in folder.rglob("*") if path.is_file())
    return any(one is not None and not isinstance(one, Malformed) for one in found)
