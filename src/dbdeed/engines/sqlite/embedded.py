"""The project's own database: one file under `.dbdeed/`."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from dbdeed.engines.seam import Target
from dbdeed.engines.sqlite.session import SqliteSession
from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.progress import Progress


@dataclass(frozen=True)
class EmbeddedFile:
    """A database without a server: "running" means that the file is there."""

    root: Path
    version: tuple[int, ...]

    @property
    def file(self) -> Path:
        return self.root.absolute() / ".dbdeed" / "sqlite" / "database.db"

    @property
    def target(self) -> Target:
        label = self.file.relative_to(self.root.absolute())
        return Target(url=f"sqlite:///{quote(str(self.file))}", label=str(label), embedded=True)

    def start(self, progress: Progress, *, reading: bool = False) -> Target:  # noqa: ARG002 - the seam has it
        """Make the file where it is missing, in WAL mode: readers and a writer do not wait for each other.

        To whoever is `reading`, a missing one reads as an empty database, and goes on missing.
        """
        if reading and not self.running:
            return self.target
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"{self.file.parent} cannot be made: {error.strerror}.") from error
        session = SqliteSession.of(self.target)
        try:
            session.execute("PRAGMA journal_mode=WAL")
        finally:
            session.close()
        return self.target

    def stop(self) -> bool:
        """Nothing runs."""
        return False

    def status(self) -> str:
        if not self.running:
            return "never started"
        return f"a file, SQLite {sqlite3.sqlite_version}, {self.file}"

    @property
    def running(self) -> bool:
        return self.file.exists()
