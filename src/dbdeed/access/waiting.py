"""How tasks wait for each other.

`sync/waiting.py` is the twin for threads. These two are written by hand, since here the worlds differ; all
else of the runtime is derived from its asynchronous form.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class Waiter(Generic[T]):
    """A place in a queue: granted once by another task, waited for by its owner.

    Attributes:
        future: for `Patience`.
    """

    def __init__(self) -> None:
        self.future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def grant(self, value: T) -> bool:
        """Give it what it waits for; False where its owner has gone."""
        if self.future.done():
            return False
        self.future.set_result(value)
        return True

    def granted(self) -> list[T]:
        """What it was given, if anything: a list of one or none."""
        future = self.future
        if not future.done() or future.cancelled() or future.exception() is not None:
            return []
        return [future.result()]

    async def wait(self, within: float | None) -> T:
        """What was granted; raises `TimeoutError` after `within` seconds."""
        async with asyncio.timeout(within):
            return await self.future


class Patience:
    """Waiting in one queue, where all wait equally long.

    One timer serves them all: who came first is the first whose time is up. A timer for each would cost as
    much as a short query.

    Args:
        within: seconds.
    """

    def __init__(self, within: float) -> None:
        self._within = within
        self._waiting: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._timed = False

    def wait(self, waiter: Waiter[T]) -> asyncio.Future[T]:
        """As `waiter.wait`."""
        future, waiting = waiter.future, self._waiting
        while waiting and waiting[0][1].done():
            waiting.popleft()
        loop = future.get_loop()
        end = loop.time() + self._within
        waiting.append((end, future))
        if not self._timed:
            self._timed = True
            loop.call_at(end, self._look, loop)
        return future

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now, waiting = loop.time(), self._waiting
        while waiting and (waiting[0][1].done() or waiting[0][0] <= now):
            _, future = waiting.popleft()
            if not future.done():
                future.set_exception(TimeoutError())
        self._timed = bool(waiting)
        if waiting:
            loop.call_at(waiting[0][0], self._look, loop)


class Ticker:
    """Calls a function again and again, each time after as many seconds as it gave, until stopped."""

    def __init__(self, after: float, function: Callable[[], Coroutine[Any, Any, float]]) -> None:
        self._function = function
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._set(after)

    def hurry(self, within: float) -> None:
        """Call it after `within` seconds at the latest; where it runs just now, it goes on."""
        if self._task is None and self._loop.time() + within < self._handle.when():
            self._handle.cancel()
            self._set(within)

    def stop(self) -> None:
        self._handle.cancel()
        if self._task is not None:
            self._task.cancel()

    def _set(self, after: float) -> None:
        self._handle = self._loop.call_later(after, self._tick)

    def _tick(self) -> None:
        self._task = self._loop.create_task(self._run())

    async def _run(self) -> None:
        after = await self._function()
        self._task = None
        self._set(after)


def mutex() -> AbstractContextManager[object]:
    """What guards state that several callers change: tasks take turns only at an await, so nothing."""
    return nullcontext()


caller: Callable[[], object] = asyncio.current_task
"""Who is calling; `caller_name` names it. Without a frame of its own: it is asked with each call."""


def caller_name(who: object) -> str:
    """A caller's name, for messages."""
    return f"task {who.get_name()!r}" if isinstance(who, asyncio.Task) else "no task"


async def called(function: Callable[[], object]) -> None:
    """Call it, and wait for what it gives where that can be waited for."""
    given = function()
    if inspect.isawaitable(given):
        await given


async def sleep(seconds: float) -> None:
    await asyncio.sleep(seconds)
