"""Each file run up, taken back and run up again, with sample rows in the tables that are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.migrations.foreign import foreign
from dbdeed.migrations.replay import ReplayFailed, begin_history, replay_down, replay_up
from dbdeed.migrations.standing import from_empty
from dbdeed.planning.running import differences
from dbdeed.planning.samples import put_in
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.seam import Engine, Scratch, Session, Statement
    from dbdeed.migrations.replay import Carrier
    from dbdeed.migrations.seam import Migration
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one migration.

    Attributes:
        problem: why it failed, in a sentence; "" where it did not.
        where: file, line and column of that, where it has one.
        back: it has a way back that was run.
        lost: tables whose rows were others after up and down, which a way back by hand may mean.
    """

    migration: Migration
    problem: str = ""
    where: str = ""
    back: bool = False
    lost: tuple[str, ...] = ()


def try_all(
    engine: Engine,
    scratch: Scratch,
    migrations: Sequence[Migration],
    samples: Sequence[Statement],
    progress: Progress = SILENT,
    carrier: Carrier | None = None,
) -> Iterator[Tried]:
    """Try them in order; the first that does not run up ends it, since nothing can follow it.

    Args:
        engine: of the scratch.
        scratch: where.
        migrations: of the project.
        samples: the document's sample rows; they go into each table once it is there.
        progress: where steps are announced.
        carrier: for those that only their tool can run.
    """
    todo = from_empty(migrations)
    carrier = carrier if foreign(todo) else None
    with (
        scratch.database(reachable=carrier is not None) as session,
        progress.step("Running each migration up, back and up again", total=len(todo)) as task,
    ):
        if carrier is not None:
            begin_history(session, carrier.history)
        filled: set[ObjectId] = set()
        before = engine.inspect(session)
        for one in todo:
            tried, after = _tried(engine, session, one, before, carrier)
            yield tried
            if after is None:
                return
            before = after
            put_in(engine, session, samples, before, filled.__contains__)
            engine.begin_file(session)
            filled |= {each for each in before.objects if each.kind == "table"}
            task.advance(1, len(todo))


def _tried(
    engine: Engine, session: Session, migration: Migration, before: Catalog, carrier: Carrier | None
) -> tuple[Tried, Catalog | None]:
    """What became of it, and the state after it; None where it does not run up."""
    try:
        way_back = migration.down is not None or migration.up is None
        rows = engine.table_digests(session) if way_back else {}
        replay_up(engine, session, migration, carrier)
        after = _state(engine, session)
        if not way_back:
            return Tried(migration), after
    except ReplayFailed as error:
        return Tried(migration, error.message, error.where), None
    try:
        replay_down(engine, session, migration, carrier)
    except ReplayFailed as error:
        return Tried(migration, f"Taken back: {error.message}", error.where), None
    back = _state(engine, session)
    lost = tuple(name for name, known in rows.items() if engine.table_digests(session).get(name) != known)
    if problem := _differs(engine, back, before):
        return Tried(migration, f"Taken back, it does not end where it began: {problem}", back=True), None
    try:
        replay_up(engine, session, migration, carrier)
    except ReplayFailed as error:
        return Tried(migration, f"Run up again: {error.message}", error.where, back=True), None
    again = _state(engine, session)
    if problem := _differs(engine, again, after):
        return Tried(migration, f"Run up again, it ends elsewhere: {problem}", back=True), None
    return Tried(migration, back=True, lost=lost), after


def _state(engine: Engine, session: Session) -> Catalog:
    engine.begin_file(session)
    return engine.inspect(session)


def _differs(engine: Engine, reached: Catalog, wanted: Catalog) -> str:
    if reached.objects == wanted.objects:
        return ""
    return "; ".join(differences(engine.compare(reached, wanted).changes)[:5]) or "in what no list shows"
