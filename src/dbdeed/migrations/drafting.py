"""A plan as a migration that is to be written.

What a plan keeps in the archive before it removes it, the file keeps too, in a place of its own; taken back,
the file brings it back; and run once more, it keeps it anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.source import Source
from dbdeed.engines.catalog import ObjectId
from dbdeed.migrations.files import block_in
from dbdeed.migrations.seam import Draft, Origin, WrittenBatch, WrittenStatement
from dbdeed.planning.archive import TABLE, setup
from dbdeed.planning.plan import Data
from dbdeed.planning.render import annotated
from dbdeed.planning.shown import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from dbdeed.engines.change import Step
    from dbdeed.engines.seam import Engine
    from dbdeed.planning.plan import Plan


def draft_of(engine: Engine, plan: Plan, description: str, moment: datetime, notes: Sequence[str]) -> Draft:
    """One migration that does what a plan does, with the plan's reverse as its way back."""
    reverse = plan.reverse
    return Draft(
        description=description,
        moment=moment,
        up=batches_of(engine, plan),
        down=None if reverse is None else batches_of(engine, reverse),
        notes=(*notes, *_losses(plan)),
        origin=Origin(plan.current, plan.target),
        irreversible=plan.irreversible,
        environment=plan.environment,
    )


def empty_draft(description: str, moment: datetime, state: str) -> Draft:
    """A file for somebody to write SQL into; it leads from a state to the same state."""
    return Draft(description, moment, (), None, (), Origin(state, state), "nobody has written one yet")


def batches_of(engine: Engine, plan: Plan) -> tuple[WrittenBatch, ...]:
    """A plan's groups, each statement with its notes."""
    found = []
    again = tuple(WrittenStatement(sql) for sql in _kept_anew(engine, plan))
    if again:
        found.append(WrittenBatch(again))
    told = -1
    there = {one.sql for one in again}  # can be repeated, and need not be
    for group in plan.groups:
        steps = [one for one in annotated(plan, group, told) if one[0].sql not in there]
        statements = tuple(_statements(engine, steps))
        told = group.steps[-1].difference
        if found and found[-1].transactional and group.transactional:
            found[-1] = WrittenBatch((*found[-1].statements, *statements))
        else:
            found.append(WrittenBatch(statements, group.transactional))
    return tuple(found)


def _statements(engine: Engine, steps: Iterable[tuple[Step, tuple[str, ...]]]) -> Iterator[WrittenStatement]:
    for step, notes in steps:
        parts = [step.sql]
        if step.batched:  # its script may be several statements
            block = block_in(Source("", engine.script(step).encode()))
            parts = [one.sql for one in engine.statements([block])]
        for number, sql in enumerate(parts):
            yield WrittenStatement(sql, notes if number == 0 else ())


def _kept_anew(engine: Engine, plan: Plan) -> Iterator[str]:
    """What an earlier run of the same file kept makes room; it was taken back meanwhile."""
    if not plan.keeps:
        return
    yield from (one.sql for one in setup(engine, ObjectId("table", (TABLE,))))
    yield f"DELETE FROM {engine.private_name(TABLE)} WHERE generation = {plan.generation}"
    yield from (f"DROP TABLE IF EXISTS {one.place}" for one in plan.keeps if one.place)


def _losses(plan: Plan) -> Iterator[str]:
    if plan.destroys:
        kept = {one.object for one in plan.keeps}
        gone = [one for one in plan.destroys if one not in kept]
        yield f"destroys {listed(plan.destroys, limit=1000)}"
        if len(gone) < len(plan.destroys):
            yield "keeps a copy in the archive (`dbdeed archive`), for the way back"
        if gone:
            yield f"keeps no copy of {listed(gone, limit=1000)}"
    if plan.reverse is not None:
        lost = [one.object for one in plan.reverse.returns if one.data is Data.NONE]
        if lost:
            yield f"taken back, the data of {listed(lost, limit=1000)} does not return"
        if plan.reverse.destroys:
            yield f"taken back, it removes {listed(plan.reverse.destroys, limit=1000)}"
