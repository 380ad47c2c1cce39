"""What an engine's ways to take a backup, and to bring it back, have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from dbdeed.document.values.types import Method
    from dbdeed.engines.seam import Session, Target
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class BackupFacts:
    """What one finished backup is.

    Attributes:
        started, finished: times in UTC.
        consistent_at: the moment whose state it holds: nothing committed before it is missing.
        position: the log position of that moment in the engine's words, "" where there is none.
        size: bytes on disk.
        engine_version: of the server.
        tables: per table, unquoted and qualified: (rows, digest) as of the backup, or {} where not taken.
        notes: what the backup leaves out, and why something was not taken; one sentence each.
    """

    started: datetime
    finished: datetime
    consistent_at: datetime
    position: str
    size: int
    engine_version: tuple[int, ...]
    tables: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Examined:
    """One question that was put to a restored database.

    Attributes:
        name: what was looked at: "constraints", "sequences", "indexes".
        detail: what was found in order, for people: "12 indexes".
        problems: what is wrong, one sentence each.
        skipped: why it could not be asked; then it is not verified, whatever else is.
    """

    name: str
    detail: str = ""
    problems: tuple[str, ...] = ()
    skipped: str = ""


class BackupMethod(Protocol):
    """One way to take and bring back a backup."""

    @property
    def method(self) -> Method: ...

    @property
    def name(self) -> str:
        """In the store and for people: "physical", "logical", "online"."""

    def take(self, target: Target, folder: Path, progress: Progress) -> BackupFacts:
        """Write one backup into the empty `folder`."""

    def verify(self, folder: Path, facts: BackupFacts) -> Sequence[str]:
        """What is wrong with it, one sentence each; empty when sound."""

    def restore(self, folder: Path, into: Target | Path, progress: Progress) -> None:
        """Bring it back into an empty place: a data folder, a file or an empty database."""

    def restored(self, folder: Path, work: Path, progress: Progress) -> AbstractContextManager[Session]:
        """Restore into a throwaway server that reaches nobody and open it; for drills.

        Each part is a step of `progress`, which is how a drill times them: "Restore", "Start and replay".
        Raises `RestoreFailed` where the backup is at fault, another `DbdeedError` where the surroundings are.
        """

    def examine(self, session: Session) -> Sequence[Examined]:
        """Put the engine's own questions to a restored database.

        Constraints valid, sequences ahead of what they number, indexes and pages sound.
        """

    def replace(self, folder: Path, target: Target, progress: Progress) -> str:
        """Bring it back in place of a live database; say in a sentence where what was there is kept.

        The caller has the person's consent and has taken a safety backup.
        """

    def commands(self, target: Target) -> Sequence[str]:
        """The exact commands of a restore by hand, for the document's Procedure."""
