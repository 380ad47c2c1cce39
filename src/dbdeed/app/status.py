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

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dbdeed.app.backup import BackupList
    from dbdeed.recovery.manifest import Proof


@dataclass(frozen=True, slots=True)
class Status:
    """How things stand.

    Attributes:
        database: which one is worked on, for people.
        embedded: how the project's own database is; "" where another one is worked on.
        backups: what the store holds, and when the next is due.
        drill: the last one; None where there was none.
    """

    database: str
    embedded: str
    backups: BackupList
    drill: Proof | None


def status(document: Path, *, database: str = "", environment: Mapping[str, str] | None = None) -> Status:
    """Look, and change nothing. Raises `InvalidInput` for a bad document or argument."""
    environment = os.environ if environment is None else environment
    architecture = read_architecture(open_project(document))
    chosen = chosen_target(database, environment, architecture)
    embedded = embedded_server(document).status() if chosen is None else ""
    return Status(
        database=chosen.label if chosen is not None else "embedded",
        embedded=embedded,
        backups=list_backups(document, environment=environment),
        drill=last_drill(document, environment=environment),
    )
