"""Bringing a backup forward along the log: an isolated server replays it, and we look where it stopped.

The log is put into the cluster's own pg_wal, where the server finds it without asking anybody. That it
replayed all that was there is not taken from its word: it calls the first thing that it cannot read the end.
"""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.engines.archiving import Replayed
from dbdeed.engines.faults import RestoreFailed
from dbdeed.engines.postgresql.backup.basebackup import CLUSTER, SPACES
from dbdeed.engines.postgresql.backup.copy import copy_cluster, move_cluster, require_empty, size_of
from dbdeed.engines.postgresql.backup.isolation import (
    drill_room,
    isolated,
    neutralise,
    session_of,
    wait_for_nobody,
)
from dbdeed.engines.postgresql.backup.prepared import drop_prepared
from dbdeed.engines.postgresql.backup.source import kept_source
from dbdeed.engines.postgresql.log.positions import parse_name, parse_position, write_position
from dbdeed.engines.postgresql.servers.account import account
from dbdeed.engines.postgresql.servers.processes import members
from dbdeed.engines.postgresql.servers.programs import find
from dbdeed.engines.postgresql.servers.server import stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.archiving import Replay, Until
    from dbdeed.engines.postgresql.backup.source import Source
    from dbdeed.engines.postgresql.servers.account import Account
    from dbdeed.engines.postgresql.session import Session
    from dbdeed.progress import Progress, Task

_AUTO, _ASIDE = "postgresql.auto.conf", "postgresql.auto.conf.aside"
_ENDED_BEFORE = "recovery ended before configured recovery target was reached"
_LOOKS = 0.5


def recover(folder: Path, into: Path, replay: Replay, progress: Progress, *, spend: bool) -> Replayed:
    """Restore, replay, stop in good order, and move to `into`, with the cluster's own settings."""
    require_empty(into)
    source = _source(folder)
    into.parent.mkdir(parents=True, exist_ok=True)
    with drill_room(into.parent) as place:
        data = place / "data"
        _restore(folder, data, replay, progress, spend=spend)
        _aside(data)
        with _replayed(place, source, replay, progress) as (_, where):
            stop(data)
        for name in ("postmaster.pid", "postmaster.opts", _AUTO):
            (data / name).unlink(missing_ok=True)
        if (data / _ASIDE).exists():
            (data / _ASIDE).rename(data / _AUTO)
        wait_for_nobody(data)
        with progress.step("Put the cluster in its place"):
            move_cluster(data, into, account())
    return where


@contextmanager
def recovered(
    folder: Path, work: Path, replay: Replay, progress: Progress, *, spend: bool
) -> Iterator[tuple[Session, Replayed]]:
    """Restore and replay in a throwaway server that reaches nobody."""
    source = _source(folder)
    with drill_room(work) as place:
        _restore(folder, place / "data", replay, progress, spend=spend)
        neutralise(place / "data")
        with _replayed(place, source, replay, progress) as (session, where):
            drop_prepared(session)
            yield session, where


def _source(folder: Path) -> Source:
    source = kept_source(folder)
    if not source.superuser:
        raise RestoreFailed("The cluster has no superuser that may log in, so nobody can look into it.")
    return source


def _restore(folder: Path, data: Path, replay: Replay, progress: Progress, *, spend: bool) -> None:
    who = account()
    total = size_of(folder)
    with progress.step("Restore the files", total=total) as task:
        copy_cluster(folder / CLUSTER, folder / SPACES, data, who, task, spend=spend)
    for one in sorted(replay.log.iterdir()):
        target = data / "pg_wal" / one.name
        if target.exists() and _longer(target, one):  # the backup carries more than was archived
            continue
        target.unlink(missing_ok=True)
        _move(one, target)
        target.chmod(0o600)
        if who.foreign:
            os.chown(target, who.user, who.group)
    for name in ("standby.signal", "postmaster.pid", "postmaster.opts"):
        (data / name).unlink(missing_ok=True)


def _longer(carried: Path, archived: Path) -> bool:
    mine, theirs = (one.read_bytes().rstrip(b"\0") for one in (carried, archived))
    return len(mine) > len(theirs) and mine.startswith(theirs)


def _move(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError:
        shutil.copyfile(source, target)


def _aside(data: Path) -> None:
    """The cluster's own settings do not act while we replay; they come back untouched."""
    if (data / _AUTO).exists():
        (data / _AUTO).rename(data / _ASIDE)


@contextmanager
def _replayed(
    place: Path, source: Source, replay: Replay, progress: Progress
) -> Iterator[tuple[Session, Replayed]]:
    """A server on `place/data` that has replayed up to the moment and was promoted."""
    programs, who, data = find(source.major), account(), place / "data"
    with ExitStack() as opened:
        with progress.step("Start and replay", total=replay.reach.size) as task, _watched(data, replay, task):
            settings = _target(replay.until)
            _signal(data, who)
            try:
                server = opened.enter_context(isolated(programs, place, who, _recovery(replay, settings)))
            except RestoreFailed as error:
                if _ENDED_BEFORE not in error.message or replay.until.time is None:
                    raise
                # Nothing was committed after that time. All that was before it is there.
                _signal(data, who)
                server = opened.enter_context(isolated(programs, place, who, _recovery(replay, {})))
        session = opened.enter_context(
            session_of(server, user=source.superuser, database=source.database, major=source.major)
        )
        where = _where(session)
        _require_all(where, replay)
        yield session, where


def _recovery(replay: Replay, target: dict[str, str]) -> dict[str, str]:
    return {
        "restore_command": "false",  # all of the log is in pg_wal; the server insists on a command
        "recovery_target_timeline": str(replay.reach.timeline),
        "recovery_target_action": "promote",
        "hot_standby": "off",  # then it asks for no more connections and locks than are set here
        "track_commit_timestamp": "off",
        **target,
    }


def _target(until: Until) -> dict[str, str]:
    if until.time is not None:
        return {"recovery_target_time": until.time.isoformat(sep=" ")}
    if until.position:
        return {"recovery_target_lsn": until.position}
    return {}


def _signal(data: Path, who: Account) -> None:
    """The file that makes a server recover from an archive."""
    (data / "recovery.signal").touch(mode=0o600)
    if who.foreign:
        os.chown(data / "recovery.signal", who.user, who.group)


def _where(session: Session) -> Replayed:
    [(position,)] = session.fetch("SELECT pg_catalog.pg_last_wal_replay_lsn()::text")
    [(time,)] = session.fetch("SELECT pg_catalog.pg_last_xact_replay_timestamp()")
    return Replayed(position or "", time)


def _require_all(where: Replayed, replay: Replay) -> None:
    """Whoever asked for the end of the log must have got into its last whole file."""
    if replay.until.time is not None or replay.until.position:
        return
    whole = [
        segment
        for name in replay.reach.files
        if (segment := parse_name(name.rpartition("/")[2], replay.unit)) is not None
    ]
    needed = whole[-1].number * replay.unit if whole else parse_position(replay.reach.start)
    if not where.position or parse_position(where.position) < needed:
        raise RestoreFailed(
            f"The log was replayed up to {where.position or 'its beginning'} only, and what is archived "
            f"leads on to {replay.reach.end}: a part before {write_position(needed)} cannot be read.",
            hint="`dbdeed backup verify` looks at every part. `restore --to` takes a moment before it.",
        )


@contextmanager
def _watched(data: Path, replay: Replay, task: Task) -> Iterator[None]:
    """Advance the task by what the startup process says that it is replaying."""
    ended = threading.Event()

    def look() -> None:
        first, done = parse_position(replay.reach.start) // replay.unit, 0
        while not ended.wait(_LOOKS):
            segment = parse_name(_replaying(data), replay.unit)
            if segment is not None and segment.number - first > done:
                task.advance((segment.number - first - done) * replay.unit)
                done = segment.number - first

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _replaying(data: Path) -> str:
    """The file that a server is at: "postgres: startup recovering 000000010000000000000003"."""
    for pid in members(data):
        with suppress(OSError):
            title = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("ascii", "replace")
            if "recovering " in title:
                return title.rpartition("recovering ")[2].strip()
    return ""
