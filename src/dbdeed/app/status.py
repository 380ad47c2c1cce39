"""`dbdeed status`: where the database is, whether it runs, and when its backups were last proven."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.app.backup import list_backups
from dbdeed.app.database import chosen_target
from dbdeed.app.drill import last_drill
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.server import embedded_server
from dbdeed.app.site import engine_of
from dbdeed.app.vault import utc_now
from dbdeed.document.values.proof_age import expires
from dbdeed.errors import DbdeedError, Unavailable
from dbdeed.planning.journal import Journal
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from dbdeed.app.backup import BackupList
    from dbdeed.document.architecture import Architecture
    from dbdeed.engines.seam import EmbeddedServer, Target
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
    """

    database: str
    embedded: str
    backups: BackupList
    drill: Proof | None
    unreachable: str = ""
    unfinished: tuple[Unfinished, ...] = ()
    expires: datetime | None = None

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
    unreachable, unfinished = _asked(architecture, chosen, server)
    return Status(
        database=chosen.label if chosen is not None else "embedded",
        embedded=server.status() if server is not None else "",
        backups=list_backups(document, environment=environment),
        drill=drill,
        expires=expires(drill.at, frequency) if drill is not None else None,
        unreachable=unreachable,
        unfinished=unfinished,
    )


def _asked(
    architecture: Architecture, chosen: Target | None, server: EmbeddedServer | None
) -> tuple[str, tuple[Unfinished, ...]]:
    """Why the database does not answer, and what its journal says; nothing is started for it."""
    try:
        if server is not None:
            chosen = server.start(SILENT) if server.running else None
        if chosen is None:
            return "", ()
        engine = engine_of(architecture)
        session = engine.connect(chosen)
        try:
            return "", tuple(Journal(engine, session).unfinished())
        finally:
            session.close()
    except Unavailable as error:
        return error.message, ()
    except DbdeedError:  # the journal is its owner's
        return "", ()
