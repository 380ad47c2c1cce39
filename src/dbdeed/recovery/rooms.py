"""Folders for restored copies: each belongs to a living process, and is swept away once that is dead."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.recovery.files import explained

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "copy-"


@contextmanager
def work_folder(parent: Path) -> Iterator[Path]:
    """An empty folder in `parent`, gone with the context; leftovers of dead processes go first."""
    with explained(parent):
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (parent / ".lock").open("a") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            _sweep(parent)
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
            owner = (folder / ".owner").open("w")
            fcntl.flock(owner, fcntl.LOCK_EX)
    with owner:
        try:
            (folder / "work").mkdir(mode=0o700)
            yield folder / "work"
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with (folder / ".owner").open("a") as owner:
            try:
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            shutil.rmtree(folder, ignore_errors=True)
