"""Ends what runs too long and does not obey a statement timeout."""

from __future__ import annotations

import time
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOOKS = 1.0
"""Seconds between two looks at the clock: one thread looks for a whole session, since to start one for each
statement costs more than most statements."""


class Watchdog:
    """Calls `act` once when something that it watches takes longer than it may."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._deadline: float | None = None
        self._closed = Event()
        self._thread: Thread | None = None

    @contextmanager
    def watching(self, seconds: float) -> Iterator[None]:
        """Act if this context is still open after so many seconds, and a look at most."""
        if self._thread is None:
            self._thread = Thread(target=self._look, daemon=True)
            self._thread.start()
        self._deadline = time.monotonic() + seconds
        try:
            yield
        finally:
            self._deadline = None

    def close(self) -> None:
        self._closed.set()

    def _look(self) -> None:
        while not self._closed.wait(_LOOKS):
            deadline = self._deadline
            if deadline is not None and time.monotonic() > deadline:
                self._deadline = None
                self._act()
