"""Digests taken, and files brought to the disk, while a backup is still being written.

Otherwise a backup is written first and read and synced afterwards, and takes twice as long. What is looked at
is what has not changed for a moment; whoever lists the files looks at size and time of change again, and
takes what is known only where both are the same.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.recovery.files import Seen, digest

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGE = 1 << 20  # small files are many and cheap: to sync each early would hold up the writer
_STILL = 1.0  # seconds: later changes then have a later time, however coarse the file system's clock is
_PAUSE = 0.5


@contextmanager
def looking_ahead(data: Path, seen: dict[str, Seen]) -> Iterator[None]:
    """Fill `seen`, by path relative to `data`, until the context ends."""
    ended = threading.Event()
    thread = threading.Thread(target=_look, args=(data, seen, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _look(data: Path, seen: dict[str, Seen], ended: threading.Event) -> None:
    pause = _PAUSE
    while not ended.wait(pause):
        begun = time.monotonic()
        for here, _, names in os.walk(data):
            for name in names:
                if ended.is_set():
                    return
                with suppress(OSError):  # what cannot be read is found out later, and said then
                    _see(data, Path(here) / name, seen)
        pause = max(_PAUSE, time.monotonic() - begun)


def _see(data: Path, path: Path, seen: dict[str, Seen]) -> None:
    facts = path.lstat()
    name = str(path.relative_to(data))
    known = seen.get(name)
    if (
        facts.st_size < _LARGE
        or path.is_symlink()
        or time.time() - facts.st_mtime < _STILL
        or (known is not None and known[:2] == (facts.st_size, facts.st_mtime_ns))
    ):
        return
    found = digest(path, sync=True)
    if found.size == facts.st_size:
        seen[name] = (facts.st_size, facts.st_mtime_ns, found)
