"""A project's Flyway files as migrations, in the order in which Flyway runs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput
from dbdeed.migrations.files import shown_path
from dbdeed.migrations.formats.flyway.names import AROUND_EACH, SCRIPTS, Malformed, Name, Role, Version, parse
from dbdeed.migrations.formats.flyway.places import Location
from dbdeed.migrations.formats.flyway.script import read_script
from dbdeed.migrations.formats.search_path import in_schema
from dbdeed.migrations.seam import Batch, Kind, Migration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.formats.flyway.configuration import Configuration
    from dbdeed.migrations.formats.flyway.script import Script
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
    if role is Role.AROUND_EACH:
        return f"C {description}"
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
                f"Flyway runs {name.words} around every migrate; dbdeed runs callbacks around each migration "
                "only.",
                where=shown,
                hint="Put what it does into a repeatable migration (R__words.sql), or into "
                "beforeEachMigrate.sql or afterEachMigrate.sql; or use Flyway itself.",
                code="flyway-callback",
            )
        if name.role is Role.AROUND_EACH and configuration.skip_callbacks:
            continue
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
    around = _around(engine, configuration, [one for one in files if one.name.role is Role.AROUND_EACH])
    undos = {one.key: one for one in _once([one for one in files if one.name.role is Role.UNDO])}
    others = _once([one for one in files if one.name.role in _KINDS])
    return [
        _migration(engine, configuration, one, undos.get(one.key), around)
        for one in sorted(others, key=_place)
    ]


def _around(
    engine: Engine, configuration: Configuration, files: Sequence[Found]
) -> tuple[list[Script], list[Script]]:
    """What runs before each migration and after it; of one event, in the order of their words."""

    def words(one: Found) -> tuple[str, str]:
        return (one.path.stem.partition(configuration.naming.separator)[2], one.script)

    before, after = (
        [
            read_script(engine, configuration, one.path, one.shown)
            for one in sorted(files, key=words)
            if one.name.words == event
        ]
        for event in AROUND_EACH
    )
    return before, after


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


def _migration(
    engine: Engine,
    configuration: Configuration,
    one: Found,
    undo: Found | None,
    around: tuple[Sequence[Script], Sequence[Script]],
) -> Migration:
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
    parts = [*around[0], script, *around[1]]
    batches = _together(parts, script, configuration)
    environment = [name for part in (*parts, *([back] if back else [])) for name in part.environment]
    return Migration(
        key=one.key,
        version=version,
        description=one.name.description,
        path=one.path,
        checksum=str(script.checksum),
        up=in_schema(engine, configuration.schema, batches),
        down=in_schema(engine, configuration.schema, back.batches) if back is not None else None,
        needs="flyway" if batches is None else "",
        kind=kind,
        origin=script.origin,
        environment=tuple(dict.fromkeys(environment)),
    )


def _together(
    parts: Sequence[Script], script: Script, configuration: Configuration
) -> tuple[Batch, ...] | None:
    """A migration with what runs around it, in its own transaction or outside of any, as it says itself."""
    if len(parts) == 1 or any(one.batches is None for one in parts):
        return script.batches if len(parts) == 1 else None
    statements = [each for one in parts for batch in one.batches or () for each in batch.statements]
    own = script.batches[0].transactional if script.batches else configuration.in_transaction
    return (Batch(tuple(statements), own),) if statements else ()
