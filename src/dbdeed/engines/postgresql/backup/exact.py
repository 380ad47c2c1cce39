"""Rows counted at a position of the log that is known exactly, however busy the database is.

After a base backup has ended, snapshots are taken until one lies at a position of the log (see `cut`), and
the rows are counted under it. The backup carries the log up to there, and a drill stops its recovery there:
both look at the same state. Nobody waits for it, and it needs no more than `wal_level = replica`.

A logical slot's snapshot would have such a position too, but making a slot waits for every transaction that
runs, and needs `wal_level = logical`.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.faults import LockTimeout, RestoreFailed, SqlRejected
from dbdeed.engines.postgresql.backup.cut import lsn, lsn_text, position_of, read_snapshot
from dbdeed.engines.postgresql.backup.digests import digests_in_transaction, lockable, unlogged_tables
from dbdeed.engines.postgresql.backup.tail import commits_in, fetch_tail, segments
from dbdeed.engines.postgresql.backup.tools import ToolFailed
from dbdeed.engines.postgresql.session import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dbdeed.engines.postgresql.backup.cut import Snapshot
    from dbdeed.engines.postgresql.servers.programs import Programs
    from dbdeed.engines.postgresql.session import Session
    from dbdeed.engines.seam import Target

POSITION_FILE = "counted.json"
# Measured with 48 writers at 2,500 commits a second: of 60 snapshots 43 to 57 have a position.
_SNAPSHOTS = 20
_PAUSE = 0.003
_LOCK_MILLISECONDS = 3000

BUSY = "So many commits ran side by side that no moment could be told exactly, so no row was counted."
STANDBY = "The server is a standby, where no moment of the log can be marked, so no row was counted."
WAITING = "Commits wait for a standby and this role may not see which, so no row was counted."


class Position(msgspec.Struct, frozen=True):
    """Where a drill stops its recovery: before the record that begins at `stop` or later."""

    stop: str


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted.

    Attributes:
        tables: rows and digest by table; empty where nothing could be counted.
        notes: why not, a sentence each.
    """

    tables: Mapping[str, tuple[int, str]]
    notes: tuple[str, ...] = ()


def count_exactly(
    session: Session,
    target: Target,
    programs: Programs,
    folder: Path,
    log: Path,
    *,
    written: Callable[[], None] = lambda: None,
) -> Counted:
    """Count the rows of a database whose base backup has just ended.

    Args:
        session: of the database; in no transaction.
        target: the same, for another session and for PostgreSQL's programs.
        programs: of its major version.
        folder: of the backup, where the position is noted.
        log: the backup's `pg_wal`, which is continued up to the position.
        written: called before the rows are counted: from then on no file of the backup changes, and no commit
            is waited for, so that the disk may be kept busy.
    """
    try:
        if session.fetch("SELECT pg_catalog.pg_is_in_recovery()")[0][0]:
            return Counted({}, (STANDBY,))
        with closing(connect(target)) as keeper, keeper.transaction():
            keeper.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY")
            return _counted(session, keeper, target, programs, folder, log, written)
    except (SqlRejected, LockTimeout, ToolFailed) as error:
        return Counted({}, (f"The rows could not be counted: {error.message}",))


def position_in(folder: Path) -> Position | None:
    """Where a backup's rows were counted; None where they were not. Raises `RestoreFailed`."""
    try:
        return msgspec.json.decode((folder / POSITION_FILE).read_bytes(), type=Position)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise RestoreFailed(f"The backup's {POSITION_FILE} cannot be read: {error}.") from error


def stop_settings(position: Position) -> dict[str, str]:
    """Server settings by which a recovery ends at a position; beside them it wants `recovery.signal`.

    Exclusive, a recovery stops before the first record that begins there or later (manual, "Recovery
    Target"). A recovery with a target insists on a `restore_command`; one that has nothing makes it read
    the log that the backup carries.
    """
    return {
        "hot_standby": "off",  # nobody reads meanwhile, and so no setting need be as large as it was
        "restore_command": "exit 1",
        "recovery_target_lsn": position.stop,
        "recovery_target_inclusive": "off",
        "recovery_target_action": "promote",
    }


def _counted(
    session: Session,
    keeper: Session,
    target: Target,
    programs: Programs,
    folder: Path,
    log: Path,
    written: Callable[[], None],
) -> Counted:
    locked = _lock(keeper)
    waiting = _waiting(session)
    if waiting is None:
        return Counted({}, (WAITING,))
    snapshots = _snapshots(keeper)
    last = segments(log)[-1]
    end = _mark(session)
    fetch_tail(programs, target, log, end)
    if snapshots[-1].still:
        chosen, stop = snapshots[-1], snapshots[-1].after
    else:
        commits = commits_in(programs, log, last, end)
        usable = [one for one in snapshots if not one.running & waiting]
        found = [(one, at) for one in usable if (at := position_of(one, commits)) is not None]
        if not found:
            return Counted({}, (BUSY,))
        chosen, stop = found[-1]
    written()
    tables = _digests(session, chosen)
    if set(tables) - locked:
        return Counted({}, ("Tables were made while the rows were counted.",))
    position = Position(lsn_text(stop))
    (folder / POSITION_FILE).write_bytes(msgspec.json.encode(position) + b"\n")
    return Counted(tables)


def _lock(keeper: Session) -> set[str]:
    """Hold every table as a reader does: a snapshot sees nothing of a table that is truncated behind it."""
    keeper.execute(f"SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}")
    names, places = lockable(keeper)
    if places:
        keeper.execute(f"LOCK TABLE ONLY {', ONLY '.join(places)} IN ACCESS SHARE MODE")
    return names


def _waiting(session: Session) -> set[int] | None:
    """Transactions whose commit is in the log and waits for a standby; None where nobody may know.

    Such a commit may lie any distance back in the log, and is not seen yet.
    """
    [(names,)] = session.fetch("SELECT current_setting('synchronous_standby_names')")
    if not names:
        return set()
    [(may_see,)] = session.fetch("SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'usage')")
    if not may_see:
        return None
    [(top,)] = session.fetch("SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text")
    rows = session.fetch(
        "SELECT backend_xid::text FROM pg_catalog.pg_stat_activity "
        "WHERE backend_xid IS NOT NULL AND wait_event = 'SyncRep'"
    )
    epoch = 1 << 32
    return {int(top) - (int(top) - int(xid)) % epoch for (xid,) in rows}


def _snapshots(keeper: Session) -> list[Snapshot]:
    """Snapshots that last as long as the keeper's transaction, until one is still."""
    found: list[Snapshot] = []
    [(text,)] = keeper.fetch("SELECT pg_catalog.pg_current_wal_insert_lsn()::text")
    before = lsn(text)
    while len(found) < _SNAPSHOTS:
        [(id_, snapshot, text)] = keeper.fetch(
            "SELECT pg_catalog.pg_export_snapshot(), pg_catalog.pg_current_snapshot()::text,"
            " pg_catalog.pg_current_wal_insert_lsn()::text"
        )
        found.append(read_snapshot(id_, snapshot, before, lsn(text)))
        if found[-1].still:
            break
        before = lsn(text)
        time.sleep(_PAUSE)
    return found


def _mark(session: Session) -> int:
    """Write something behind the snapshots, where a recovery can stop; gives where it ends."""
    with session.transaction():
        session.execute("SET TRANSACTION READ WRITE")
        session.execute("SET LOCAL synchronous_commit = local")
        session.fetch("SELECT pg_catalog.pg_logical_emit_message(true, 'dbdeed', 'counted')")
    return lsn(session.fetch("SELECT pg_catalog.pg_current_wal_flush_lsn()::text")[0][0])


def _digests(session: Session, snapshot: Snapshot) -> Mapping[str, tuple[int, str]]:
    with session.transaction():
        session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        session.execute(f"SET TRANSACTION SNAPSHOT '{snapshot.id}'")
        return digests_in_transaction(session, unlogged=False)


def unlogged_notes(session: Session) -> tuple[str, ...]:
    """What a physical copy brings back empty, a sentence each."""
    return tuple(
        f"Table {name} is unlogged: a snapshot brings it back empty." for name in unlogged_tables(session)
    )
