"""A restored database in place of a live one.

A database that SQLite can still open is overwritten through SQLite's own backup: in one transaction, under
its locks, so that programs that have it open go on with the restored state. One that it cannot open is
moved aside.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from dbdeed.engines.sqlite.backup_file import COMPANIONS
from dbdeed.engines.sqlite.faults import RAISED, translated
from dbdeed.engines.sqlite.location import file_of
from dbdeed.engines.sqlite.lock import locked

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from dbdeed.engines.seam import Target

_SECONDS = 30.0


def replace(restore: Callable[[Path], None], target: Target, now: datetime) -> str:
    """Put a restored file in a live one's place; says where what was there is kept.

    Args:
        restore: brings the backup back as a new file.
        target: the live database.
        now: for the name of what is kept.
    """
    file = file_of(target.url)
    if not file.exists():
        restore(file)
        return f"{target.label} did not exist; nothing had to be kept."
    kept = file.with_name(f"{file.name}.before-{now:%Y%m%dT%H%M%S%fZ}")
    with locked(file):
        if sound_enough(file):
            _overwrite(restore, file, kept, target.label)
        else:
            for end in ("", *COMPANIONS):
                part = file.with_name(file.name + end)
                if part.exists():
                    part.replace(kept.with_name(kept.name + end))
            restore(file)
    return f"What was there is kept as {kept}."


def sound_enough(file: Path) -> bool:
    """Whether SQLite can open and copy it."""
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True, timeout=_SECONDS)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return False
        raise translated(error, str(file)) from error
    return True


def _overwrite(restore: Callable[[Path], None], file: Path, kept: Path, label: str) -> None:
    draft = file.with_name(f"{kept.name}.restored")
    try:
        restore(draft)
        with (
            closing(sqlite3.connect(draft)) as new,
            closing(sqlite3.connect(file, timeout=_SECONDS)) as live,
            closing(sqlite3.connect(kept)) as aside,
        ):
            live.backup(aside)
            new.backup(live)
    except RAISED as error:
        raise translated(error, label) from error
    finally:
        for end in ("", *COMPANIONS):
            draft.with_name(draft.name + end).unlink(missing_ok=True)
