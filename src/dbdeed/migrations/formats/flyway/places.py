"""Where a project has its Flyway files."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput
from dbdeed.migrations.formats.flyway.names import Malformed, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.migrations.formats.flyway.names import Naming

CONVENTIONS = ("src/main/resources/db/migration", "db/migration", "sql", "migrations")
"""Where Spring Boot and Maven, Flyway's library, its command line and Redgate's own tools look."""

NEW = "sql"
"""Where files of a new project go: Flyway's command line looks there by itself."""

_RESOURCES = "src/main/resources"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9]+):(?!\\)(.*)")


_WILDCARD = re.compile(r"(?:(?<=/)|^)\*\*/|\*|\?")
_FORMS = {"**/": "(?:[^/]+/)*?", "*": "[^/]+?", "?": "[^/]"}
_NO_WILDCARDS = re.compile(r"[\[\](){}+^$|\\]|\*\*/*\Z")
"""What Flyway takes for a regular expression's own, and `**` at the end, where it finds nothing."""


@dataclass(frozen=True, slots=True)
class Location:
    """One folder that is searched with all that is in it.

    Attributes:
        java: the folder of Java migrations that belong to it; None where there can be none.
        pattern: where wildcards say which files are meant, what their paths from the folder are like; its
            group, if it has one, is what comes after the folders that were meant.
    """

    folder: Path
    java: Path | None = None
    pattern: re.Pattern[str] | None = None

    def script_of(self, path: Path) -> str | None:
        """What the history calls a file, which is its path from here on; None for one that is not meant."""
        if not path.is_relative_to(self.folder):
            return None
        script = path.relative_to(self.folder).as_posix()
        if self.pattern is None:
            return script
        found = self.pattern.fullmatch(script)
        return (found[1] if found.re.groups else script) if found is not None else None

    def files(self) -> Iterator[tuple[Path, str]]:
        """Each file with what the history calls it, sorted by path."""
        for path in sorted(_walked(self.folder)):
            script = self.script_of(path)
            if script is not None:
                yield path, script


def _walked(folder: Path) -> Iterator[Path]:
    """All files in it and below; Flyway passes over folders that are hidden."""
    for here, folders, files in os.walk(folder):
        folders[:] = [one for one in folders if not one.startswith(".")]
        yield from (Path(here, one) for one in files)


def _with_wildcards(path: str) -> tuple[str, re.Pattern[str] | None]:
    """The folder before the first wildcard, and what paths from there on are like."""
    if "*" not in path and "?" not in path:
        return path, None
    root, rest = "", path.rstrip("/")
    while "/" in rest and not set(rest.partition("/")[0]) & set("*?"):
        before, _, rest = rest.partition("/")
        root += f"{before}/"
    pieces, at = [], 0
    for found in _WILDCARD.finditer(rest):
        pieces += [re.escape(rest[at : found.start()]), _FORMS[found[0]]]
        at = found.end()
    pieces.append(re.escape(rest[at:]))
    whole = "" if "." in rest.rpartition("/")[2] else "/(.*)"  # folders, or already files
    return root or ".", re.compile("".join(pieces) + whole)


def location_of(root: Path, text: str, where: str) -> Location:
    """One entry of `flyway.locations`. Raises `InvalidInput` for what lies outside of the project."""
    match = _SCHEME.fullmatch(text)
    scheme, path = (match[1], match[2]) if match is not None else ("classpath", text)
    wild = any(mark in path for mark in "*?")
    if scheme not in ("filesystem", "classpath") or (wild and _NO_WILDCARDS.search(path)):
        raise InvalidInput(
            f"The location {text} is not followed here.",
            where=where,
            hint="Name folders of the project: filesystem:sql.",
            code="flyway-location",
        )
    path = path.removeprefix("/") if scheme == "classpath" else path
    path, pattern = _with_wildcards(path)
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
    return Location(folder, java, pattern)


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
    found = (parse(path.name, naming) for path in _walked(folder))
    return any(one is not None and not isinstance(one, Malformed) for one in found)
