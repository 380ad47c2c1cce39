"""What differs between two PostgreSQL catalogs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action
from dbdeed.engines.compare import Context, compare_catalogs
from dbdeed.engines.postgresql.alike import renamed_alike
from dbdeed.engines.postgresql.kinds.column_create import column_above
from dbdeed.engines.postgresql.kinds.default_privileges import neutral, without
from dbdeed.engines.postgresql.listing import KINDS
from dbdeed.engines.postgresql.stable import stable, taken_as
from dbdeed.engines.postgresql.untangle import untangle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Change, Step
    from dbdeed.engines.postgresql.stable import Taken
    from dbdeed.engines.seam import Backfill, Comparison

_TEXT_BODY = "\nAS $"  # as pg_get_functiondef writes one; a body of statements stands there without

_BY_NAME = {kind.name: kind for kind in KINDS}


def compare(
    current: Catalog, target: Catalog, backfills: Mapping[ObjectId, Backfill] | None = None
) -> Comparison:
    """The changes that lead from `current` to `target`; `backfills` gives columns of the target a value.

    What PostgreSQL itself takes along (an index below another's, a column handed down) has no statement of
    its own and gives no change.
    """
    current, renames = renamed_alike(current, target)
    found = compare_catalogs(current, target, KINDS, backfills)
    context = Context(current, target, backfills or {})
    untangled = untangle(_with_parts(found.changes, current), context, _BY_NAME)
    taken = taken_as(target)
    changes = [_stable(_with_exact_rights(change, context), taken) for change in untangled]
    return replace(found, changes=(*renames, *(change for change in changes if change.steps)))


def _with_parts(changes: Sequence[Change], current: Catalog) -> Sequence[Change]:
    """A partition's index, key or column that falls with the one above it is covered by that one's drop."""
    drops = {change.id: change for change in changes if change.action is Action.DROP}
    fallen: defaultdict[ObjectId, list[ObjectId]] = defaultdict(list)
    for one, change in drops.items():
        top, found = one, change
        while not found.steps and (above := _above(found.old, current)) is not None:
            top = above
            if top not in drops:
                break
            found = drops[top]
        if top != one and top in drops:
            fallen[top].append(one)
    return [
        replace(change, covers=(*change.covers, *fallen[change.id]))
        if change.action is Action.DROP and change.id in fallen
        else change
        for change in changes
    ]


def _above(one: Any, current: Catalog) -> ObjectId | None:
    """The index, key or column of the table above that this one is part of."""
    if one.id.kind == "column":
        found = column_above(one, current)
        return found.id if found is not None else None
    above = getattr(one, "partition_of", ())
    return ObjectId(one.id.kind, above) if above else None


def _with_exact_rights(change: Change, context: Context) -> Change:
    """Default privileges that are there already must not add to what the plan makes."""
    if change.action is Action.ALTER:
        made = [change.id] if _begins_to_count(change) else []
    else:
        made = [change.id, *change.covers] if change.action is Action.CREATE else []
    if made and change.id.kind == "extension":
        return replace(change, steps=without(change.steps, context))
    steps = [step for one in made for step in neutral(one, context)]
    return replace(change, steps=(*change.steps, *steps)) if steps else change


def _begins_to_count(change: Change) -> bool:
    """Whether a column that is there becomes an identity, and so has a sequence made."""
    old, new = (getattr(one, "identity", None) for one in (change.old, change.new))
    return old is None and new is not None


def _stable(change: Change, taken: Taken) -> Change:
    """Statements that are read as what the server wrote; bodies and comments are people's own text."""
    if change.id.kind == "comment":
        return change
    return replace(change, steps=tuple(_stable_step(one, taken) for one in change.steps))


def _stable_step(step: Step, taken: Taken) -> Step:
    if _TEXT_BODY in step.sql:
        return step
    online = step.online and tuple(_stable_step(one, taken) for one in step.online)
    return replace(step, sql=stable(step.sql, taken), online=online)
