"""Steps timed as they pass: how a drill learns how long each phase of a recovery took."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dbdeed.recovery.manifest import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from dbdeed.progress import Progress, Task


class TimedProgress:
    """Passes steps on to another `Progress` and keeps how long each took; a step inside another is its part.

    Args:
        inner: who is told besides.
        ticks: a clock that no one sets, in seconds.
    """

    def __init__(self, inner: Progress, ticks: Callable[[], float]) -> None:
        self.phases: list[Phase] = []
        self._inner = inner
        self._ticks = ticks
        self._depth = 0
        self._parts: list[Phase] = []
        self._rest = ""

    def step(self, name: str, *, total: int | None = None) -> AbstractContextManager[Task]:
        """As `Progress.step`."""
        return self._timed(name, total)

    def took(self, name: str, seconds: float, rest: str) -> None:
        """As `Clocked.took`: the part stands before the rest of the step under way."""
        self._parts.append(Phase(name, seconds))
        self._rest = rest

    @contextmanager
    def _timed(self, name: str, total: int | None) -> Iterator[Task]:
        start, outermost = self._ticks(), self._depth == 0
        self._depth += 1
        try:
            with self._inner.step(name, total=total) as task:
                yield task
        finally:
            self._depth -= 1
            if outermost:
                rest = self._ticks() - start - sum(one.seconds for one in self._parts)
                self.phases += [*self._parts, Phase(self._rest if self._parts else name, max(rest, 0.0))]
                self._parts.clear()
