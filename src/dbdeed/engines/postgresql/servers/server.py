"""Starting and stopping PostgreSQL servers of our own: throwaway ones, and those that last.

We drive `initdb` and `postgres` ourselves. A start has no time limit while the server lives: recovering from
a crash takes as long as it takes. No server listens on a network; its socket lies in a folder of mode 0700.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from dbdeed.engines.postgresql.servers.account import (
    Account,
    Launch,
    account,
    environment,
    fits_socket,
    ourselves,
    own,
    reachable,
    run,
)
from dbdeed.engines.postgresql.servers.processes import (
    clear_stale,
    kill_members,
    lives,
    members,
    postmaster,
    running,
    signal_all,
)
from dbdeed.engines.seam import Target
from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dbdeed.engines.postgresql.servers.programs import Programs

PORT = 5432
"""Only a part of the socket's name: every server has a socket folder of its own."""

MEMORY = 8 << 30
"""Address space that one process of a throwaway server may take, shared memory included."""

_TAIL = 12


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        data: its data folder.
        socket: the folder of its Unix socket.
        pid: of its main process.
        log: where its messages go.
    """

    data: Path
    socket: Path
    pid: int
    log: Path

    def target(self, database: str, *, user: str, label: str = "", embedded: bool = False) -> Target:
        """A database of it, in the form that psql and psycopg take."""
        return Target(socket_url(self.socket, database, user), label or database, embedded)


def socket_url(socket: Path, database: str, user: str) -> str:
    """The URL of a database behind a Unix socket."""
    query = f"host={quote(str(socket), safe='/')}&port={PORT}&user={quote(user, safe='')}"
    return f"postgresql:///{quote(database, safe='')}?{query}"


class ServerFailed(Unavailable):
    """A server did not start; the message ends with what its log says."""

    default_code = "server-failed"


def initialise(
    programs: Programs, data: Path, who: Account, *, superuser: str, options: Sequence[str] = ()
) -> None:
    """Make a data folder with `initdb`; `data` must be empty and `who`'s.

    Raises:
        ServerFailed: with what initdb said.
    """
    command = [
        str(programs.path("initdb")), "-D", str(data), f"--username={superuser}", "--encoding=UTF8",
        *options,
    ]  # fmt: skip
    # By the launcher, so that it ends with us: a killed command must not leave an initdb at work.
    done = run(Launch(tuple(command), parent=os.getpid()).arguments(who), ourselves())
    if done.returncode != 0:
        raise ServerFailed(
            f"initdb of PostgreSQL {programs.major} failed: {_last_lines(done.stderr or done.stdout)}",
            hint=f"{data} must be empty, writable by {who.name or 'this user'}, and on a disk with space.",
        )


@contextmanager
def throwaway(
    programs: Programs,
    data: Path,
    socket: Path,
    settings: Mapping[str, str],
    *,
    who: Account | None = None,
    isolated: bool = True,
    standby: bool = False,
) -> Iterator[Server]:
    """Run a server that ends with the context, and with this process should that be killed.

    Args:
        programs: of the data folder's major version.
        data: the data folder; it belongs to `who`.
        socket: a folder for its socket, made where it is missing.
        settings: of the server; they win over its configuration files.
        who: whom it runs as; None finds out.
        isolated: it has no network at all where the system can do that, so that nothing that runs in it
            reaches another machine.
        standby: it is enough that it answers readers; else recovery must have ended.

    Raises:
        ServerFailed: with the log's last lines.
    """
    who = who or account()
    log = data.with_name(f"{data.name}.log")
    since = log.stat().st_size if log.exists() else 0
    clear_stale(data, socket)
    command = _command(reachable(programs, who), data, socket, settings, who)
    launch = Launch(command, parent=os.getpid(), isolated=isolated, memory=MEMORY)
    with log.open("ab") as output:
        process = subprocess.Popen(
            launch.arguments(who),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=environment(),
            start_new_session=True,
        )
    try:
        _until_ready(data, process.pid, lambda: process.poll() is None, (log, since), standby=standby)
        yield Server(data, socket, process.pid, log)
    finally:
        _end(process, data)


def start(
    programs: Programs,
    data: Path,
    socket: Path,
    settings: Mapping[str, str],
    *,
    log: Path,
    who: Account,
) -> Server:
    """Start a server that outlives us; the caller holds a lock that keeps others from doing the same.

    Raises:
        ServerFailed: with the log's last lines.
    """
    clear_stale(data, socket)
    since = log.stat().st_size if log.exists() else 0
    command = _command(reachable(programs, who), data, socket, settings, who)
    with log.open("ab") as output:
        started = subprocess.run(
            Launch(command, detached=True).arguments(who),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            cwd="/",
            env=environment(),
            check=False,
        )
    if started.returncode != 0:
        raise ServerFailed(f"The server could not be launched: {log_tail(log, since)}")
    pid = int(started.stdout)
    _until_ready(data, pid, lambda: lives(pid), (log, since))
    return Server(data, socket, pid, log)


def wait_until_ready(data: Path, pid: int, log: Path) -> None:
    """Wait for a server that somebody started already. Raises `ServerFailed` where it ends instead."""
    since = log.stat().st_size if log.exists() else 0
    _until_ready(data, pid, lambda: lives(pid), (log, max(0, since - 2000)))


def stop(data: Path) -> bool:
    """Shut a server down in good order and wait for it; False where none runs."""
    found = running(data)
    if found is None:
        return False
    # SIGINT is the fast shutdown: sessions are ended, everything is written.
    signal_all([found.pid], signal.SIGINT)
    while members(data):
        time.sleep(0.02)
    return True


def _command(
    programs: Programs, data: Path, socket: Path, settings: Mapping[str, str], who: Account
) -> tuple[str, ...]:
    if not fits_socket(socket):
        raise Unavailable(
            f"The socket's folder {socket} has a path that is too long for the system.", code="socket-path"
        )
    if not socket.is_dir():
        own(socket, who)
    given = {
        **settings,
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(socket),
        "unix_socket_permissions": "0700",
        "logging_collector": "off",
        "log_destination": "stderr",
    }
    options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
    return (str(programs.path("postgres")), "-D", str(data), *options)


def _until_ready(
    data: Path, pid: int, alive: Callable[[], bool], said: tuple[Path, int], *, standby: bool = False
) -> None:
    """Wait for the server with this process id; `said` is its log and where in it this start begins."""
    wanted = {"ready", "standby"} if standby else {"ready"}
    pause = 0.005
    while True:
        living = alive()
        found = postmaster(data)
        if found is not None and found.pid == pid and found.status in wanted:
            return
        if not living:
            raise ServerFailed(
                f"The PostgreSQL server did not start: {log_tail(*said)}", hint=f"The whole log: {said[0]}"
            )
        time.sleep(pause)
        pause = min(pause * 1.2, 0.1)


def _end(process: subprocess.Popen[bytes], data: Path) -> None:
    """The immediate shutdown, and by force what does not obey."""
    if process.poll() is None:
        process.send_signal(signal.SIGQUIT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=8)
    kill_members(data)
    process.kill()
    process.wait()


def log_tail(log: Path, since: int = 0) -> str:
    """What a log says from a byte on, its last lines joined."""
    try:
        with log.open("rb") as file:
            file.seek(max(since, log.stat().st_size - 8000))
            return _last_lines(file.read().decode("utf-8", "replace"))
    except OSError as error:
        return f"its log cannot be read ({error.strerror})"


def _last_lines(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-_TAIL:]) or "it said nothing"
