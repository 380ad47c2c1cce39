"""Putting a restored file where it belongs: whole or not at all, never among another one's remains."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.engines.faults import RestoreFailed
from dbdeed.engines.seam import Target
from dbdeed.engines.sqlite.integrity import problems_of
from dbdeed.engines.sqlite.location import file_of
from dbdeed.errors import Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPANIONS = ("-wal", "-shm", "-journal")
"""Files beside a database that belong to it. A journal that is left of another database would be played into
the restored one ("How To Corrupt An SQLite Database File", 1.4)."""


def place_of(into: Target | Path) -> Path:
    """The file to make. Raises `Refused` where something is there."""
    file = file_of(into.url) if isinstance(into, Target) else Path(into).absolute()
    if file.is_dir() and not any(file.iterdir()):
        file = file / "database.db"
    if file.is_symlink() or file.is_dir() or (file.exists() and file.stat().st_size):
        raise Refused(f"{file} is there already; a restore does not overwrite.", hint="Name a new file.")
    for companion in (file.with_name(file.name + end) for end in COMPANIONS):
        if companion.exists():
            raise Refused(
                f"{companion} is left of another database; it would be played into the restored one.",
                hint="Move it away, or name another file.",
            )
    return file


@contextmanager
def making(file: Path) -> Iterator[Path]:
    """A name to write to; on success it becomes `file` at once, on failure nothing stays."""
    draft = file.with_name(f"{file.name}.restoring-{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        _durable(draft)
        draft.replace(file)
        _durable(file.parent)
    except OSError as error:
        raise Unavailable(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        for leftover in (draft, *(draft.with_name(draft.name + end) for end in COMPANIONS)):
            with suppress(OSError):
                leftover.unlink()


def _durable(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sound(file: Path) -> list[str]:
    """What `PRAGMA integrity_check` finds wrong in a file that nobody writes; the file is not touched."""
    try:
        connection = sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)
    except sqlite3.Error as error:
        return [f"{file.name} cannot be opened: {error}."]
    try:
        problems = problems_of(connection, 20)
    except sqlite3.Error as error:
        return [f"{file.name} cannot be read: {error}."]
    finally:
        connection.close()
    return [f"{file.name}: {message}." for message in problems]


def require_sound(file: Path) -> None:
    """Raises `RestoreFailed`."""
    problems = sound(file)
    if problems:
        raise RestoreFailed(f"The restored database is damaged: {' '.join(problems[:3])}")
