"""Which server processes live in a data folder.

A process id alone proves nothing: after a reboot, or in a container, the number in `postmaster.pid` may be
somebody else's. Every process of a server has its data folder as working directory: that is what is asked.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What `postmaster.pid` says (src/include/utils/pidfile.h).

    Attributes:
        pid: of the server's main process.
        socket: folder of its Unix socket.
        status: "starting", "stopping", "ready" or "standby"; "" where it is not written yet.
    """

    pid: int
    socket: Path
    status: str


def postmaster(data: Path) -> Postmaster | None:
    """The contents of `postmaster.pid`, or None where it is missing or not whole."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        pid = int(lines[0])
    except (OSError, ValueError, IndexError):
        return None
    lines += [""] * (8 - len(lines))
    return Postmaster(pid, Path(lines[4] or "/"), lines[7].strip())


def members(data: Path) -> list[int]:
    """The processes whose working directory is the data folder, or was before it was removed."""
    wanted = str(data.resolve())
    names = {wanted, f"{wanted} (deleted)"}
    found = []
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if os.readlink(entry / "cwd") in names and not _zombie(entry):  # noqa: PTH115 - a Path loses nothing, costs time
                    found.append(int(entry.name))
    return found


def lives(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped."""
    return not _zombie(_PROC / str(pid))


def _zombie(entry: Path) -> bool:
    """Whether the process has ended."""
    try:
        status = (entry / "stat").read_text(errors="replace")
    except OSError:
        return True
    return status.rpartition(")")[2].split()[:1] in (["Z"], ["X"])


def running(data: Path) -> Postmaster | None:
    """The live server of this data folder, whatever an old pid file says."""
    found = postmaster(data)
    return found if found is not None and found.pid in members(data) else None


def signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def kill_members(data: Path) -> None:
    """End every process of a data folder at once and wait until they are gone."""
    while pids := members(data):
        signal_all(pids, signal.SIGKILL)
        time.sleep(0.01)


def clear_stale(data: Path, socket: Path, patience: float = 10.0) -> None:
    """Make way for a start: no live server is assumed.

    Orphans of a killed server end by themselves soon; after `patience` seconds they are killed. Then the pid
    file and the socket's lock are removed: they name a process that is not of this folder, and PostgreSQL
    would take a stranger with that number (or a zombie) for its own server and refuse to start.
    """
    deadline = time.monotonic() + patience
    while members(data) and time.monotonic() < deadline:
        time.sleep(0.02)
    kill_members(data)
    (data / "postmaster.pid").unlink(missing_ok=True)
    for left in socket.glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)
