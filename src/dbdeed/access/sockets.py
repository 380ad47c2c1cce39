"""How tasks wait for a driver's socket, and for their turn at it.

`sync/sockets.py` is the twin for threads, written by hand.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context


class Turn:
    """One caller at a time, first come first served. Where it is free, taking it waits for nothing."""

    def __init__(self) -> None:
        self._taken = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
        """False where another has it; then `wait`."""
        if self._taken:
            return False
        self._taken = True
        return True

    async def wait(self) -> None:
        """Take it once those who came before are done."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            await future
        except BaseException:
            if future.done() and not future.cancelled():
                self.free()  # it was handed over in the same moment
            raise

    def free(self) -> None:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)  # handed over: it stays taken
                return
        self._taken = False


class _Wake(asyncio.Future[None]):
    """A future that is awaited once, and whose task goes on in the very turn of the loop that wakes it.

    A plain one resumes its task in the next turn, which is another look at every socket: a fifth of what the
    client's side of a short query costs.
    """

    _resume: Callable[[Any], object] | None = None
    _context: Context | None = None

    def add_done_callback(self, fn: Callable[[Any], object], /, *, context: Context | None = None) -> None:
        self._resume = fn
        self._context = context

    def cancel(self, msg: Any | None = None) -> bool:
        cancelled = super().cancel(msg)
        if cancelled and self._resume is not None:
            self.get_loop().call_soon(self._resume, self, context=self._context)
        return cancelled

    def go(self, error: Exception | None = None) -> None:
        """Wake it; called by the loop and never by a task."""
        if self.done():
            return
        if error is None:
            self.set_result(None)
        else:
            self.set_exception(error)
        if self._resume is None:
            return
        if self._context is None or asyncio.current_task(self.get_loop()) is not None:  # loops within loops
            self.get_loop().call_soon(self._resume, self, context=self._context)
        else:
            self._context.run(self._resume, self)


class Socket:
    """A driver's socket, watched for as long as it is open.

    Args:
        descriptor: the socket's number; it belongs to the driver.
        look: called whenever there is something to read: takes it, and says whether what is waited for is
            complete. What it raises is raised by `wait`, and the watch ends.
    """

    def __init__(self, descriptor: int, look: Callable[[], bool]) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._look = look
        self._wake: _Wake | None = None
        self._watched = False
        self._ended: Exception | None = None
        self._closed = False
        self.resume()

    def wait(self) -> asyncio.Future[None]:
        """Until `look` says that it is complete."""
        wake = _Wake(loop=self._loop)
        if self._ended is not None:
            wake.set_exception(self._ended)
        else:
            self._wake = wake
        return wake

    async def writable(self) -> None:
        """Until more can be written; what comes in meanwhile is taken."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_writer(self._descriptor, _settle, future)
        try:
            await future
        finally:
            self._loop.remove_writer(self._descriptor)

    def pause(self) -> None:
        """Leave what comes in where it is, so that the other end has to wait."""
        if self._watched:
            self._watched = False
            self._loop.remove_reader(self._descriptor)

    def resume(self) -> None:
        if not (self._watched or self._closed) and self._ended is None:
            self._watched = True
            self._loop.add_reader(self._descriptor, self._readable)

    def close(self) -> None:
        """Watch no more; called before the driver closes it."""
        self._closed = True
        if not self._loop.is_closed():
            self.pause()

    def _readable(self) -> None:
        wake = self._wake
        try:
            complete = self._look()
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            self._ended = error
            self.pause()
            if wake is not None:
                self._wake = None
                wake.go(error)
            return
        if complete and wake is not None:
            self._wake = None
            wake.go()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def until_ready(descriptor: int, *, write: bool) -> None:
    """Until a socket that is not watched can be read, or written."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    (loop.add_writer if write else loop.add_reader)(descriptor, _settle, future)
    try:
        await future
    finally:
        (loop.remove_writer if write else loop.remove_reader)(descriptor)


def patience(socket: Socket, seconds: float) -> asyncio.Timeout:
    """Waiting within takes no longer than `seconds`; then `TimeoutError`."""
    del socket
    return asyncio.timeout(seconds)


async def apart(function: Callable[[], object]) -> None:
    """Call what may block without holding others up."""
    await asyncio.get_running_loop().run_in_executor(None, function)
