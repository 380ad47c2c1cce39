"""Running steps in a scratch, and holding what comes out against what should."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action
from dbdeed.engines.faults import NEEDS_SUPERUSER
from dbdeed.errors import DbdeedError, InvalidInput, OurFault, Refused
from dbdeed.planning.shown import listed, one_line, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Change, Step
    from dbdeed.engines.seam import Backfill, Engine, Session
    from dbdeed.planning.plan import Group, Plan


class ProofFailed(OurFault):
    """The plan does not do what it says; `evidence` is the plan's SQL and what differs, for a report."""

    default_code = "proof-failed"

    def __init__(self, message: str, *, hint: str = "", evidence: str = "") -> None:
        super().__init__(message, hint=hint or "This is a bug of dbdeed; please report it.")
        self.evidence = evidence


def run_groups(
    engine: Engine,
    session: Session,
    groups: Sequence[Group],
    values: Mapping[ObjectId, Backfill] | None = None,
) -> None:
    """Run steps in a scratch, as they would run in the real database.

    Raises:
        ProofFailed: a step does not run.
        Refused: a step needs rights that no scratch has.
    """
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
            if error.code == NEEDS_SUPERUSER:
                raise Refused(
                    f"The plan cannot be proven: {shown(planned.step.object)} cannot be made in a scratch "
                    f"database. {one_line(error.message)}",
                    hint=error.hint,
                    code="unprovable",
                ) from error
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


def require_equal(engine: Engine, reached: Catalog, target: Catalog, plan: Plan) -> None:
    if reached.objects == target.objects:
        return
    left = engine.compare(reached, target).changes
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
