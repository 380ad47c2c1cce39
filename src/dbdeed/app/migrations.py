"""A project's migrations and the database that they are run in, opened to be worked on."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed import __version__
from dbdeed.app.facts import wanted_version
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.scratch import ScratchOnDemand
from dbdeed.app.site import engine_of, open_site
from dbdeed.document.values.types import Tool as ToolName
from dbdeed.engines.seam import ScratchNeeds
from dbdeed.migrations.progress import ProgressTable
from dbdeed.migrations.registry import format_for
from dbdeed.migrations.replay import Carrier, state_of
from dbdeed.migrations.runner import Tool, read_files
from dbdeed.migrations.running import Desk
from dbdeed.planning.cache import write_atomically
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dbdeed.app.project import Project
    from dbdeed.app.site import Site
    from dbdeed.document.architecture import Architecture
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Engine, Scratch
    from dbdeed.migrations.runner import Files
    from dbdeed.migrations.seam import Format, Migration
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class Shelf:
    """A project's migrations, without a database.

    Attributes:
        scratch: of the document's version; it starts when first used.
        carrier: for files that only their tool can run.
    """

    project: Project
    architecture: Architecture
    engine: Engine
    files: Files
    scratch: Scratch
    progress: Progress
    carrier: Carrier

    def state_of(self, migrations: Sequence[Migration], *, known: bool = False) -> Catalog:
        """What an empty database holds after these.

        `known`: what an earlier run of the very same files has found will do.
        """
        path = self._kept(migrations)
        if known:
            with suppress(OSError, ValueError):
                return self.engine.decode(path.read_bytes())
        found = state_of(self.engine, self.scratch, migrations, self.progress, self.carrier)
        self.keep(migrations, found)
        return found

    def keep(self, migrations: Sequence[Migration], state: Catalog) -> None:
        """Remember where these lead."""
        write_atomically(self._kept(migrations), self.engine.encode(state))

    def _kept(self, migrations: Sequence[Migration]) -> Path:
        digest = hashlib.sha256(f"{__version__} {self.engine.name} {self.scratch.version}".encode())
        for one in migrations:
            digest.update(f"\0{one.key}\0{one.kind}\0".encode())
            if one.up is None:
                digest.update(one.path.read_bytes())
            for batch in one.up or ():
                digest.update(b"\1" if batch.transactional else b"\2")
                digest.update("\0".join(statement.sql for statement in batch.statements).encode())
        return self.project.cache / "replayed" / digest.hexdigest()


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
        carrier = carrier_of(engine, files, environment)
        yield Shelf(project, architecture, engine, files, opened, progress, carrier)


def carrier_of(engine: Engine, files: Files, environment: Mapping[str, str]) -> Carrier:
    """What runs a project's files that only their tool can run."""
    history = files.format.history(engine, files.layout)
    return Carrier(history, files.format.process(files.layout, environment))


@contextmanager
def open_workshop(
    document: Path,
    *,
    database: str = "",
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
    reading: bool = False,
) -> Iterator[Workshop]:
    """Read a project's migrations and open the live database; `reading` as in `open_site`.

    Raises:
        InvalidInput: the document or a migration cannot be read, or the database is another system's.
        NotYet: its tool has no format here.
        Unavailable: the database cannot be reached.
    """
    environment = os.environ if environment is None else environment
    project = open_project(document)
    architecture = read_architecture(project)
    engine = engine_of(architecture)
    with progress.step("Reading the migrations"):
        files = read_files(engine, format_of(architecture), project.root)
    with open_site(
        project,
        architecture,
        database=database,
        scratch=scratch,
        environment=environment,
        progress=progress,
        reading=reading,
    ) as site:
        yield workshop_for(site, files, environment)


def workshop_for(site: Site, files: Files, environment: Mapping[str, str]) -> Workshop:
    """A project's migrations beside a database that is open."""
    carrier = carrier_of(site.engine, files, environment)
    desk = Desk(
        site.engine,
        site.session,
        carrier.history,
        ProgressTable(site.engine, files.format.name),
        environment,
        progress=site.progress,
        carrier=carrier,
    )
    return Workshop(site, files, desk, Tool(carrier.process, site.target))


def files_of(site: Site) -> Files:
    """The migrations of an open database's project. Raises as `read_files`."""
    return read_files(site.engine, format_of(site.architecture), site.project.root)
