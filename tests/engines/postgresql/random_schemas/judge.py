"""What must hold of every pair of schemas, whatever they are.

A database with the first schema, and with rows, is led to the second and back. Each time no step may fail but
one that says that it can fail on data, and then nothing may be changed; what is read must be the target, also
to pg_dump; nothing may be left to do; rows of tables that stay are still there, with the values of the
columns that stay as they are.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.engines.postgresql.random_schemas.ground import Passing, load
from tests.engines.postgresql.random_schemas.rows import kept, remove, seed, snapshot
from tests.engines.postgresql.random_schemas.shape import quoted

from dbdeed.engines.change import HazardKind
from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.errors import DbdeedError
from dbdeed.planning.joining import as_one
from dbdeed.planning.order import order_changes
from dbdeed.planning.plan import assemble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.engines.postgresql.random_schemas.ground import Ground

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.postgresql.session import Session
    from dbdeed.planning.plan import Group, Plan

    Planner = Callable[[Catalog, Catalog, bool], Plan]

_DENIED = "42501"  # SQLSTATE insufficient_privilege


class Counterexample(AssertionError):  # noqa: N818 - it is what it is called
    """What did not hold, at which stage, and the plan under way."""

    def __init__(self, stage: str, message: str, plan: Plan | None = None) -> None:
        steps = (
            [f"    {'  ' if step.transactional else '! '}{step.sql};" for step in plan.steps] if plan else []
        )
        super().__init__("\n".join([f"{stage}: {message}", *(["  plan:"] if steps else []), *steps]))
        self.stage = stage


class StepError(Exception):
    def __init__(self, sql: str, why: DbdeedError, excused: bool) -> None:
        super().__init__(f"{why.message}\n    in {sql}")
        self.excused = excused


class _NotHereError(Exception):
    """A plan with steps that no transaction takes wants a database of its own."""


class _EndlessError(Exception):
    """The schema's own functions call each other without end: that says nothing of a plan."""


class UnfilledError(Exception):
    """What a materialized view is made of may not be read: a fault, unless the schema's own rights say so."""

    def __init__(self, view: ObjectId, message: str) -> None:
        super().__init__(message)
        self.view = view


@dataclass(frozen=True)
class Trial:
    """A pair under judgement.

    Attributes:
        first, second: their statements.
        rows: put rows into the first, and take the online forms; else the plain ones on empty tables.
        dump: compare by pg_dump as well.
        strict: no statement may be refused.
    """

    first: Sequence[str]
    second: Sequence[str]
    rows: bool = True
    dump: bool = True
    strict: bool = False


@dataclass
class Seen:
    """What came by: the changes of all plans, as (kind, action), and how many steps were excused."""

    changes: dict[tuple[str, str], int] = field(default_factory=dict)
    excused: int = 0
    plans: int = 0

    def add(self, plan: Plan) -> None:
        self.plans += 1
        made = {one.object for one in plan.differences if one.action == "create"}
        for one in plan.differences:
            replaced = one.action in ("create", "drop") and one.object in made and one.details
            for action in (str(one.action), *(["replace"] if replaced else [])):
                key = (one.object.kind, action)
                self.changes[key] = self.changes.get(key, 0) + 1


def plan(current: Catalog, target: Catalog, empty: bool) -> Plan:
    """As the program itself plans, with the plain forms or the online ones."""
    changes = as_one(order_changes(ENGINE.compare(current, target).changes, current, target))
    return assemble(current, target, changes, lambda _: empty)


def judge(ground: Ground, trial: Trial, planner: Planner = plan, seen: Seen | None = None) -> None:
    """Raises `Counterexample`."""
    seen = seen or Seen()
    with _place(ground, real=trial.dump) as (other_name, other):
        _load(other, trial.second, trial)
        second = ENGINE.inspect(other)
        dumps = [ground.dump(other_name)] if trial.dump else []
    real = trial.rows or trial.dump
    try:
        with suppress(_EndlessError):
            try:
                _to_and_fro(ground, trial, real, second, dumps, planner, seen)
            except _NotHereError:
                _to_and_fro(ground, trial, True, second, dumps, planner, seen)
    except UnfilledError as refused:
        if not any(_lacks_rights(ground, sql, refused.view) for sql in (trial.first, trial.second)):
            raise Counterexample("step", str(refused)) from None


def _lacks_rights(ground: Ground, statements: Sequence[str], view: ObjectId) -> bool:
    """Whether nobody can fill the view in the schema itself: the owner of a view below lost a right."""
    with _place(ground, real=False) as (_, session):
        load(session, statements)
        try:
            session.execute(f"REFRESH MATERIALIZED VIEW {quoted(*view.name)}")
        except DbdeedError as error:
            return getattr(error, "sqlstate", "") == _DENIED
    return False


def _to_and_fro(
    ground: Ground,
    trial: Trial,
    real: bool,
    second: Catalog,
    dumps: list[list[str]],
    planner: Planner,
    seen: Seen,
) -> None:
    with _place(ground, real=real) as (name, one):
        _load(one, trial.first, trial)
        if trial.rows:
            seed(one)
        first = current = ENGINE.inspect(one)
        wanted = [*dumps, ground.dump(name)] if trial.dump else []
        for number, target in enumerate((second, first)):
            current = _lead(one, current, target, trial, planner, seen)
            if wanted:
                _same_dump(ground.dump(name), wanted[number])


@contextmanager
def _place(ground: Ground, *, real: bool) -> Iterator[tuple[str, Session]]:
    if real:
        with ground.database() as found:
            yield found
    else:
        with ground.passing() as session:
            yield "", session


def _load(session: Session, statements: Sequence[str], trial: Trial) -> None:
    taken = load(session, statements)
    if trial.strict and len(taken) != len(statements):
        raise AssertionError(f"Refused: {[one for one in statements if one not in taken]}")


def _same_dump(reached: list[str], wanted: list[str]) -> None:
    if reached != wanted:
        more = [f"    + {one}" for one in reached if one not in wanted]
        less = [f"    - {one}" for one in wanted if one not in reached]
        raise Counterexample("dump", "pg_dump sees a difference\n" + "\n".join((*less, *more)))


def _lead(
    session: Session, current: Catalog, target: Catalog, trial: Trial, planner: Planner, seen: Seen
) -> Catalog:
    """To the target; gives what is read there."""
    made = _planned(planner, current, target, not trial.rows)
    seen.add(made)
    before = snapshot(session, current)
    try:
        run_plan(session, made)
    except StepError as failed:
        if not failed.excused or not trial.rows:
            raise Counterexample("step", str(failed), made) from None
        seen.excused += 1
        return _lead_emptied(session, target, planner, failed)
    reached = _arrived(session, target, made)
    lost = kept(before, snapshot(session, target), current, target)
    if lost:
        raise Counterexample("rows", lost, made)
    return reached


def _lead_emptied(session: Session, target: Catalog, planner: Planner, failed: StepError) -> Catalog:
    """A step could not be done with the rows that are there: without them all must be well."""
    load(session, ["ROLLBACK"])
    remove(session)
    current = ENGINE.inspect(session)
    made = _planned(planner, current, target, False)
    try:
        run_plan(session, made)
    except StepError as again:
        raise Counterexample("step", f"after {failed}\n  on empty tables: {again}", made) from None
    return _arrived(session, target, made)


def _planned(planner: Planner, current: Catalog, target: Catalog, empty: bool) -> Plan:
    try:
        return planner(current, target, empty)
    except Exception as error:
        raise Counterexample("planning", f"{type(error).__name__}: {error}") from error


def _arrived(session: Session, target: Catalog, made: Plan) -> Catalog:
    reached = ENGINE.inspect(session)
    if not reached.same_as(target):
        raise Counterexample("catalog", "\n".join(_differences(reached, target)), made)
    again = plan(reached, target, True)
    if not again.empty:
        raise Counterexample("again", "a second plan is not empty", again)
    return reached


def _differences(reached: Catalog, target: Catalog) -> Iterator[str]:
    yield "the end is not the target"
    for key in sorted({*reached.objects, *target.objects}):
        was, wanted = reached.objects.get(key), target.objects.get(key)
        if was != wanted:
            yield f"    {key}"
            if was is None or wanted is None:
                yield f"      {'missing' if was is None else 'too much'}"
                continue
            for name in type(was).__struct_fields__:  # type: ignore[attr-defined]
                if getattr(was, name) != getattr(wanted, name):
                    yield f"      {name}: {getattr(was, name)!r} instead of {getattr(wanted, name)!r}"
    gone = {*reached.unmodelled} ^ {*target.unmodelled}
    yield from (f"    unmodelled: {one}" for one in gone)


def run_plan(session: Session, made: Plan) -> None:
    """As `planning.apply` does, without journal and archive; the state is as it was where a group fails."""
    if isinstance(session, Passing) and not all(group.transactional for group in made.groups):
        raise _NotHereError
    for group in made.groups:
        try:
            if group.transactional:
                with session.transaction():
                    _steps(session, group)
            else:
                _steps(session, group)
        except DbdeedError as error:  # at the end of the transaction: deferred constraints
            raise StepError("COMMIT", error, _excused(group)) from None
    session.execute("RESET search_path")
    session.execute("RESET check_function_bodies")


def _steps(session: Session, group: Group) -> None:
    for planned in group.steps:
        ENGINE.begin_step(session, planned.step)
        sql = planned.step.sql
        for name in planned.step.environment:
            sql = sql.replace(f"${{{name}}}", "dbname=x")
        try:
            if planned.step.batched:
                ENGINE.fill(session, planned.step, 0, ENGINE.parts(session, planned.step))
            else:
                session.execute(sql)
        except DbdeedError as error:
            if getattr(error, "sqlstate", "") == "54001":
                raise _EndlessError from None
            if planned.step.object.kind == "materialized view" and getattr(error, "sqlstate", "") == _DENIED:
                raise UnfilledError(planned.step.object, f"{error.message}\n    in {sql}") from None
            excused = any(hazard.kind is HazardKind.MAY_FAIL for hazard in planned.step.hazards)
            # What a materialized view computes may fail on the rows, as may anything that people wrote.
            excused |= sql.startswith("CREATE MATERIALIZED VIEW ")
            raise StepError(sql, error, excused) from None


def _excused(group: Group) -> bool:
    return any(one.kind is HazardKind.MAY_FAIL for planned in group.steps for one in planned.step.hazards)
