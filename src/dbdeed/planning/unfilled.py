"""Rows that an interrupted plan was filling.

That a column is there does not tell whether its rows have their values: where it may be NULL, nothing in the
schema differs any more. So the journal says which columns a plan fills, and the next plan goes on with those
whose step is not done.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action, Detail, LockLevel, Step
from dbdeed.engines.faults import SqlRejected
from dbdeed.planning.plan import Difference, Group, PlannedStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Engine, Session
    from dbdeed.planning.plan import Plan

_TOLD = (Detail("values", "missing in some rows", "filled in"),)


def remember(engine: Engine, session: Session, identity: str, plan: Plan) -> None:
    """Write down which of a plan's steps fill which column, in the transaction that is open."""
    fills = [(number, step.object) for number, step in enumerate(plan.steps, 1) if step.batched]
    if not fills:
        return
    table = engine.private_name("journal_fills")
    session.execute(
        f"CREATE TABLE IF NOT EXISTS {table} (plan text NOT NULL, number integer NOT NULL, "
        "object text NOT NULL, PRIMARY KEY (plan, number))"
    )
    for number, one in fills:
        text = msgspec.json.encode(one).decode()
        session.fetch(
            f"INSERT INTO {table} (plan, number, object) VALUES ($1, $2, $3)", identity, number, text
        )


def unfilled(engine: Engine, session: Session) -> list[Step]:
    """The steps of plans that did not end whose rows may not all be filled; never writes."""
    names = [engine.private_name(name) for name in ("journal_fills", "journal_steps", "journal")]
    fills, steps, plans = names
    try:
        rows = session.fetch(
            f"SELECT s.statement, f.object FROM {fills} f "
            f"JOIN {steps} s ON s.plan = f.plan AND s.number = f.number JOIN {plans} p ON p.id = f.plan "
            "WHERE p.state IN ('running', 'failed') AND s.state <> 'done' ORDER BY p.started, s.number"
        )
    except SqlRejected:  # nothing was ever filled here
        return []
    return [_step(sql, ObjectId(kind, tuple(name))) for sql, (kind, name) in _read(rows)]


def _read(rows: Sequence[tuple[str, str]]) -> list[tuple[str, tuple[str, list[str]]]]:
    return [(sql, msgspec.json.decode(text, type=tuple[str, list[str]])) for sql, text in rows]


def _step(sql: str, one: ObjectId) -> Step:
    return Step(sql, one, LockLevel.ROW_EXCLUSIVE, scans=True, transactional=False, batched=True)


def carried_on(plan: Plan, steps: Sequence[Step], current: Catalog, target: Catalog) -> Plan:
    """The plan, with what is left to fill before everything else.

    A column that is not there yet, or goes, or that the plan fills anyhow, is left to the plan.
    """
    filled = {step.object for step in plan.steps if step.batched}
    left = {
        step.object: step
        for step in steps
        if step.object in current.objects and step.object in target.objects and step.object not in filled
    }
    first = len(plan.differences)
    groups = (
        Group((PlannedStep(step, number),), transactional=False)
        for number, step in enumerate(left.values(), first)
    )
    told = (Difference(Action.ALTER, one, _TOLD) for one in left)
    return replace(plan, groups=(*groups, *plan.groups), differences=(*plan.differences, *told))
