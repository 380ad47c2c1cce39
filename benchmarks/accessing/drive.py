"""A contestant's process as the benchmark sees it: orders go in, answers come out."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.accessing.roster import Contestant

_ROOT = Path(__file__).parents[2]


class ContestantFailed(Exception):  # noqa: N818 - read as "raise ContestantFailed"
    """It could not do what it was told; what it said."""


class Driver:
    """A running contestant."""

    def __init__(self, contestant: Contestant, python: str, noise: int) -> None:
        """Start it; `noise` is where its own output goes: a file's number."""
        self.contestant = contestant
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.accessing.worker", contestant.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=noise,
            text=True,
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
        )

    def order(self, do: str, **details: Any) -> dict[str, Any]:
        """Let it do something, and wait for its answer. Raises `ContestantFailed`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps({"do": do, **details}) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise ContestantFailed(f"{self.contestant.name} ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ContestantFailed(f"{self.contestant.name}: {answer['error']}")
        return answer

    def end(self) -> None:
        with suppress(ContestantFailed):
            self.order("close")
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
