"""What an engine's ways to take a backup, and to bring it back, have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from dbdeed.document.values.types import Method
    from dbdeed.engines.seam import Session, Target
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class LogRange:
    """The part of a server's log without which a backup is no database.

    Attributes:
        system: the identifier of the system that wrote it.
        timeline: on which the backup ends.
        start, end: positions in the engine's words.
        unit: how many bytes of it one file holds; 0 where that is not known.
    """

    system: str
    timeline: int
    start: str
    end: str
    unit: int = 0


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
        log: the log that belongs to it, from which a later moment can be reached; None where there is none.
    """

    started: datetime
    finished: datetime
    consistent_at: datetime
    position: str
    size: int
    engine_version: tuple[int, ...]
    tables: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    log: LogRange | None = None


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


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the steps of a restore by hand are rehearsed, cut off from everybody.

    Attributes:
        folder: where they are run.
        environment: what they see.
        adopt: makes what lies in the folder belong to whoever runs them.
        step: a step as it is run there: a server that it starts must reach nobody.
        after: commands that ask what came back whether it answers.
        last: is run whatever happened; "" for nothing.
        argv: how a program is run there.
        shares: whoever runs them can read the backup where it is; else they get a copy.
    """

    folder: Path
    environment: Mapping[str, str]
    adopt: Callable[[], None]
    step: Callable[[str], str]
    after: tuple[str, ...]
    last: str
    argv: Callable[[Sequence[str]], list[str]]
    shares: bool = False


@runtime_checkable
class Rehearsable(Protocol):
    """A method whose commands can be tried out."""

    def stage(self, data: Path, work: Path) -> AbstractContextManager[Stage]:
        """A place for it in the empty folder `work` (or where the server's user can reach it).

        `data` is the backup. Raises `Unavailable` where programs are missing.
        """


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

    def restore(self, folder: Path, into: Target | Path, progress: Progress, *, spend: bool = False) -> None:
        """Bring it back into an empty place: a data folder, a file or an empty database.

        `spend` says that `folder` is a copy which nobody needs afterwards: its files may be moved.
        """

    def restored(
        self, folder: Path, work: Path, progress: Progress, *, spend: bool = False
    ) -> AbstractContextManager[Session]:
        """Restore into a throwaway server that reaches nobody and open it; for drills.

        Each part is a step of `progress`, which is how a drill times them: "Restore", "Start and replay".
        `spend` as for `restore`.

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


@runtime_checkable
class IncrementalMethod(BackupMethod, Protocol):
    """A method whose backups can hold only what changed since an earlier one, their parent."""

    @property
    def parent_files(self) -> tuple[str, ...]:
        """What `take_increment` reads of a parent, by paths relative to its data."""

    def why_no_increment(self, target: Target, *, arrange: bool) -> str:
        """Why this server gives no increments, a sentence with what to set; "" where it does.

        `arrange` lets an embedded server be set so that it does from now on.
        """

    def take_increment(self, target: Target, folder: Path, parent: Path, progress: Progress) -> BackupFacts:
        """Write what changed since the backup in `parent` into the empty `folder`.

        Raises `Unavailable` where the server cannot tell what that is.
        """

    def combine(
        self,
        chain: Sequence[Path],
        into: Path,
        progress: Progress,
        *,
        spend: bool = False,
        verifiable: bool = False,
    ) -> None:
        """Write the whole backup that a full one and its increments come to into the empty `into`.

        Args:
            chain: the folders, the full one first.
            into: the result, laid out as `take` does; for `restore` to spend.
            progress: where the step is announced.
            spend: the chain's files may become the result's.
            verifiable: the result is looked at by hand, and so holds what the engine's programs check it by.
        """


class TableCarrier(Protocol):
    """Brings tables out of a restored copy into a file or another database."""

    def found(self, session: Session, names: Sequence[str]) -> tuple[str, ...]:
        """The tables of a copy, with all that belongs to them, by their full names.

        Raises `InvalidInput` for one that is not there.
        """

    def present(self, target: Target, tables: Sequence[str]) -> tuple[str, ...]:
        """Those that a database has already; without any named, something where it is not empty."""

    def write(self, copy: Session, tables: Sequence[str], file: Path, progress: Progress) -> None:
        """Write tables to a new file of SQL. Raises `Refused` where it is there already."""

    def keep(self, source: Target, tables: Sequence[str], file: Path, progress: Progress) -> None:
        """The same of a live database."""

    def carry(
        self,
        copy: Session,
        tables: Sequence[str],
        into: Target,
        work: Path,
        progress: Progress,
        *,
        replace: bool,
    ) -> None:
        """Bring tables, or without any named the whole database, into another one: all of it or nothing.

        Args:
            copy: a session of the restored copy.
            tables: by their full names.
            into: where to.
            work: a folder to work in.
            progress: where steps are announced.
            replace: drop tables of these names first; where others refer to them, nothing is changed.
        """
