"""`dbdeed ledger run|show`: what the database acknowledged, kept outside of it."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.site import engine_of, open_target
from dbdeed.app.vault import open_vault, utc_now
from dbdeed.errors import DbdeedError, Unavailable
from dbdeed.progress import SILENT
from dbdeed.recovery.exposure import safe_points, worst_exposure
from dbdeed.recovery.ledger import beat, mark, read_beats, writing
from dbdeed.recovery.logs import Logs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from dbdeed.app.project import Project
    from dbdeed.app.vault import Vault
    from dbdeed.engines.seam import Engine, Session, Target
    from dbdeed.progress import Progress
    from dbdeed.recovery.exposure import Exposed
    from dbdeed.recovery.ledger import Beat, Ledger

EVERY = timedelta(seconds=10)
_LOOK_EVERY = 10.0


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What a ledger holds.

    Attributes:
        folder: where it is.
        beats: how many.
        torn: lines that a crash or a bad disk left unreadable.
        newest: the last beat; None where there is none.
        jumps: beats before which the clock had been set.
        worst: the most that would have been lost in the last 30 days; None where nobody can say.
    """

    folder: Path
    beats: int
    torn: int
    newest: Beat | None
    jumps: int
    worst: Exposed | None


@dataclass(frozen=True, slots=True)
class LedgerRun:
    """How many beats were acknowledged, and how many were not, and why the last of those."""

    made: int
    missed: int
    why: str = ""


def ledger_folder(project: Project) -> Path:
    """Where a project's ledger is."""
    return project.state / "ledger"


def run_ledger(
    document: Path,
    *,
    every: timedelta = EVERY,
    lasting: timedelta | None = None,
    database: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
    sleep: Callable[[float], None] = time.sleep,
) -> LedgerRun:
    """Make a beat every so often; a database that does not answer is tried again at the next.

    Args:
        document: the path of DATABASE.md.
        every: from the beginning of one beat to the next.
        lasting: how long; None until the process is told to end.
        database: what `--database` says.
        environment: of the process.
        progress: where steps are announced.
        sleep: waits, in seconds.

    Raises:
        LedgerBusy: another process keeps this ledger.
    """
    environment = os.environ if environment is None else environment
    project = open_project(document)
    architecture = read_architecture(project)
    engine = engine_of(architecture)
    vault = open_vault(project, architecture, environment)
    with (
        open_target(
            project,
            architecture,
            engine,
            database=database,
            environment=environment,
            progress=progress,
            keep_running=True,
        ) as target,
        writing(engine, ledger_folder(project), project.identity()) as ledger,
    ):
        return _keep(engine, target, ledger, every, lasting, sleep, _Archived(engine, vault, target))


def _keep(
    engine: Engine,
    target: Target,
    ledger: Ledger,
    every: timedelta,
    lasting: timedelta | None,
    sleep: Callable[[float], None],
    archived: _Archived,
) -> LedgerRun:
    made = missed = 0
    why = ""
    session: Session | None = None
    begun = upcoming = time.monotonic()
    try:
        while lasting is None or time.monotonic() - begun <= lasting.total_seconds():
            try:
                session = session or engine.connect(target)
                beat(session, ledger, utc_now())
                made += 1
                if (covers := archived.newer()) is not None:
                    mark(ledger, covers, utc_now())
            except Unavailable as error:  # the next may reach it
                missed, why = missed + 1, error.message
                _close(session)
                session = None
            upcoming = max(upcoming + every.total_seconds(), time.monotonic())
            left = upcoming - time.monotonic()
            if lasting is not None:
                left = min(left, begun + lasting.total_seconds() - time.monotonic())
                if left <= 0:
                    break
            sleep(left)
    except KeyboardInterrupt:
        pass
    finally:
        _close(session)
    return LedgerRun(made, missed, why)


@dataclass(slots=True)
class _Archived:
    """How far the archived log has come, looked up once in a while."""

    engine: Engine
    vault: Vault
    target: Target
    _looked: float = float("-inf")
    _known: datetime | None = None

    def newer(self) -> datetime | None:
        """The moment before which all is archived, where that is news; None where nobody can say."""
        archiving = self.engine.log_archiving()
        if archiving is None or time.monotonic() - self._looked < _LOOK_EVERY:
            return None
        self._looked = time.monotonic()
        with suppress(DbdeedError):  # the store may be away just now; that is the receiver's to tell
            logs = Logs(archiving, self.vault.store.shelf)
            found = logs.reached(archiving.system(self.target))
            if found is not None and found.at != self._known:
                self._known = found.at
                return found.at
        return None


def _close(session: Session | None) -> None:
    if session is not None:
        with suppress(Unavailable):
            session.close()


def show_ledger(document: Path, *, environment: Mapping[str, str] | None = None) -> LedgerState:
    """What the ledger holds, and the worst that would have been lost; needs no database."""
    project = open_project(document)
    vault = open_vault(project, read_architecture(project), environment)
    known = read_beats(ledger_folder(project))
    return LedgerState(
        folder=ledger_folder(project),
        beats=len(known.beats),
        torn=known.torn,
        newest=known.beats[-1] if known.beats else None,
        jumps=sum(1 for one in known.beats if one.jump),
        worst=worst_exposure(known.beats, safe_points(vault.listing().backups, known.marks), utc_now()),
    )
