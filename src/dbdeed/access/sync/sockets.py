"""How threads wait for a driver's socket, and for their turn at it: the twin of `dbdeed.access.sockets`."""

from __future__ import annotations

import select
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONGEST = 5000  # milliseconds that another connection may take to answer


class Turn:
    """One caller at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def take(self) -> bool:
        """False where another has it; then `wait`."""
        return self._lock.acquire(blocking=False)

    def wait(self) -> None:
        """Take it once those who came before are done."""
        self._lock.acquire()

    def free(self) -> None:
        self._lock.release()


class Socket:
    """A driver's socket, read by whoever waits for it.

    Args:
        descriptor: the socket's number; it belongs to the driver.
        look: called whenever there is something to read: takes it, and says whether what is waited for is
            complete.
    """

    def __init__(self, descriptor: int, look: Callable[[], bool]) -> None:
        self._look = look
        self._readable = select.poll()
        self._readable.register(descriptor, select.POLLIN)
        self._either = select.poll()
        self._either.register(descriptor, select.POLLIN | select.POLLOUT)
        self.deadline: float | None = None

    def wait(self) -> None:
        """Until `look` says that it is complete."""
        while True:
            if self._readable.poll(self._left()) and self._look():
                return

    def writable(self) -> None:
        """Until more can be written; what comes in meanwhile is taken."""
        for _, events in self._either.poll(self._left()):
            if events & ~select.POLLOUT:
                self._look()

    def pause(self) -> None:
        """Nothing is read but by those who wait."""

    def resume(self) -> None:
        """Nothing is read but by those who wait."""

    def close(self) -> None:
        """Watch no more; called before the driver closes it."""

    def _left(self) -> float | None:
        """Milliseconds."""
        if self.deadline is None:
            return None
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left * 1000


def until_ready(descriptor: int, *, write: bool) -> None:
    """Until a socket that is not watched can be read, or written."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT if write else select.POLLIN)
    if not poll.poll(_LONGEST):
        raise TimeoutError


@contextmanager
def patience(socket: Socket, seconds: float) -> Iterator[None]:
    """Waiting within takes no longer than `seconds`; then `TimeoutError`."""
    socket.deadline = time.monotonic() + seconds
    try:
        yield
    finally:
        socket.deadline = None


def apart(function: Callable[[], object]) -> None:
    """Call what may block."""
    function()
