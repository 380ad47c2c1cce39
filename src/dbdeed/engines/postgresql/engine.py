"""PostgreSQL behind the seam."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.values.types import System

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from dbdeed.document.architecture import CodeBlock, DeclaredQuery, ModelEntry
    from dbdeed.document.findings import Finding
    from dbdeed.document.source import Place
    from dbdeed.engines.archiving import LogArchiving
    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.change import Change, Kept, Step
    from dbdeed.engines.recovering import BackupMethod, TableCarrier
    from dbdeed.engines.seam import (
        Backfill,
        Bridge,
        Comparison,
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


class PostgresqlEngine:
    """Each question goes to the module that answers it, imported when it is asked."""

    name = "postgresql"
    systems = frozenset({System.POSTGRESQL})
    url_schemes = frozenset({"postgresql", "postgres"})

    # What a document's SQL means

    def statements(self, blocks: Sequence[CodeBlock]) -> list[Statement]:
        from dbdeed.engines.postgresql.sql.lexer import statements

        return statements(blocks)

    def scratch(self, needs: ScratchNeeds, progress: Progress) -> AbstractContextManager[Scratch]:
        from dbdeed.engines.postgresql.servers.scratch import open_scratch

        return open_scratch(needs, progress)

    def load(self, session: Session, statements: Sequence[Statement]) -> list[Finding]:
        from dbdeed.engines.postgresql.sql.load import load

        return load(session, statements)

    def describe(self, catalog: Catalog, names: Mapping[str, str] | None = None) -> DataModel:
        from dbdeed.engines.postgresql.describe import describe

        return describe(catalog, names)

    def blueprint(self, catalog: Catalog) -> Blueprint:
        from dbdeed.engines.postgresql.blueprint import blueprint

        return blueprint(catalog)

    def describe_query(
        self, session: Session, catalog: Catalog, model: DataModel, query: DeclaredQuery
    ) -> QueryShape | None:
        from dbdeed.engines.postgresql.queries import describe_query

        return describe_query(session, catalog, model, query)

    def draft_table(self, model: ModelEntry, models: Sequence[ModelEntry]) -> str:
        from dbdeed.engines.postgresql.draft import draft_table

        return draft_table(model, models)

    def passages(self, changes: Sequence[Change], base: Catalog, catalog: Catalog) -> list[Passage]:
        from dbdeed.engines.postgresql.written.passages import passages

        return passages(changes, base, catalog)

    def subject(self, sql: str) -> tuple[str, ...]:
        from dbdeed.engines.postgresql.written.subject import subject

        return subject(sql)

    def carry(self, written: str, old: str, new: str) -> str | None:
        from dbdeed.engines.postgresql.sql.lexer import RULES
        from dbdeed.engines.table_text import carry

        return carry(written, old, new, RULES, fold=True)

    # Catalogs

    def connect(self, target: Target) -> Session:
        from dbdeed.engines.postgresql.session import connect

        session = connect(target)
        session.left_out = target.left_out
        return session

    def inspect(self, session: Session) -> Catalog:
        from dbdeed.engines.own_tables import without_tables
        from dbdeed.engines.postgresql.inspect import inspect

        return without_tables(inspect(session), session.left_out)

    def compare(
        self, current: Catalog, target: Catalog, backfills: Mapping[ObjectId, Backfill] | None = None
    ) -> Comparison:
        from dbdeed.engines.postgresql.compare import compare

        return compare(current, target, backfills)

    def backfills(self, target: Catalog, statements: Sequence[Statement]) -> Mapping[ObjectId, Backfill]:
        from dbdeed.engines.postgresql.sql.backfill import backfills

        return backfills(target, statements)

    def rebuildable(self, catalog: Catalog) -> Catalog:
        from dbdeed.engines.postgresql.online.interrupted import whole

        return whole(catalog)

    def lasting(self, catalog: Catalog) -> Catalog:
        from dbdeed.engines.postgresql.online.interrupted import lasting

        return lasting(catalog)

    def as_there(
        self, session: Session, current: Catalog, target: Catalog, renames: Sequence[Change] = ()
    ) -> Catalog:
        from dbdeed.engines.postgresql.unsaid import as_there

        return as_there(session, current, target, renames)

    def rename_steps(
        self, current: Catalog, target: Catalog, statements: Sequence[Statement]
    ) -> list[Change]:
        from dbdeed.engines.postgresql.renames import rename_steps

        return rename_steps(current, target, statements)

    def idle_marks(self, current: Catalog, target: Catalog, statements: Sequence[Statement]) -> list[Finding]:
        from dbdeed.engines.postgresql.renames import idle_marks

        return idle_marks(current, target, statements)

    def written_at(
        self, target: Catalog, statements: Sequence[Statement], wanted: Sequence[ObjectId]
    ) -> Mapping[ObjectId, Place]:
        from dbdeed.engines.postgresql.renames import written_at

        return written_at(target, statements, wanted)

    def encode(self, catalog: Catalog) -> bytes:
        from dbdeed.engines.postgresql.codec import encode

        return encode(catalog)

    def decode(self, data: bytes) -> Catalog:
        from dbdeed.engines.postgresql.codec import decode

        return decode(data)

    def renaming(
        self, pairs: Sequence[tuple[ObjectId, ObjectId]], current: Catalog, target: Catalog
    ) -> list[Change]:
        from dbdeed.engines.postgresql.renames import renaming

        return renaming(pairs, current, target)

    # The archive

    def kept_first(
        self,
        change: Change,
        current: Catalog,
        target: Catalog,
        name: Callable[[ObjectId], str],
        few: Callable[[ObjectId], bool],
    ) -> tuple[Step, ...]:
        from dbdeed.engines.compare import Context
        from dbdeed.engines.postgresql.archive.keeping import kept_first

        return kept_first(change, Context(current, target), name, few)

    def returning(self, kept: Sequence[Kept], before: Catalog, reached: Catalog, after: Catalog) -> Returning:
        from dbdeed.engines.postgresql.archive.keeping import returning

        return returning(kept, before, reached, after)

    # Two applications at once

    def bridge(
        self,
        session: Session,
        target: Catalog,
        renames: Sequence[tuple[ObjectId, ObjectId]],
        backfills: Mapping[ObjectId, Backfill],
    ) -> Bridge:
        from dbdeed.engines.postgresql.bridge import bridge

        return bridge(session, target, renames, backfills)

    def now_sql(self) -> str:
        from dbdeed.engines.postgresql.running import NOW

        return NOW

    def private_size(self, session: Session, place: str) -> int:
        from dbdeed.engines.postgresql.running import private_size

        return private_size(session, place)

    # Running a plan

    def envelope(self, *, transactional: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        from dbdeed.engines.postgresql.running import envelope

        return envelope(transactional=transactional)

    def exclusive(self, session: Session) -> AbstractContextManager[None]:
        from dbdeed.engines.postgresql.running import exclusive

        return exclusive(session)

    def begin_step(self, session: Session, step: Step) -> None:
        from dbdeed.engines.postgresql.running import begin_step

        begin_step(session, step)

    def give_way(self, session: Session, step: Step) -> None:
        from dbdeed.engines.postgresql.running import give_way

        give_way(session, step)

    def manner(self, sql: str) -> Manner:
        from dbdeed.engines.postgresql.sql.manner import manner

        return manner(sql)

    def begin_file(self, session: Session) -> None:
        from dbdeed.engines.postgresql.files import begin_file

        begin_file(session)

    def begin_wait(self, session: Session, *, alone: bool = False) -> None:
        from dbdeed.engines.postgresql.files import begin_wait

        begin_wait(session, alone=alone)

    def run_in_scratch(self, session: Session, statement: Statement) -> None:
        from dbdeed.engines.postgresql.files import run_in_scratch

        run_in_scratch(session, statement)

    def touches(self, session: Session, statement: Statement) -> tuple[Touch, ...]:
        from dbdeed.engines.postgresql.touching import touches

        return touches(session, statement)

    def table_sizes(self, session: Session) -> Mapping[ObjectId, int]:
        from dbdeed.engines.postgresql.touching import table_sizes

        return table_sizes(session)

    def parts(self, session: Session, step: Step) -> int:
        from dbdeed.engines.postgresql.online.fill import parts

        return parts(session, step)

    def fill(self, session: Session, step: Step, first: int, last: int) -> int:
        from dbdeed.engines.postgresql.online.fill import fill

        return fill(session, step, first, last)

    def busy(self, session: Session) -> bool:
        from dbdeed.engines.postgresql.running import busy

        return busy(session)

    def script(self, step: Step) -> str:
        from dbdeed.engines.postgresql.online.fill import script

        return script(step) if step.batched else step.sql

    def private_name(self, table: str) -> str:
        from dbdeed.engines.postgresql.running import private_name

        return private_name(table)

    def private_setup(self) -> Sequence[str]:
        from dbdeed.engines.postgresql.running import PRIVATE_SETUP

        return PRIVATE_SETUP

    def rows(self, session: Session, table: ObjectId) -> int:
        from dbdeed.engines.postgresql.running import rows

        return rows(session, table)

    def insert_rows(self, session: Session, statements: Sequence[Statement]) -> list[Statement]:
        from dbdeed.engines.sample_rows import insert_rows

        session.execute("SET search_path = public")
        return insert_rows(session, statements)

    def rows_as_text(
        self, session: Session, table: ObjectId, columns: Sequence[str]
    ) -> list[tuple[str | None, ...]]:
        from dbdeed.engines.postgresql.quoting import ident, qualified

        values = ", ".join(f"{ident(one)}::text" for one in columns)
        return session.fetch(f"SELECT {values} FROM {qualified(*table.name)}")

    # Living with it

    def embedded(self, root: Path, version: tuple[int, ...]) -> EmbeddedServer:
        from dbdeed.engines.postgresql.servers.embedded import Embedded

        return Embedded(root, version)

    def client(self, target: Target) -> str:
        from dbdeed.engines.postgresql.client import client

        return client(target)

    def database_settings(self, session: Session) -> Mapping[str, str]:
        from dbdeed.engines.postgresql.running import database_settings

        return database_settings(session)

    def log_moment(self, session: Session) -> tuple[str, datetime]:
        [(position, moment)] = session.fetch(
            "SELECT pg_catalog.pg_current_wal_insert_lsn()::text, pg_catalog.clock_timestamp()"
        )
        return position, moment

    def log_archiving(self) -> LogArchiving:
        from dbdeed.engines.postgresql.log.archiving import WalArchiving

        return WalArchiving()

    def table_carrier(self) -> TableCarrier:
        from dbdeed.engines.postgresql.backup.carry import Carrier

        return Carrier()

    def backup_methods(self) -> Sequence[BackupMethod]:
        from dbdeed.engines.postgresql.backup.methods import backup_methods

        return backup_methods()

    def table_digests(self, session: Session) -> Mapping[str, tuple[int, str]]:
        from dbdeed.engines.postgresql.backup.digests import table_digests

        return table_digests(session)


ENGINE: Engine = PostgresqlEngine()
