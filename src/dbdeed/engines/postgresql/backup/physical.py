"""Snapshots: a copy of the whole cluster's files by pg_basebackup, or of what changed since an earlier one.

How they lie in a folder is told in `basebackup`.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dbdeed.document.values.types import Method
from dbdeed.engines.faults import RestoreFailed
from dbdeed.engines.postgresql.backup import increments
from dbdeed.engines.postgresql.backup.basebackup import CLUSTER, MANIFEST, SPACES, log_range, write_base
from dbdeed.engines.postgresql.backup.copy import copy_cluster, size_of
from dbdeed.engines.postgresql.backup.exact import (
    count_exactly,
    position_in,
    stop_settings,
    unlogged_notes,
)
from dbdeed.engines.postgresql.backup.examine import examine
from dbdeed.engines.postgresql.backup.isolation import (
    drill_room,
    isolated,
    neutralise,
    replay_seconds,
    session_of,
    wait_for_nobody,
)
from dbdeed.engines.postgresql.backup.prepared import drop_prepared
from dbdeed.engines.postgresql.backup.rehearsal import stage_cluster
from dbdeed.engines.postgresql.backup.source import Source, kept_source, read_source, write_source
from dbdeed.engines.postgresql.backup.swap import replace_cluster
from dbdeed.engines.postgresql.backup.tools import ToolFailed, client_environment, run_tool
from dbdeed.engines.postgresql.servers.account import account
from dbdeed.engines.postgresql.servers.programs import find
from dbdeed.engines.postgresql.session import connect
from dbdeed.engines.recovering import BackupFacts
from dbdeed.engines.seam import Target
from dbdeed.errors import InvalidInput
from dbdeed.progress import settled, took

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from dbdeed.engines.postgresql.session import Session
    from dbdeed.engines.recovering import Examined, Stage
    from dbdeed.engines.seam import Session as AnySession
    from dbdeed.progress import Progress


class Physical:
    """The cluster's files."""

    method = Method.SNAPSHOTS
    name = "physical"

    def take(self, target: Target, folder: Path, progress: Progress) -> BackupFacts:
        """Write a base backup. Raises `Unavailable` where the server does not give one."""
        return self._take(target, folder, None, progress)

    def why_no_increment(self, target: Target, *, arrange: bool) -> str:
        """Summaries of the log are what the server needs; it has them from 17 on, where it is told so."""
        return increments.why_no_increment(target, arrange=arrange)

    @property
    def parent_files(self) -> tuple[str, ...]:
        """The list of what the parent holds."""
        return (f"{CLUSTER}/{MANIFEST}",)

    def take_increment(self, target: Target, folder: Path, parent: Path, progress: Progress) -> BackupFacts:
        """Write the blocks that changed since the backup in `parent`. Raises `Unavailable`."""
        return self._take(target, folder, parent, progress)

    def combine(
        self,
        chain: Sequence[Path],
        into: Path,
        progress: Progress,
        *,
        spend: bool = False,
        verifiable: bool = False,
    ) -> None:
        """Reconstruct a whole backup; raises `RestoreFailed` where the chain does not fit together."""
        increments.combine(chain, into, progress, spend=spend, verifiable=verifiable)

    def _take(self, target: Target, folder: Path, parent: Path | None, progress: Progress) -> BackupFacts:
        session = connect(target)
        try:
            source = read_source(session)
            write_source(folder, source)
            return self._taken(session, target, source, folder, parent, progress)
        finally:
            session.close()

    def _taken(
        self,
        session: Session,
        target: Target,
        source: Source,
        folder: Path,
        parent: Path | None,
        progress: Progress,
    ) -> BackupFacts:
        started = _now()
        programs = find(source.major)
        with progress.step("Copy the cluster") as task:
            write_base(programs, target, source, folder, task, parent=parent)
        copied = _now()
        with progress.step("Count the rows"):
            log = folder / CLUSTER / "pg_wal"
            counted = count_exactly(session, target, programs, folder, log, written=lambda: settled(progress))
        covered = log_range(folder, source)
        return BackupFacts(
            started=started,
            finished=_now(),
            # What was committed while the files were copied may be in or not; what was before is in. Counted
            # rows are of a moment after the copy, and the log up to there is in the backup.
            consistent_at=started if counted.notes else copied,
            position=covered.end if covered is not None else "",
            size=size_of(folder),
            engine_version=session.version,
            tables=counted.tables,
            notes=(*counted.notes, *unlogged_notes(session)),
            log=covered,
        )

    def verify(self, folder: Path, facts: BackupFacts) -> list[str]:  # noqa: ARG002 - the seam's
        """Hold every file and the log's every record against the backup's own manifest."""
        source = kept_source(folder)
        program = find(source.major).path("pg_verifybackup")
        try:
            run_tool(program, ["--quiet", str(folder / CLUSTER)], client_environment(os.environ))
        except ToolFailed as error:
            return [error.message]
        return []

    def restore(self, folder: Path, into: Target | Path, progress: Progress, *, spend: bool = False) -> None:
        """Copy it into an empty data folder, ready to be started there."""
        if isinstance(into, Target):
            raise InvalidInput(
                "A snapshot holds a whole cluster; it is restored into a folder, not into a database.",
                hint="Name an empty folder, or restore a logical dump.",
            )
        kept_source(folder)
        total = size_of(folder)
        with progress.step("Restore the files", total=total) as task:
            copy_cluster(folder / CLUSTER, folder / SPACES, into, account(), task, spend=spend)
        wait_for_nobody(into)

    @contextmanager
    def restored(
        self, folder: Path, work: Path, progress: Progress, *, spend: bool = False
    ) -> Iterator[Session]:
        """A copy in a throwaway server that reaches nobody."""
        source = kept_source(folder)
        if not source.superuser:
            raise RestoreFailed("The cluster has no superuser that may log in, so nobody can look into it.")
        programs = find(source.major)
        with drill_room(work) as place, ExitStack() as opened:
            self.restore(folder, place / "data", progress, spend=spend)
            counted = position_in(folder)
            neutralise(place / "data", recover=counted is not None)
            settings = stop_settings(counted) if counted is not None else {}
            with progress.step("Start and replay"):
                server = opened.enter_context(isolated(programs, place, account(), settings))
                took(progress, "Replay", replay_seconds(server.log), rest="Start")
            session = opened.enter_context(
                session_of(server, user=source.superuser, database=source.database, major=source.major)
            )
            drop_prepared(session)
            yield session

    def examine(self, session: AnySession) -> Sequence[Examined]:
        """Ask what a restored PostgreSQL database is asked."""
        return examine(session)

    def replace(self, folder: Path, target: Target, progress: Progress) -> str:
        """Put the copy in the place of the embedded cluster, which is stopped and kept beside it."""
        return replace_cluster(target, lambda fresh: self.restore(folder, fresh, progress))

    def stage(self, data: Path, work: Path) -> AbstractContextManager[Stage]:
        """Where the commands are tried out."""
        return stage_cluster(data, work)

    def commands(self, target: Target) -> list[str]:  # noqa: ARG002 - the seam's
        """`BACKUP` stands for the backup's folder, `DATA` for the new data folder."""
        return [
            'DATA="$PWD/restored"',
            'pg_verifybackup "$BACKUP/cluster"',
            'cp -a "$BACKUP/cluster" "$DATA"',
            'chmod 0700 "$DATA"',
            # Where a system keeps the configuration elsewhere, it is not in the backup.
            '[ -e "$DATA/pg_hba.conf" ] || echo "local all all peer" > "$DATA/pg_hba.conf"',
            '[ -e "$DATA/postgresql.conf" ] || touch "$DATA/postgresql.conf" "$DATA/pg_ident.conf"',
            'pg_ctl -D "$DATA" -l "$DATA.log" -w start',
        ]


def _now() -> datetime:
    return datetime.now(UTC)
