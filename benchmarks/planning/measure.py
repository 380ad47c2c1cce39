"""Measuring one run of one tool: time, processor time on both sides, and memory of all its processes."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread, Timer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from benchmarks.planning.peers import Tool
    from benchmarks.planning.server import Server

PATIENCE = 900.0
"""Seconds after which a tool is stopped, and counts as failed."""

_LOOKS = 0.02
_PROC = Path("/proc")


class ToolFailed(Exception):  # noqa: N818 - read as "raise ToolFailed"
    """A tool ended with an exit code that says it did not work; its last lines."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took.

    Attributes:
        seconds: from its start to its end.
        client, server: processor seconds of the tool's processes, and of the server's meanwhile.
        memory: the most bytes that the tool's processes held together.
        lines: how many lines it printed.
    """

    seconds: float
    client: float
    server: float
    memory: int
    lines: int

    @property
    def processor(self) -> float:
        return self.client + self.server


def run(tool: Tool, server: Server, source: str, destination: str) -> Run:
    """Run a tool between two databases. Raises `ToolFailed`."""
    arguments = tool.arguments(server.url(source), server.url(destination))
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        before, began = server.seconds(), time.perf_counter()
        process = subprocess.Popen(arguments, stdout=output, stderr=errors, env=_environment())
        stopped = Timer(PATIENCE, process.kill)
        stopped.daemon = True  # an interrupted benchmark does not wait for it
        stopped.start()
        with _Memory(process.pid) as memory:
            _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        stopped.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        used = server.seconds() - before
        output.seek(0)
        errors.seek(0)
        if process.returncode not in tool.accepts:
            said = errors.read().decode(errors="replace").strip().splitlines()[-3:]
            raise ToolFailed(f"{tool.name} ended with {process.returncode}: {' / '.join(said)}")
        lines = sum(1 for _ in output)
    return Run(seconds, usage.ru_utime + usage.ru_stime, used, memory.most, lines)


def _environment() -> dict[str, str]:
    """Bytecode is kept, as that of an installed package is."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class _Memory:
    """Looks again and again at what a process and its descendants hold; `most` is the greatest sum."""

    def __init__(self, pid: int) -> None:
        self.most = 0
        self._pid = pid
        self._ended = Event()
        self._thread = Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(_LOOKS):
            self.most = max(self.most, sum(_peak(pid) for pid in _tree(self._pid)))


def _tree(root: int) -> list[int]:
    """A process and its descendants."""
    found = [root]
    for pid in found:
        for thread in (_PROC / str(pid) / "task").glob("*/children"):
            with suppress(OSError):
                found.extend(int(child) for child in thread.read_text(encoding="ascii").split())
    return found


def _peak(pid: int) -> int:
    """The most bytes that a process has held so far."""
    try:
        status = (_PROC / str(pid) / "status").read_text(encoding="utf-8")
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
