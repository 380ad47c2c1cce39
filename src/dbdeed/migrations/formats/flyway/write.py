"""A new migration as Flyway's files: the way up, the way back, and what is said of them beside."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput
from dbdeed.migrations.formats.flyway.files import find_files
from dbdeed.migrations.formats.flyway.names import Name, Role, parse, version_of
from dbdeed.migrations.formats.flyway.script import ORIGIN
from dbdeed.migrations.formats.sql_writing import batches, comment, slug
from dbdeed.migrations.seam import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from dbdeed.migrations.formats.flyway.configuration import Configuration
    from dbdeed.migrations.formats.flyway.names import Version
    from dbdeed.migrations.seam import Draft, Layout, Migration, Origin, WrittenBatch

_MOMENT = "%Y%m%d%H%M%S"
_LAST_NUMBER = re.compile(r"(\d+)\Z")
_LOCK_NOTE = (
    "Flyway itself needs flyway.postgresql.transactional.lock=false for this file: its own transaction, open "
    "meanwhile, is what CREATE INDEX CONCURRENTLY would wait for."
)


def written(configuration: Configuration, existing: Sequence[Migration], draft: Draft) -> Mapping[Path, str]:
    """The new files by path. Raises `InvalidInput` for text that Flyway would take for a placeholder."""
    version = _next_version(configuration, existing, draft.moment)
    naming = configuration.naming
    words = f"{naming.separator}{slug(draft.description)}{naming.suffixes[0]}"
    files: dict[Path, str] = {}
    up = _place(configuration, existing, f"{naming.versioned}{version}{words}")
    files |= _with_settings(up, configuration, draft, _up(draft), draft.up)
    if draft.down is not None:
        back = up.with_name(f"{naming.undo}{version}{words}")
        files |= _with_settings(back, configuration, draft, _down(draft, draft.down), draft.down)
    return files


def _place(configuration: Configuration, existing: Sequence[Migration], name: str) -> Path:
    """Of a new file: in the first location; where that has wildcards, beside the latest file of it."""
    first = configuration.locations[0]
    if first.pattern is None:
        return first.folder / name
    there = [one.path for one in existing if one.kind is not Kind.REPEATABLE and first.script_of(one.path)]
    path = there[-1].with_name(name) if there else None
    if path is None or first.script_of(path) is None:
        raise InvalidInput(
            f"The first of flyway.locations has wildcards, and into which folder {name} goes is not known.",
            hint='Name that folder before it: locations = ["filesystem:sql", …].',
            code="flyway-location",
        )
    return path


def _next_version(configuration: Configuration, existing: Sequence[Migration], moment: datetime) -> str:
    """As the project counts: moments, or one more than the last."""
    naming = configuration.naming
    last: Version | None = None
    raw = ""
    for one in existing:
        if one.kind is Kind.REPEATABLE:
            continue
        name = parse(one.path.name, naming)
        version = name.version if isinstance(name, Name) else version_of(one.version)
        if version is not None and (last is None or version.parts > last.parts):
            last, raw = version, version.raw
    text = moment.astimezone(UTC).strftime(_MOMENT)
    if last is None or (len(str(last.parts[0])) == len(text) and int(text) > last.parts[0]):
        return text
    # The spelling of the latest file's own name, so that V007 is followed by V008, and V1_2 by V1_3.
    return _LAST_NUMBER.sub(lambda found: str(int(found[1]) + 1).zfill(len(found[1])), raw)


def renumbered(
    layout: Layout,
    configuration: Configuration,
    existing: Sequence[Migration],
    migration: Migration,
    moment: datetime,
    origin: Origin,
) -> Mapping[Path, str | None]:
    """The seam's `Renumbers`: the file, its way back and what stands beside both, under the next version."""
    version = _next_version(configuration, existing, moment)
    files = [one for one in find_files(layout, configuration) if one.key == migration.key]
    found: dict[Path, str | None] = {}
    gone: dict[Path, str | None] = {}
    for one in sorted(files, key=lambda file: file.path != migration.path):
        prefix = configuration.naming.undo if one.name.role is Role.UNDO else configuration.naming.versioned
        words = one.path.name[one.path.name.index(configuration.naming.separator) :]
        path = one.path.with_name(f"{prefix}{version}{words}")
        said = f"-- dbdeed: from {origin.before} to {origin.after}"
        found[path] = ORIGIN.sub(said, one.path.read_text(encoding="utf-8"), count=1)
        gone[one.path] = None
        beside = one.path.with_name(f"{one.path.name}.conf")
        if beside.is_file():
            found[path.with_name(f"{path.name}.conf")] = beside.read_text(encoding="utf-8")
            gone[beside] = None
    return {**found, **gone}


def _up(draft: Draft) -> Iterator[str]:
    yield comment(draft.description)
    yield from map(comment, draft.notes)
    yield f"-- dbdeed: from {draft.origin.before} to {draft.origin.after}"
    yield from (f"-- dbdeed: needs {name}" for name in draft.environment)
    if draft.down is None:
        yield comment(f"There is no way back: {draft.irreversible}" if draft.irreversible else "No way back.")
    if any("CONCURRENTLY" in one.sql for batch in draft.up for one in batch.statements):
        yield comment(_LOCK_NOTE)
    yield from batches(draft.up)


def _down(draft: Draft, down: Sequence[WrittenBatch]) -> Iterator[str]:
    yield comment(f"The way back of: {draft.description}")
    yield from (f"-- dbdeed: needs {name}" for name in draft.environment)
    yield from batches(down)


def _with_settings(
    path: Path,
    configuration: Configuration,
    draft: Draft,
    lines: Iterator[str],
    parts: Sequence[WrittenBatch],
) -> Mapping[Path, str]:
    text = "".join(f"{line}\n" for line in lines)
    settings = []
    if any(not one.transactional for one in parts):
        settings.append("executeInTransaction=false")
    if configuration.replace and configuration.prefix in _without_needed(text, configuration, draft):
        if draft.environment:
            raise InvalidInput(
                f"This migration holds both the text {configuration.prefix} and "
                f"{configuration.prefix}{draft.environment[0]}{configuration.suffix}, which is to be filled; "
                "Flyway would fill the first too.",
                hint="Set another flyway.placeholderPrefix in the project.",
                code="flyway-placeholder",
            )
        settings.append("placeholderReplacement=false")
    if not settings:
        return {path: text}
    return {path: text, path.with_name(f"{path.name}.conf"): "".join(f"{one}\n" for one in settings)}


def _without_needed(text: str, configuration: Configuration, draft: Draft) -> str:
    for name in draft.environment:
        text = text.replace(f"{configuration.prefix}{name}{configuration.suffix}", "")
    return text
