"""Commands that run until they are told to end: SIGINT and SIGTERM are noted, and nothing is torn.

A signal's handler runs between any two steps of the main thread, and inside another handler where a second
signal follows at once, as those of `timeout` and of a terminal do. So it must take no lock: a
`threading.Event` that is set there waits for itself if the main thread was about to wait for it.
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


@contextmanager
def until_told() -> Iterator[Callable[[float], bool]]:
    """Gives what waits so many seconds at most; true once the process was told to end, and from then on."""
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    look = select.poll()
    look.register(told, select.POLLIN)

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signal's
        with suppress(BlockingIOError):  # it is full of signals: one would do
            os.write(tell, b"!")

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda seconds: bool(look.poll(seconds * 1000))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(told)
        os.close(tell)
