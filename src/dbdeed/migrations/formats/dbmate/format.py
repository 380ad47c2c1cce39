"""dbmate: `db/migrations/20261122101500_words.sql`, with SQL up and down in one file.

Its `db/schema.sql` is left alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document.values.types import Tool
from dbdeed.errors import InvalidInput
from dbdeed.migrations.files import checksum_of, shown_path
from dbdeed.migrations.formats.dbmate.history import DbmateHistory
from dbdeed.migrations.formats.dbmate.script import raw_block, read_script, written
from dbdeed.migrations.formats.dbmate.settings import settings_of
from dbdeed.migrations.formats.folders import files_in, layout_of
from dbdeed.migrations.formats.history_table import require_known
from dbdeed.migrations.formats.marks import with_origin
from dbdeed.migrations.formats.moments import next_moment
from dbdeed.migrations.formats.sql_writing import slug
from dbdeed.migrations.seam import Migration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.seam import Draft, History, Layout, Origin, Process

_FILE = re.compile(r"(\d+)(.*)\.sql")


class DbmateFormat:
    """The seam's `Format`."""

    name = "dbmate"
    tool = Tool.DBMATE
    keeps_checksums = False

    def layout(self, root: Path) -> Layout:
        return layout_of(root, settings_of(root).folders)

    def read(self, engine: Engine, layout: Layout) -> Sequence[Migration]:
        folders = settings_of(layout.root).folders
        found: dict[str, Migration] = {}
        for path in sorted(files_in(folders), key=lambda one: one.name.encode()):
            name = _FILE.fullmatch(path.name)
            if name is None:
                continue  # dbmate passes over it
            one = _migration(engine, layout, path, name[1], name[2])
            if other := found.get(one.key):
                raise InvalidInput(
                    f"{other.path.name} has the same version, and dbmate would run only one of them.",
                    where=shown_path(layout.root, path),
                    hint="Give the one that nobody has applied yet a later version in its name.",
                    code="migration-twice",
                )
            found[one.key] = one
        return tuple(found.values())

    def write(
        self, engine: Engine, layout: Layout, existing: Sequence[Migration], draft: Draft
    ) -> Mapping[Path, str]:
        version = next_moment(draft.moment, (one.path.name for one in existing))
        folder = settings_of(layout.root).folders[0]
        return {folder / f"{version}_{slug(draft.description)}.sql": written(engine, draft)}

    def renumbered(
        self,
        layout: Layout,  # noqa: ARG002 - it stays in its folder
        existing: Sequence[Migration],
        migration: Migration,
        moment: datetime,
        origin: Origin,
    ) -> Mapping[Path, str | None]:
        """The seam's `Renumbers`."""
        text = with_origin(migration.path.read_bytes().decode(), origin)
        version = next_moment(moment, (one.path.name for one in existing))
        words = migration.path.name[len(migration.version) :]
        return {migration.path: None, migration.path.with_name(f"{version}{words}"): text}

    def history(self, engine: Engine, layout: Layout) -> History:
        require_known(engine, "dbmate")
        return DbmateHistory(engine, settings_of(layout.root))

    def process(self, layout: Layout, environment: Mapping[str, str]) -> Process | None:  # noqa: ARG002
        return None


def _migration(engine: Engine, layout: Layout, path: Path, version: str, words: str) -> Migration:
    block = raw_block(path, shown_path(layout.root, path))
    script = read_script(engine, block)
    return Migration(
        key=version,
        version=version,
        description=words.strip("_").replace("_", " "),
        path=path,
        checksum=checksum_of(block.place.source.data),
        up=script.up,
        down=script.down,
        origin=script.origin,
        environment=script.environment,
    )


FORMAT = DbmateFormat()
