"""What the runner asks of a migration tool's files and of its history table.

A format is one module that knows one tool's conventions: how its files are named, read and written, and how
its history is kept in the database. The runner (`migrations.runner`) knows none of them and does the same for
all: replay in scratch, run, record, take back.

A migration is what the tool counts as one: a file for most, a changeset for Liquibase.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from dbdeed.document.values.types import Tool
    from dbdeed.engines.seam import Engine, Session, Statement, Target


@dataclass(frozen=True, slots=True)
class Batch:
    """Statements that run together: one transaction, or one by one outside of any."""

    statements: tuple[Statement, ...]
    transactional: bool = True


@dataclass(frozen=True, slots=True)
class Origin:
    """What a file that we wrote says of itself: fingerprints of the states before and after it.

    Two files with one `before` were written on two branches.
    """

    before: str
    after: str


class Kind(StrEnum):
    VERSIONED = "versioned"
    REPEATABLE = "repeatable"  # runs again whenever its checksum changes; without a version, after all others
    BASELINE = "baseline"  # the whole state at its version, for databases that are empty


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration as its files have it.

    Attributes:
        key: what the tool's history calls it; unique in a project.
        version: for people, and for `migrate to VERSION`.
        description: its words.
        path: of its file.
        checksum: as the tool's history has it, or `dbdeed.sum` where the tool keeps none.
        up: its batches; None where only the tool itself can run it.
        down: likewise; None where it has no way back that we can run.
        needs: the program that alone can run it: "node", "liquibase"; "" where `up` is there.
        origin: of one that we wrote; None for others.
        environment: names of environment variables that `${NAME}` in it stands for.
        line: of several that a tool keeps beside each other; order counts inside of one only.
    """

    key: str
    version: str
    description: str
    path: Path
    checksum: str
    up: tuple[Batch, ...] | None
    down: tuple[Batch, ...] | None = None
    needs: str = ""
    kind: Kind = Kind.VERSIONED
    origin: Origin | None = None
    environment: tuple[str, ...] = ()
    line: str = ""


class State(StrEnum):
    DONE = "done"
    FAILED = "failed"  # the tool began it, and it did not get through
    BASELINE = "baseline"  # the database had it before its history began


@dataclass(frozen=True, slots=True)
class Applied:
    """One row of a tool's history.

    Attributes:
        key: of its migration.
        checksum: as recorded; "" where the tool records none.
        moment: when, as the tool has it; None where it does not say.
    """

    key: str
    version: str
    description: str
    checksum: str
    moment: datetime | None
    state: State = State.DONE


@dataclass(frozen=True, slots=True)
class WrittenStatement:
    """A statement of a new file, with what a reader must know of it: why, lock, hazards; a line each."""

    sql: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WrittenBatch:
    statements: tuple[WrittenStatement, ...]
    transactional: bool = True


@dataclass(frozen=True, slots=True)
class Draft:
    """A migration that is to be written.

    Attributes:
        description: a person's words: "add loyalty points".
        moment: now, in UTC.
        up: what it does.
        down: the way back; None where there is none, and `irreversible` says why.
        notes: what a reader must know of the whole: what it destroys, which Strategy it is held against.
        origin: the states that it leads from and to.
        environment: names of environment variables that `${NAME}` in it stands for.
        branch: of a tool whose migrations have several: the one that it goes on, by name.
    """

    description: str
    moment: datetime
    up: tuple[WrittenBatch, ...]
    down: tuple[WrittenBatch, ...] | None
    notes: tuple[str, ...]
    origin: Origin
    irreversible: str = ""
    environment: tuple[str, ...] = ()
    branch: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a project has its migrations.

    Attributes:
        root: the project folder, in which the tool's own configuration stands.
        folder: of the files; inside the project.
    """

    root: Path
    folder: Path


class History(Protocol):
    """A tool's history table in one database. Its tables are no part of any catalog that is compared.

    A row is written in the transaction of a file's last statements, and these may have set what names mean
    (`search_path`): an implementation writes its table's name in full.
    """

    @property
    def tables(self) -> frozenset[str]:
        """Names of what the tool keeps in the database, unquoted and qualified where it qualifies them."""

    def exists(self, session: Session) -> bool: ...

    def create(self, session: Session) -> None:
        """Make it as the tool itself would, byte for byte where the tool looks at it."""

    def applied(self, session: Session) -> Sequence[Applied]:
        """Its rows, in the order in which they were applied; () where there is no history yet."""

    def record(self, session: Session, migration: Migration, *, state: State, seconds: float) -> None:
        """Write down that a migration was applied; inside the caller's transaction, if there is one."""

    def forget(self, session: Session, migration: Migration) -> None:
        """Write down that it was taken back, as the tool does: most delete the row."""

    def correct(self, session: Session, migration: Migration) -> None:
        """`repair`: make the recorded checksum and description those of the file; drop a failed row."""

    def locked(self, session: Session) -> AbstractContextManager[None]:
        """Hold the tool's own lock. Raises `Unavailable` where another holds it, with since when and who.

        A stale lock of the tool's is reported and never cleared.
        """


class Renumbers(Protocol):
    """What a format has besides whose files can be given a later place (`migrate rebase`)."""

    def renumbered(
        self,
        layout: Layout,
        existing: Sequence[Migration],
        migration: Migration,
        moment: datetime,
        origin: Origin,
    ) -> Mapping[Path, str | None]:
        """The files of a migration after all `existing` ones; None for those that go.

        Where we wrote the file, `origin` takes the place of what it said of the states around it.
        """


class Process(Protocol):
    """The tool's own program, for files that only it can run."""

    @property
    def missing(self) -> str:
        """What is not installed and how to get it; "" where all is there."""

    def up(self, target: Target, migrations: Sequence[Migration]) -> None:
        """Have the tool apply just these, which follow one another, and record each.

        In one process: starting it costs more than what it then does. Raises `Unavailable` with its own
        words; those before the one that failed are then applied.
        """

    def down(self, target: Target, migration: Migration) -> None: ...


@runtime_checkable
class Foresees(Process, Protocol):
    """What a program has besides that says beforehand what it would run."""

    def foresee(self, target: Target, migrations: Sequence[Migration]) -> Sequence[Foreseen]:
        """Of each of some that come next, in order. Raises `Unavailable` with the tool's own words."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The SQL of one migration, as its tool makes it for the database at hand."""

    sql: str
    transactional: bool = True


class Format(Protocol):
    """One tool's files."""

    @property
    def name(self) -> str:
        """For `--tool` and in JSON: "flyway"."""

    @property
    def tool(self) -> Tool: ...

    @property
    def keeps_checksums(self) -> bool:
        """Whether its history has them; where not, `dbdeed.sum` beside the files does."""

    def layout(self, root: Path) -> Layout:
        """Where its files are: by its own configuration in the project, else by its convention."""

    def read(self, engine: Engine, layout: Layout) -> Sequence[Migration]:
        """All migrations, in the order in which the tool runs them.

        Raises `InvalidInput` with file and line for what the tool would refuse too: two of one version, a
        name that it does not know.
        """

    def write(
        self, engine: Engine, layout: Layout, existing: Sequence[Migration], draft: Draft
    ) -> Mapping[Path, str]:
        """The new files, whole; nothing is written yet."""

    def history(self, engine: Engine, layout: Layout) -> History: ...

    def process(self, layout: Layout, environment: Mapping[str, str]) -> Process | None:
        """The tool's own program; None for a tool whose files we can all run."""
