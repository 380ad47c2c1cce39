"""The one lock of whoever changes a database file.

A lock on the database file itself would not do: SQLite's own locks belong to the process and vanish as soon
as any handle on the file is closed in it ("How To Corrupt An SQLite Database File", 2.2.1). So a file
beside it is locked. The system lets go of the lock when its process ends, however it ends; the file is then
only litter, taken over by the next one.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the lock. Raises `Unavailable` where somebody else holds it or the folder cannot be written."""
    database = database.resolve()  # two links to one file share its lock
    path = database.with_name(f"{database.name}-dbdeed-lock")
    handle = _acquire(path, database)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # still locked: nobody else has locked this file
        os.close(handle)


def _acquire(path: Path, database: Path) -> int:
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise Unavailable(
                f"{database} cannot be locked: {error.strerror}.",
                hint="Give this user the right to write in the database's folder.",
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise Unavailable(
                f"Another dbdeed is changing {database}.", hint="Wait until it is done.", code="locked"
            ) from error
        if _is_still(path, handle):
            return handle
        os.close(handle)  # its holder removed it between our opening and our locking


def _is_still(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
