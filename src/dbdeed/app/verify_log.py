"""The archived log's part of `dbdeed backup verify`: every file of it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.app.vault import utc_now
from dbdeed.errors import DbdeedError
from dbdeed.recovery.logs import Logs
from dbdeed.recovery.manifest import Check, Proof, Verdict
from dbdeed.recovery.rooms import work_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.app.project import Project
    from dbdeed.app.vault import Vault
    from dbdeed.engines.recovering import LogRange
    from dbdeed.engines.seam import Engine
    from dbdeed.progress import Progress
    from dbdeed.recovery.manifest import Manifest


def verify_logs(
    project: Project, engine: Engine, vault: Vault, backups: Sequence[Manifest], progress: Progress
) -> list[Proof]:
    """Read the log of each system from the oldest of these backups on; no proof where none is archived.

    What is wrong with it is no fault of a backup, each of which is whole without it.
    """
    archiving = engine.log_archiving()
    if archiving is None:
        return []
    logs = Logs(archiving, vault.store.shelf)
    systems: dict[str, list[tuple[Manifest, LogRange]]] = {}
    for one in sorted(backups, key=lambda one: (one.consistent_at, one.id)):
        if one.log is not None:
            systems.setdefault(one.log.system, []).append((one, one.log))
    found = []
    for system, series in systems.items():
        began = min((one.modified for one in logs.shelf.listing(archiving.shelf(system))), default=None)
        if began is not None:
            check = _looked(project, logs, series, began, progress)
            found.append(
                Proof(
                    backup=f"log of {system}",
                    kind="verify",
                    at=utc_now(),
                    verdict=check.verdict,
                    checks=(check,),
                )
            )
    return found


def _looked(
    project: Project,
    logs: Logs,
    series: Sequence[tuple[Manifest, LogRange]],
    began: float,
    progress: Progress,
) -> Check:
    """From the oldest backup that the log leads on from; `began` is when its oldest file was stored."""
    try:
        for manifest, log in series:
            connected = logs.reach(log).connected
            if connected or manifest.started.timestamp() > began:  # archiving had begun: it should lead on
                project.prepare()
                with work_folder(project.state / "work") as work:
                    problems = tuple(logs.damages(log, work, progress))
                if not connected and not problems:
                    continue  # nothing was written since
                return Check("log", Verdict.FAILED if problems else Verdict.PROVEN, problems=problems)
    except DbdeedError as error:
        return Check("log", Verdict.NOT_VERIFIED, problems=(str(error),))
    return Check("log", Verdict.NOT_VERIFIED, problems=("It leads on from no backup that is here.",))
