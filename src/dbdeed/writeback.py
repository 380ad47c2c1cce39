"""Large files on their way to the disk while they are still being written.

Who syncs a file when it is whole waits for all of it; where the system was told to begin early, only for the
rest. Nothing is synced here: to wait until one file is on the disk while another one grows holds up both.
"""

from __future__ import annotations

import ctypes
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from dbdeed.watching import watching

if TYPE_CHECKING:
    import os
    import threading
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_LARGE = 1 << 20  # small ones are many, and soon written
_PART = 32 << 20
_SYNC_FILE_RANGE_WRITE = 2  # of linux/fs.h


@contextmanager
def writing_back(folder: Path) -> Iterator[None]:
    """Begin to bring what grows in a folder to the disk, until the context ends; where Linux can be told."""
    begin = _beginner()
    if begin is None:
        yield
        return
    begun: dict[str, int] = {}

    def look(files: Mapping[str, os.stat_result], ended: threading.Event) -> None:
        for path, facts in files.items():
            if facts.st_size < _LARGE or not stat.S_ISREG(facts.st_mode):
                continue
            with suppress(OSError), open(path, "rb") as file:  # noqa: PTH123 - of many a path is made slowly
                while (start := begun.get(path, 0)) < facts.st_size and not ended.is_set():
                    part = min(_PART, facts.st_size - start)
                    begin(file.fileno(), ctypes.c_int64(start), ctypes.c_int64(part), _SYNC_FILE_RANGE_WRITE)
                    begun[path] = start + part

    with watching(folder, look):
        yield


def begin_all(files: Iterable[Path]) -> None:
    """Begin to bring whole files to the disk, where Linux can be told.

    Whoever syncs a thousand small ones then waits for a few writes of the file system's journal in place of
    a thousand.
    """
    begin = _beginner()
    for path in files if begin is not None else ():
        with suppress(OSError), path.open("rb") as file:
            to_the_end = ctypes.c_int64(0)
            begin(file.fileno(), ctypes.c_int64(0), to_the_end, _SYNC_FILE_RANGE_WRITE)


def _beginner() -> Any:
    """The system's own call; None where it has none."""
    return getattr(ctypes.CDLL(None), "sync_file_range", None)
