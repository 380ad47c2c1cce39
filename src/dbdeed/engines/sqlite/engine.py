"""SQLite behind the seam."""

from __future__ import annotations

import shlex
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dbdeed.document.values.types import System
from dbdeed.engines.change import Action
from dbdeed.engines.compare import Context, compare_catalogs
from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.own_tables import without_tables
from dbdeed.engines.seam import Comparison
from dbdeed.engines.sql_text import read_blocks
from dbdeed.engines.sqlite.inspect import inspect
from dbdeed.engines.sqlite.kinds import index, table, trigger, view, virtual_table
from dbdeed.engines.sqlite.kinds.table import Table, table_details
from dbdeed.engines.sqlite.location import file_of
from dbdeed.engines.sqlite.names import PRIVATE_PREFIX, written
from dbdeed.engines.sqlite.schema import Schema
from dbdeed.engines.sqlite.session import SqliteSession
from dbdeed.engines.sqlite.text import RULES
from dbdeed.errors import OurFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from dbdeed.document.architecture import CodeBlock, DeclaredQuery, ModelEntry
    from dbdeed.document.findings import Finding
    from dbdeed.document.source import Place
    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.change import Change, Kept, Step
    from dbdeed.engines.recovering import BackupMethod, TableCarrier
    from dbdeed.engines.seam import (
        Backfill,
        Bridge,
        EmbeddedServer,
        Engine,
        Manner,
        Passage,
        Returning,
        Scratch,
        ScratchNeeds,
        Session,
        Statement,
        Target,
        Touch,
    )
    from dbdeed.models.blueprint import Blueprint
    from dbdeed.models.model import DataModel
    from dbdeed.models.query import QueryShape
    from dbdeed.progress import Progress

KINDS = (table.KIND, virtual_table.KIND, index.KIND, view.KIND, trigger.KIND)


class SqliteEngine:
    """One database is one file, or memory; there is no server."""

    name = "sqlite"
    systems = frozenset({System.SQLITE})
    url_schemes = frozenset({"sqlite"})

    # What a document's SQL means

    def statements(self, blocks: Sequence[CodeBlock]) -> list[Statement]:
        return read_blocks(blocks, RULES, frozenset({"sql", "sqlite", "sqlite3"}))

    @contextmanager
    def scratch(self, needs: ScratchNeeds, progress: Progress) -> Iterator[Scratch]:  # noqa: ARG002 - the seam has it
        from dbdeed.engines.sqlite.scratch import scratch

        with scratch(needs) as made:
            yield made

    def load(self, session: Session, statements: Sequence[Statement]) -> list[Finding]:
        from dbdeed.engines.sqlite.load import load

        return load(session, statements)

    def describe(self, catalog: Catalog, names: Mapping[str, str] | None = None) -> DataModel:
        from dbdeed.engines.sqlite.describe import describe

        return describe(catalog, names)

    def blueprint(self, catalog: Catalog) -> Blueprint:
        from dbdeed.engines.sqlite.blueprint import blueprint

        return blueprint(catalog)

    def describe_query(
        self, session: Session, catalog: Catalog, model: DataModel, query: DeclaredQuery
    ) -> QueryShape | None:
        from dbdeed.engines.sqlite.queries import describe_query

        return describe_query(session, catalog, model, query)

    def draft_table(self, model: ModelEntry, models: Sequence[ModelEntry]) -> str:
        from dbdeed.engines.sqlite.draft import draft_table

        return draft_table(model, models)

    def passages(self, changes: Sequence[Change], base: Catalog, catalog: Catalog) -> list[Passage]:  # noqa: ARG002 - an empty file holds nothing
        from dbdeed.engines.sqlite.passages import passages

        return passages(changes, catalog)

    def subject(self, sql: str) -> tuple[str, ...]:
        from dbdeed.engines.sqlite.subject import subject

        return subject(sql)

    def carry(self, written: str, old: str, new: str) -> str | None:
        from dbdeed.engines.table_text import carry

        return carry(written, old, new, RULES, fold=False)

    # Catalogs

    def connect(self, target: Target) -> Session:
        session = SqliteSession.of(target)
        session.left_out = target.left_out
        return session

    def inspect(self, session: Session) -> Catalog:
        return without_tables(inspect(session), session.left_out)

    def compare(
        self, current: Catalog, target: Catalog, backfills: Mapping[ObjectId, Backfill] | None = None
    ) -> Comparison:
        found = compare_catalogs(current, target, KINDS, backfills)
        return Comparison(
            tuple(_told(change) for change in found.changes),
            found.unmodelled_current,
            found.unmodelled_target,
        )

    def backfills(self, target: Catalog, statements: Sequence[Statement]) -> Mapping[ObjectId, Backfill]:
        from dbdeed.engines.sqlite.backfill import backfills

        return backfills(target, statements)

    def rebuildable(self, catalog: Catalog) -> Catalog:
        return catalog

    def lasting(self, catalog: Catalog) -> Catalog:
        return catalog

    def as_there(
        self, session: Session, current: Catalog, target: Catalog, renames: Sequence[Change] = ()
    ) -> Catalog:
        del session, current, renames
        return target  # nothing in a file belongs to anybody

    def rename_steps(
        self, current: Catalog, target: Catalog, statements: Sequence[Statement]
    ) -> list[Change]:
        from dbdeed.engines.sqlite.renames import rename_steps

        return rename_steps(current, target, statements)

    def idle_marks(self, current: Catalog, target: Catalog, statements: Sequence[Statement]) -> list[Finding]:
        from dbdeed.engines.sqlite.renames import idle_marks

        return idle_marks(current, target, statements)

    def written_at(
        self, target: Catalog, statements: Sequence[Statement], wanted: Sequence[ObjectId]
    ) -> Mapping[ObjectId, Place]:
        from dbdeed.engines.sqlite.renames import written_at

        return written_at(target, statements, wanted)

    def encode(self, catalog: Catalog) -> bytes:
        from dbdeed.engines.sqlite.codec import encode

        assert isinstance(catalog, Schema)
        return encode(catalog)

    def decode(self, data: bytes) -> Catalog:
        from dbdeed.engines.sqlite.codec import decode

        return decode(data)

    def renaming(
        self, pairs: Sequence[tuple[ObjectId, ObjectId]], current: Catalog, target: Catalog
    ) -> list[Change]:
        from dbdeed.engines.sqlite.renames import renaming

        return renaming(pairs, current, target)

    # The archive

    def kept_first(
        self,
        change: Change,
        current: Catalog,
        target: Catalog,
        name: Callable[[ObjectId], str],
        few: Callable[[ObjectId], bool],  # noqa: ARG002 - the seam has it
    ) -> tuple[Step, ...]:
        from dbdeed.engines.sqlite.keeping import kept_first

        return kept_first(change, Context(current, target), name)

    def returning(
        self,
        kept: Sequence[Kept],
        before: Catalog,
        reached: Catalog,
        after: Catalog,  # noqa: ARG002 - the seam has it
    ) -> Returning:
        from dbdeed.engines.sqlite.returning import returning

        return returning(kept, before, reached)

    # Two applications at once

    def bridge(
        self,
        session: Session,
        target: Catalog,
        renames: Sequence[tuple[ObjectId, ObjectId]],
        backfills: Mapping[ObjectId, Backfill],
    ) -> Bridge:
        from dbdeed.engines.sqlite.bridge import bridge

        return bridge(session, target, renames, backfills)

    def now_sql(self) -> str:
        return "strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now')"

    def private_size(self, session: Session, place: str) -> int:
        """Where SQLite was built to tell (`dbstat`); else 0."""
        try:
            rows = session.fetch("SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = $1", place)
        except SqlRejected:
            return 0
        return int(rows[0][0])

    # Running a plan

    def envelope(self, *, transactional: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        from dbdeed.engines.sqlite.script import AFTER, BEFORE

        return (BEFORE, AFTER) if transactional else ((), ())

    def exclusive(self, session: Session) -> AbstractContextManager[None]:
        from dbdeed.engines.sqlite.lock import locked

        assert isinstance(session, SqliteSession)
        return nullcontext() if session.file is None else locked(session.file)

    def begin_step(self, session: Session, step: Step) -> None:
        """Nothing to set: waiting for other writers is the connection's busy timeout."""

    def give_way(self, session: Session, step: Step) -> None:
        """Nothing is left of a statement that got no lock."""

    def manner(self, sql: str) -> Manner:
        from dbdeed.engines.sqlite.files import manner

        return manner(sql)

    def begin_file(self, session: Session) -> None:
        from dbdeed.engines.sqlite.files import begin_file

        begin_file(session)

    def begin_wait(self, session: Session, *, alone: bool = False) -> None:
        """Nothing to set: waiting for other writers is the connection's busy timeout."""

    def run_in_scratch(self, session: Session, statement: Statement) -> None:
        from dbdeed.engines.sqlite.files import run_in_scratch

        run_in_scratch(session, statement)

    def touches(self, session: Session, statement: Statement) -> tuple[Touch, ...]:
        from dbdeed.engines.sqlite.touching import touches

        return touches(session, statement)

    def table_sizes(self, session: Session) -> Mapping[ObjectId, int]:
        from dbdeed.engines.sqlite.touching import table_sizes

        return table_sizes(session)

    def parts(self, session: Session, step: Step) -> int:  # noqa: ARG002 - the seam has it
        """None: rows are filled where their table is rebuilt, in its one transaction."""
        raise OurFault(f"SQLite fills nothing in parts: {step.sql}")

    def fill(self, session: Session, step: Step, first: int, last: int) -> int:  # noqa: ARG002
        raise OurFault(f"SQLite fills nothing in parts: {step.sql}")

    def busy(self, session: Session) -> bool:  # noqa: ARG002
        return False

    def script(self, step: Step) -> str:
        return step.sql

    def private_name(self, table: str) -> str:
        return f"{PRIVATE_PREFIX}{table}"

    def private_setup(self) -> Sequence[str]:
        """Nothing to make: whoever may write the file owns all of it."""
        return ()

    def rows(self, session: Session, table: ObjectId) -> int:
        """0 and 1 exactly; above that the highest row number, where rows have one, else a count."""
        name = written(table.name[0])
        ((few,),) = session.fetch(f"SELECT count(*) FROM (SELECT 1 FROM {name} LIMIT 2)")
        if few < 2:
            return int(few)
        try:
            ((highest,),) = session.fetch(f"SELECT max(rowid) FROM {name}")
        except SqlRejected:  # WITHOUT ROWID
            ((highest,),) = session.fetch(f"SELECT count(*) FROM {name}")
        return max(highest, 2) if isinstance(highest, int) else 2

    def insert_rows(self, session: Session, statements: Sequence[Statement]) -> list[Statement]:
        from dbdeed.engines.sample_rows import insert_rows

        return insert_rows(session, statements)

    def rows_as_text(
        self, session: Session, table: ObjectId, columns: Sequence[str]
    ) -> list[tuple[str | None, ...]]:
        values = ", ".join(f"nullif(quote({written(one)}), 'NULL')" for one in columns)
        return session.fetch(f"SELECT {values} FROM {written(table.name[0])}")

    # Living with it

    def embedded(self, root: Path, version: tuple[int, ...]) -> EmbeddedServer:
        from dbdeed.engines.sqlite.embedded import EmbeddedFile

        return EmbeddedFile(root, version)

    def client(self, target: Target) -> str:
        return f"sqlite3 {shlex.quote(str(file_of(target.url)))}"

    def database_settings(self, session: Session) -> Mapping[str, str]:
        names = (
            "journal_mode",
            "synchronous",
            "page_size",
            "page_count",
            "auto_vacuum",
            "encoding",
            "user_version",
        )
        found = {name: session.fetch(f"PRAGMA {name}") for name in names}
        return {name: str(rows[0][0]) for name, rows in found.items() if rows}

    def log_moment(self, session: Session) -> tuple[str, datetime]:  # noqa: ARG002 - the seam has it
        """SQLite has no log that is kept, and no clock but this machine's."""
        return "", datetime.now(UTC)

    def log_archiving(self) -> None:
        """SQLite has no log that could be archived."""

    def table_carrier(self) -> TableCarrier:
        """By the statements that make a table and its rows."""
        from dbdeed.engines.sqlite.carry import Carrier

        return Carrier()

    def backup_methods(self) -> Sequence[BackupMethod]:
        from dbdeed.engines.sqlite.backup import METHODS

        return METHODS

    def table_digests(self, session: Session) -> Mapping[str, tuple[int, str]]:
        from dbdeed.engines.sqlite.digests import table_digests

        return table_digests(session)


def _told(change: Change) -> Change:
    """A table's change with what differs column by column."""
    if change.action is Action.ALTER and isinstance(change.old, Table) and isinstance(change.new, Table):
        return replace(change, details=table_details(change.old, change.new))
    return change


ENGINE: Engine = SqliteEngine()
