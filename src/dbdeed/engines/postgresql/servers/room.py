"""Folders that belong to a living process, and are swept away when it is dead.

A throwaway server's folder holds a locked file for as long as its owner lives; the system drops the lock even
on `kill -9`, and whoever makes the next folder removes what nobody holds.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.servers.account import account, short_folder
from dbdeed.engines.postgresql.servers.processes import kill_members
from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def room(kind: str, parent: Path | None = None) -> Iterator[Path]:
    """A new folder, removed afterwards; leftovers of dead owners of the same kind go first.

    A server's data folder in it must be called `data`. The unprivileged user can pass through it.
    """
    parent = parent or short_folder()
    with locked(parent / ".lock"):
        _sweep(parent, kind)
        folder = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=parent))
        if account().foreign:
            folder.chmod(0o711)
        owner = os.open(folder / "owner", os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(owner, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(owner)


def _sweep(parent: Path, kind: str) -> None:
    for folder in parent.glob(f"{kind}-*"):
        try:
            owner = os.open(folder / "owner", os.O_CREAT | os.O_RDWR, 0o600)
        except OSError:
            continue
        try:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(folder)
        except BlockingIOError:
            pass
        finally:
            os.close(owner)


def _remove(folder: Path) -> None:
    kill_members(folder / "data")
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def locked(file: Path, *, patience: float | None = None, busy: str = "") -> Iterator[None]:
    """Hold a lock file, which the system lets go of when we end, however that happens.

    Args:
        file: made where it is missing.
        patience: seconds to wait for it; None for as long as it takes.
        busy: what to say when it is still held then.

    Raises:
        Unavailable: it was held all that time.
    """
    handle = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        _take(handle, patience, busy)
        yield
    finally:
        os.close(handle)


def _take(handle: int, patience: float | None, busy: str) -> None:
    if patience is None:
        fcntl.flock(handle, fcntl.LOCK_EX)
        return
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise Unavailable(busy, hint="Try again when it is done.", code="locked") from error
            time.sleep(0.05)
        else:
            return
