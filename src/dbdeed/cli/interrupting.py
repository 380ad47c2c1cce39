"""Being told to end by SIGINT or SIGTERM: KeyboardInterrupt unwinds, so that servers and locks are let go.

It must not be raised wherever a signal happens to arrive. In the midst of an import it can leave the
interpreter's own lock held, on which every other thread that imports then waits for ever; and in what is
called as an object goes, a weak reference's callback or `__del__`, it is reported and forgotten. There it is
put off for a moment.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_MOMENT = 0.01  # seconds
_IMPORT = "<frozen importlib."


def unwind_when_told() -> None:
    """From now on; not where somebody else already listens to the signal."""
    for number, before in ((signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
        if signal.getsignal(number) is before:
            signal.signal(number, _told)
    signal.signal(signal.SIGALRM, _told)
    report = sys.unraisablehook

    def forgotten(what: sys.UnraisableHookArgs) -> None:
        if issubclass(what.exc_type, KeyboardInterrupt):
            _again()
        else:
            report(what)

    sys.unraisablehook = forgotten


def ignore() -> None:
    """Being told a second time must not cut short the words about the first."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(one, signal.SIG_IGN)


def _told(_number: int, frame: FrameType | None) -> None:
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORT):
            _again()
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def _again() -> None:
    signal.setitimer(signal.ITIMER_REAL, _MOMENT)
