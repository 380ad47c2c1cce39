"""A project's migrations and the database that they are run in, opened to be worked on."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.app.facts import wanted_version
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.scratch import ScratchOnDemand
from dbdeed.app.site import engine_of, open_site
from dbdeed.document.values.types import Tool as ToolName
from dbdeed.engines.seam import ScratchNeeds
from dbdeed.migrations.progress import ProgressTable
from dbdeed.migrations.registry import format_for
from dbdeed.migrations.runner import Tool, read_files
from dbdeed.migrations.running import Desk
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dbdeed.app.project import Project
    from dbdeed.app.site import Site
    from dbdeed.document.architecture import Architecture
    from dbdeed.engines.seam import Engine, Scratch
    from dbdeed.migrations.runner import Files
    from dbdeed.migrations.seam import Format
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class Shelf:
    """A project's migrations, without a database.

    Attributes:
        scratch: of the document's version; it starts when first used.
    """

    project: Project
    architecture: Architecture
    engine: Engine
    files: Files
    scratch: Scratch
    progress: Progress


@dataclass(frozen=True, slots=True)
class Workshop:
    """A project's migrations beside the live database.

    Attributes:
        tool: the tool's own program, for files that only it can run.
    """

    site: Site
    files: Files
    desk: Desk
    tool: Tool

    @property
    def database(self) -> str:
        """Which one, for people."""
        return self.site.target.label


def format_of(architecture: Architecture) -> Format:
    """The format that the document's Tool names; ours where it names none.

    Raises `NotYet` for a tool that has none here.
    """
    return format_for(architecture.migrations.tool.value or ToolName.DBDEED)


@contextmanager
def open_shelf(
    document: Path,
    *,
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> Iterator[Shelf]:
    """Read a project's migrations, and have a scratch at hand.

    Raises:
        InvalidInput: the document or a migration cannot be read.
        NotYet: its tool has no format here.
    """
    from dbdeed.app.database import scratch_place

    environment = os.environ if environment is None else environment
    project = open_project(document)
    architecture = read_architecture(project)
    engine = engine_of(architecture)
    with progress.step("Reading the migrations"):
        files = read_files(engine, format_of(architecture), project.root)
    project.prepare()
    needs = ScratchNeeds(
        project.cache, wanted_version(architecture), scratch_place(scratch, environment), None
    )
    with ScratchOnDemand(engine, needs, progress) as opened:
        yield Shelf(project, architecture, engine, files, opened, progress)


@contextmanager
def open_workshop(
    document: Path,
    *,
    database: str = "",
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> Iterator[Workshop]:
    """Read a project's migrations and open the live database.

    Raises:
        InvalidInput: the document or a migration cannot be read, or the database is another system's.
        NotYet: its tool has no format here.
        Unavailable: the database cannot be reached.
    """
    environment = os.environ if environment is None else environment
    project = open_project(document)
    architecture = read_architecture(project)
    engine = engine_of(architecture)
    chosen = format_of(architecture)
    with progress.step("Reading the migrations"):
        files = read_files(engine, chosen, project.root)
    with open_site(
        project, architecture, database=database, scratch=scratch, environment=environment, progress=progress
    ) as site:
        desk = Desk(
            engine,
            site.session,
            chosen.history(engine, files.layout),
            ProgressTable(engine, chosen.name),
            environment,
            progress=progress,
        )
        yield Workshop(site, files, desk, Tool(chosen.process(files.layout, environment), site.target))
