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

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action
from dbdeed.errors import DbdeedError, InvalidInput, OurFault, Refused
from dbdeed.planning.forms import never_empty, under_old_names
from dbdeed.planning.order import order_changes
from dbdeed.planning.plan import assemble, joined
from dbdeed.planning.shown import listed, one_line, shown
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Change, Step
    from dbdeed.engines.seam import Backfill, Engine, Scratch, Session, Statement
    from dbdeed.planning.cache import PlanCache
    from dbdeed.planning.forms import Empty
    from dbdeed.planning.plan import Group, Plan
    from dbdeed.progress import Progress


_MOST_RENAMES = 100_000


class ProofFailed(OurFault):
    """The plan does not do what it says; `evidence` is the plan's SQL and what differs, for a report."""

    default_code = "proof-failed"

    def __init__(self, message: str, *, hint: str = "", evidence: str = "") -> None:
        super().__init__(message, hint=hint or "This is a bug of dbdeed; please report it.")
        self.evidence = evidence


def make_plan(
    engine: Engine,
    current: Catalog,
    target: Catalog,
    statements: Sequence[Statement] = (),
    scratch: Scratch | None = None,
    *,
    empty: Empty = never_empty,
    online: bool = True,
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
        empty: whether a table of the live database has no rows; then the short forms are taken.
        online: tables with rows are changed while others go on; in a maintenance window they need not be.
        cache: plans that were proven before.
        progress: where to say what is done.

    Raises:
        ProofFailed: the plan does not lead to the target.
        Refused: it cannot be proven, because the current database needs what no catalog type covers.
        InvalidInput: a value for rows names what is not there when they are filled.
    """
    if current.objects == target.objects:
        return replace(assemble(current, target, ()), proven=True)
    renames = _renames(engine, current, target, statements)
    fills = _Fills(engine.backfills(target, statements), online=online)
    first = assemble(
        current, target, renames or _ordered(engine, current, target, fills.values), empty, online=online
    )
    if scratch is None:
        if renames:
            raise _needs_scratch(renames[0])
        return first
    # What is left after renames hangs on which tables are empty, and only the scratch knows what is left.
    unkept = bool(renames) and empty is not never_empty
    known = cache.find(first) if cache is not None and not unkept else None
    if known is not None:
        return known
    with progress.step("Proving the plan in a scratch database"):
        plan = _proven(engine, current, target, statements, scratch, empty, fills)
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
class _Fills:
    """What the document gives rows without a value, and which form tables with rows get."""

    values: Mapping[ObjectId, Backfill]
    online: bool


def _ordered(
    engine: Engine, current: Catalog, target: Catalog, values: Mapping[ObjectId, Backfill] | None = None
) -> list[Change]:
    return order_changes(engine.compare(current, target, values).changes, current, target)


def _needs_scratch(rename: Change) -> Refused:
    return Refused(
        f"{shown(rename.id)} is declared to be renamed, and what is left to do after that is only known "
        "from a scratch database.",
        code="needs-scratch",
    )


def _proven(
    engine: Engine,
    current: Catalog,
    target: Catalog,
    statements: Sequence[Statement],
    scratch: Scratch,
    empty: Empty,
    fills: _Fills,
) -> Plan:
    with scratch.database() as session:
        rebuild(engine, session, current)
        reached, renames = _renamed(engine, session, current, target, statements)
        asked = under_old_names(empty, renames) if renames else empty
        changes = _ordered(engine, reached, target, fills.values)
        plan = assemble(reached, target, changes, asked, online=fills.online)
        run_groups(engine, session, plan.groups, fills.values)
        _require_equal(engine, engine.inspect(session), target, plan)
    return replace(joined(assemble(current, target, renames), plan) if renames else plan, proven=True)


def _renamed(
    engine: Engine, session: Session, current: Catalog, target: Catalog, statements: Sequence[Statement]
) -> tuple[Catalog, list[Change]]:
    """The catalog after all declared renames, round after round, and their changes in order."""
    reached = current
    done: list[Change] = []
    while renames := _renames(engine, reached, target, statements):
        if len(done) > _MOST_RENAMES:
            raise ProofFailed(f"The declared renames of {shown(renames[0].id)} come to no end.")
        run_groups(engine, session, assemble(reached, target, renames).groups)
        reached = engine.inspect(session)
        done += renames
    return reached, done


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
        _require_equal(engine, engine.inspect(session), catalog, plan)
    except ProofFailed as fault:
        if not catalog.unmodelled:
            raise
        names = ", ".join(one_line(f"{one.kind} {one.name}") for one in catalog.unmodelled[:10])
        raise Refused(
            f"The plan cannot be proven: the database holds what dbdeed does not know yet ({names}), and "
            f"without it the rest could not be built again. {fault.message}",
            code="unprovable",
        ) from fault


def run_groups(
    engine: Engine,
    session: Session,
    groups: Sequence[Group],
    values: Mapping[ObjectId, Backfill] | None = None,
) -> None:
    """Run steps in a scratch, as they would run in the real database. Raises `ProofFailed`."""
    for group in groups:
        if not group.transactional:
            _run(engine, session, group, values or {})
        elif not _run_together(engine, session, group):
            with session.transaction():
                _run(engine, session, group, values or {})


def _run_together(engine: Engine, session: Session, group: Group) -> bool:
    """The quick way for a transaction's steps; False where one of them fails and none was done."""
    try:
        with session.transaction():
            engine.begin_step(session, group.steps[0].step)
            session.execute_all([planned.step.sql for planned in group.steps])
    except InvalidInput:
        return False
    return True


def _run(engine: Engine, session: Session, group: Group, values: Mapping[ObjectId, Backfill]) -> None:
    """Step by step, so that it can be said which one fails."""
    for planned in group.steps:
        engine.begin_step(session, planned.step)
        try:
            if planned.step.batched:
                engine.fill(session, planned.step, 0, 1)
            else:
                session.execute(planned.step.sql)
        except DbdeedError as error:
            for column, value in values.items():
                if _gives(planned.step, column, value):
                    raise _not_there_yet(column, value, error) from error
            raise ProofFailed(
                f"A step for {shown(planned.step.object)} does not run in the scratch database: "
                f"{one_line(error.message)}",
                hint=error.hint,
                evidence=planned.step.sql,
            ) from error


def _gives(step: Step, column: ObjectId, value: Backfill) -> bool:
    """Whether a step fills this column, by itself or with its table."""
    about = step.object in (column, ObjectId("table", column.name[:-1]))
    return about and value.expression in step.sql


def _not_there_yet(column: ObjectId, value: Backfill, error: DbdeedError) -> InvalidInput:
    return InvalidInput(
        f"The backfill of {shown(column)} does not run when the rows are filled: {one_line(error.message)}",
        hint="It may name columns that the table has before and after. Let one that goes stay until the rows "
        "are filled, and remove it in a change of its own.",
        where=value.where,
        code="backfill",
    )


def _require_equal(engine: Engine, reached: Catalog, target: Catalog, plan: Plan) -> None:
    left = engine.compare(reached, target).changes
    if not left and reached.objects == target.objects:
        return
    shows = differences(left) or [f"the comparison overlooks {listed(_unequal(reached, target))}"]
    evidence = "\n".join([*(f"{step.sql};" for step in plan.steps), "", *shows])
    raise ProofFailed("The plan does not end at its target: " + "; ".join(shows[:5]), evidence=evidence)


def _unequal(one: Catalog, other: Catalog) -> list[ObjectId]:
    ids = {**one.objects, **other.objects}
    return [each for each in ids if one.objects.get(each) != other.objects.get(each)]


def differences(changes: Sequence[Change]) -> list[str]:
    """What differs, one line each, for people."""
    found = []
    for change in changes:
        if change.because is not None:
            continue
        verb = {Action.CREATE: "is missing", Action.DROP: "is too much"}.get(change.action, "differs")
        details = ", ".join(
            f"{one_line(one.attribute)}: {one.old!r} is not {one.new!r}" for one in change.details
        )
        found.append(f"{shown(change.id)} {verb}" + (f" ({details})" if details else ""))
    return found
