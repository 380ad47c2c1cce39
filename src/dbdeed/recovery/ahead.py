"""Digests taken, and files brought to the disk, while a backup is still being made.

Otherwise a backup is written first and read afterwards, and takes longer by that. What is looked at is what
has not changed for a moment; whoever lists the files looks at size and time of change again, and takes what
is known only where both are the same. Files are synced from the moment on at which the work says that they
stay as they are: to wait for one while another one grows would hold up both.
"""

from __future__ import annotations

import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.progress import SILENT, took
from dbdeed.recovery.files import Durable, Seen, digest, sync_files
from dbdeed.watching import watching

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Executor, Future
    from contextlib import AbstractContextManager

    from dbdeed.progress import Progress, Task

# Seconds that a file has to be still. Later changes then have a later time, however coarse the file system's
# clock is: one that knows whole seconds only may count them in twos. Who writes may also have been held up,
# and a large file is read in vain then: so it is waited for about as long as reading it takes.
_STILL, _STILL_BY_THE_SECOND = 0.2, 3.0
_READ = 2e9  # bytes a second
_SECOND = 10**9


class Ahead:
    """A `Progress` for the work, by which it says when its files have settled."""

    def __init__(self, data: Path, progress: Progress, aside: Executor) -> None:
        self._data = data
        self._progress = progress
        self._aside = aside
        self._synced: Future[Durable] | None = None

    def step(self, name: str, *, total: int | None = None) -> AbstractContextManager[Task]:
        return self._progress.step(name, total=total)

    def took(self, name: str, seconds: float, rest: str) -> None:
        took(self._progress, name, seconds, rest=rest)

    def settled(self) -> None:
        """Begin to sync what is there."""
        if self._synced is None:
            self._synced = self._aside.submit(sync_files, self._data)

    @property
    def has_settled(self) -> bool:
        return self._synced is not None

    def wait(self) -> Durable:
        """What is on the disk. Raises `OSError` where that failed: the system says so only once."""
        return self._synced.result() if self._synced is not None else {}


@contextmanager
def looking_ahead(
    data: Path,
    seen: dict[str, Seen],
    progress: Progress = SILENT,
    *,
    durable: dict[str, tuple[int, int]] | None = None,
) -> Iterator[Ahead]:
    """Fill `seen`, by path relative to `data`, until the context ends, and at its end `durable`.

    Raises `OSError` where a file did not reach the disk.
    """
    with ThreadPoolExecutor(1) as aside:
        ahead = Ahead(data, progress, aside)

        def look(files: Mapping[str, os.stat_result], ended: threading.Event) -> None:
            for path, facts in files.items():
                if ended.is_set():
                    return
                if _still(facts, settled=ahead.has_settled):
                    name = os.path.relpath(path, data)
                    if seen.get(name, ())[:2] != (facts.st_size, facts.st_mtime_ns):
                        with suppress(OSError):  # what cannot be read is found out later, and said then
                            _see(Path(path), name, seen)

        with watching(data, look):
            yield ahead
        synced = ahead.wait()
        if durable is not None:
            durable.update(synced)


def _still(facts: os.stat_result, *, settled: bool) -> bool:
    """It is a file, and nobody has written to it for a moment."""
    wait = _STILL if facts.st_mtime_ns % _SECOND else _STILL_BY_THE_SECOND
    if not settled:
        wait += facts.st_size / _READ
    return stat.S_ISREG(facts.st_mode) and time.time() - facts.st_mtime >= wait


def _see(path: Path, name: str, seen: dict[str, Seen]) -> None:
    facts = path.lstat()
    found = digest(path)
    if found.size == facts.st_size:
        seen[name] = (facts.st_size, facts.st_mtime_ns, found)
