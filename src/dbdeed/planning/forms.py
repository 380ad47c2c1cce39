"""Which form of a step is taken: the short one, or the online one where a table has rows.

On a table that this plan creates, and on one that is empty, the plain form keeps nobody waiting and can fail
on nothing. On any other, an index is built concurrently and a constraint is added NOT VALID and validated
after.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from dbdeed.engines.change import Action, HazardKind, LockLevel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.change import Change, Step

Empty: TypeAlias = "Callable[[ObjectId], bool]"
"""Whether a table of the live database has no rows."""

_TABLES = frozenset({"table", "virtual_table", "materialized view", "foreign table"})
"""Kinds that have rows."""

_MOOT = frozenset(
    {
        HazardKind.REWRITES,
        HazardKind.BLOCKS_READS,
        HazardKind.BLOCKS_WRITES,
        HazardKind.PAUSES,
        HazardKind.MAY_FAIL,
    }
)


_FILLED = frozenset({"materialized view"})
"""What has rows as soon as it is made, so that what comes onto it may fail on these."""


def never_empty(_: ObjectId) -> bool:
    """Where no live database can be asked: every table may have rows."""
    return False


def under_old_names(empty: Empty, renames: Sequence[Change]) -> Empty:
    """The same question about tables by their new names: the live database knows them by the old ones.

    Args:
        empty: asks the live database.
        renames: in the order in which they are made.
    """
    old = {change.id: change.old.id for change in renames if change.old is not None}

    def asked(table: ObjectId) -> bool:
        before = old.get(table, table)
        schema = old.get(type(before)("schema", before.name[:1]))
        if schema is not None:
            before = type(before)(before.kind, (*schema.name, *before.name[1:]))
        return empty(before)

    return asked


def choose_form(
    change: Change, current: Catalog, target: Catalog, empty: Empty, *, online: bool = True
) -> Change:
    """The change with the steps that fit its tables.

    In a maintenance window (`online` false) nobody has to be let through, so that tables with rows get the
    short form too, with what it costs; but where rows have to be given values there is no other form.
    """
    if change.action is Action.RENAME:
        return change
    if change.action is not Action.CREATE and not any(map(_costs, change.steps)):
        return change
    tables = _tables(change, current, current if change.action is Action.DROP else target)
    if not tables:
        if change.action is not Action.CREATE:
            return change
        full = _root(change.id, target).kind in _FILLED and target.objects[change.id].parent is not None
        steps = [
            replace(step if full else _unheard(step), lock=LockLevel.NONE, online=None)
            for step in change.steps
        ]
    elif any(_costs(step) for step in change.steps) and all(map(empty, tables)):
        steps = [_unheard(step) for step in change.steps]
    else:
        steps = [
            form for step in change.steps for form in _online(step, online=online or _fills(change, target))
        ]
    return replace(change, steps=tuple(steps))


def _costs(step: Step) -> bool:
    """Whether it matters how many rows there are."""
    heeded = any(one.kind in _MOOT for one in step.hazards)
    return step.online is not None or step.scans or step.rewrites or heeded


def _online(step: Step, *, online: bool) -> tuple[Step, ...]:
    return (step,) if step.online is None or not online else step.online


def _fills(change: Change, target: Catalog) -> bool:
    """Whether rows get values that stay; the online form alone has columns that are there for a while."""
    forms = (form for step in change.steps for form in step.online or ())
    return any(form.batched and form.object in target.objects for form in forms)


def _unheard(step: Step) -> Step:
    """A step that nobody waits for, since there are no rows."""
    hazards = tuple(hazard for hazard in step.hazards if hazard.kind not in _MOOT)
    return replace(step, scans=False, rewrites=False, hazards=hazards, online=None)


def _tables(change: Change, current: Catalog, side: Catalog) -> list[ObjectId]:
    """The tables that were there before and that the change is about.

    An index's own, a foreign key's two, a type's those that have values of it.
    """
    own = _root(change.id, side)
    if own.kind in _TABLES:
        related = {own, *(_root(need, side) for need in side.needs.get(change.id, ()))}
    else:
        related = {_root(one, current) for one in current.dependents([own])}
    return [one for one in related if one in current.objects and one.kind in _TABLES]


def _root(one: ObjectId, catalog: Catalog) -> ObjectId:
    """The topmost object that it is part of: a constraint's table."""
    found = catalog.objects.get(one)
    while found is not None and found.parent is not None:
        one = found.parent
        found = catalog.objects.get(one)
    return one
