"""`dbdeed status`: where the database is, whether it runs, and when its backups were last proven."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbdeed.app.backup import list_backups
from dbdeed.app.database import chosen_target
from dbdeed.app.drill import last_drill
from dbdeed.app.facts import engine_facts
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.server import embedded_server
from dbdeed.app.site import engine_of, history_tables
from dbdeed.app.vault import utc_now
from dbdeed.document.values.proof_age import expires
from dbdeed.errors import DbdeedError, InvalidInput, Refused, Unavailable
from dbdeed.planning.journal import Journal
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from dbdeed.app.backup import BackupList
    from dbdeed.app.project import Project
    from dbdeed.document.architecture import Architecture
    from dbdeed.engines.seam import EmbeddedServer, Engine, Session, Target
    from dbdeed.planning.journal import Unfinished
    from dbdeed.recovery.manifest import Proof


@dataclass(frozen=True, slots=True)
class Status:
    """How things stand.

    Attributes:
        database: which one is worked on, for people.
        embedded: how the project's own database is; "" where another one is worked on.
        backups: what the store holds, and when the next is due.
        drill: the last one; None where there was none.
        expires: until when it proves something.
        unreachable: why the database cannot be asked just now; "" where it answers, or does not run.
        unfinished: plans that were interrupted; empty too where the database cannot be asked.
        differences: how many there are between the document and the database; None where that is not known
            without a scratch, or the database cannot be asked.
    """

    database: str
    embedded: str
    backups: BackupList
    drill: Proof | None
    unreachable: str = ""
    unfinished: tuple[Unfinished, ...] = ()
    expires: datetime | None = None
    differences: int | None = None

    @property
    def expired(self) -> bool:
        """The last drill is too old to prove anything."""
        return self.expires is not None and self.expires < utc_now()


def status(document: Path, *, database: str = "", environment: Mapping[str, str] | None = None) -> Status:
    """Look, and change nothing. Raises `InvalidInput` for a bad document or argument."""
    environment = os.environ if environment is None else environment
    project = open_project(document)
    architecture = read_architecture(project)
    chosen = chosen_target(database, environment, architecture)
    server = embedded_server(document) if chosen is None else None
    drill = last_drill(document, environment=environment)
    frequency = architecture.recovery.frequency.value
    asked = _asked(project, architecture, chosen, server)
    return Status(
        database=chosen.label if chosen is not None else "embedded",
        embedded=server.status() if server is not None else "",
        backups=list_backups(document, environment=environment),
        drill=drill,
        expires=expires(drill.at, frequency) if drill is not None else None,
        unreachable=asked.unreachable,
        unfinished=asked.unfinished,
        differences=asked.differences,
    )


@dataclass(slots=True)
class _Asked:
    """What a database says, as far as it says anything; the fields are those of `Status`."""

    unreachable: str = ""
    unfinished: tuple[Unfinished, ...] = ()
    differences: int | None = None


def _asked(
    project: Project, architecture: Architecture, chosen: Target | None, server: EmbeddedServer | None
) -> _Asked:
    """Ask the database; nothing is started for it."""
    asked = _Asked()
    try:
        if server is not None:
            chosen = server.start(SILENT) if server.running else None
        if chosen is None:
            return asked
        engine = engine_of(architecture)
        session = engine.connect(replace(chosen, left_out=history_tables(project, architecture, engine)))
        try:
            with suppress(Refused, InvalidInput):  # the journal is its owner's
                asked.unfinished = tuple(Journal(engine, session).unfinished())
            asked.differences = _differences(project, architecture, engine, session)
        finally:
            session.close()
    except Unavailable as error:
        asked.unreachable = error.message
    except DbdeedError:  # not everybody may read everything
        pass
    return asked


def _differences(
    project: Project, architecture: Architecture, engine: Engine, session: Session
) -> int | None:
    """How many, where it is known what this server makes of the document's SQL."""
    facts = engine_facts(project, architecture, start=False, version=session.version)
    if facts is None or facts.catalog is None:
        return None
    live, statements = engine.inspect(session), engine.statements(architecture.schema.blocks)
    renames = engine.rename_steps(live, facts.catalog, statements)
    wanted = engine.as_there(session, live, facts.catalog, renames)
    changes = engine.compare(live, wanted).changes
    return sum(1 for change in changes if change.because is None)
