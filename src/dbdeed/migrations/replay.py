"""Migrations run in a scratch, in exact order: what state they lead to.

A file's SQL is not a document's: it alters, fills and removes what earlier files made, and says itself in
which order. It is as hostile, and runs as the scratch's role. A file that only its tool can run is run by the
tool in the scratch, which then has the tool's history too.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from dbdeed.engines.faults import NEEDS_SUPERUSER, NotYet, SqlRejected
from dbdeed.errors import InvalidInput, Refused, Unavailable
from dbdeed.migrations.files import place_in
from dbdeed.migrations.foreign import foreign, without_tool
from dbdeed.migrations.pieces import all_plain, pieces_of
from dbdeed.migrations.seam import State
from dbdeed.migrations.standing import from_empty
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Engine, Scratch, Session, Statement
    from dbdeed.migrations.pieces import Piece
    from dbdeed.migrations.seam import Batch, History, Migration, Process
    from dbdeed.progress import Progress

_PLACEHOLDER = "dbdeed"
"""What an environment variable is in a scratch, where no secret belongs."""


class ReplayFailed(InvalidInput):
    """A migration does not run in a scratch after those before it."""

    default_code = "migration-fails"


@dataclass(frozen=True, slots=True)
class Carrier:
    """What runs files that only their tool can run: its history, and its own program."""

    history: History
    process: Process | None


def replay(
    engine: Engine,
    session: Session,
    migrations: Sequence[Migration],
    progress: Progress = SILENT,
    carrier: Carrier | None = None,
    *,
    recorded: bool = False,
) -> None:
    """Run the ways up of migrations in an empty scratch.

    Args:
        engine: of the scratch.
        session: to it; a reachable one, where a migration can only be run by its tool.
        migrations: in order.
        progress: where it is announced.
        carrier: for those that only their tool can run.
        recorded: make the tool's history even where none of these needs it: one that comes after does.

    Raises:
        ReplayFailed: at file, line and column.
        NotYet: one that only its tool can run, which is not here.
    """
    todo = from_empty(migrations)
    with_history = carrier if recorded or foreign(todo) else None
    if with_history is not None:
        begin_history(session, with_history.history)
    fresh = False
    with progress.step("Running the migrations in a scratch database", total=len(todo)) as task:
        for by_tool, group in groupby(todo, lambda one: one.up is None):
            together = list(group)
            if by_tool:
                _carried(session, together, with_history, back=False)
                task.advance(len(together), len(todo))
                fresh = False
                continue
            for one in together:
                if fresh and with_history is None and all_plain(one.up or ()):
                    _replay_plain(engine, session, one)
                else:
                    replay_up(engine, session, one, with_history)
                    fresh = all_plain(one.up or ())
                task.advance(1, len(todo))


def _replay_plain(engine: Engine, session: Session, migration: Migration) -> None:
    """A file of everyday statements after another such file, in few round trips."""
    assert migration.up is not None
    for number, batch in enumerate(migration.up):
        if not batch.transactional:
            rest = migration.up[number:]
            replay_batches(engine, session, migration, rest)
            return
        try:
            placeholders = dict.fromkeys(migration.environment, _PLACEHOLDER)
            session.execute_together([filled(one, placeholders).sql for one in batch.statements])
        except SqlRejected:  # none of it was done: once more, to find out which
            replay_batches(engine, session, migration, migration.up[number:])
            return


def begin_history(session: Session, history: History) -> None:
    """Make the tool's history in a scratch."""
    session.left_out |= history.tables
    if not history.exists(session):
        with session.transaction():
            history.create(session)


def replay_up(engine: Engine, session: Session, migration: Migration, carrier: Carrier | None) -> None:
    """Run one migration up; with a carrier, its history says so too."""
    if migration.up is None:
        _carried(session, [migration], carrier, back=False)
        return
    replay_batches(engine, session, migration, migration.up)
    if carrier is not None:
        engine.begin_file(session)
        with session.transaction():
            carrier.history.record(session, migration, state=State.DONE, seconds=0.0)


def replay_down(engine: Engine, session: Session, migration: Migration, carrier: Carrier | None) -> None:
    """Take one migration back; with a carrier, its history says so too."""
    if migration.down is None:
        _carried(session, [migration], carrier, back=True)
        return
    replay_batches(engine, session, migration, migration.down)
    if carrier is not None:
        engine.begin_file(session)
        with session.transaction():
            carrier.history.forget(session, migration)


def _carried(
    session: Session, migrations: Sequence[Migration], carrier: Carrier | None, *, back: bool
) -> None:
    """By the tool's own program: some that follow one another, or one taken back."""
    migration = migrations[0]
    process = carrier.process if carrier is not None else None
    if process is None or process.missing or session.reachable is None:
        so = ", so it cannot be run in a scratch database here"
        raise without_tool(NotYet, migration, process, so, "Install it, or run this where it is.")
    try:
        if back:
            process.down(session.reachable, migration)
        else:
            process.up(session.reachable, migrations)
    except Unavailable as error:
        raise ReplayFailed(error.message, hint=error.hint, where=error.where) from error


def replay_batches(
    engine: Engine, session: Session, migration: Migration, batches: Sequence[Batch] | None
) -> None:
    """Run one way of a migration in a scratch, in the transactions that it would have."""
    if batches is None:
        _carried(session, [migration], None, back=False)
        return
    engine.begin_file(session)
    for piece in pieces_of(engine, batches):
        if piece.transactional:
            with _committing(migration, piece), session.transaction():
                replay_piece(engine, session, migration, piece)
        else:
            replay_piece(engine, session, migration, piece)


@contextmanager
def _committing(migration: Migration, piece: Piece) -> Iterator[None]:
    """What is only checked at the end of a transaction: deferred constraints, SQLite's foreign keys."""
    try:
        yield
    except SqlRejected as error:
        raise ReplayFailed(
            f"{migration.path.name} does not commit: {error.message}",
            hint=error.hint,
            where=place_in(piece.statements[0]) or str(migration.path),
        ) from error


def replay_piece(engine: Engine, session: Session, migration: Migration, piece: Piece) -> None:
    """Statement by statement; within the caller's transaction, where it is one."""
    for _, statement, _ in piece.numbered():
        replay_statement(engine, session, migration, statement)


def replay_statement(engine: Engine, session: Session, migration: Migration, statement: Statement) -> None:
    environment = dict.fromkeys(migration.environment, _PLACEHOLDER)
    try:
        engine.run_in_scratch(session, filled(statement, environment))
    except SqlRejected as error:
        where = place_in(statement, error.offset) or str(migration.path)
        if error.code == NEEDS_SUPERUSER:
            raise Refused(error.message, hint=error.hint, where=where, code="unprovable") from error
        raise ReplayFailed(
            f"{migration.path.name} does not run after those before it: {error.message}",
            hint=error.hint,
            where=where,
        ) from error


def filled(statement: Statement, environment: Mapping[str, str]) -> Statement:
    """The statement with its variables; each stands in a quoted literal, so quotes are doubled."""
    sql = statement.sql
    for name, value in environment.items():
        sql = sql.replace(f"${{{name}}}", value.replace("'", "''"))
    return statement if sql == statement.sql else type(statement)(sql, statement.block, statement.offset)


def state_of(
    engine: Engine,
    scratch: Scratch,
    migrations: Sequence[Migration],
    progress: Progress = SILENT,
    carrier: Carrier | None = None,
) -> Catalog:
    """What an empty database holds after the migrations. Raises as `replay`."""
    with replayed(engine, scratch, migrations, progress, carrier) as session:
        return engine.inspect(session)


@contextmanager
def replayed(
    engine: Engine,
    scratch: Scratch,
    migrations: Sequence[Migration],
    progress: Progress = SILENT,
    carrier: Carrier | None = None,
) -> Iterator[Session]:
    """A scratch database in which the migrations were run."""
    with scratch.database(reachable=foreign(migrations)) as session:
        replay(engine, session, migrations, progress, carrier)
        engine.begin_file(session)
        yield session
