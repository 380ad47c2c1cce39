"""A project's Flyway files as migrations, in the order in which Flyway runs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput
from dbdeed.migrations.files import shown_path
from dbdeed.migrations.formats.flyway.names import SCRIPTS, Malformed, Name, Role, Version, parse
from dbdeed.migrations.formats.flyway.places import Location
from dbdeed.migrations.formats.flyway.script import read_script
from dbdeed.migrations.formats.search_path import in_schema
from dbdeed.migrations.seam import Kind, Migration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.formats.flyway.configuration import Configuration
    from dbdeed.migrations.seam import Layout

_KINDS = {Role.VERSIONED: Kind.VERSIONED, Role.BASELINE: Kind.BASELINE, Role.REPEATABLE: Kind.REPEATABLE}


@dataclass(frozen=True, slots=True)
class Found:
    """A file of Flyway's.

    Attributes:
        script: what the history calls it: its path from the location.
        shown: its path from the project, for people.
        foreign: no SQL: only Flyway runs it.
    """

    path: Path
    script: str
    shown: str
    name: Name
    foreign: bool = False

    @property
    def key(self) -> str:
        """Unique among migrations: versions, whatever their spelling, and descriptions of repeatables."""
        return key_of(self.name.role, self.name.version, self.name.description)


def key_of(role: Role, version: Version | None, description: str) -> str:
    """What tells one migration from all others."""
    if version is None:
        return f"R {description}"
    return f"B {version.key}" if role is Role.BASELINE else version.key


def find_files(layout: Layout, configuration: Configuration) -> list[Found]:
    """All files of Flyway's, sorted by path. Raises `InvalidInput` for a name that it would pass over."""
    found: dict[Path, Found] = {}
    for place in configuration.locations:
        for one in (*_sql(layout, place, configuration), *_foreign(layout, place, configuration)):
            found.setdefault(one.path, one)
    return sorted(found.values(), key=lambda one: one.path)


def _sql(layout: Layout, place: Location, configuration: Configuration) -> Iterator[Found]:
    for path, script in place.files():
        name = parse(path.name, configuration.naming)
        if name is None:
            continue
        shown = shown_path(layout.root, path)
        if isinstance(name, Malformed):
            raise InvalidInput(
                f"This file's name is not that of a migration: {name.problem}.",
                where=shown,
                hint="Flyway passes over such a file in silence.",
                code="migration-name",
            )
        if name.role is Role.CALLBACK and not configuration.skip_callbacks:
            raise InvalidInput(
                f"Flyway runs {name.words} around every migrate; dbdeed runs no callbacks.",
                where=shown,
                hint="Put what it does into a repeatable migration (R__words.sql), or use Flyway itself.",
                code="flyway-callback",
            )
        if name.role not in (Role.CALLBACK, Role.OTHER_CALLBACK):
            yield Found(path, script, shown, name)


def _foreign(layout: Layout, place: Location, configuration: Configuration) -> Iterator[Found]:
    """Scripts and Java classes."""
    java = Location(place.java, pattern=place.pattern) if place.java is not None else None
    for one, wanted in ((place, tuple(SCRIPTS)), (java, (".java", ".kt"))):
        for path, script in one.files() if one is not None else ():
            name = parse(path.name, configuration.naming, wanted)
            if isinstance(name, Name) and name.role in _KINDS:
                yield Found(path, script, shown_path(layout.root, path), name, foreign=True)


def script_of(configuration: Configuration, path: Path) -> str:
    """What the history calls a file: its path from the location that it was found in."""
    found = (place.script_of(path) for place in configuration.locations)
    return next((one for one in found if one is not None), path.name)


def read_migrations(engine: Engine, layout: Layout, configuration: Configuration) -> list[Migration]:
    """Versions by number, a baseline after the version that it reaches; then repeatables by their words."""
    files = find_files(layout, configuration)
    undos = {one.key: one for one in _once([one for one in files if one.name.role is Role.UNDO])}
    others = _once([one for one in files if one.name.role is not Role.UNDO])
    return [_migration(engine, configuration, one, undos.get(one.key)) for one in sorted(others, key=_place)]


def _once(files: Sequence[Found]) -> list[Found]:
    seen: dict[str, Found] = {}
    for one in files:
        other = seen.setdefault(one.key, one)
        if other is not one:
            what = f"the version {one.name.version.text}" if one.name.version else "the same words"
            raise InvalidInput(
                f"{other.shown} is of {what} too.",
                where=one.shown,
                hint="Give one of them, the one that nobody has applied yet, another.",
                code="migration-twice",
            )
    return list(seen.values())


def _place(one: Found) -> tuple[bool, tuple[int, ...], bool, str]:
    version = one.name.version
    return (
        version is None,
        version.parts if version else (),
        one.name.role is Role.BASELINE,
        one.name.description,
    )


def _migration(engine: Engine, configuration: Configuration, one: Found, undo: Found | None) -> Migration:
    version = one.name.version.text if one.name.version else ""
    kind = _KINDS[one.name.role]
    if one.foreign:
        return Migration(
            one.key, version, one.name.description, one.path, "", None, needs="flyway", kind=kind
        )
    script = read_script(
        engine, configuration, one.path, one.shown, repeatable=one.name.role is Role.REPEATABLE
    )
    back = None
    if undo is not None and one.name.role is Role.VERSIONED:
        back = read_script(engine, configuration, undo.path, undo.shown)
    environment = (*script.environment, *(back.environment if back else ()))
    return Migration(
        key=one.key,
        version=version,
        description=one.name.description,
        path=one.path,
        checksum=str(script.checksum),
        up=in_schema(engine, configuration.schema, script.batches),
        down=in_schema(engine, configuration.schema, back.batches) if back is not None else None,
        needs="flyway" if script.batches is None else "",
        kind=kind,
        origin=script.origin,
        environment=tuple(dict.fromkeys(environment)),
    )
