"""A thread beside somebody who writes files, which looks at them again and again."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Look = Callable[[Mapping[str, os.stat_result], threading.Event], None]

_PAUSE = 0.2


@contextmanager
def watching(folder: Path, look: Look) -> Iterator[None]:
    """Call `look` with all files below a folder, by their paths, until the context ends.

    It is given an event besides, which says that it shall return soon: the context waits for it. Between two
    looks is a pause, of as long as finding the files took: who writes is not to be held up by it.
    """
    ended = threading.Event()
    thread = threading.Thread(target=_watch, args=(folder, look, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _watch(folder: Path, look: Look, ended: threading.Event) -> None:
    pause = _PAUSE
    while not ended.wait(pause):
        begun = time.monotonic()
        there = _files(folder)
        pause = max(_PAUSE, time.monotonic() - begun)
        look(there, ended)


def _files(folder: Path) -> dict[str, os.stat_result]:
    found: dict[str, os.stat_result] = {}
    for here, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(here, name)  # noqa: PTH118 - a hundred thousand times
            with suppress(OSError):
                found[path] = os.lstat(path)
    return found
