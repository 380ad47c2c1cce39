"""Running one migration in a live database, so that whoever is stopped can go on.

Statements that commit together do so with what is written down of them: how far it came, and at the end the
row of the tool's history. A statement outside of transactions is written down before and after.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from dbdeed.engines.seam import Manner
from dbdeed.errors import DbdeedError, InvalidInput, Unavailable
from dbdeed.migrations.files import place_in
from dbdeed.migrations.pieces import pieces_of
from dbdeed.migrations.progress import Direction, ProgressTable, Standpoint, standpoint
from dbdeed.migrations.replay import filled
from dbdeed.migrations.seam import State
from dbdeed.planning.apply import Patience
from dbdeed.planning.shown import one_line
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dbdeed.engines.seam import Engine, Session, Statement
    from dbdeed.migrations.pieces import Piece
    from dbdeed.migrations.replay import Carrier
    from dbdeed.migrations.seam import Batch, History, Migration
    from dbdeed.progress import Progress

R = TypeVar("R")


class MigrationFailed(Unavailable):
    """The database did not take a statement; `where` is its file, line and column."""

    default_code = "migration-failed"


@dataclass(frozen=True, slots=True)
class Desk:
    """What is at hand while migrations run in one database.

    Attributes:
        environment: of the process, for `${NAME}` in files that declare it.
        patience: how long to try for a lock.
        carrier: for files that only their tool can run, where they are run in a scratch.
    """

    engine: Engine
    session: Session
    history: History
    table: ProgressTable
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    patience: Patience = field(default_factory=Patience)
    progress: Progress = SILENT
    carrier: Carrier | None = None


@dataclass
class _Run:
    desk: Desk
    migration: Migration
    direction: Direction
    statements: list[Statement]
    secrets: Mapping[str, str]
    done: int
    written: bool
    started: float
    together: bool = False

    def standpoint(self, done: int, opened: int = 0, *, failed: bool = False) -> Standpoint:
        return standpoint(self.migration.key, self.direction, self.statements, done, opened, failed=failed)


def run_migration(
    desk: Desk,
    migration: Migration,
    batches: Sequence[Batch],
    direction: Direction = Direction.UP,
    *,
    done: int = 0,
    begun: bool = False,
    fresh: bool = False,
) -> None:
    """Run one way of a migration and write it down in the tool's history.

    Args:
        desk: with the database's locks held.
        migration: which.
        batches: its way up or down.
        direction: which of them it is.
        done: how many statements are done already.
        begun: something is written down of it already.
        fresh: nothing has been set in the session since its settings were made.

    Raises:
        MigrationFailed: the database refused a statement.
        InvalidInput: an environment variable that it needs is missing.
        Unavailable: no lock was to be had, or the connection was lost.
    """
    pieces = pieces_of(desk.engine, batches)
    statements = [one for piece in pieces for one in piece.statements]
    secrets = _secrets(desk, migration)
    run = _Run(desk, migration, direction, statements, secrets, done, begun, time.monotonic())
    if not fresh:
        desk.engine.begin_file(desk.session)
    if not pieces or pieces[-1].last <= done:
        _patiently(run, lambda: _end_alone(run))
        return
    for piece in pieces:
        _settings_again(run, piece)
        if piece.last > run.done:
            _run_piece(run, piece, last=piece is pieces[-1])


def _secrets(desk: Desk, migration: Migration) -> dict[str, str]:
    missing = [name for name in migration.environment if name not in desk.environment]
    if missing:
        raise InvalidInput(
            f"{migration.path.name} needs {', '.join(missing)}, which the environment does not set.",
            hint="Set it and run this again; nothing of this migration was run.",
            code="environment-missing",
        )
    return {name: desk.environment[name] for name in migration.environment}


def _settings_again(run: _Run, piece: Piece) -> None:
    """What the statements that are done had set was gone with the session that ran them."""
    for number, statement, manner in piece.numbered():
        if number <= run.done and manner is Manner.SETTING:
            _execute(run, number, statement)


def _run_piece(run: _Run, piece: Piece, *, last: bool) -> None:
    if piece.transactional:
        _patiently(run, lambda: _together(run, piece, last=last))
        run.done, run.written = piece.last, True
        return
    for number, statement, manner in piece.numbered():
        if number > run.done:
            _one(run, number, statement, manner)
    if last:
        _patiently(run, lambda: _end_alone(run))


def _together(run: _Run, piece: Piece, *, last: bool) -> None:
    run.together = True
    try:
        with run.desk.session.transaction():
            for number, statement, _ in piece.numbered():
                if number > run.done:
                    _execute(run, number, statement)
            if last:
                _record(run)
            else:
                run.desk.table.set(run.desk.session, run.standpoint(piece.last))
    except MigrationFailed:
        raise
    except InvalidInput as error:  # what is only checked at the end: deferred constraints, foreign keys
        raise MigrationFailed(
            f"{run.migration.path.name} could not commit: {one_line(error.message)}",
            hint=error.hint or "Nothing of this transaction was kept.",
            where=place_in(piece.statements[0]),
        ) from None
    finally:
        run.together = False


def _one(run: _Run, number: int, statement: Statement, manner: Manner) -> None:
    """A statement outside of the migration's transactions."""
    if manner is Manner.SETTING:
        _execute(run, number, statement)
        run.done = number
    elif manner is Manner.ANY:
        _patiently(run, lambda: _marked(run, number, statement))
        run.done, run.written = number, True
    else:
        _alone(run, number, statement)


def _marked(run: _Run, number: int, statement: Statement) -> None:
    """It can be in a transaction, so what is written down of it commits with it."""
    with run.desk.session.transaction():
        _execute(run, number, statement)
        run.desk.table.set(run.desk.session, run.standpoint(number))


def _alone(run: _Run, number: int, statement: Statement) -> None:
    desk = run.desk
    _patiently(run, lambda: desk.table.set(desk.session, run.standpoint(number - 1, number)))
    run.written = True
    desk.engine.begin_wait(desk.session, alone=True)
    try:
        _execute(run, number, statement)
    except MigrationFailed:
        desk.table.set(desk.session, run.standpoint(number - 1, number, failed=True))
        raise
    finally:
        if _alive(desk):
            desk.engine.begin_wait(desk.session)
    _patiently(run, lambda: desk.table.set(desk.session, run.standpoint(number)))
    run.done = number


def _alive(desk: Desk) -> bool:
    try:
        desk.session.fetch("SELECT 1")
    except DbdeedError:
        return False
    return True


def _execute(run: _Run, number: int, statement: Statement) -> None:
    try:
        run.desk.session.execute(filled(statement, run.secrets).sql)
    except InvalidInput as error:
        raise MigrationFailed(
            f"{run.migration.path.name}, statement {number} of {len(run.statements)}, failed: "
            f"{one_line(_hidden(run, error.message))}",
            hint=_hidden(run, error.hint) or _alone_hint(run, statement) or _what_stays(run),
            where=place_in(statement, getattr(error, "offset", 0)),
        ) from None


def _hidden(run: _Run, text: str) -> str:
    for value in sorted(filter(None, run.secrets.values()), key=len, reverse=True):
        text = text.replace(value.replace("'", "''"), "***").replace(value, "***")
    return text


def _alone_hint(run: _Run, statement: Statement) -> str:
    if run.desk.engine.manner(statement.sql) not in (Manner.ALONE, Manner.AGAIN) or not run.together:
        return ""
    return "It can be in no transaction: put it outside of them, as this kind of file does that."


def _what_stays(run: _Run) -> str:
    if not run.written:
        return "Nothing of this migration was kept. Correct the cause, then run this again."
    return (
        "What was committed before it stays and is written down: correct the cause, or the statements from "
        "this one on, and run this again; it goes on here."
    )


def _end_alone(run: _Run) -> None:
    with run.desk.session.transaction():
        _record(run)


def _record(run: _Run) -> None:
    desk, migration = run.desk, run.migration
    if run.direction is Direction.UP:
        seconds = time.monotonic() - run.started
        desk.history.record(desk.session, migration, state=State.DONE, seconds=seconds)
    else:
        desk.history.forget(desk.session, migration)
    if run.written:
        desk.table.remove(desk.session, migration.key)


def _patiently(run: _Run, action: Callable[[], R]) -> R:
    """Do it, and again while a lock is not to be had."""
    name = run.migration.path.name
    return run.desk.patience.keep_trying(
        action,
        run.desk.progress,
        waits=f"{name} waits for a lock",
        refused=name,
        hint="Run it again when there is less traffic; it goes on where it stopped.",
    )
