"""How threads wait for each other: the twin of `dbdeed.access.waiting`, written by hand."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

T = TypeVar("T")


class Waiter(Generic[T]):
    """A place in a queue: granted once by another thread, waited for by its owner."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._value: list[T] = []

    def grant(self, value: T) -> bool:
        """Give it what it waits for. Whoever keeps the queue calls this and `granted` under one mutex."""
        self._value.append(value)
        self._event.set()
        return True

    def granted(self) -> list[T]:
        """What it was given, if anything: a list of one or none."""
        return self._value

    def wait(self, within: float | None) -> T:
        """What was granted; raises `TimeoutError` after `within` seconds."""
        if not self._event.wait(within):
            raise TimeoutError
        return self._value[0]


class Patience:
    """Waiting in one queue, where all wait equally long.

    Args:
        within: seconds.
    """

    def __init__(self, within: float) -> None:
        self._within = within

    def wait(self, waiter: Waiter[T]) -> T:
        """As `waiter.wait`."""
        return waiter.wait(self._within)


class Ticker:
    """Calls a function again and again, each time after as many seconds as it gave, until stopped."""

    def __init__(self, after: float, function: Callable[[], float]) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._stopped = False
        self._at = time.monotonic() + after
        threading.Thread(target=self._run, name="dbdeed-pool", daemon=True).start()

    def hurry(self, within: float) -> None:
        """Call it after `within` seconds at the latest."""
        self._bring_forward(time.monotonic() + within)

    def stop(self) -> None:
        self._stopped = True
        self._woken.set()

    def _bring_forward(self, at: float) -> None:
        with self._lock:
            if at < self._at:
                self._at = at
                self._woken.set()

    def _run(self) -> None:
        while not self._stopped:
            left = self._at - time.monotonic()
            if left > 0:
                self._woken.wait(min(left, threading.TIMEOUT_MAX))
                self._woken.clear()
                continue
            self._at = float("inf")
            self._bring_forward(self._function() + time.monotonic())


def mutex() -> AbstractContextManager[object]:
    """What guards state that several callers change."""
    return threading.Lock()


caller: Callable[[], object] = threading.get_ident
"""Who is calling; `caller_name` names it. Without a frame of its own: it is asked with each call."""


def caller_name(who: object) -> str:
    """A caller's name, for messages."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return f"thread {names[who]!r}" if isinstance(who, int) and who in names else "a thread that has ended"


def called(function: Callable[[], object]) -> None:
    """Call it."""
    function()


def sleep(seconds: float) -> None:
    time.sleep(seconds)
