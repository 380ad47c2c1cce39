# Derived from dbdeed/access/lock.py by tools/derive_sync.py: change that one, then run it.
"""A lock whose waiters are served in order, each for as long as it wants to wait."""

from __future__ import annotations

from collections import deque

from dbdeed.access.sync.waiting import Waiter, mutex


class Lock:
    """First come, first served."""

    def __init__(self) -> None:
        self._mutex = mutex()
        self._taken = False
        self._waiting: deque[Waiter[None]] = deque()

    def take(self) -> bool:
        """Have it, if it is free; waits for nothing."""
        with self._mutex:
            if self._taken:
                return False
            self._taken = True
            return True

    def acquire(self, within: float | None) -> bool:
        """False where it was not free within `within` seconds. Where it is free, it waits for nothing."""
        with self._mutex:
            if not self._taken:
                self._taken = True
                return True
            waiter: Waiter[None] = Waiter()
            self._waiting.append(waiter)
        try:
            waiter.wait(within)
        except BaseException as error:
            self._leave(waiter)
            if isinstance(error, TimeoutError):
                return False
            raise
        return True

    def release(self) -> None:
        """The first who waits has it now."""
        with self._mutex:
            if self._waiting:
                self._pass_on()
            else:
                self._taken = False

    def _leave(self, waiter: Waiter[None]) -> None:
        """A waiter goes; what it was granted in the same moment goes to the next one."""
        with self._mutex:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif waiter.granted():
                self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            if self._waiting.popleft().grant(None):
                return
        self._taken = False
