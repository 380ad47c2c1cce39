"""Digests taken while a backup is still being written.

Otherwise a backup is written first and read afterwards, and takes longer by that. What is looked at is what
has not changed for a moment; whoever lists the files looks at size and time of change again, and takes what
is known only where both are the same.
"""

from __future__ import annotations

import os
import stat
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.recovery.files import Seen, digest
from dbdeed.watching import watching

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping

# Seconds that a file has to be still. Later changes then have a later time, however coarse the file system's
# clock is: one that knows whole seconds only may count them in twos. Who writes may also have been held up,
# and a large file is read in vain then: so it is waited for about as long as reading it takes.
_STILL, _STILL_BY_THE_SECOND = 0.2, 3.0
_READ = 2e9  # bytes a second
_SECOND = 10**9


@contextmanager
def looking_ahead(data: Path, seen: dict[str, Seen]) -> Iterator[None]:
    """Fill `seen`, by path relative to `data`, until the context ends."""

    def look(files: Mapping[str, os.stat_result], ended: threading.Event) -> None:
        for path, facts in files.items():
            if ended.is_set():
                return
            if _still(facts):
                name = os.path.relpath(path, data)
                if seen.get(name, ())[:2] != (facts.st_size, facts.st_mtime_ns):
                    with suppress(OSError):  # what cannot be read is found out later, and said then
                        _see(Path(path), name, seen)

    with watching(data, look):
        yield


def _still(facts: os.stat_result) -> bool:
    """It is a file, and nobody has written to it for a moment."""
    wait = (_STILL if facts.st_mtime_ns % _SECOND else _STILL_BY_THE_SECOND) + facts.st_size / _READ
    return stat.S_ISREG(facts.st_mode) and time.time() - facts.st_mtime >= wait


def _see(path: Path, name: str, seen: dict[str, Seen]) -> None:
    facts = path.lstat()
    found = digest(path)
    if found.size == facts.st_size:
        seen[name] = (facts.st_size, facts.st_mtime_ns, found)
