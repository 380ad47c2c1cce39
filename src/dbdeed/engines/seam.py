"""What the rest of the program asks of a database system.

An engine is a package with one object that satisfies `Engine`. What it has not learned yet it says by raising
`faults.NotYet`, never by doing less in silence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from dbdeed.document.architecture import CodeBlock, DeclaredQuery, ModelEntry
    from dbdeed.document.findings import Finding
    from dbdeed.document.source import Place
    from dbdeed.document.values.types import System
    from dbdeed.engines.archiving import LogArchiving
    from dbdeed.engines.catalog import Catalog, Object, ObjectId
    from dbdeed.engines.change import Change, Kept, LockLevel, Step
    from dbdeed.engines.recovering import BackupMethod, TableCarrier
    from dbdeed.models.blueprint import Blueprint
    from dbdeed.models.model import DataModel
    from dbdeed.models.query import QueryShape
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class Target:
    """A database to work on.

    Attributes:
        url: with its password, if any: never shown (`repr` leaves it out; `label` is for people).
        label: what people are shown: `shop on localhost`, `env:DATABASE_URL`, `shop.db`.
        embedded: it is the project's own embedded database.
        left_out: `Session.left_out` of a session that is opened to it.
    """

    url: str = field(repr=False)
    label: str
    embedded: bool = False
    left_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement of a document or file.

    Attributes:
        sql: its text without the final semicolon, comments inside kept.
        block: where it was written; None for SQL that did not come from a file.
        offset: the character in `block.text` where it begins.
        renamed_from: marks `-- renamed from: old` in it or above it: (character offset in `sql`, old name);
            a mark above the statement, or after its semicolon, has offset -1.
        backfills: marks `-- backfill: EXPRESSION` in it: (character offset in `sql`, expression).
    """

    sql: str
    block: CodeBlock | None = None
    offset: int = 0
    renamed_from: tuple[tuple[int, str], ...] = ()
    backfills: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Backfill:
    """What a document gives rows that have no value in a column yet; `where` it says so."""

    expression: str
    where: str = ""


class Manner(StrEnum):
    """How a statement of a file stands to transactions."""

    ANY = "any"  # runs inside of one, and outside
    ALONE = "alone"  # only outside; how far it came is not known where its end was not seen
    AGAIN = "again"  # likewise, but running it once more does no harm
    SETTING = "setting"  # of the session: it is gone with it, and runs again in the next
    BEGIN = "begin"
    COMMIT = "commit"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Touch:
    """What a statement did to one table that was there before it.

    Attributes:
        lock: the strongest lock that it took on it.
        rewrites: the table was written anew.
        scans: all of it was read.
    """

    table: ObjectId
    lock: LockLevel
    rewrites: bool = False
    scans: bool = False


class Session(Protocol):
    """An open connection, in autocommit unless inside `transaction`.

    Attributes:
        left_out: names of tables that `Engine.inspect` passes over, unquoted; one without a schema is meant
            in any. A migration tool keeps its history in them.
        reachable: where another program finds the database of a scratch that was opened for that; else None.
    """

    left_out: frozenset[str]
    reachable: Target | None

    @property
    def version(self) -> tuple[int, ...]:
        """The server's: (18, 1), (3, 40, 1)."""

    def execute(self, sql: str) -> None:
        """Run one statement as it is.

        Raises `SqlRejected` for the engine's refusal, `LockTimeout` where a lock was not to be had in time,
        `Unavailable` for a lost connection.
        """

    def execute_all(self, statements: Sequence[str]) -> None:
        """Run statements in order, with as few round trips as the engine allows; only in a transaction.

        Raises as `execute`, without saying of which statement: whoever must know runs them one by one.
        """

    def execute_together(self, statements: Sequence[str]) -> None:
        """A transaction of its own for plain statements, which set nothing: all or nothing.

        In as few round trips as the engine allows. Raises as `execute_all`.
        """

    def fetch(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run one statement with parameters written `$1`, `$2`, … and return its rows."""

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing. SQLite's also defers and then checks foreign keys, as its documentation has it."""

    def close(self) -> None: ...


class Scratch(Protocol):
    """Throwaway databases of one server: private, without a network, gone with the context that made them."""

    @property
    def version(self) -> tuple[int, ...]: ...

    def database(self, *, reachable: bool = False) -> AbstractContextManager[Session]:
        """A new empty database, dropped afterwards; where asked, one that other programs can reach too."""


@dataclass(frozen=True, slots=True)
class ScratchNeeds:
    """What a scratch must be like.

    Attributes:
        version: major version that it must have, from the live server or the document; () for the newest.
        place: what `--scratch` names: a server's URL, or "live"; "" for a private server.
        cache: the folder for what may be kept between runs.
        target: the live database whose encoding and locale it follows, if any.
    """

    cache: Path
    version: tuple[int, ...] = ()
    place: str = ""
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two catalogs, not yet ordered."""

    changes: tuple[Change, ...]
    unmodelled_current: tuple[str, ...] = ()
    unmodelled_target: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """The statements that make one object, as they stand in a document.

    Attributes:
        heading: of Schema Design that they stand under: "Types", "Views"; "" for those of a table.
        table: the table whose heading they stand under; "" elsewhere.
        makes: the objects that they make.
        statements: without semicolons, in an order that works, as a person would write them.
        plain: the same as a plan has them, every name in full: for where the engine reads something else
            from the shorter form.
    """

    heading: str
    table: str
    makes: tuple[ObjectId, ...]
    statements: tuple[str, ...]
    plain: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Returning:
    """How what the archive holds goes back.

    Attributes:
        early: steps before anything else.
        first: steps before the rest is planned: a table or a column is there again, and its rows with it.
        last: steps at the very end, when everything else is as it was.
        meanwhile: objects that `first` finds in another form than before or after.
    """

    early: tuple[Step, ...] = ()
    first: tuple[Step, ...] = ()
    last: tuple[Step, ...] = ()
    meanwhile: tuple[Object, ...] = ()


@dataclass(frozen=True, slots=True)
class Handover:
    """What columns count by when those go that counted for them.

    Attributes:
        columns: a fragment: the new columns, counting by what the old ones counted by.
        counters: a fragment: those counters, which belong to the new columns.
        after: the counters that the state after has in their place.
        locks: steps that come first. Who writes a row has its table, and then asks the counter; who asked for
            the counter first, and then for the table, would wait for one who waits.
    """

    columns: Catalog
    counters: Catalog
    after: frozenset[ObjectId]
    locks: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Bridge:
    """What stands while two applications work with one database: one knows the state before, one that after.

    A fragment is a catalog of a few objects that are put into another one (`Catalog.taking`).

    Attributes:
        opening: fragments that come first, one after the other: what keeps two columns in step.
        fills: steps that then give rows their values.
        middle: the whole catalog that both applications work with.
        synced: columns that hold the same: (of the state before, of the state after).
        keeping: triggers, and what they call, that keep columns in step.
        handover: of columns that count by themselves; None where none does.
        keys: steps, when the old columns are gone, by which keys take over the indexes that stood for them.
        closing: fragments, when the state after is given up again and the one in the middle comes back.
        refills: steps that then give rows their values.
        aliases: a fragment: what goes on under the old names of tables that were renamed.
        notes: what a person must know before the first half runs, a sentence each.
        waits: likewise before the second half runs.
        refusals: why no such state exists, each with what to do instead; everything else is moot then.
    """

    middle: Catalog
    opening: tuple[Catalog, ...] = ()
    fills: tuple[Step, ...] = ()
    synced: tuple[tuple[ObjectId, ObjectId], ...] = ()
    keeping: frozenset[ObjectId] = frozenset()
    handover: Handover | None = None
    keys: tuple[Step, ...] = ()
    closing: tuple[Catalog, ...] = ()
    refills: tuple[Step, ...] = ()
    aliases: Catalog | None = None
    notes: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()


class EmbeddedServer(Protocol):
    """The project's own database, kept under `.dbdeed/` (or where its unprivileged user can reach it)."""

    def start(self, progress: Progress, *, reading: bool = False) -> Target:
        """Start it, or find it running; recover from a crash; create what is missing.

        `reading` is for whoever only looks: where an engine can show what is missing as an empty database,
        nothing is created.
        """

    def stop(self) -> bool:
        """Stop it; False where it was not running."""

    def status(self) -> str:
        """One line for people: "running, PostgreSQL 18.1, socket /…", "stopped", "never started"."""

    @property
    def running(self) -> bool: ...


class Engine(Protocol):
    """One database system."""

    @property
    def name(self) -> str:
        """Of the package: "postgresql"."""

    @property
    def systems(self) -> frozenset[System]: ...

    @property
    def url_schemes(self) -> frozenset[str]:
        """URLs that mean this engine: {"postgresql", "postgres"}."""

    # What a document's SQL means

    def statements(self, blocks: Sequence[CodeBlock]) -> list[Statement]:
        """The SQL statements of code blocks, in document order; never decides what they mean."""

    def scratch(self, needs: ScratchNeeds, progress: Progress) -> AbstractContextManager[Scratch]:
        """A place for throwaway databases."""

    def load(self, session: Session, statements: Sequence[Statement]) -> list[Finding]:
        """Run a document's statements, as hostile text, in an order that works.

        Returns lint findings: traps that the engine accepts silently. Raises `SqlRejected` at the document's
        own line.
        """

    def describe(self, catalog: Catalog, names: Mapping[str, str] | None = None) -> DataModel:
        """The engine-neutral picture; `names` maps tables to the document's own model names."""

    def blueprint(self, catalog: Catalog) -> Blueprint:
        """The tables in every detail, for a description in other words."""

    def describe_query(
        self, session: Session, catalog: Catalog, model: DataModel, query: DeclaredQuery
    ) -> QueryShape | None:
        """What a declared query takes and gives, in a database that holds the document's schema.

        It is not run. None where it is in another language. Raises `SqlRejected` at the document's own line.
        """

    def draft_table(self, model: ModelEntry, models: Sequence[ModelEntry]) -> str:
        """A CREATE TABLE from a model's attributes and relationships, as a careful person would write it."""

    def passages(self, changes: Sequence[Change], base: Catalog, catalog: Catalog) -> list[Passage]:
        """A catalog as a document's SQL, in reading order.

        Args:
            changes: those that lead from `base` to `catalog`, in order.
            base: what an empty database holds.
            catalog: what is written.
        """

    def subject(self, sql: str) -> tuple[str, ...]:
        """What a statement is about, by its words: equal for statements that say the same of one object."""

    def carry(self, written: str, old: str, new: str) -> str | None:
        """A statement as a person wrote it, with what leads from `old` to `new` done to it.

        A CREATE TABLE item by item, others in their strings; None where that cannot be done.
        """

    # Catalogs

    def connect(self, target: Target) -> Session:
        """Raises `CannotConnect`."""

    def inspect(self, session: Session) -> Catalog:
        """Everything, by a fixed number of queries; leaves out what dbdeed itself keeps there."""

    def compare(
        self, current: Catalog, target: Catalog, backfills: Mapping[ObjectId, Backfill] | None = None
    ) -> Comparison:
        """The changes that lead from `current` to `target`, with values for rows that have none."""

    def backfills(self, target: Catalog, statements: Sequence[Statement]) -> Mapping[ObjectId, Backfill]:
        """By column of the target, what the statements' marks say."""

    def rebuildable(self, catalog: Catalog) -> Catalog:
        """The nearest catalog that statements can make: what a failed build left invalid counts as whole."""

    def lasting(self, catalog: Catalog) -> Catalog:
        """The catalog without what is there only while a plan is under way: no state to go back to."""

    def as_there(
        self, session: Session, current: Catalog, target: Catalog, renames: Sequence[Change] = ()
    ) -> Catalog:
        """A document's catalog with what it leaves open as it is in the live database: who owns what.

        `renames` are those that the document declares. Between two databases nothing is open.
        """

    def rename_steps(
        self, current: Catalog, target: Catalog, statements: Sequence[Statement]
    ) -> list[Change]:
        """Renames that the statements declare and that still have to happen.

        Asked again after they were made, until there are none: tables first, then what is in them.
        """

    def idle_marks(self, current: Catalog, target: Catalog, statements: Sequence[Statement]) -> list[Finding]:
        """Warnings about declared renames that never happened and cannot: the old name is not there."""

    def written_at(
        self, target: Catalog, statements: Sequence[Statement], wanted: Sequence[ObjectId]
    ) -> Mapping[ObjectId, Place]:
        """Where objects of `target`, and parts of them, are written; those found nowhere are left out."""

    def encode(self, catalog: Catalog) -> bytes:
        """For the cache."""

    def decode(self, data: bytes) -> Catalog:
        """Raises `ValueError` for what is damaged or of another format version."""

    def renaming(
        self, pairs: Sequence[tuple[ObjectId, ObjectId]], current: Catalog, target: Catalog
    ) -> list[Change]:
        """One round of renames made before, or taken back: (what it is called, what it will be)."""

    # The archive

    def kept_first(
        self,
        change: Change,
        current: Catalog,
        target: Catalog,
        name: Callable[[ObjectId], str],
        few: Callable[[ObjectId], bool],
    ) -> tuple[Step, ...]:
        """A change's steps, where they remove rows, values or counts with those that keep them first.

        `name` gives a fresh name for a table of the archive, `few` whether a table has so few rows that
        nobody waits long for a copy.
        """

    def returning(self, kept: Sequence[Kept], before: Catalog, reached: Catalog, after: Catalog) -> Returning:
        """How what is kept goes back into `reached`, which has all of `before` but what needs it.

        `after` is where the plan ended that kept it: what converted values became there, they are no more.
        """

    # Two applications at once

    def bridge(
        self,
        session: Session,
        target: Catalog,
        renames: Sequence[tuple[ObjectId, ObjectId]],
        backfills: Mapping[ObjectId, Backfill],
    ) -> Bridge:
        """What lets the applications of two states work with one database at once.

        Args:
            session: to a scratch database that has the state before, tables that are renamed under their new
                names; it may be changed.
            target: the state after.
            renames: (old id, new id): tables that were renamed there, and columns that are yet to be.
            backfills: what the document gives rows that have no value.
        """

    def now_sql(self) -> str:
        """An expression for the moment in UTC, as ISO 8601 text with seconds."""

    def private_size(self, session: Session, place: str) -> int:
        """Bytes that a table of the archive takes, 0 where nobody can say."""

    # Running a plan

    def envelope(self, *, transactional: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What stands before and after a group of steps in a script: BEGIN and COMMIT, and settings."""

    def exclusive(self, session: Session) -> AbstractContextManager[None]:
        """The one lock of whoever changes this database; `Unavailable` where somebody holds it."""

    def begin_step(self, session: Session, step: Step) -> None:
        """Settings that a step wants before it runs: lock timeouts and the like."""

    def give_way(self, session: Session, step: Step) -> None:
        """Clear away what a step has left that got no lock in time, or lost in a deadlock, before a retry."""

    def manner(self, sql: str) -> Manner:
        """How a statement that somebody wrote stands to transactions, by its words."""

    def begin_file(self, session: Session) -> None:
        """Settings as at the beginning of a session, and those of `begin_wait`."""

    def begin_wait(self, session: Session, *, alone: bool = False) -> None:
        """How long a statement waits for locks: a moment, or outside of transactions as long as it takes."""

    def run_in_scratch(self, session: Session, statement: Statement) -> None:
        """Run a statement of a file in a scratch; what concerns the server and no database is left out.

        Raises as `Session.execute`.
        """

    def touches(self, session: Session, statement: Statement) -> tuple[Touch, ...]:
        """Run a statement of a file in a scratch as `run_in_scratch` does, and see what it locks and reads.

        Within the caller's transaction, where one is open.
        """

    def table_sizes(self, session: Session) -> Mapping[ObjectId, int]:
        """Bytes of each table with its indexes; an estimate where the engine cannot tell."""

    def parts(self, session: Session, step: Step) -> int:
        """How many parts a batched step has to go through."""

    def fill(self, session: Session, step: Step, first: int, last: int) -> int:
        """Run a batched step for the parts from `first` to before `last`; gives the rows that it filled."""

    def busy(self, session: Session) -> bool:
        """Whether somebody waits for a lock."""

    def script(self, step: Step) -> str:
        """The step for the engine's own client; a batched one as a loop over its parts."""

    def private_name(self, table: str) -> str:
        """Where dbdeed keeps a table of its own: `dbdeed.journal`, `dbdeed_journal`."""

    def private_setup(self) -> Sequence[str]:
        """Statements that make that place, for the owner only; they can be repeated."""

    def rows(self, session: Session, table: ObjectId) -> int:
        """How many rows a table has, exactly up to 1, estimated above; for choosing short forms."""

    def insert_rows(self, session: Session, statements: Sequence[Statement]) -> list[Statement]:
        """Insert a document's sample rows, in an order that works; gives those that are refused."""

    def rows_as_text(
        self, session: Session, table: ObjectId, columns: Sequence[str]
    ) -> list[tuple[str | None, ...]]:
        """All rows of a small table, each value as the engine writes it."""

    # Living with it

    def embedded(self, root: Path, version: tuple[int, ...]) -> EmbeddedServer: ...

    def client(self, target: Target) -> str:
        """The command that opens the database for a person: `psql …`, `sqlite3 …`; holds no secret."""

    def database_settings(self, session: Session) -> Mapping[str, str]:
        """Server settings that checks hold the document against: such as max_connections and wal_level."""

    def backup_methods(self) -> Sequence[BackupMethod]: ...

    def log_moment(self, session: Session) -> tuple[str, datetime]:
        """Where the database's log ends now ("" where it has none), and the server's time, in UTC."""

    def log_archiving(self) -> LogArchiving | None:
        """How its log is archived continuously; None where it has none, or that is not built."""

    def table_carrier(self) -> TableCarrier | None:
        """How single tables are brought back; None where that is not built."""

    def table_digests(self, session: Session) -> Mapping[str, tuple[int, str]]:
        """Per table, unquoted and qualified: rows and a digest that does not depend on their order."""
