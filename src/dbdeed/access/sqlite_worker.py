"""Where SQLite's calls run: reads that are short on the event loop's own thread, all else on one beside it.

`sync/sqlite_worker.py` is the twin, where everything runs on the caller's thread. Both are written by hand.

SQLite is in this process: a read of a few rows takes some microseconds, and handing it to another thread and
back takes several times that. So a read begins on the loop's thread, is looked at every so many steps of
SQLite's machine, and where it goes on for too long it is stopped and begun again on the other thread, as are
all of its kind from then on.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

LOOKS: int | None = 5
"""How often a read on the loop's thread is looked at before it has to move."""

RESTING_WAIT = 0.0
"""Seconds that a connection waits for other processes where it runs on the caller's thread."""


class _Job:
    """One call; all but `run` happens on the loop's thread."""

    __slots__ = ("error", "function", "future", "loop", "over", "result", "settled")

    def __init__(self, function: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self.function = function
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.settled: asyncio.Future[None] | None = None
        self.over = False
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self.function()
        except BaseException as error:  # noqa: BLE001 - it is raised where the call was made
            self.error = error
        with suppress(RuntimeError):  # the loop was closed meanwhile
            self.loop.call_soon_threadsafe(self.end)

    def end(self) -> None:
        self.over = True
        if self.settled is not None and not self.settled.done():
            self.settled.set_result(None)
        if self.future.done():  # its caller was cancelled
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class Worker:
    """One thread, for one connection."""

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[_Job | Callable[[], None]] = SimpleQueue()
        threading.Thread(target=_serve, args=(self._jobs,), name=name, daemon=True).start()

    async def call(self, function: Callable[[], T], stop: Callable[[], None]) -> T:
        """Run `function` there. A cancelled caller stops it, and leaves only once it has ended."""
        job = _Job(function, asyncio.get_running_loop())
        self._jobs.put(job)
        try:
            found: T = await job.future
        except asyncio.CancelledError:
            if not job.over:
                stop()
                await _ended(job)
            raise
        return found

    def finish(self, function: Callable[[], None]) -> None:
        """Run `function` last, and wait for nothing."""
        self._jobs.put(function)


async def _ended(job: _Job) -> None:
    while not job.over:
        job.settled = job.loop.create_future()
        with suppress(asyncio.CancelledError):
            await job.settled


def _serve(jobs: SimpleQueue[_Job | Callable[[], None]]) -> None:
    while True:
        job = jobs.get()
        if not isinstance(job, _Job):
            job()
            return
        job.run()
        del job  # what it holds is not kept until the next one comes
