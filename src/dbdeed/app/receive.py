"""`dbdeed backup receive`: continuous archiving of the document's database, in the foreground.

The agent drives the same: `open_receiving` gives what it calls `tick` on.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.site import engine_of, open_target
from dbdeed.app.vault import archiving_of, open_vault, token, utc_now
from dbdeed.errors import DbdeedError
from dbdeed.progress import SILENT, Endable, ToldToEnd
from dbdeed.recovery.drill_plan import Clocks
from dbdeed.recovery.files import write_durably
from dbdeed.recovery.logs import Logs
from dbdeed.recovery.objects import StoreLocked
from dbdeed.recovery.receiving import Health, Receiving, alone
from dbdeed.recovery.store import FolderStore
from dbdeed.recovery.take import take_backup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dbdeed.app.project import Project
    from dbdeed.app.vault import Vault
    from dbdeed.document.architecture import Architecture
    from dbdeed.engines.archiving import LogArchiving
    from dbdeed.engines.seam import Engine, Target
    from dbdeed.progress import Progress
    from dbdeed.recovery.manifest import Manifest

TICK = 1.0
"""Seconds between two looks at a receiver."""

_LOOK_AGAIN = 60.0
_SPOOL, _HEALTH = "receiving", "receiver.json"
COST = (
    "Commits wait until the receiver has them on its disk: nothing acknowledged is lost, writes take longer "
    "(on one disk about 44 % fewer a second were measured), and they stand still while no receiver runs."
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a run of the receiver ended.

    Attributes:
        health: the last.
        bases: backups that were taken so that the log had something to lead on from.
    """

    health: Health
    bases: tuple[Manifest, ...]


def receive(
    document: Path,
    *,
    stopped: Callable[[float], bool],
    told: Callable[[Health], None] = lambda _: None,
    synchronous: bool | None = None,
    database: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> Receipt:
    """Receive the log until told to stop.

    Args:
        document: the path of DATABASE.md.
        stopped: waits so many seconds at most; true where it is to end, a base backup under way too.
        told: is given every health.
        synchronous: commits wait for it; None where the document's RPO of none says so.
        database: what `--database` says.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        NotYet: an engine whose log is not archived.
        Unavailable: no database, or another receiver is at work.
    """
    project = open_project(document)
    architecture = read_architecture(project)
    engine = engine_of(architecture)
    environment = os.environ if environment is None else environment
    vault = open_vault(project, architecture, environment)
    bases: list[Manifest] = []
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
        open_receiving(project, architecture, engine, vault, target, synchronous=synchronous) as receiving,
    ):
        based, look_at = -1, 0.0
        endable = Endable(progress, lambda: stopped(0))  # a base backup may take hours
        while True:
            health = receiving.tick()
            if receiving.sent and based != receiving.renewals and time.monotonic() >= look_at:
                look_at = time.monotonic() + _LOOK_AGAIN
                try:
                    base = ensure_base(engine, vault, target, health.system, endable)
                    bases += [] if base is None else [base]
                    based = receiving.renewals
                except StoreLocked:  # somebody is taking one just now
                    pass
                except ToldToEnd:
                    break
                except DbdeedError as error:
                    health = replace(health, problem=f"No base backup could be taken: {error.message}")
            told(health)
            _note(project, health)
            if stopped(TICK):
                break
    _note(project, receiving.health)
    told(receiving.health)
    return Receipt(receiving.health, tuple(bases))


@contextmanager
def open_receiving(
    project: Project,
    architecture: Architecture,
    engine: Engine,
    vault: Vault,
    target: Target,
    *,
    synchronous: bool | None = None,
) -> Iterator[Receiving]:
    """A receiver under supervision, ended in good order with the context. The caller calls `tick`.

    Raises `NotYet` where the engine's log is not archived, `Unavailable` where another receiver is at work.
    """
    archiving = archiving_of(engine)
    system = archiving.system(target)
    spool = spool_of(project, vault) / system
    if synchronous is None:
        synchronous = wants_synchronous(architecture)
    with alone(spool):
        receiver = archiving.receiver(target, spool, owner=vault.project, synchronous=synchronous)
        logs = Logs(archiving, vault.store.shelf)
        receiving = Receiving(receiver, logs, system, Clocks(utc_now, time.monotonic))
        try:
            yield receiving
        finally:
            receiving.close()


def wants_synchronous(architecture: Architecture) -> bool:
    """Whether the document promises that nothing is lost: that takes a receiver that commits wait for."""
    rpo = architecture.recovery.rpo.value
    return rpo is not None and not rpo.limit


def spool_of(project: Project, vault: Vault) -> Path:
    """Where what is received lies until it is in the store.

    In an open local store's own folder, so that it survives what takes the database's disk; beside the
    document where what is kept is sealed or goes elsewhere.
    """
    store = vault.store
    return (store.root if isinstance(store, FolderStore) else project.state) / _SPOOL


def ensure_base(
    engine: Engine, vault: Vault, target: Target, system: str, progress: Progress
) -> Manifest | None:
    """Take a base backup where there is none from which the archived log leads on to now; else None."""
    logs = Logs(archiving_of(engine), vault.store.shelf)
    names = logs.names(system)
    for one in vault.listing().backups:
        if one.log is not None and one.log.system == system:
            reach = logs.reach(one.log, names)
            if reach.connected and not reach.missing:
                return None
    [method] = [one for one in engine.backup_methods() if one.name == archiving_of(engine).base]
    return take_backup(
        engine,
        method,
        target,
        vault.store,
        project=vault.project,
        now=utc_now,
        token=token,
        progress=progress,
    )


def send_spooled(project: Project, vault: Vault, archiving: LogArchiving) -> None:
    """Send what a receiver that is gone left behind; one that is at work sends for itself."""
    root = spool_of(project, vault)
    logs = Logs(archiving, vault.store.shelf)
    for spool in sorted(root.iterdir()) if root.is_dir() else ():
        try:
            with alone(spool):
                for parcel in archiving.spooled(spool):
                    logs.keep(parcel)
        except DbdeedError as error:
            if error.code != "locked":
                raise


def forget_receiver(
    document: Path, *, database: str = "", environment: Mapping[str, str] | None = None
) -> bool:
    """Let the server keep no more log for this project; False where it kept none."""
    project = open_project(document)
    architecture = read_architecture(project)
    engine = engine_of(architecture)
    environment = os.environ if environment is None else environment
    with open_target(
        project, architecture, engine, database=database, environment=environment, progress=SILENT
    ) as target:
        return archiving_of(engine).forget(target, project.identity())


def receiver_health(project: Project) -> Health | None:
    """What the last receiver of this project said of itself; None where there was none."""
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode((project.state / _HEALTH).read_bytes(), type=Health)
    return None


def _note(project: Project, health: Health) -> None:
    """Keep it for `status`, the agent and whoever watches: written where it says something new."""
    before = receiver_health(project)
    same = before is not None and (before.state, before.problem, before.warnings, before.process) == (
        health.state, health.problem, health.warnings, health.process,
    )  # fmt: skip
    if not (same and before is not None and health.at - before.at < timedelta(seconds=10)):
        with suppress(OSError):
            write_durably(project.state / _HEALTH, msgspec.json.encode(health))
