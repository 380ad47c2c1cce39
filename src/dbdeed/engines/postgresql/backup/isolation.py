"""A throwaway server for what a backup brought back. It reaches nobody, and nobody but us reaches it.

What is restored is another's cluster, with another's settings: an archive command, a subscription, a cron
extension. None of them may act. So the server reads a configuration of ours alone (the restored
`postgresql.auto.conf`, which a server reads whatever it is told, is emptied), has no network, preloads no
library, starts no replication and no autovacuum, and lets in only this process's user, on a socket.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dbdeed.engines.faults import RestoreFailed
from dbdeed.engines.postgresql.servers import server as servers
from dbdeed.engines.postgresql.servers.account import Account, account, fits_socket, own, reachable, run
from dbdeed.engines.postgresql.servers.room import room
from dbdeed.engines.postgresql.session import connect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dbdeed.engines.postgresql.servers.programs import Programs
    from dbdeed.engines.postgresql.servers.server import Server
    from dbdeed.engines.postgresql.session import Session
    from dbdeed.engines.seam import Target

# On the command line, so that they win over every file. Most are such by default in the configuration of
# ours; they are named so that whoever changes this sees what must hold.
ISOLATION = {
    "archive_mode": "off",
    "archive_command": "",
    "restore_command": "",
    "archive_cleanup_command": "",
    "recovery_end_command": "",
    "primary_conninfo": "",
    "shared_preload_libraries": "",
    "session_preload_libraries": "",
    "local_preload_libraries": "",
    "max_logical_replication_workers": "0",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "ssl": "off",
}
_SIZE = {
    "shared_buffers": "128MB",
    "max_connections": "20",
    "max_locks_per_transaction": "512",  # one transaction looks at every table
    "jit": "off",
}

# A database's or a role's own settings win over the server's, and the connection's over those.
_CONNECTION = ("session_preload_libraries=", "local_preload_libraries=", "default_transaction_read_only=off")
_CONNECTION_17 = ("event_triggers=off",)

_REDO = re.compile(r"redo done at .*elapsed: ([0-9.]+) s")
_PREPARED = re.compile(r"max_prepared_xacts setting:\s+(\d+)")
_OUR_RECEIVER = re.compile(r"^synchronous_standby_names = 'dbdeed_[0-9a-f]+'\n", re.MULTILINE)
_FILES = {"conf": "# Settings come on the command line.\n", "hba": "local all all trust\n", "ident": ""}


@contextmanager
def drill_room(work: Path) -> Iterator[Path]:
    """A folder for a restored copy: in `work` where the server's user and a socket's length allow it."""
    here = not account().foreign and fits_socket(work / "drill-12345678" / "s")
    with room("drill", work if here else None) as folder:
        yield folder


def neutralise(data: Path, *, recover: bool = False) -> None:
    """Take out of a restored data folder what would make its server act for its old self.

    `recover` has it recover to a target of ours, which settings name.
    """
    for name in ("standby.signal", "recovery.signal", "postmaster.pid", "postmaster.opts"):
        (data / name).unlink(missing_ok=True)
    automatic = data / "postgresql.auto.conf"
    if automatic.exists():
        automatic.write_text("# Emptied: this is a restored copy.\n", "ascii")
    if recover:
        (data / "recovery.signal").touch(mode=0o600)
        if (who := account()).foreign:
            os.chown(data / "recovery.signal", who.user, who.group)


def wait_for_nobody(data: Path) -> None:
    """Take out of a cluster's settings that commits wait for a receiver of ours, which sets that itself."""
    automatic = data / "postgresql.auto.conf"
    if automatic.exists():
        text = automatic.read_text("utf-8", "surrogateescape")
        automatic.write_text(_OUR_RECEIVER.sub("", text), "utf-8", "surrogateescape")


@contextmanager
def isolated(
    programs: Programs, place: Path, who: Account, recovery: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a server on `place/data` until the context ends; `recovery` says where its recovery ends.

    Raises `RestoreFailed` where it cannot start from what was restored.
    """
    data = place / "data"
    settings = (
        ISOLATION
        | _SIZE
        | own_files(place, who)
        | {"max_prepared_transactions": _prepared(programs, data, who)}
        | dict(recovery or {})
    )
    try:
        with servers.throwaway(programs, data, place / "s", settings, who=who) as server:
            yield server
    except servers.ServerFailed as error:
        if "No space left" in error.message:
            raise
        raise RestoreFailed(f"The restored server did not start: {error.message}") from error


@contextmanager
def session_of(server: Server, *, user: str, database: str, major: int) -> Iterator[Session]:
    """A session of a throwaway server that the restored settings do not reach."""
    settings = _CONNECTION + (_CONNECTION_17 if major >= 17 else ())
    target = server.target(database, user=user, label="the restored copy")
    session = connect(target, options=" ".join(f"-c {one}" for one in settings))
    try:
        yield session
    finally:
        session.close()


def target_of(server: Server, *, user: str, database: str) -> Target:
    """The same place for PostgreSQL's own programs."""
    return server.target(database, user=user, label="the restored copy")


def replay_seconds(log: Path) -> float:
    """How long a server that has just started replayed, by its own account; 0 where it says nothing."""
    found = _REDO.findall(log.read_text("utf-8", "replace"))
    return float(found[-1]) if found else 0.0


def own_files(place: Path, who: Account) -> dict[str, str]:
    """Configuration files of our own, by the setting that names each: whoever reaches the socket comes in."""
    folder = own(place / "c", who)
    for name, text in _FILES.items():
        (folder / name).write_text(text, "ascii")
        if who.foreign:
            os.chown(folder / name, who.user, who.group)
    names = {"config_file": "conf", "hba_file": "hba", "ident_file": "ident"}
    return {setting: str(folder / name) for setting, name in names.items()}


def _prepared(programs: Programs, data: Path, who: Account) -> str:
    """How many prepared transactions the cluster may hold: with fewer it would not recover."""
    program = str(reachable(programs, who).path("pg_controldata"))
    done = run([program, "-D", str(data)], who)
    found = _PREPARED.search(done.stdout)
    if done.returncode != 0 or found is None:
        raise RestoreFailed(f"What was restored is no cluster: {(done.stderr or done.stdout).strip()[:300]}")
    return found[1]
