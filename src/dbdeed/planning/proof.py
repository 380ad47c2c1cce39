"""A plan is proven before it is shown (HOUSE.md, idea 2).

The current catalog is built again in a scratch database, by the same machinery that plans; the plan is run on
it; what comes out must be the target, with nothing left to do. A plan that its proof refutes is never shown:
it is our fault, and the error says what differs.

Declared renames need the scratch too: they are run on the rebuilt current catalog, and what is left to do is
planned from what the engine then reads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbdeed.engines.uncollected import uncollected
from dbdeed.errors import DbdeedError, Refused
from dbdeed.planning.archive import Keeper, entries_of
from dbdeed.planning.forms import never_empty, under_old_names
from dbdeed.planning.joining import as_one
from dbdeed.planning.order import order_changes
from dbdeed.planning.plan import assemble, joined
from dbdeed.planning.reverse import plan_back
from dbdeed.planning.running import ProofFailed, require_equal, run_groups
from dbdeed.planning.samples import lost, put_in
from dbdeed.planning.shown import one_line, shown
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.change import Change
    from dbdeed.engines.seam import Backfill, Engine, Scratch, Session, Statement
    from dbdeed.planning.archive import Few
    from dbdeed.planning.cache import PlanCache
    from dbdeed.planning.forms import Empty
    from dbdeed.planning.plan import Plan, Round
    from dbdeed.progress import Progress


_MOST_RENAMES = 1_000  # rounds


@uncollected()
def make_plan(
    engine: Engine,
    current: Catalog,
    target: Catalog,
    statements: Sequence[Statement] = (),
    scratch: Scratch | None = None,
    *,
    samples: Sequence[Statement] = (),
    empty: Empty = never_empty,
    few: Few = never_empty,
    online: bool = True,
    generation: int = 0,
    cache: PlanCache | None = None,
    progress: Progress = SILENT,
) -> Plan:
    """The plan that leads from `current` to `target`, proven where a scratch is given.

    Args:
        engine: of both catalogs.
        current: what is there.
        target: what shall be.
        statements: of the target's document, for the renames and values for rows that they declare.
        scratch: where to prove it; only used where there is something to prove that the cache does not know.
        samples: the document's sample rows, which must survive the plan.
        empty: whether a table of the live database has no rows; then the short forms are taken.
        few: whether it has so few rows that copying them keeps nobody waiting.
        online: tables with rows are changed while others go on; in a maintenance window they need not be.
        generation: of the archive, for a plan that is to be applied: it keeps what it removes, and has its
            reverse. 0 for a plan that is only to be seen.
        cache: plans that were proven before.
        progress: where to say what is done.

    Raises:
        ProofFailed: the plan does not lead to the target.
        Refused: it cannot be proven, because the current database needs what no catalog type covers; or the
            sample rows do not survive it.
        InvalidInput: a value for rows names what is not there when they are filled.
    """
    if current.objects == target.objects:
        return replace(assemble(current, target, ()), proven=True)
    renames = _renames(engine, current, target, statements)
    manner = _Manner(engine.backfills(target, statements), online, empty, few, generation)
    changes = renames or _keeping(engine, current, target, manner)[0]
    first = assemble(current, target, changes, empty, online=online)
    if scratch is None:
        if renames:
            raise _needs_scratch(renames[0])
        return first
    # What is left after renames hangs on which tables are empty, and only the scratch knows what is left.
    unkept = (bool(renames) and empty is not never_empty) or bool(samples)
    known = cache.find(first) if cache is not None and not unkept else None
    if known is not None:
        return known
    with progress.step("Proving the plan in a scratch database"):
        plan = _proven(engine, current, target, statements, scratch, manner, samples)
    if cache is not None and not unkept:
        cache.keep(first, plan)
    return plan


def _renames(
    engine: Engine, current: Catalog, target: Catalog, statements: Sequence[Statement]
) -> list[Change]:
    if not any(statement.renamed_from for statement in statements):
        return []
    return engine.rename_steps(current, target, statements)


@dataclass(frozen=True, slots=True)
class _Manner:
    """What the document gives rows without a value, and the rest of what `make_plan` is told."""

    values: Mapping[ObjectId, Backfill]
    online: bool
    empty: Empty
    few: Few
    generation: int


def _ordered(
    engine: Engine, current: Catalog, target: Catalog, values: Mapping[ObjectId, Backfill] | None = None
) -> list[Change]:
    return as_one(order_changes(engine.compare(current, target, values).changes, current, target))


def _needs_scratch(rename: Change) -> Refused:
    return Refused(
        f"{shown(rename.id)} is declared to be renamed, and what is left to do after that is only known "
        "from a scratch database.",
        code="needs-scratch",
    )


def _keeping(engine: Engine, current: Catalog, target: Catalog, manner: _Manner) -> tuple[list[Change], bool]:
    """The changes in order, with what keeps what they remove; whether there is such a thing."""
    keeper = Keeper(engine, manner.generation)
    changes = _ordered(engine, current, target, manner.values)
    return keeper.keeping(changes, current, target, manner.few), bool(keeper.keeps)


def _proven(
    engine: Engine,
    current: Catalog,
    target: Catalog,
    statements: Sequence[Statement],
    scratch: Scratch,
    manner: _Manner,
    samples: Sequence[Statement] = (),
) -> Plan:
    try:
        return _run_through(engine, current, target, statements, scratch, manner, samples)
    except ProofFailed as fault:
        if not samples:
            raise
        _proven(engine, current, target, statements, scratch, manner)  # raises where we are at fault
        raise Refused(
            "The document's sample rows do not survive this plan, so rows like them would not either. "
            + fault.message,
            hint="Say what the rows shall have (`-- backfill: EXPRESSION`, a default), or correct the rows.",
            code="sample-rows",
        ) from fault


def _run_through(
    engine: Engine,
    current: Catalog,
    target: Catalog,
    statements: Sequence[Statement],
    scratch: Scratch,
    manner: _Manner,
    samples: Sequence[Statement],
) -> Plan:
    with scratch.database() as session:
        rebuild(engine, session, current)
        carried = put_in(engine, session, samples, current, manner.empty)
        reached, rounds = _renamed(engine, session, current, target, statements)
        renames = [change for one in rounds for change in one]
        if renames:
            empty, few = (under_old_names(one, renames) for one in (manner.empty, manner.few))
            manner = replace(manner, empty=empty, few=few)
        changes, keeps = _keeping(engine, reached, target, manner)
        plan = assemble(reached, target, changes, manner.empty, online=manner.online)
        run_groups(engine, session, plan.groups, manner.values)
        require_equal(engine, engine.inspect(session), target, plan)
        if problems := lost(engine, session, carried, current, target, renames):
            raise ProofFailed("; ".join(problems[:5]) + ".")
        whole = joined(assemble(current, target, renames), plan) if renames else plan
        whole = replace(
            whole,
            proven=True,
            generation=manner.generation if keeps else 0,
            renames=tuple(map(_pairs, rounds)),
        )
        if not manner.generation:
            return whole
        return _with_reverse(engine, session, whole, (current, reached, target), manner.generation)


def _pairs(changes: Sequence[Change]) -> Round:
    return tuple((change.was, change.id) for change in changes if change.was is not None)


def _with_reverse(
    engine: Engine,
    session: Session,
    plan: Plan,
    way: tuple[Catalog, Catalog, Catalog],
    generation: int,
) -> Plan:
    """The plan with the one that leads back, or with why there is none: that alone never stops a plan.

    `way`: where it began, what the renames left, where it ended.
    """
    current, reached, target = way
    try:
        back = plan_back(
            engine,
            session,
            target,
            engine.rebuildable(engine.lasting(reached)),
            entries_of(plan),
            plan.destroys,
            renames=plan.renames,
            origin=engine.rebuildable(engine.lasting(current)),
            generation=generation + 1,
        )
    except DbdeedError as error:
        return replace(plan, irreversible=one_line(error.message))
    return replace(plan, reverse=back)


def _renamed(
    engine: Engine, session: Session, current: Catalog, target: Catalog, statements: Sequence[Statement]
) -> tuple[Catalog, list[list[Change]]]:
    """The catalog after all declared renames, round after round, and their changes in order."""
    reached = current
    done: list[list[Change]] = []
    while renames := _renames(engine, reached, target, statements):
        if len(done) > _MOST_RENAMES:
            raise ProofFailed(f"The declared renames of {shown(renames[0].id)} come to no end.")
        run_groups(engine, session, assemble(reached, target, renames).groups)
        reached = engine.inspect(session)
        done.append(renames)
    return reached, done


@uncollected()
def rebuild(engine: Engine, session: Session, catalog: Catalog) -> None:
    """Make an empty scratch database equal to a catalog.

    Raises:
        ProofFailed: what comes out differs.
        Refused: it failed, and the catalog's database holds things that no catalog type covers.
    """
    empty = engine.inspect(session)
    catalog = engine.rebuildable(catalog)
    changes = _ordered(engine, empty, catalog)
    if not changes:
        return
    plan = assemble(empty, catalog, changes)
    try:
        run_groups(engine, session, plan.groups)
        require_equal(engine, engine.inspect(session), catalog, plan)
    except ProofFailed as fault:
        if not catalog.unmodelled:
            raise
        names = ", ".join(one_line(f"{one.kind} {one.name}") for one in catalog.unmodelled[:10])
        raise Refused(
            f"The plan cannot be proven: the database holds what dbdeed does not know yet ({names}), and "
            f"without it the rest could not be built again. {fault.message}",
            code="unprovable",
        ) from fault
