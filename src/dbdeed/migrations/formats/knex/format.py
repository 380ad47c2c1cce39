"""Knex.js: `migrations/20261122101500_words.js` or `.ts`, with functions `up` and `down`.

Knex runs the files in the order of their names and knows each by its name. Files in the forms that we write
we run ourselves; any other is run by the project's own Knex.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dbdeed.document.values.types import Tool
from dbdeed.errors import InvalidInput
from dbdeed.migrations.files import block_of, checksum_of, shown_path
from dbdeed.migrations.formats.folders import files_in, layout_of
from dbdeed.migrations.formats.history_table import require_known
from dbdeed.migrations.formats.knex.history import KnexHistory, parts_of
from dbdeed.migrations.formats.knex.process import KnexProcess
from dbdeed.migrations.formats.knex.script import Language, read_back, written
from dbdeed.migrations.formats.knex.settings import settings_of
from dbdeed.migrations.formats.marks import with_origin
from dbdeed.migrations.formats.moments import next_moment
from dbdeed.migrations.formats.sql_writing import slug
from dbdeed.migrations.seam import Migration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.formats.knex.settings import Settings
    from dbdeed.migrations.seam import Draft, History, Layout, Origin, Process

_OURS = frozenset({".js", ".cjs", ".mjs", ".ts"})


class KnexFormat:
    """The seam's `Format`."""

    name = "knex"
    tool = Tool.KNEX
    keeps_checksums = False

    def layout(self, root: Path) -> Layout:
        return layout_of(root, settings_of(root).folders)

    def read(self, engine: Engine, layout: Layout) -> Sequence[Migration]:
        settings = settings_of(layout.root)
        paths = [one for one in files_in(settings.folders) if one.suffix in settings.loaded]
        paths.sort(key=lambda one: _as_javascript(one.name))
        if settings.separately:
            paths.sort(key=lambda one: settings.folders.index(one.parent))
        _require_own_names(layout, paths)
        return tuple(_migration(engine, layout, path, hooks=settings.hooks) for path in paths)

    def write(
        self, engine: Engine, layout: Layout, existing: Sequence[Migration], draft: Draft
    ) -> Mapping[Path, str]:
        settings = settings_of(layout.root)
        extension = _extension(settings, existing)
        words = f"{slug(draft.description)}.{extension}"
        path = _after(settings, existing, settings.folders[-1], draft.moment, words)
        return {path: written(engine, language_of(path), draft)}

    def renumbered(
        self,
        layout: Layout,
        existing: Sequence[Migration],
        migration: Migration,
        moment: datetime,
        origin: Origin,
    ) -> Mapping[Path, str | None]:
        """The seam's `Renumbers`."""
        text = with_origin(migration.path.read_bytes().decode(), origin)
        settings = settings_of(layout.root)
        folder = settings.folders[-1] if settings.separately else migration.path.parent
        words = migration.path.name.partition("_")[2]
        return {migration.path: None, _after(settings, existing, folder, moment, words): text}

    def history(self, engine: Engine, layout: Layout) -> History:
        require_known(engine, "Knex")
        return KnexHistory(engine, settings_of(layout.root))

    def process(self, layout: Layout, environment: Mapping[str, str]) -> Process | None:
        return KnexProcess(layout, environment)


def _migration(engine: Engine, layout: Layout, path: Path, *, hooks: bool) -> Migration:
    shown = shown_path(layout.root, path)
    block = block_of(path, shown)
    script = read_back(engine, language_of(path), block) if path.suffix in _OURS else None
    version, description = parts_of(path.name)
    checksum = checksum_of(block.place.source.data)
    if script is None or hooks:
        origin = script.origin if script is not None else None
        return Migration(
            path.name, version, description, path, checksum, up=None, needs="knex", origin=origin
        )
    return Migration(
        path.name, version, description, path, checksum, script.up, script.down,
        origin=script.origin, environment=script.environment,
    )  # fmt: skip


def _as_javascript(name: str) -> bytes:
    """What names are compared by in JavaScript."""
    return name.encode("utf-16-be", "surrogatepass")


def _require_own_names(layout: Layout, paths: Sequence[Path]) -> None:
    seen: dict[str, Path] = {}
    for path in paths:
        other = seen.setdefault(path.name, path)
        if other is not path:
            raise InvalidInput(
                f"{shown_path(layout.root, other)} has the same name, and Knex's history knows files by it.",
                where=shown_path(layout.root, path),
                hint="Give the one that nobody has applied yet another name.",
                code="migration-twice",
            )


def _after(
    settings: Settings, existing: Sequence[Migration], folder: Path, moment: datetime, words: str
) -> Path:
    """A file's place after all others."""
    beside = [one.path for one in existing if not settings.separately or one.path.parent == folder]
    return folder / f"{next_moment(moment, (one.name for one in beside))}_{words}"


def _extension(settings: Settings, existing: Sequence[Migration]) -> str:
    """Of a new file: as the knexfile says, else as the last one has it."""
    if settings.extension in ("js", "ts", "cjs"):
        return settings.extension
    last = existing[-1].path.suffix[1:] if existing else ""
    return last if last in ("js", "ts", "cjs") else "js"


def language_of(path: Path) -> Language:
    """What a file of this name is to Node: the nearest package.json says which kind of module `.js` is."""
    if path.suffix == ".ts":
        return Language.TYPESCRIPT
    if path.suffix == ".js":
        for folder in path.parents:
            package = folder / "package.json"
            if package.is_file():
                return Language.MODULE if _says_module(package) else Language.COMMONJS
    return Language.MODULE if path.suffix == ".mjs" else Language.COMMONJS


def _says_module(package: Path) -> bool:
    try:
        found = json.loads(package.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("type") == "module"


FORMAT = KnexFormat()
