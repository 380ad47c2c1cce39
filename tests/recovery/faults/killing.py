"""kill -9 at a point of a command's own work, told by the processor time that it has used.

A wall clock would not do: on a busy machine most kills would fall before the work has begun.
"""

from __future__ import annotations

import os
import resource
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_LOOK = 0.002


def whole(process: subprocess.Popen[bytes]) -> float:
    """Seconds of processor time that a command takes, its children's with it; it must end well."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert process.wait(300) == 0, process.args
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@dataclass(frozen=True, slots=True)
class Running:
    """A process that another one started; `name` is its command line."""

    pid: int
    name: str

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def lives(self) -> bool:
        try:
            return _stat(self.pid)[0] != "Z"
        except OSError:
            return False


def kill_after(process: subprocess.Popen[bytes], seconds: float) -> None:
    """End a command without a word once it has used so much, or let it end; then wait for its children.

    The children are asked to end by the system (`children.Child`), and must be gone before anybody looks.
    """
    while process.poll() is None and _used(process.pid) < seconds:
        time.sleep(_LOOK)
    left = descendants(process.pid)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while living := [one for one in left if one.lives()]:
        assert time.monotonic() < deadline, f"what a killed command started goes on for ever: {living}"
        time.sleep(_LOOK)


def descendants(pid: int) -> list[Running]:
    """All that a process started and what that started."""
    found = []
    for child in _children(pid):
        with suppress(OSError):
            words = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ")
            found += [Running(child, words.decode(errors="replace")), *descendants(child)]
    return found


def _used(pid: int) -> float:
    """Of a process, of its children that live and of those that ended."""
    seconds = 0.0
    with suppress(OSError):  # it may end while it is looked at
        seconds += time.clock_gettime(~pid << 3 | 2)  # clock_getcpuclockid(3), which Python has not
        seconds += sum(map(int, _stat(pid)[13:15])) * _TICK
    return seconds + sum(map(_used, _children(pid)))


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the program's name, which may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []
