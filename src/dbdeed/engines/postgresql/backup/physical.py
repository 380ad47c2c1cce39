"""Snapshots: a copy of the whole cluster's files by pg_basebackup, with the log that makes them one moment.

BACKUP/source.json          what it was taken of
BACKUP/cluster/             the data folder, with backup_manifest
BACKUP/tablespaces/NUMBER/  tablespaces besides it; the links in cluster/pg_tblspc are relative
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dbdeed.document.values.types import Method
from dbdeed.engines.faults import NotYet, RestoreFailed, SqlRejected
from dbdeed.engines.postgresql.backup.copy import TABLESPACES, copy_cluster
from dbdeed.engines.postgresql.backup.digests import digests_in_transaction, unlogged_tables
from dbdeed.engines.postgresql.backup.examine import examine
from dbdeed.engines.postgresql.backup.isolation import drill_room, isolated, neutralise, session_of
from dbdeed.engines.postgresql.backup.source import Source, kept_source, read_source, write_source
from dbdeed.engines.postgresql.backup.tools import ToolFailed, client_environment, connection_of, run_tool
from dbdeed.engines.postgresql.servers.account import account
from dbdeed.engines.postgresql.servers.programs import find
from dbdeed.engines.postgresql.servers.server import stop
from dbdeed.engines.postgresql.session import connect
from dbdeed.engines.recovering import BackupFacts
from dbdeed.engines.seam import Target
from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dbdeed.engines.postgresql.session import Session
    from dbdeed.engines.recovering import Examined
    from dbdeed.engines.seam import Session as AnySession
    from dbdeed.progress import Progress

_CLUSTER, _SPACES = "cluster", "tablespaces"
# A backup as short as this is taken again where somebody wrote meanwhile: autovacuum is enough for that.
_SHORT = 10.0


class _WalRange(msgspec.Struct):
    end: str = msgspec.field(name="End-LSN")


class _BackupManifest(msgspec.Struct):
    ranges: list[_WalRange] = msgspec.field(name="WAL-Ranges")


class Physical:
    """The cluster's files."""

    method = Method.SNAPSHOTS
    name = "physical"

    def take(self, target: Target, folder: Path, progress: Progress) -> BackupFacts:
        """Write a base backup. Raises `Unavailable` where the server does not give one."""
        session = connect(target)
        try:
            source = read_source(session)
            write_source(folder, source)
            begun = time.monotonic()
            facts = self._attempt(session, target, source, folder, progress)
            if not facts.tables and facts.notes[:1] == (_BUSY,) and time.monotonic() - begun < _SHORT:
                for name in (_CLUSTER, _SPACES):
                    shutil.rmtree(folder / name, ignore_errors=True)
                facts = self._attempt(session, target, source, folder, progress)
            return facts
        finally:
            session.close()

    def _attempt(
        self, session: Session, target: Target, source: Source, folder: Path, progress: Progress
    ) -> BackupFacts:
        started = _now()
        with progress.step("Count the rows"):
            tables, snapshot, notes = _counted(session)
        with progress.step("Copy the cluster") as task:
            program = find(source.major).path("pg_basebackup")
            connection = connection_of(target)
            arguments = [*_arguments(source, folder), f"--dbname={connection.conninfo}"]
            run_tool(program, arguments, connection.environment, task=task)
            _relative_links(folder)
        quiet = snapshot != "" and _snapshot(session) == snapshot
        if not quiet:
            tables, notes = {}, notes or (_BUSY,)
        unlogged = tuple(
            f"Table {name} is unlogged: a snapshot brings it back empty." for name in unlogged_tables(session)
        )
        return BackupFacts(
            started=started,
            finished=(finished := _now()),
            # What was committed while the files were copied may be in or not; what was before is in.
            consistent_at=finished if quiet else started,
            position=_position(folder),
            size=sum(one.lstat().st_size for one in folder.rglob("*") if not one.is_dir()),
            engine_version=session.version,
            tables=tables,
            notes=(*notes, *unlogged),
        )

    def verify(self, folder: Path, facts: BackupFacts) -> list[str]:  # noqa: ARG002 - the seam's
        """Hold every file and the log's every record against the backup's own manifest."""
        source = kept_source(folder)
        program = find(source.major).path("pg_verifybackup")
        try:
            run_tool(program, ["--quiet", str(folder / _CLUSTER)], client_environment(os.environ))
        except ToolFailed as error:
            return [error.message]
        return []

    def restore(self, folder: Path, into: Target | Path, progress: Progress) -> None:
        """Copy it into an empty data folder, ready to be started there."""
        if isinstance(into, Target):
            raise InvalidInput(
                "A snapshot holds a whole cluster; it is restored into a folder, not into a database.",
                hint="Name an empty folder, or restore a logical dump.",
            )
        kept_source(folder)
        total = sum(one.lstat().st_size for one in folder.rglob("*") if not one.is_dir())
        with progress.step("Restore the files", total=total) as task:
            copy_cluster(folder / _CLUSTER, folder / _SPACES, into, account(), task)

    @contextmanager
    def restored(self, folder: Path, work: Path, progress: Progress) -> Iterator[Session]:
        """A copy in a throwaway server that reaches nobody."""
        source = kept_source(folder)
        if not source.superuser:
            raise RestoreFailed("The cluster has no superuser that may log in, so nobody can look into it.")
        programs = find(source.major)
        with drill_room(work) as place, ExitStack() as opened:
            self.restore(folder, place / "data", progress)
            neutralise(place / "data")
            with progress.step("Start and replay"):
                server = opened.enter_context(isolated(programs, place, account()))
            session = opened.enter_context(
                session_of(server, user=source.superuser, database=source.database, major=source.major)
            )
            _drop_prepared(session)
            yield session

    def examine(self, session: AnySession) -> Sequence[Examined]:
        """Ask what a restored PostgreSQL database is asked."""
        return examine(session)

    def replace(self, folder: Path, target: Target, progress: Progress) -> str:
        """Put the copy in the place of the embedded cluster, which is stopped and kept beside it."""
        if not target.embedded:
            raise NotYet(
                "A snapshot does not yet take the place of a running cluster that is not embedded.",
                hint="Restore it into a new folder and start a server there, or restore a logical dump.",
            )
        session = connect(target)
        [(place,)] = session.fetch("SHOW data_directory")
        session.close()
        data = Path(place)
        fresh = data.with_name(f"{data.name}.restoring")
        kept = data.with_name(f"{data.name}.before-{_now():%Y%m%dT%H%M%SZ}")
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            self.restore(folder, fresh, progress)
            stop(data)
            data.rename(kept)
            fresh.rename(data)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        return f"What was there is kept as {kept}; delete it when it is no longer wanted."

    def commands(self, target: Target) -> list[str]:  # noqa: ARG002 - the seam's
        """`BACKUP` stands for the backup's folder, `DATA` for the new data folder."""
        return [
            'DATA="$PWD/restored"',
            'pg_verifybackup "$BACKUP/cluster"',
            'cp -a "$BACKUP/cluster" "$DATA"',
            'chmod 0700 "$DATA"',
            'pg_ctl -D "$DATA" -l "$DATA.log" -w start',
        ]


_BUSY = "Somebody wrote while the snapshot was taken, so its row counts are not known exactly."


def _now() -> datetime:
    return datetime.now(UTC)


def _counted(session: Session) -> tuple[Mapping[str, tuple[int, str]], str, tuple[str, ...]]:
    """Digests of every table, the snapshot in which they were taken, and why there are none."""
    try:
        with session.transaction():
            session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            [(snapshot,)] = session.fetch("SELECT pg_catalog.pg_current_snapshot()::text")
            return digests_in_transaction(session, unlogged=False), snapshot, ()
    except SqlRejected as error:
        return {}, "", (f"The rows could not be counted: {error.message}.",)


def _snapshot(session: Session) -> str:
    """Equal texts mean that no transaction has begun to write or ended in between (pg_current_snapshot)."""
    return str(session.fetch("SELECT pg_catalog.pg_current_snapshot()::text")[0][0])


def _arguments(source: Source, folder: Path) -> list[str]:
    arguments = [
        f"--pgdata={folder / _CLUSTER}",
        "--format=plain",
        "--wal-method=stream",
        "--checkpoint=fast",
        "--label=dbdeed",
        "--no-sync",  # the store makes every file durable
        "--progress",
    ]
    for number, place in source.tablespaces:
        if "=" in place or not os.path.isabs(place):  # noqa: PTH117 - in-place tablespaces have relative names
            continue
        arguments.append(f"--tablespace-mapping={place}={folder / _SPACES / str(number)}")
    return arguments


def _relative_links(folder: Path) -> None:
    """The backup is about to be renamed: its links must not name the place where it was made."""
    for link in (folder / _CLUSTER / TABLESPACES).iterdir():
        if link.is_symlink():
            link.unlink()
            link.symlink_to(f"../../{_SPACES}/{link.name}")


def _position(folder: Path) -> str:
    manifest = (folder / _CLUSTER / "backup_manifest").read_bytes()
    ranges = msgspec.json.decode(manifest, type=_BackupManifest).ranges
    return ranges[-1].end if ranges else ""


def _drop_prepared(session: Session) -> None:
    """Prepared transactions came along and hold their locks; they committed nothing."""
    rows = session.fetch("SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = current_database()")
    for (gid,) in rows:
        session.execute("ROLLBACK PREPARED '" + gid.replace("'", "''") + "'")
