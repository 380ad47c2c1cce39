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
    oldest: dict[str, LogRange] = {}
    for one in backups:
        if one.log is not None:
            known = oldest.setdefault(one.log.system, one.log)
            if archiving.position_of(one.log.end) < archiving.position_of(known.end):
                oldest[one.log.system] = one.log
    return [
        _verified(project, logs, log, progress)
        for log in oldest.values()
        if logs.shelf.listing(archiving.shelf(log.system))
    ]


def _verified(project: Project, logs: Logs, log: LogRange, progress: Progress) -> Proof:
    try:
        project.prepare()
        with work_folder(project.state / "work") as work:
            problems = tuple(logs.damages(log, work, progress))
        verdict = Verdict.FAILED if problems else Verdict.PROVEN
    except DbdeedError as error:
        problems, verdict = (str(error),), Verdict.NOT_VERIFIED
    check = Check("log", verdict, problems=problems)
    return Proof(backup=f"log of {log.system}", kind="verify", at=utc_now(), verdict=verdict, checks=(check,))
