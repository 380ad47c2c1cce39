"""Filling rows in parts, at a pace that lets others through.

Each part is a short transaction. The next one is larger where a part took a moment, smaller where it took
long; after one that took long, and while somebody waits for a lock, there is a pause. What was filled stays
filled: whoever is stopped goes on with the rest.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.engines.change import Step
    from dbdeed.engines.seam import Engine, Session
    from dbdeed.progress import Task

_FIRST = 64  # parts at once; on PostgreSQL these are pages, half a megabyte
_IDLE = 256
_MOST = 4096


@dataclass
class Pace:
    """How many parts to take at once, and when to pause.

    Attributes:
        quick, slow: seconds that filling some parts should take at least, and at most.
        rest: seconds of a pause while somebody waits for a lock, taken at most `rests` times in a row.
        sleep, clock: of the process.
    """

    quick: float = 0.1
    slow: float = 0.4
    rest: float = 0.1
    rests: int = 50
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    size: int = field(default_factory=lambda: _FIRST)

    def after(self, seconds: float, filled: int) -> None:
        """Learn from how long it took; parts without rows to fill say little of what those with rows take."""
        if seconds > self.slow:
            # Straight to what would not have been slow: each part that is makes somebody wait.
            self.size = max(min(self.size // 2, int(self.size * self.slow / seconds)), 1)
            self.sleep(seconds / 2)
        elif seconds < self.quick and (filled or self.size < _IDLE):
            self.size = min(self.size * 2, _MOST)

    def let_others_through(self, busy: Callable[[], bool]) -> None:
        """Wait while somebody waits, but not for ever: it need not be for us."""
        for _ in range(self.rests):
            if not busy():
                return
            self.sleep(self.rest)


def fill_all(
    engine: Engine,
    session: Session,
    step: Step,
    task: Task,
    pace: Pace,
    attempt: Callable[[Callable[[], int]], int],
) -> int:
    """Go through all parts until nothing is left to fill; gives how many rows were filled.

    Rows whose value comes out as NULL stay as they are: it ends when a turn fills no fewer than the last.

    Args:
        engine: of the database.
        session: to it, outside of transactions.
        step: a batched one.
        task: is told of the parts of each turn.
        pace: how fast.
        attempt: runs one part, again where a lock was not to be had.
    """
    total, before = 0, -1
    while True:
        filled = _turn(engine, session, step, task, pace, attempt)
        if not filled or 0 <= before <= filled:
            return total
        total += filled
        before = filled


def _turn(
    engine: Engine,
    session: Session,
    step: Step,
    task: Task,
    pace: Pace,
    attempt: Callable[[Callable[[], int]], int],
) -> int:
    filled, first, parts = 0, 0, engine.parts(session, step)
    while first < parts:
        last = min(first + pace.size, parts)
        began = pace.clock()
        now = attempt(lambda first=first, last=last: engine.fill(session, step, first, last))  # type: ignore[misc]
        pace.after(pace.clock() - began, now)
        filled += now
        task.advance(last - first, parts)
        first = last
        if first < parts:
            pace.let_others_through(lambda: engine.busy(session))
    return filled
