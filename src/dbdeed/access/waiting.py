"""How tasks wait for each other.

`sync/waiting.py` is the twin for threads. These two are written by hand, since here the worlds differ; all
else of the runtime is derived from its asynchronous form.
"""

from __future__ import annotations

import asyncio
import inspect
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Waiter(Generic[T]):
    """A place in a queue: granted once by another task, waited for by its owner."""

    def __init__(self) -> None:
        self._future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def grant(self, value: T) -> bool:
        """Give it what it waits for; False where its owner has gone."""
        if self._future.done():
            return False
        self._future.set_result(value)
        return True

    def granted(self) -> list[T]:
        """What it was given, if anything: a list of one or none."""
        done = self._future.done() and not self._future.cancelled()
        return [self._future.result()] if done else []

    async def wait(self, within: float | None) -> T:
        """What was granted; raises `TimeoutError` after `within` seconds."""
        async with asyncio.timeout(within):
            return await self._future


class Ticker:
    """Calls a function from time to time until stopped."""

    def __init__(self, every: float, function: Callable[[], None]) -> None:
        self._every = every
        self._function = function
        self._loop = asyncio.get_running_loop()
        self._handle = self._loop.call_later(every, self._tick)

    def _tick(self) -> None:
        self._function()
        self._handle = self._loop.call_later(self._every, self._tick)

    def stop(self) -> None:
        self._handle.cancel()


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
