"""Processes that the agent starts: the same commands that a person would run.

A job that fails, leaks or is killed takes nothing along with it. Where the agent itself is killed, the system
ends its children politely (`setpriv --pdeathsig`, Linux), so that none goes on alone.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

GRACE = 60.0
"""Seconds that a child has to end once it is asked to."""

_FIRST_PAUSE, _LONGEST_PAUSE, _SOUND = 1.0, 60.0, 60.0
_REFUSED_PAUSE = 600.0  # what was called wrongly will not be right in a second


class Child:
    """One `dbdeed` command under way; its output is kept in files that vanish with it."""

    def __init__(self, arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> None:
        self._out = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it has ended
        self._err = tempfile.TemporaryFile()  # noqa: SIM115 - likewise
        guard = shutil.which("setpriv")
        self.process = subprocess.Popen(
            [*([guard, "--pdeathsig", "TERM"] if guard else []), sys.executable, "-m", "dbdeed", *arguments],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
        )

    def ended(self) -> tuple[int, str] | None:
        """Its exit code and what it said in one line; None while it runs."""
        code = self.process.poll()
        if code is None:
            return None
        said = _said(self._read(self._out), self._read(self._err))
        self._out.close()
        self._err.close()
        return code, said

    def ask(self) -> None:
        """Ask it to end."""
        with suppress(ProcessLookupError):
            self.process.terminate()

    def end(self, grace: float = GRACE) -> None:
        """Ask it to end, and end it where it does not."""
        self.ask()
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @staticmethod
    def _read(file: Any) -> str:
        size = file.seek(0, 2)
        file.seek(max(0, size - 65536))
        return str(file.read(), "utf-8", "replace")


def _said(out: str, err: str) -> str:
    """The last line that says something: an error's message where there is one."""
    for line in reversed(out.splitlines()):
        with suppress(msgspec.MsgspecError):
            body = msgspec.json.decode(line, type=dict[str, Any])
            if isinstance(error := body.get("error"), dict):
                return str(error.get("message", ""))
            return _found(body)
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    return lines[-1][:500] if lines else ""


def _found(body: dict[str, Any]) -> str:
    """The first thing that a proof found wrong."""
    proofs = [*(body.get("proofs") or ()), body.get("drill")]
    checks = [check for one in proofs if isinstance(one, dict) for check in one.get("checks") or ()]
    problems = [str(problem) for check in checks for problem in check.get("problems") or ()]
    return problems[0][:500] if problems else ""


@dataclass(frozen=True, slots=True)
class Lasting:
    """What is to run all the time.

    Attributes:
        name: "receive", "ledger".
        arguments: of the `dbdeed` command.
    """

    name: str
    arguments: tuple[str, ...]


class Supervised:
    """A lasting command, started again when it ends, with growing pauses.

    Args:
        what: which.
        start: starts it.
        ticks: a clock that no one sets, in seconds.
    """

    def __init__(
        self, what: Lasting, start: Callable[[tuple[str, ...]], Child], ticks: Callable[[], float]
    ) -> None:
        self.what = what
        self.restarts = -1
        self.problem = ""
        self._start, self._ticks = start, ticks
        self._child: Child | None = None
        self._pause, self._again_at, self._since = _FIRST_PAUSE, ticks(), ticks()

    @property
    def running(self) -> bool:
        """Whether it runs just now."""
        return self._child is not None

    def tick(self) -> str:
        """Start it where that is due. A sentence where something changed, else ""."""
        now = self._ticks()
        if self._child is not None:
            return self._looked_at(self._child, now)
        if now < self._again_at:
            return ""
        try:
            self._child = self._start(self.what.arguments)
        except OSError as error:
            self._again_at, self.problem = now + self._longer(), f"It cannot be started: {error}."
            return f"{self.what.name}: {self.problem}"
        self._since = now
        self.restarts += 1
        return f"{self.what.name}: started"

    def _looked_at(self, child: Child, now: float) -> str:
        result = child.ended()
        if result is None:
            if now - self._since > _SOUND:
                self.problem, self._pause = "", _FIRST_PAUSE
            return ""
        code, said = result
        self._child = None
        self.problem = said or f"It ended with code {code}."
        self._again_at = now + (_REFUSED_PAUSE if code in (2, 4) else self._longer())
        return f"{self.what.name}: ended with code {code}: {self.problem}"

    def _longer(self) -> float:
        pause, self._pause = self._pause, min(2 * self._pause, _LONGEST_PAUSE)
        return pause

    def ask(self) -> None:
        """Ask it to end."""
        if self._child is not None:
            self._child.ask()

    def end(self) -> None:
        """Ask it to end and wait until it has."""
        if self._child is not None:
            self._child.end()
            self._child.ended()
            self._child = None
