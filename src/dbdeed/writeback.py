"""Large files on their way to the disk while they are still being written.

Who syncs a file when it is whole waits for all of it; where the system was told to begin early, only for the
rest. Nothing is synced here: to wait until one file is on the disk while another one grows holds up both.
"""

from __future__ import annotations

import ctypes
import os
import stat
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_PAUSE = 0.2
_LARGE = 1 << 20  # small ones are many, and soon written
_PART = 32 << 20
_SYNC_FILE_RANGE_WRITE = 2  # of linux/fs.h


@contextmanager
def writing_back(folder: Path) -> Iterator[None]:
    """Begin to bring what grows in a folder to the disk, until the context ends; where Linux can be told."""
    begin = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if begin is None:
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_begin, args=(folder, begin, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _begin(folder: Path, begin: Callable[..., int], ended: threading.Event) -> None:
    begun: dict[str, int] = {}
    while not ended.wait(_PAUSE):
        for path, size in _large_files(folder):
            with suppress(OSError), open(path, "rb") as file:  # noqa: PTH123 - of many a path is made slowly
                while (start := begun.get(path, 0)) < size and not ended.is_set():
                    part = min(_PART, size - start)
                    begin(file.fileno(), ctypes.c_int64(start), ctypes.c_int64(part), _SYNC_FILE_RANGE_WRITE)
                    begun[path] = start + part


def _large_files(folder: Path) -> Iterator[tuple[str, int]]:
    for here, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(here, name)  # noqa: PTH118 - as above
            with suppress(OSError):
                facts = os.lstat(path)
                if facts.st_size >= _LARGE and stat.S_ISREG(facts.st_mode):
                    yield path, facts.st_size
