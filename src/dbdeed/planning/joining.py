"""Statements that rewrite one table become one statement, so that it is written anew once.

Which can is the engine's to say (`Step.joins`). Only changes that follow each other are joined, so that
nothing stands elsewhere than it was ordered to; each is still told as a change of its own.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.change import Change, Step


def as_one(changes: Sequence[Change]) -> list[Change]:
    """The changes in the same order; the first of some that are joined has the statement."""
    found: list[Change] = []
    for head, run in groupby(changes, key=_joins):
        some = list(run)
        found += _joined(some) if head and len(some) > 1 else some
    return found


def _joins(change: Change) -> str:
    """What its one statement begins with, if it has no other; "" where it stays by itself."""
    now = [step for step in change.steps if not step.after_all]
    return now[0].joins if len(now) == 1 else ""


def _joined(changes: Sequence[Change]) -> Iterator[Change]:
    steps = [step for change in changes for step in change.steps]
    whole = _whole([step for step in steps if not step.after_all])
    late = [tuple(step for step in change.steps if step.after_all) for change in changes]
    yield replace(changes[0], steps=(whole, *late[0]))
    yield from (
        replace(one, steps=some, joined=True) for one, some in zip(changes[1:], late[1:], strict=True)
    )


def _whole(steps: Sequence[Step]) -> Step:
    """One step that does what all do; in its online form only those that have none are one."""
    first = steps[0]
    online: tuple[Step, ...] = ()
    if any(step.online is not None for step in steps):
        for plain, run in groupby(steps, key=lambda step: step.online is None):
            some = list(run)
            online += (
                (_whole(some),) if plain else tuple(chain.from_iterable(one.online or () for one in some))
            )
    clauses = [step.sql.removeprefix(step.joins) for step in steps]
    return replace(
        first,
        sql=first.joins + ", ".join(clauses),
        lock=max(step.lock for step in steps),
        rewrites=any(step.rewrites for step in steps),
        scans=any(step.scans for step in steps),
        hazards=tuple(dict.fromkeys(hazard for step in steps for hazard in step.hazards)),
        environment=tuple(dict.fromkeys(name for step in steps for name in step.environment)),
        changes=tuple(one for step in steps for one in step.changes),
        online=online or None,
    )
