# Derived from dbdeed/access/lock.py by tools/derive_sync.py: change that one, then run it.
"""A lock whose waiters are served in order, each for as long as it wants to wait.

Where nobody waits, taking and freeing it hold no mutex: it is a deque with one token in it, whose `append`
and `pop` are atomic. `release` looks for waiters after its `append`, as a waiter looks for the token after it
queued, so that one of them sees the other.
"""

from __future__ import annotations

from collections import deque

from dbdeed.access.sync.waiting import Waiter, mutex


class Lock:
    """First come, first served."""

    def __init__(self) -> None:
        self._mutex = mutex()
        self._free: deque[None] = deque([None])
        self._waiting: deque[Waiter[None]] = deque()

    def take(self) -> bool:
        """Have it, if it is free and nobody waits for it; waits for nothing."""
        if self._waiting:
            return False
        try:
            self._free.pop()
        except IndexError:
            return False
        return True

    def acquire(self, within: float | None) -> bool:
        """False where it was not free within `within` seconds. Where it is free, it waits for nothing."""
        if self.take():
            return True
        with self._mutex:
            waiter: Waiter[None] = Waiter()
            self._waiting.append(waiter)
        if self._free:
            self._settle()
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
        self._free.append(None)
        if self._waiting:
            self._settle()

    def _settle(self) -> None:
        """Bring the token and the first who waits together."""
        with self._mutex:
            if not self._waiting:
                return
            try:
                self._free.pop()
            except IndexError:
                return
            while self._waiting:
                if self._waiting.popleft().grant(None):
                    return
            self._free.append(None)

    def _leave(self, waiter: Waiter[None]) -> None:
        """A waiter goes; what it was granted in the same moment goes to the next one."""
        with self._mutex:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
                return
            granted = bool(waiter.granted())
        if granted:
            self.release()
