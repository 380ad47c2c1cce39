"""Flyway: `V…__words.sql`, its way back `U…__words.sql`, `R__words.sql` and `B…__words.sql`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.values.types import Tool
from dbdeed.migrations.formats.flyway.configuration import read_configuration
from dbdeed.migrations.formats.flyway.files import read_migrations
from dbdeed.migrations.formats.flyway.history import FlywayHistory
from dbdeed.migrations.formats.flyway.process import FlywayProcess
from dbdeed.migrations.formats.flyway.write import renumbered, written
from dbdeed.migrations.formats.folders import layout_of
from dbdeed.migrations.formats.history_table import require_known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.seam import Draft, History, Layout, Migration, Origin, Process


class FlywayFormat:
    """The seam's `Format`."""

    name = "flyway"
    tool = Tool.FLYWAY
    keeps_checksums = True

    def layout(self, root: Path) -> Layout:
        locations = read_configuration(root).locations
        folders = [one.folder for one in locations]
        folders += [one.java for one in locations if one.java is not None and one.java.is_dir()]
        return layout_of(root, folders)

    def read(self, engine: Engine, layout: Layout) -> Sequence[Migration]:
        return tuple(read_migrations(engine, layout, read_configuration(layout.root)))

    def write(
        self,
        engine: Engine,  # noqa: ARG002 - the seam has it
        layout: Layout,
        existing: Sequence[Migration],
        draft: Draft,
    ) -> Mapping[Path, str]:
        return written(read_configuration(layout.root), existing, draft)

    def renumbered(
        self,
        layout: Layout,
        existing: Sequence[Migration],
        migration: Migration,
        moment: datetime,
        origin: Origin,
    ) -> Mapping[Path, str | None]:
        """The seam's `Renumbers`."""
        configuration = read_configuration(layout.root)
        return renumbered(layout, configuration, existing, migration, moment, origin)

    def history(self, engine: Engine, layout: Layout) -> History:
        require_known(engine, "Flyway")
        return FlywayHistory(engine, layout, read_configuration(layout.root))

    def process(self, layout: Layout, environment: Mapping[str, str]) -> Process | None:
        return FlywayProcess(layout, environment)


FORMAT = FlywayFormat()
