"""What a file of migrations costs: locks, hazards and about how long, statement by statement.

The file is run in a scratch that has the live database's state; what the engine then shows of each statement
is more than its words could tell, and is as good for a file that somebody else wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.document.values.types import How
from dbdeed.engines.change import Hazard, HazardKind, LockLevel
from dbdeed.engines.faults import SqlRejected
from dbdeed.migrations.files import place_in
from dbdeed.migrations.pieces import pieces_of
from dbdeed.migrations.replay import ReplayFailed, filled
from dbdeed.planning.shown import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dbdeed.document.values.types import Strategy
    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.seam import Engine, Manner, Session, Statement, Touch
    from dbdeed.migrations.seam import Batch, Migration

# Bytes in a second, of an ordinary disk: read, written anew, and of rows that are changed one by one.
_READS, _WRITES, _CHANGES = 300_000_000, 60_000_000, 20_000_000


@dataclass(frozen=True, slots=True)
class Explained:
    """One statement.

    Attributes:
        number: in the migration, from 1.
        touches: of tables that were there before the migration.
        hazards: what a person must know.
        seconds: about how long it takes on the live sizes.
        alone: it runs outside of transactions.
    """

    number: int
    statement: Statement
    touches: tuple[Touch, ...]
    hazards: tuple[Hazard, ...]
    seconds: float
    alone: bool

    @property
    def lock(self) -> LockLevel:
        return max((one.lock for one in self.touches), default=LockLevel.NONE)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A whole way of a migration.

    Attributes:
        destroys: tables and columns that are gone after it.
    """

    migration: Migration
    statements: tuple[Explained, ...]
    destroys: tuple[ObjectId, ...]

    @property
    def seconds(self) -> float:
        return sum(one.seconds for one in self.statements)


def explain(
    engine: Engine,
    session: Session,
    migration: Migration,
    batches: Sequence[Batch],
    sizes: Mapping[ObjectId, int],
    used: Callable[[ObjectId], bool],
) -> Explanation:
    """Run one way of a migration in a scratch that is where it begins, and see what it does.

    Args:
        engine: of the scratch.
        session: to it.
        migration: which.
        batches: its way up or down.
        sizes: bytes of the live database's tables; what it does not have counts as empty.
        used: whether a table has rows in the live database; nobody waits for others.

    Raises:
        ReplayFailed: it does not run.
    """
    engine.begin_file(session)
    before = engine.inspect(session)
    there = frozenset(one for one in before.objects if one.kind == "table")
    look = _Look(engine, session, migration, sizes, there, used)
    found: list[Explained] = []
    for piece in pieces_of(engine, batches):
        if piece.transactional:
            with session.transaction():
                found += _explained(look, piece.numbered(), alone=False)
        else:
            found += _explained(look, piece.numbered(), alone=True)
    engine.begin_file(session)
    return Explanation(migration, tuple(found), _destroyed(engine, before, engine.inspect(session)))


@dataclass(frozen=True, slots=True)
class _Look:
    engine: Engine
    session: Session
    migration: Migration
    sizes: Mapping[ObjectId, int]
    there: frozenset[ObjectId]
    used: Callable[[ObjectId], bool]


def _explained(
    look: _Look, numbered: Iterator[tuple[int, Statement, Manner]], *, alone: bool
) -> Iterator[Explained]:
    migration = look.migration
    placeholders = dict.fromkeys(migration.environment, "dbdeed")
    for number, statement, _ in numbered:
        try:
            seen = look.engine.touches(look.session, filled(statement, placeholders))
        except SqlRejected as error:
            raise ReplayFailed(
                f"{migration.path.name} does not run: {error.message}",
                hint=error.hint,
                where=place_in(statement, error.offset) or str(migration.path),
            ) from error
        touches = tuple(one for one in seen if one.table in look.there)
        costly = [one for one in touches if look.used(one.table)]
        hazards = tuple(hazard for one in costly for hazard in _hazards(one))
        seconds = sum(_seconds(one, look.sizes) for one in costly)
        yield Explained(number, statement, touches, hazards, seconds, alone)


def _hazards(touch: Touch) -> Iterator[Hazard]:
    name = shown(touch.table)
    if touch.rewrites:
        yield Hazard(HazardKind.REWRITES, f"{name} is written anew.")
    if touch.lock is LockLevel.ACCESS_EXCLUSIVE:
        if touch.rewrites or touch.scans:
            yield Hazard(HazardKind.BLOCKS_READS, f"Nobody else can use {name} while it is read.")
        else:
            yield Hazard(HazardKind.PAUSES, f"It waits until nobody uses {name}, and others wait behind it.")
    elif touch.lock >= LockLevel.SHARE and touch.scans:
        yield Hazard(HazardKind.BLOCKS_WRITES, f"Nobody else can write to {name} while it is read.")


def _seconds(touch: Touch, sizes: Mapping[ObjectId, int]) -> float:
    size = sizes.get(touch.table, 0)
    if touch.rewrites:
        return size / _WRITES
    if touch.scans and touch.lock is LockLevel.ROW_EXCLUSIVE:
        return size / _CHANGES
    if touch.scans:
        build = touch.lock in (LockLevel.SHARE, LockLevel.SHARE_UPDATE_EXCLUSIVE)
        return size / (_WRITES if build else _READS)
    return 0.0


def _destroyed(engine: Engine, before: Catalog, after: Catalog) -> tuple[ObjectId, ...]:
    changes = engine.compare(before, after).changes
    return tuple(dict.fromkeys(one for change in changes for step in change.steps for one in step.destroys))


_OFFLINE = frozenset({HazardKind.REWRITES, HazardKind.BLOCKS_READS, HazardKind.BLOCKS_WRITES})
_INSTEAD = {
    HazardKind.REWRITES: "add a column beside the old one, fill it in parts and swap them",
    HazardKind.BLOCKS_READS: "add the constraint NOT VALID and validate it in a statement of its own",
    HazardKind.BLOCKS_WRITES: "build the index CONCURRENTLY, outside of transactions; add a constraint NOT "
    "VALID and validate it after",
}


def refusals(explanation: Explanation, strategy: Strategy | None) -> list[str]:
    """Why the document's Strategy does not let this file run, a sentence each, with what to do instead."""
    if strategy is None:
        return []
    name = explanation.migration.path.name
    found = []
    if strategy.how is How.ONLINE:
        for one in explanation.statements:
            kinds = dict.fromkeys(each.kind for each in one.hazards if each.kind in _OFFLINE)
            found += [
                f"{name}, statement {one.number}, {kind.value}, and the Strategy is online. Instead, "
                f"{_INSTEAD[kind]} (`dbdeed migrate new` writes that form); or run it in a maintenance "
                "window, and say so there."
                for kind in list(kinds)[:1]
            ]
    if strategy.reversible and explanation.migration.down is None and not explanation.migration.needs:
        found.append(
            f"{name} has no way back, and the Strategy is reversible. Write one, or say forward only."
        )
    return found
