"""The database that a document describes, opened to be worked on: what plan, apply and up share."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbdeed.app.database import chosen_target, scratch_place
from dbdeed.app.facts import wanted_version
from dbdeed.app.scratch import ScratchOnDemand
from dbdeed.document.values.types import Tool
from dbdeed.engines.faults import NotYet
from dbdeed.engines.registry import engine_for
from dbdeed.engines.seam import ScratchNeeds
from dbdeed.errors import InvalidInput
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dbdeed.app.project import Project
    from dbdeed.document.architecture import Architecture
    from dbdeed.engines.seam import Engine, Scratch, Session, Target
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that is open while a database is worked on.

    Attributes:
        scratch: of the live server's version; it starts when first used.
    """

    project: Project
    architecture: Architecture
    engine: Engine
    target: Target
    session: Session
    scratch: Scratch
    progress: Progress


def engine_of(architecture: Architecture) -> Engine:
    """The engine of a document. Raises `InvalidInput` where it names no system, `NotYet` for one unknown."""
    setting = architecture.overview.system
    if setting.value is None:
        raise InvalidInput(
            "The document does not say which database system it describes.",
            where=str(setting.place) if setting.place is not None else architecture.source.name,
            hint="Set **Database System**: PostgreSQL, MySQL, MariaDB, SQLite or MongoDB.",
            code="system-missing",
        )
    return engine_for(setting.value)


@contextmanager
def open_site(
    project: Project,
    architecture: Architecture,
    *,
    database: str = "",
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
    keep_running: bool = False,
    reading: bool = False,
) -> Iterator[Site]:
    """Find and open the document's database.

    Args:
        project: of the document.
        architecture: the document.
        database: what `--database` says: a URL or `env:NAME`; "" lets the environment decide.
        scratch: what `--scratch` says.
        environment: of the process.
        progress: where steps are announced.
        keep_running: leave an embedded server that this started running afterwards.
        reading: nothing will be written, so that no embedded file is made where there is none.

    Raises:
        InvalidInput: no database system, a bad URL, a server of another version than the document's.
        Unavailable: the database cannot be reached or started.
    """
    engine = engine_of(architecture)
    environment = os.environ if environment is None else environment
    place = scratch_place(scratch, environment)
    with open_target(
        project,
        architecture,
        engine,
        database=database,
        environment=environment,
        progress=progress,
        keep_running=keep_running,
        reading=reading,
    ) as target:
        session = engine.connect(target)
        try:
            require_version(architecture, session.version)
            needs = ScratchNeeds(project.cache, session.version, place, target)
            with ScratchOnDemand(engine, needs, progress) as opened:
                yield Site(project, architecture, engine, target, session, opened, progress)
        finally:
            session.close()


def history_tables(project: Project, architecture: Architecture, engine: Engine) -> frozenset[str]:
    """What the document's migration tool keeps for itself in the database: no part of its schema."""
    tool = architecture.migrations.tool.value
    if tool is None or tool is Tool.DBDEED:  # ours are in the private place
        return frozenset()
    from dbdeed.migrations.registry import format_for

    try:
        chosen = format_for(tool)
    except NotYet:
        return frozenset()
    return chosen.history(engine, chosen.layout(project.root)).tables


@contextmanager
def open_target(
    project: Project,
    architecture: Architecture,
    engine: Engine,
    *,
    database: str,
    environment: Mapping[str, str],
    progress: Progress,
    keep_running: bool = False,
    reading: bool = False,
) -> Iterator[Target]:
    """The document's database without a session; starts the embedded server where that is meant.

    The parameters are those of `open_site`.
    """
    chosen = chosen_target(database, environment, architecture)
    project.prepare()
    left_out = history_tables(project, architecture, engine)
    if chosen is not None:
        yield replace(chosen, left_out=left_out)
        return
    server = engine.embedded(project.root, wanted_version(architecture))
    was_running = server.running
    target = server.start(progress, reading=reading)
    try:
        yield replace(target, left_out=left_out)
    finally:
        if not (was_running or keep_running):
            server.stop()


def require_version(architecture: Architecture, live: tuple[int, ...]) -> None:
    """Hold the document's Version against the server's. Raises `InvalidInput`."""
    setting = architecture.overview.version
    if setting.value is not None and not setting.value.accepts(live):
        raise InvalidInput(
            f"The document asks for version {setting.raw.strip()}; the server is {'.'.join(map(str, live))}.",
            where=str(setting.place) if setting.place is not None else architecture.source.name,
            hint="Correct Version, or name another server.",
            code="other-version",
        )
