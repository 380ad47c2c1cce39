"""Progress on standard error: nothing for what is quick, a bar for what lasts.

On a terminal a bar appears once a step has lasted a second. Elsewhere (CI, a log) each step that lasted a
second leaves one line when it ends.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bars

    from dbdeed.progress import Progress, Task

PATIENCE = 1.0  # seconds


class _Task:
    """Counts; draws itself once its step has lasted long enough."""

    def __init__(self, name: str, total: int | None) -> None:
        self.name = name
        self.total = total
        self.done = 0
        self._bars: Bars | None = None
        self._lock = threading.Lock()
        self._over = False

    def advance(self, amount: int, total: int | None = None) -> None:
        with self._lock:
            self.done += amount
            self.total = total if total is not None else self.total
            if self._bars is not None:
                self._bars.update(self._bars.task_ids[0], completed=self.done, total=self.total)

    def draw(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        with self._lock:
            if self._over:
                return
            self._bars = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bars.add_task(self.name, total=self.total, completed=self.done)
            self._bars.start()

    def close(self) -> None:
        with self._lock:
            self._over = True
            if self._bars is not None:
                self._bars.stop()


class _Terminal:
    """One bar at a time: a step inside a step is told of by the outer one's bar."""

    def __init__(self) -> None:
        self._depth = 0

    @contextmanager
    def step(self, name: str, *, total: int | None = None) -> Iterator[Task]:
        task = _Task(name, total)
        timer = threading.Timer(PATIENCE, task.draw) if self._depth == 0 else None
        if timer is not None:
            timer.daemon = True
            timer.start()
        self._depth += 1
        try:
            yield task
        finally:
            self._depth -= 1
            if timer is not None:
                timer.cancel()
            task.close()


class _Lines:
    @contextmanager
    def step(self, name: str, *, total: int | None = None) -> Iterator[Task]:
        started = time.monotonic()
        task = _Task(name, total)
        try:
            yield task
        finally:
            lasted = time.monotonic() - started
            if lasted >= PATIENCE:
                print(f"{name}: {lasted:.1f} s", file=sys.stderr)


def open_progress(*, quiet: bool = False) -> Progress:
    """The progress of this process's surroundings."""
    from dbdeed.progress import SILENT

    if quiet:
        return SILENT
    return _Terminal() if sys.stderr.isatty() else _Lines()
