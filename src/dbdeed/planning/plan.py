"""A plan: the ordered statements that lead from one catalog to another, as small data.

A plan belongs to the state it was made for: it carries the fingerprints of both catalogs, and
`planning.apply` runs it on no other. It holds no catalog objects, so that it can be written down
(`planning.artifact`) and read by people (`planning.render`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

from dbdeed.planning.forms import choose_form, never_empty

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.change import Action, Change, Detail, Hazard, Kept, Step
    from dbdeed.planning.forms import Empty


Round: TypeAlias = "tuple[tuple[ObjectId, ObjectId], ...]"
"""Renames that are made together: (old id, new id)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One change as people are told of it.

    Attributes:
        because: the object whose change makes this one necessary, where nothing about `object` differs.
        joined: one statement makes it and the difference before it.
    """

    action: Action
    object: ObjectId
    details: tuple[Detail, ...] = ()
    because: ObjectId | None = None
    joined: bool = False


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step in its place; `difference` counts into `Plan.differences` and says why it is there."""

    step: Step
    difference: int


@dataclass(frozen=True, slots=True)
class Group:
    """Steps that run together: one transaction, or a single step that can be in none."""

    steps: tuple[PlannedStep, ...]
    transactional: bool


class Data(StrEnum):
    """How much of what a plan removed is there again after its reverse."""

    ALL = "returns"
    KNOWN = "returns, but for what was written since"
    NONE = "does not return"


@dataclass(frozen=True, slots=True)
class Return:
    """What becomes of one object's data when the plan is reversed."""

    object: ObjectId
    data: Data


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done, in order.

    Attributes:
        engine: the engine's name.
        version: of the server whose state was read.
        current, target: fingerprints of the catalogs before and after.
        unmodelled: what stands in either database and is in no catalog type: "current: kind name".
        proven: it was run in a scratch and ended exactly at the target.
        generation: the number under which the archive keeps what it removes; 0 where it keeps nothing.
        returns: for the reverse of a plan: what becomes of the data that the plan removed.
        renames: the rounds of renames that it begins with: (old id, new id) each.
        reverse: the plan that leads back; None where nobody asked for it or it could not be made.
        irreversible: why it could not be made, in a sentence.
    """

    engine: str
    version: tuple[int, ...]
    current: str
    target: str
    groups: tuple[Group, ...]
    differences: tuple[Difference, ...]
    unmodelled: tuple[str, ...] = ()
    proven: bool = False
    generation: int = 0
    returns: tuple[Return, ...] = ()
    renames: tuple[Round, ...] = ()
    reverse: Plan | None = None
    irreversible: str = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(planned.step for group in self.groups for planned in group.steps)

    @property
    def destroys(self) -> tuple[ObjectId, ...]:
        """What loses its data, each once, in plan order."""
        return tuple(dict.fromkeys(one for step in self.steps for one in step.destroys))

    @property
    def keeps(self) -> tuple[Kept, ...]:
        """What it puts into the archive, in order."""
        return tuple(one for step in self.steps for one in step.keeps)

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        return tuple(dict.fromkeys(hazard for step in self.steps for hazard in step.hazards))

    @property
    def environment(self) -> tuple[str, ...]:
        """The environment variables that its statements need, in plan order."""
        return tuple(dict.fromkeys(name for step in self.steps for name in step.environment))

    @property
    def empty(self) -> bool:
        return not self.groups


def fingerprint(catalog: Catalog) -> str:
    """SHA-256 over the canonical encoding of the objects, in hexadecimal: equal for equal states."""
    return catalog.digest


def assemble(
    current: Catalog,
    target: Catalog,
    changes: Sequence[Change],
    empty: Empty = never_empty,
    *,
    online: bool = True,
) -> Plan:
    """A plan of changes that are in order already; `empty` and `online` choose its forms. Not proven yet."""
    chosen = [choose_form(change, current, target, empty, online=online) for change in changes]
    before = fingerprint(current)
    return Plan(
        engine=target.engine,
        version=current.version,
        current=before,
        target=before if current.objects == target.objects else fingerprint(target),
        groups=tuple(_groups(chosen)),
        differences=tuple(
            Difference(change.action, change.id, change.details, change.because, change.joined)
            for change in changes
        ),
        unmodelled=(
            *(f"current: {one.kind} {one.name}" for one in current.unmodelled),
            *(f"target: {one.kind} {one.name}" for one in target.unmodelled),
        ),
    )


def joined(first: Plan, rest: Plan) -> Plan:
    """One plan of two, the second made for the state that the first leads to."""
    shift = len(first.differences)
    moved = [replace(one, difference=one.difference + shift) for group in rest.groups for one in group.steps]
    steps = [*(one for group in first.groups for one in group.steps), *moved]
    return replace(
        rest,
        current=first.current,
        groups=tuple(_grouped(steps)),
        differences=(*first.differences, *rest.differences),
    )


def _groups(changes: Sequence[Change]) -> Iterable[Group]:
    planned = [PlannedStep(step, number) for number, change in enumerate(changes) for step in change.steps]
    planned.sort(key=lambda one: one.step.after_all)  # stable: the order within each half stays
    return _grouped(planned)


def _grouped(planned: Sequence[PlannedStep]) -> Iterable[Group]:
    """Consecutive transactional steps are one transaction; any other step stands alone."""
    for transactional, steps in groupby(planned, key=lambda one: one.step.transactional):
        if transactional:
            yield Group(tuple(steps), transactional=True)
        else:
            yield from (Group((one,), transactional=False) for one in steps)
