"""Where a migration stands that was stopped, and how it goes on.

What commits together is written down with it, so only a statement outside of transactions can be in doubt:
it began, and its end was not seen. The catalog tells: the migrations are run in a scratch up to before that
statement, and once more with it, and the live database is like one of the two; or like the second but for
what a failed build leaves, which goes. Where it is like neither, or nothing in the catalog tells, a person
must look, and is told at what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.seam import Manner
from dbdeed.errors import Refused
from dbdeed.migrations.files import place_in
from dbdeed.migrations.foreign import foreign
from dbdeed.migrations.pieces import pieces_of
from dbdeed.migrations.progress import Direction, Standpoint, prefix_of
from dbdeed.migrations.replay import ReplayFailed, replay, replay_batches, replay_statement
from dbdeed.planning.order import order_changes
from dbdeed.planning.shown import listed, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.seam import Engine, Scratch, Session, Statement
    from dbdeed.migrations.pieces import Piece
    from dbdeed.migrations.running import Desk
    from dbdeed.migrations.seam import Migration


class Undecided(Refused):
    """A person must look at the database and say how a migration goes on."""

    default_code = "migration-undecided"


def where_it_stands(
    desk: Desk,
    scratch: Scratch,
    before: Sequence[Migration],
    migration: Migration,
    standpoint: Standpoint,
    live: Callable[[], Catalog],
) -> int:
    """How many statements of a migration that was stopped are done; clears away what a failed build left.

    Args:
        desk: with the database's locks held.
        scratch: used only where a statement is in doubt.
        before: the migrations that the database has, in order.
        migration: the one that was under way.
        standpoint: what is written down of it.
        live: reads the database's catalog, without the tool's own tables.

    Raises:
        Undecided: the file has changed in what was run of it, or the catalog does not tell.
    """
    batches = migration.up if standpoint.direction is Direction.UP else migration.down
    pieces = pieces_of(desk.engine, batches or ())
    statements = [one for piece in pieces for one in piece.statements]
    _require_same(migration, statements, standpoint)
    if not standpoint.open:
        return standpoint.done
    opened = statements[standpoint.open - 1] if standpoint.open <= len(statements) else None
    with scratch.database(reachable=foreign(before)) as session:
        _rebuild(desk, session, before, migration, standpoint, pieces)
        without = with_it = desk.engine.inspect(session)
        runs = opened is None or _replayed(desk.engine, session, migration, opened)
        if runs:
            with_it = desk.engine.inspect(session)
    there = live()
    without, with_it = (desk.engine.as_there(desk.session, there, one) for one in (without, with_it))
    there = _cleared(desk, there, without)
    if not runs:  # on the rows of the migrations themselves: it cannot have ended well in the live database
        changed = [one for one in there.objects if there.objects[one] != without.objects.get(one)]
        if changed:
            raise _neither(migration, standpoint, opened, changed)
        return standpoint.done
    changed = [
        one
        for one in {**without.objects, **with_it.objects}
        if without.objects.get(one) != with_it.objects.get(one)
    ]
    if not changed:
        return _unseen(desk.engine, migration, opened, standpoint)
    if all(there.objects.get(one) == with_it.objects.get(one) for one in changed):
        return standpoint.open
    if all(there.objects.get(one) == without.objects.get(one) for one in changed):
        return standpoint.done
    raise _neither(migration, standpoint, opened, changed)


def _replayed(engine: Engine, session: Session, migration: Migration, statement: Statement) -> bool:
    """Whether a statement runs in the scratch after those before it."""
    try:
        replay_statement(engine, session, migration, statement)
    except ReplayFailed:
        return False
    return True


def _neither(
    migration: Migration, standpoint: Standpoint, opened: Statement | None, changed: Sequence[ObjectId]
) -> Undecided:
    return Undecided(
        f"{migration.path.name} was stopped in statement {standpoint.open}, and {listed(changed)} is neither "
        "as before it nor as after it.",
        where=place_in(opened) if opened is not None else str(migration.path),
        hint=_how(migration, standpoint),
    )


def _require_same(migration: Migration, statements: Sequence[Statement], standpoint: Standpoint) -> None:
    """A statement that failed may be corrected, and those after it; those that are done may not."""
    same = len(statements) >= standpoint.done and prefix_of(statements, standpoint.done) == standpoint.prefix
    if standpoint.open and not standpoint.failed:  # nothing of it may be another one than what began
        same = same and len(statements) >= standpoint.open
        same = same and prefix_of(statements[standpoint.open - 1 :], 1) == standpoint.opened
    if not same:
        raise Undecided(
            f"{migration.path.name} was stopped after {standpoint.done} of its statements, and what had "
            "run of it has been edited since.",
            where=str(migration.path),
            hint="Put it back as it was and go on; or bring the database by hand to where the file now ends, "
            f"then `dbdeed migrate repair --done {migration.version}`.",
        )


def _rebuild(
    desk: Desk,
    session: Session,
    before: Sequence[Migration],
    migration: Migration,
    standpoint: Standpoint,
    pieces: Sequence[Piece],
) -> None:
    engine = desk.engine
    replay(engine, session, before, carrier=desk.carrier)
    if standpoint.direction is Direction.DOWN:
        replay_batches(engine, session, migration, migration.up)
    engine.begin_file(session)
    for piece in pieces:
        for number, statement, _ in piece.numbered():
            if number <= standpoint.done:
                replay_statement(engine, session, migration, statement)


def _unseen(engine: Engine, migration: Migration, opened: Statement | None, standpoint: Standpoint) -> int:
    """Nothing in the catalog tells whether it ran."""
    if standpoint.failed or opened is None or engine.manner(opened.sql) is Manner.AGAIN:
        return standpoint.done
    raise Undecided(
        f"{migration.path.name} was stopped in statement {standpoint.open}, which runs outside of "
        "transactions and changes nothing that a catalog shows: whether it ended is not known.",
        where=place_in(opened),
        hint=_how(migration, standpoint),
    )


def _how(migration: Migration, standpoint: Standpoint) -> str:
    return (
        f"Look whether it did its work. If it did: `dbdeed migrate repair --done {migration.version}:"
        f"{standpoint.open}`; if it has to run (again): `dbdeed migrate repair --again {migration.version}:"
        f"{standpoint.open}`. Then `dbdeed migrate {standpoint.direction}`."
    )


def _cleared(desk: Desk, there: Catalog, without: Catalog) -> Catalog:
    """The catalog after what a failed build left is dropped: an index that is not valid holds nothing."""
    whole = desk.engine.rebuildable(there)
    left = [
        one
        for one, found in there.objects.items()
        if one.kind == "index" and found != whole.objects[one] and one not in without.objects
    ]
    if not left:
        return there
    cleared = there.taking(without, left)
    for change in order_changes(desk.engine.compare(there, cleared).changes, there, cleared):
        for step in change.steps:
            with desk.progress.step(f"Dropping what was left of {shown(change.id)}"):
                desk.engine.begin_step(desk.session, step)
                desk.session.execute(step.sql)
    desk.engine.begin_file(desk.session)
    return cleared
