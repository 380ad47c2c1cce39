"""A project's Liquibase configuration: `liquibase.properties`, and the environment.

Keys are written in many ways (`changeLogFile`, `changelog-file`, `liquibase.command.changelogFile`), so case,
dashes and prefixes mean nothing. What changes which changesets run, or how, is understood or refused by name.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput
from dbdeed.migrations.formats.java_properties import read_properties
from dbdeed.migrations.formats.liquibase.keys import ALONE, ALONE_UNDER, ONLY_DEFAULT, OURS, SPRING
from dbdeed.migrations.formats.spring import spring_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FILE = "liquibase.properties"
_PREFIX = re.compile(r"(?:liquibase\.)?(?:command\.)?(?:update\.)?", re.IGNORECASE)
_WAYS = (
    "db/changelog/db.changelog-master.",
    "db/changelog/changelog-master.",
    "db/changelog/db.changelog-root.",
    "db/changelog/root.",
    "db.changelog-master.",
    "changelog.",
    "dbchangelog.",
)
_ENDINGS = ("yaml", "yml", "xml", "json", "sql")
_RESOURCES = "src/main/resources"
NEW = "db/changelog/db.changelog-master.xml"
"""The root changelog of a new project."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What of it we follow.

    Attributes:
        changelog: the root changelog as Liquibase is told of it: what file names in the history begin from.
        search: folders in which it and what it includes are looked for.
        schema: of the history tables; "" where the session's own first one is meant.
        default_schema: put in front of the search path; "" for none.
        contexts, labels: what `update` is run for; "" for everything.
        parameters: values of `${name}`, from the configuration and the environment.
    """

    changelog: str
    search: tuple[Path, ...]
    schema: str = ""
    default_schema: str = ""
    table: str = "DATABASECHANGELOG"
    lock_table: str = "DATABASECHANGELOGLOCK"
    contexts: str = ""
    labels: str = ""
    encoding: str = "utf-8"
    parameters: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Path | None:
        """The file of a changelog's name."""
        for folder in self.search:
            if (folder / name).exists():
                return folder / name
        return None


def read_configuration(root: Path, environment: Mapping[str, str] | None = None) -> Configuration:
    """A project's configuration. Raises `InvalidInput` for what we would have to ignore."""
    given = os.environ if environment is None else environment
    values: dict[str, str] = {}
    parameters = dict(given)
    for key, value, where in (*_from_spring(root), *_from_file(root), *_from_environment(given)):
        if key.startswith("parameter."):
            parameters[key.removeprefix("parameter.")] = value
            continue
        plain = re.sub(r"[-_]", "", _PREFIX.sub("", key, count=1)).lower()
        if plain in OURS:
            values[OURS[plain]] = value.strip()
        else:
            _require_harmless(plain, key, value, where)
    search = _search(root, values.get("search", ""))
    schema = values.get("liquibase_schema", "") or values.get("default_schema", "")
    return Configuration(
        changelog=_normalised(values.get("changelog", "")) or _conventional(search),
        search=search,
        schema=schema,
        default_schema=values.get("default_schema", ""),
        table=values.get("table", "") or "DATABASECHANGELOG",
        lock_table=values.get("lock_table", "") or "DATABASECHANGELOGLOCK",
        contexts=values.get("contexts", ""),
        labels=values.get("labels", ""),
        encoding=values.get("encoding", "") or "utf-8",
        parameters=parameters,
    )


def _require_harmless(plain: str, key: str, value: str, where: str) -> None:
    if plain in ALONE or plain.partition(".")[0] in ALONE_UNDER or where.startswith("the environment"):
        return
    if value.strip().lower() in ONLY_DEFAULT.get(plain, frozenset()):
        return
    problem = "changes what runs, and is not followed" if plain in ONLY_DEFAULT else "is not known"
    raise InvalidInput(
        f"The setting {key} {problem} here.",
        where=where,
        hint="Leave it out, or run these migrations with Liquibase itself.",
        code="liquibase-setting",
    )


def _from_spring(root: Path) -> Iterator[tuple[str, str, str]]:
    for key, value, where in spring_settings(root, "liquibase"):
        yield SPRING.get(key, key.replace("parameters.", "parameter.", 1)), value, where


def _from_file(root: Path) -> Iterator[tuple[str, str, str]]:
    path = root / FILE
    if path.is_file():
        for key, value, line in read_properties(path.read_text(encoding="utf-8", errors="replace")):
            yield key, value, f"{FILE}:{line}"


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """LIQUIBASE_COMMAND_CHANGELOG_FILE and the like; what we do not follow of it is left alone."""
    for name, value in environment.items():
        if name.startswith("LIQUIBASE_"):
            plain = name.removeprefix("LIQUIBASE_").removeprefix("COMMAND_").removeprefix("UPDATE_")
            yield plain.replace("_", ""), value, f"the environment's {name}"


def _search(root: Path, text: str) -> tuple[Path, ...]:
    """`searchPath`, else the project's folder, and where Maven and Spring Boot have resources."""
    named = [part.strip() for part in text.split(",") if part.strip()]
    if named:
        return tuple(root / part for part in named)
    resources = root / _RESOURCES
    return (root, resources) if resources.is_dir() else (root,)


def _normalised(name: str) -> str:
    return os.path.normpath(name.removeprefix("classpath:").lstrip("/")).replace("\\", "/") if name else ""


def _conventional(search: tuple[Path, ...]) -> str:
    for folder in reversed(search):  # where there are resources, they are what the application runs
        for way in _WAYS:
            for ending in _ENDINGS:
                if (folder / f"{way}{ending}").is_file():
                    return f"{way}{ending}"
    return NEW
