"""Commands that run until they are told to end: SIGINT and SIGTERM set an event, and nothing is torn."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


@contextmanager
def until_told() -> Iterator[Callable[[float], bool]]:
    """Gives what waits so many seconds at most; true once the process was told to end."""
    ending = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signal's
        ending.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ending.wait
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
