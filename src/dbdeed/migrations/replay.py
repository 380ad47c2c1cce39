"""Migrations run in a scratch, in exact order: what state they lead to.

A file's SQL is not a document's: it alters, fills and removes what earlier files made, and says itself in
which order. It is as hostile, and runs as the scratch's role.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dbdeed.engines.faults import NEEDS_SUPERUSER, NotYet, SqlRejected
from dbdeed.errors import InvalidInput, Refused
from dbdeed.migrations.files import place_in
from dbdeed.migrations.pieces import pieces_of
from dbdeed.migrations.standing import from_empty
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Engine, Scratch, Session, Statement
    from dbdeed.migrations.pieces import Piece
    from dbdeed.migrations.seam import Batch, Migration
    from dbdeed.progress import Progress

_PLACEHOLDER = "dbdeed"
"""What an environment variable is in a scratch, where no secret belongs."""


class ReplayFailed(InvalidInput):
    """A migration does not run in a scratch after those before it."""

    default_code = "migration-fails"


def replay(
    engine: Engine, session: Session, migrations: Sequence[Migration], progress: Progress = SILENT
) -> None:
    """Run the ways up of migrations in an empty scratch.

    Raises:
        ReplayFailed: at file, line and column.
        NotYet: one that only its tool can run.
    """
    with progress.step("Running the migrations in a scratch database", total=len(migrations)) as task:
        for one in from_empty(migrations):
            replay_batches(engine, session, one, one.up)
            task.advance(1, len(migrations))


def replay_batches(
    engine: Engine, session: Session, migration: Migration, batches: Sequence[Batch] | None
) -> None:
    """Run one way of a migration in a scratch, in the transactions that it would have."""
    if batches is None:
        raise NotYet(
            f"{migration.path.name} can only be run by {migration.needs or 'its tool'}, "
            "so it cannot be run in a scratch database.",
            where=str(migration.path),
            code="migration-foreign",
        )
    engine.begin_file(session)
    for piece in pieces_of(engine, batches):
        if piece.transactional:
            with session.transaction():
                replay_piece(engine, session, migration, piece)
        else:
            replay_piece(engine, session, migration, piece)


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
    engine: Engine, scratch: Scratch, migrations: Sequence[Migration], progress: Progress = SILENT
) -> Catalog:
    """What an empty database holds after the migrations."""
    with replayed(engine, scratch, migrations, progress) as session:
        return engine.inspect(session)


@contextmanager
def replayed(
    engine: Engine, scratch: Scratch, migrations: Sequence[Migration], progress: Progress = SILENT
) -> Iterator[Session]:
    """A scratch database in which the migrations were run."""
    with scratch.database() as session:
        replay(engine, session, migrations, progress)
        engine.begin_file(session)
        yield session
