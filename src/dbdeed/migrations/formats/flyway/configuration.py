"""A project's Flyway configuration: `flyway.toml`, `flyway.conf`, `conf/`, and the environment.

What changes which files run, or how, is understood or refused by name; what only concerns connections,
reports, licences or commands that are not ours is left alone.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dbdeed.errors import InvalidInput
from dbdeed.migrations.formats.flyway.keys import ALONE, ALONE_UNDER, ONLY_DEFAULT, OURS
from dbdeed.migrations.formats.flyway.names import Naming
from dbdeed.migrations.formats.flyway.places import Location, conventional, location_of
from dbdeed.migrations.formats.java_properties import read_properties
from dbdeed.migrations.formats.spring import spring_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_CONF_FILES = ("conf/flyway.conf", "flyway.conf")
_TOML_FILES = ("conf/flyway.toml", "flyway.toml", "flyway.user.toml")
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]+)\}")
_RESOLVED = re.compile(r"\$\{([A-Za-z0-9_]+)\.([A-Za-z0-9_.-]+)\}")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What of it we follow; where nothing is said, as Flyway has it.

    Attributes:
        schema: of the history table and of unqualified names; "" where the session's own first one is meant.
        schemas: all that it names, made where they are missing.
        placeholders: by name in lower case, since case means nothing in them.
    """

    locations: tuple[Location, ...]
    naming: Naming = field(default_factory=Naming)
    table: str = "flyway_schema_history"
    tablespace: str = ""
    schema: str = ""
    schemas: tuple[str, ...] = ()
    create_schemas: bool = True
    placeholders: Mapping[str, str] = field(default_factory=dict)
    replace: bool = True
    prefix: str = "${"
    suffix: str = "}"
    separator: str = ":"
    encoding: str = "utf-8"
    in_transaction: bool = True
    mixed: bool = False
    installed_by: str = ""
    baseline_description: str = "<< Flyway Baseline >>"
    baseline_on_migrate: bool = False
    baseline_version: str = "1"
    strict_names: bool = False
    skip_callbacks: bool = False


@dataclass(frozen=True, slots=True)
class _Value:
    text: str
    where: str


def read_configuration(root: Path, environment: Mapping[str, str] | None = None) -> Configuration:
    """A project's configuration. Raises `InvalidInput` for what we would have to ignore."""
    given = os.environ if environment is None else environment
    spring = ((key, _Value(value, where)) for key, value, where in spring_settings(root, "flyway"))
    values = dict((*spring, *_from_conf(root, given), *_from_toml(root, given), *_from_environment(given)))
    placeholders: dict[str, str] = {}
    for key, value in values.items():
        if key.startswith("placeholders."):
            placeholders[key.removeprefix("placeholders.").lower()] = value.text
        else:
            _require_known(key, value)
    return _configuration(root, {key: one for key, one in values.items() if key in OURS}, placeholders)


def _require_known(key: str, value: _Value) -> None:
    if key in OURS or key in ALONE or key.partition(".")[0] in ALONE_UNDER:
        return
    if value.text.strip().lower() in ONLY_DEFAULT.get(key, frozenset()):
        return
    problem = "changes what runs, and is not followed" if key in ONLY_DEFAULT else "is not known"
    raise InvalidInput(
        f"The setting flyway.{key} {problem} here.",
        where=value.where,
        hint="Leave it out, or run these migrations with Flyway itself.",
        code="flyway-setting",
    )


def _configuration(
    root: Path, values: Mapping[str, _Value], placeholders: Mapping[str, str]
) -> Configuration:
    def text(key: str, default: str) -> str:
        return values[key].text.strip() if key in values else default

    def flag(key: str, *, default: bool) -> bool:
        return text(key, str(default)).lower() == "true"

    def listed(key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(part.strip() for part in text(key, "").split(",") if part.strip())
        return found or default

    naming = Naming(
        text("sqlMigrationPrefix", "V"),
        text("undoSqlMigrationPrefix", "U"),
        text("repeatableSqlMigrationPrefix", "R"),
        text("baselineMigrationPrefix", "B"),
        text("sqlMigrationSeparator", "__"),
        listed("sqlMigrationSuffixes", (".sql",)),
    )
    schemas = listed("schemas", ())
    named = listed("locations", ())
    where = values["locations"].where if named else ""
    return Configuration(
        locations=tuple(location_of(root, one, where) for one in named) or (conventional(root, naming),),
        naming=naming,
        table=text("table", "flyway_schema_history"),
        tablespace=text("tablespace", ""),
        schema=text("defaultSchema", "") or (schemas[0] if schemas else ""),
        schemas=schemas,
        create_schemas=flag("createSchemas", default=True),
        placeholders=placeholders,
        replace=flag("placeholderReplacement", default=True),
        prefix=text("placeholderPrefix", "${"),
        suffix=text("placeholderSuffix", "}"),
        separator=text("placeholderSeparator", ":"),
        encoding=text("encoding", "utf-8"),
        in_transaction=flag("executeInTransaction", default=True),
        mixed=flag("mixed", default=False),
        installed_by=text("installedBy", ""),
        baseline_description=text("baselineDescription", "<< Flyway Baseline >>"),
        baseline_on_migrate=flag("baselineOnMigrate", default=False),
        baseline_version=text("baselineVersion", "1").replace("_", "."),
        strict_names=flag("validateMigrationNaming", default=False),
        skip_callbacks=flag("skipDefaultCallbacks", default=False),
    )


def _from_conf(root: Path, environment: Mapping[str, str]) -> Iterator[tuple[str, _Value]]:
    for name in _CONF_FILES:
        path = root / name
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for key, value, line in read_properties(text, escapes=False):
            if key.startswith("flyway."):
                filled = _VARIABLE.sub(lambda found: environment.get(found[1], ""), value)
                yield key.removeprefix("flyway."), _Value(filled, f"{name}:{line}")


def _from_toml(root: Path, environment: Mapping[str, str]) -> Iterator[tuple[str, _Value]]:
    for name in _TOML_FILES:
        path = root / name
        if not path.is_file():
            continue
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InvalidInput(f"This is no TOML: {error}.", where=name, code="flyway-setting") from None
        flyway = table.get("flyway", {})
        chosen = environment.get("FLYWAY_ENVIRONMENT", flyway.get("environment", "default"))
        entries = dict(_flat(flyway))
        # What an environment says wins over what is said for all of them.
        for key, value in _flat(table.get("environments", {}).get(chosen, {})):
            entries[key.removeprefix("flyway.")] = value
        for key, value in entries.items():
            wanted = key in OURS or key.startswith("placeholders.")
            yield key, _Value(_resolved(value, environment, name, key) if wanted else value, name)


def _flat(table: Any, before: str = "") -> Iterator[tuple[str, str]]:
    if not isinstance(table, dict):
        return
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        elif isinstance(value, list):
            yield before + key, ",".join(map(str, value))
        else:
            yield before + key, str(value).lower() if isinstance(value, bool) else str(value)


def _resolved(value: str, environment: Mapping[str, str], where: str, key: str) -> str:
    """`${env.NAME}` is filled; other resolvers ask services that we do not know."""

    def fill(found: re.Match[str]) -> str:
        if found[1] != "env":
            raise InvalidInput(
                f"flyway.{key} asks the resolver “{found[1]}”, which is not known here.",
                where=where,
                hint="Say it in an environment variable: ${env.NAME}.",
                code="flyway-setting",
            )
        return environment.get(found[2], "")

    return _RESOLVED.sub(fill, value)


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, _Value]]:
    """FLYWAY_SQL_MIGRATION_PREFIX is flyway.sqlMigrationPrefix; others than what we follow are left alone."""
    for name, value in environment.items():
        if name.startswith("FLYWAY_PLACEHOLDERS_"):
            key = "placeholders." + name.removeprefix("FLYWAY_PLACEHOLDERS_").lower()
        elif name.startswith("FLYWAY_"):
            first, *rest = name.removeprefix("FLYWAY_").lower().split("_")
            key = first + "".join(word.capitalize() for word in rest)
            if key not in OURS and key not in ONLY_DEFAULT:
                continue
        else:
            continue
        yield key, _Value(value, f"the environment's {name}")
