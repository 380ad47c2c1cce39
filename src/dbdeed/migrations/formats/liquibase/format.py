"""Liquibase: changesets of formatted SQL, from the root changelog on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.document.values.types import Tool
from dbdeed.migrations.formats.history_table import require_known
from dbdeed.migrations.formats.liquibase.changelog import read_changesets, runs_here
from dbdeed.migrations.formats.liquibase.configuration import read_configuration
from dbdeed.migrations.formats.liquibase.history import LiquibaseHistory
from dbdeed.migrations.formats.liquibase.process import LiquibaseProcess
from dbdeed.migrations.formats.liquibase.statements import migration_of
from dbdeed.migrations.formats.liquibase.versions import versions_of
from dbdeed.migrations.formats.liquibase.write import renumbered, written
from dbdeed.migrations.seam import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.seam import Draft, History, Migration, Origin, Process


class LiquibaseFormat:
    """The seam's `Format`."""

    name = "liquibase"
    tool = Tool.LIQUIBASE
    keeps_checksums = True

    def layout(self, root: Path) -> Layout:
        configuration = read_configuration(root)
        found = configuration.find(configuration.changelog)
        place = found or configuration.search[-1] / configuration.changelog
        # Which kind of database it is changes nothing about where files are.
        files = {one.path.parent for one in read_changesets(configuration, root, "postgresql", places=True)}
        return Layout(root, Path(os.path.commonpath([place.parent, *files])))

    def read(self, engine: Engine, layout: Layout) -> Sequence[Migration]:
        configuration = read_configuration(layout.root)
        changesets = read_changesets(configuration, layout.root, engine.name)
        versions = versions_of(changesets)
        return tuple(
            migration_of(engine, configuration, one, versions[one.key])
            for one in changesets
            if runs_here(one, configuration, engine.name)
        )

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
        moment: datetime,  # noqa: ARG002 - the seam has it
        origin: Origin,
    ) -> Mapping[Path, str | None]:
        """The seam's `Renumbers`."""
        return renumbered(read_configuration(layout.root), existing, migration, origin)

    def history(self, engine: Engine, layout: Layout) -> History:
        require_known(engine, "Liquibase")
        return LiquibaseHistory(engine, layout, read_configuration(layout.root))

    def process(self, layout: Layout, environment: Mapping[str, str]) -> Process | None:
        return LiquibaseProcess(layout, read_configuration(layout.root), environment)


FORMAT = LiquibaseFormat()
