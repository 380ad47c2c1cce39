"""Running a plan on a real database.

Under the database's one lock the state is read again and must be the plan's; each transactional group commits
together with its journal rows; a lock that is not to be had in time
is tried again, with a pause that grows, so that no queue forms behind us. Afterwards the state is read once
more and must be the target. Whoever is stopped in between, by Ctrl-C, a lost connection or `kill -9`, leaves
a database and a journal that agree; the next plan is made from what is there.
"""

from __future__ import annotations

import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from dbdeed.engines.faults import LockTimeout
from dbdeed.errors import DbdeedError, InvalidInput, OurFault, Refused, Unavailable
from dbdeed.planning.archive import FROM_FILES, entries
from dbdeed.planning.filling import Pace, fill_all
from dbdeed.planning.journal import Journal, PlanState, StepState
from dbdeed.planning.plan import fingerprint
from dbdeed.planning.running import differences
from dbdeed.planning.secrets import Secrets
from dbdeed.planning.shown import one_line, shown
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.seam import Engine, Session
    from dbdeed.planning.plan import Group, Plan, PlannedStep
    from dbdeed.progress import Progress, Task


R = TypeVar("R")


class StepFailed(Unavailable):
    """The database did not take a step that the proof accepted: its data or its rights forbid it."""

    default_code = "step-failed"


class StateChanged(Refused):
    """The database is no longer what the plan was made for."""

    default_code = "state-changed"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try for a lock: `tries` times, pausing from `first` seconds, doubling, up to `longest`."""

    tries: int = 30
    first: float = 0.1
    longest: float = 5.0
    sleep: Callable[[float], None] = time.sleep

    def pauses(self) -> Iterator[float]:
        """The pauses between the tries, in seconds."""
        for number in range(self.tries - 1):
            yield min(self.first * 2**number, self.longest)

    def keep_trying(
        self,
        action: Callable[[], R],
        progress: Progress,
        *,
        waits: str,
        refused: str,
        hint: str,
        noted: Callable[[], None] = lambda: None,
    ) -> R:
        """Do it, and again while a lock is not to be had.

        Args:
            action: what may wait for a lock.
            progress: where each pause is announced, as `waits`.
            waits: what waits, for people: "orders is in use".
            refused: the same, of the error in the end.
            hint: of that error.
            noted: called before each pause.
        """
        pauses = self.pauses()
        while True:
            try:
                return action()
            except LockTimeout as error:
                pause = next(pauses, None)
                if pause is None:
                    raise LockTimeout(
                        f"{refused}: no lock in {self.tries} tries. {one_line(error.message)}", hint=hint
                    ) from error
                noted()
                with progress.step(f"{waits}; trying again in {pause:.1f} s"):
                    self.sleep(pause)


def _utc() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done: the plan's id in the journal, its steps, and the tries that waited for a lock."""

    id: str
    steps: int
    waits: int


@dataclass
class _Run:
    """One plan under way."""

    engine: Engine
    session: Session
    journal: Journal
    id: str
    secrets: Secrets
    patience: Patience
    progress: Progress
    now: Callable[[], datetime]
    waits: int = 0
    done: int = 0
    total: int = field(default=0)


def apply_plan(
    engine: Engine,
    session: Session,
    plan: Plan,
    target: Catalog | None = None,
    *,
    tool: str,
    undoes: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
    patience: Patience | None = None,
    now: Callable[[], datetime] = _utc,
) -> Applied:
    """Run a plan; an empty one writes nothing to the database.

    Args:
        engine: of the database.
        session: to it; what the engine set for the last step stays set in it.
        plan: whose state must still be the database's.
        target: the catalog that it leads to, where it is at hand: then a wrong end is told in full.
        tool: the program's version, for the journal.
        undoes: the id of the plan that this one takes back.
        environment: what `${NAME}` in its statements stands for.
        progress: where steps are announced.
        patience: how long to try for a lock.
        now: the clock.

    Raises:
        StateChanged: the database is not what the plan was made for.
        StepFailed: the database refused a step; what was committed before stays, and is journalled.
        InvalidInput: an environment variable that it needs is missing.
        Unavailable: another apply holds the database, a lock was not to be had, the connection was lost.
        OurFault: all steps ran, and the result is not the target.
    """
    secrets = Secrets.of(plan.environment, environment or {})
    _require_version(plan, session)
    journal = Journal(engine, session)
    with engine.exclusive(session):
        if plan.empty:
            if target is None or journal.unfinished():  # from a file it may be of long ago
                journal.close_unfinished(_require_state(engine, session, plan), now())
            return Applied("", 0, 0)
        with progress.step("Reading the database once more"):
            current = _require_state(engine, session, plan)
        _require_places(engine, session, plan)
        run = _Run(
            engine,
            session,
            journal,
            uuid.uuid4().hex,
            secrets,
            patience or Patience(),
            progress,
            now,
        )
        run.total = len(plan.steps)
        first = plan.groups[0].steps[0]
        _patiently(
            run, first, lambda: journal.begin(run.id, plan, now(), tool, current=current, undoes=undoes)
        )
        with _failure_journalled(run), progress.step("Applying the plan", total=run.total) as task:
            for group in plan.groups:
                _run_group(run, group, task)
        with progress.step("Comparing the result with the target"):
            reached = _require_target(engine, session, plan, target)
        _patiently(run, first, lambda: _end(run, reached))
    return Applied(run.id, run.total, run.waits)


def _end(run: _Run, reached: Catalog) -> None:
    with run.session.transaction():
        run.journal.end(run.id, PlanState.DONE, run.now())
        run.journal.settle(run.id, reached)


def _require_places(engine: Engine, session: Session, plan: Plan) -> None:
    """The places in the archive that a plan names must not have been given to another meanwhile."""
    later = range(plan.generation, FROM_FILES)
    if plan.generation and any(one.generation in later for one in entries(engine, session)):
        raise StateChanged(
            "Another plan has put something into the archive since this plan was made; nothing was run.",
            hint="Make a new plan: `dbdeed plan`.",
        )


def _require_version(plan: Plan, session: Session) -> None:
    if plan.version[:1] != session.version[:1]:
        raise InvalidInput(
            f"The plan is for version {_dotted(plan.version)}; this server is {_dotted(session.version)}.",
            hint="Make a plan for this server.",
            code="plan-version",
        )


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))


def _require_state(engine: Engine, session: Session, plan: Plan) -> Catalog:
    current = engine.inspect(session)
    if fingerprint(current) != plan.current:
        raise StateChanged(
            "The database is no longer in the state that this plan was made for; nothing was run.",
            hint="Make a new plan: `dbdeed plan`.",
        )
    return current


def _require_target(engine: Engine, session: Session, plan: Plan, target: Catalog | None) -> Catalog:
    reached = engine.inspect(session)
    if fingerprint(reached) == plan.target:
        return reached
    shows = differences(engine.compare(reached, target).changes)[:5] if target is not None else []
    raise OurFault(
        "All steps ran, and the database is not at the target"
        + (": " + "; ".join(shows) if shows else ", or somebody else changed it meanwhile")
        + ".",
        hint="`dbdeed plan` shows what is left; if nobody else changed the database, please report it.",
        code="target-missed",
    )


@contextmanager
def _failure_journalled(run: _Run) -> Iterator[None]:
    """Write down what stopped the plan, as far as the connection still lets us."""
    try:
        yield
    except BaseException as error:
        text = error.message if isinstance(error, DbdeedError) else type(error).__name__
        with suppress(DbdeedError):
            run.journal.end(run.id, PlanState.FAILED, run.now(), text)
        raise


def _run_group(run: _Run, group: Group, task: Task) -> None:
    """One group; a step outside a transaction is journalled before and after, and never run twice."""
    numbers = range(run.done + 1, run.done + len(group.steps) + 1)
    first = group.steps[0]
    if group.transactional:
        _patiently(run, first, lambda: _transaction(run, group, numbers))
    else:
        _patiently(run, first, lambda: run.journal.mark(run.id, numbers, StepState.STARTED))
        if first.step.batched:
            _fill(run, first, numbers[0])
        else:
            _patiently(run, first, lambda: _alone(run, first, numbers[0]))
        _patiently(run, first, lambda: run.journal.mark(run.id, numbers, StepState.DONE))
    run.done += len(group.steps)
    task.advance(len(group.steps), run.total)


def _alone(run: _Run, planned: PlannedStep, number: int) -> None:
    """A step outside of transactions, of which something may be left where it did not get through."""
    try:
        _execute(run, planned, number)
    except LockTimeout:
        run.engine.give_way(run.session, planned.step)
        raise


def _fill(run: _Run, planned: PlannedStep, number: int) -> None:
    """All parts of a batched step."""
    pace = Pace(sleep=run.patience.sleep)

    def attempt(part: Callable[[], int]) -> int:
        return _patiently(run, planned, lambda: _part(run, planned, number, part))

    with run.progress.step(f"Filling {shown(planned.step.object)}") as task:
        fill_all(run.engine, run.session, planned.step, task, pace, attempt)


def _part(run: _Run, planned: PlannedStep, number: int, part: Callable[[], int]) -> int:
    with _failure_told(run, planned.step, number):
        run.engine.begin_step(run.session, planned.step)
        return part()


def _patiently(run: _Run, about: PlannedStep, action: Callable[[], R]) -> R:
    """Do it, and again while a lock is not to be had."""

    def count() -> None:
        run.waits += 1

    in_use = f"{shown(about.step.object)} is in use"
    return run.patience.keep_trying(
        action,
        run.progress,
        waits=in_use,
        refused=in_use,
        hint="Run apply again when there is less traffic; it carries on with what is left.",
        noted=count,
    )


def _transaction(run: _Run, group: Group, numbers: range) -> None:
    with _commit_refused(numbers), run.session.transaction():
        for number, planned in zip(numbers, group.steps, strict=True):
            _execute(run, planned, number)
        run.journal.mark(run.id, numbers, StepState.DONE)


@contextmanager
def _commit_refused(numbers: range) -> Iterator[None]:
    """What is only checked at the end of a transaction: deferred constraints, SQLite's foreign keys."""
    try:
        yield
    except InvalidInput as error:
        raise StepFailed(
            f"Steps {numbers.start} to {numbers.stop - 1} failed together: {one_line(error.message)}",
            hint=error.hint,
        ) from None


def _execute(run: _Run, planned: PlannedStep, number: int) -> None:
    step = planned.step
    run.engine.begin_step(run.session, step)
    with _failure_told(run, step, number):
        run.session.execute(run.secrets.fill(step))


@contextmanager
def _failure_told(run: _Run, step: Step, number: int) -> Iterator[None]:
    """Which step it was that the database refused, without what is secret."""
    try:
        yield
    except LockTimeout as error:
        raise LockTimeout(run.secrets.hide(error.message), hint=run.secrets.hide(error.hint)) from None
    except InvalidInput as error:
        raise StepFailed(
            f"Step {number} of {run.total} ({shown(step.object)}) failed: "
            f"{one_line(run.secrets.hide(error.message))}",
            hint=run.secrets.hide(error.hint)
            or "What was committed before it stays; correct the cause and run apply again.",
        ) from None
    except DbdeedError as error:
        error.message = run.secrets.hide(error.message)
        error.hint = run.secrets.hide(error.hint)
        error.args = (error.message,)
        raise
