"""The order of a plan: what is needed comes first, what needs it goes first.

Order follows from the catalogs' own dependencies, never from the kind of object. Among changes that are free
to stand anywhere the order is fixed (drops, then alterations, then creations, each by kind and name), so that
the same difference always gives the same plan.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import TYPE_CHECKING

from dbdeed.engines.change import Action
from dbdeed.errors import OurFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.change import Change

_RANK = {Action.RENAME: 0, Action.DROP: 1, Action.ALTER: 2, Action.CREATE: 3}


def order_changes(changes: Sequence[Change], current: Catalog, target: Catalog) -> list[Change]:
    """The changes in an order in which each can run. Raises `OurFault` for a cycle."""
    before = _constraints(changes, current, target)
    return _sorted(changes, before)


def _constraints(changes: Sequence[Change], current: Catalog, target: Catalog) -> list[set[int]]:
    """For each change, by position, the changes that must come before it."""
    makes = _by_object(changes, {Action.CREATE, Action.ALTER})
    removes = _by_object(changes, {Action.DROP, Action.ALTER})
    drops = _by_object(changes, {Action.DROP})
    before: list[set[int]] = [set() for _ in changes]
    for position, change in enumerate(changes):
        ids = (change.id, *change.covers)
        if change.action in (Action.CREATE, Action.ALTER):
            for one in ids:
                before[position].update(makes[need] for need in target.needs.get(one, ()) if need in makes)
        if change.action is Action.CREATE:
            before[position].update(drops[one] for one in ids if one in drops)
        if change.action is Action.DROP:
            for one in ids:
                before[position].update(
                    removes[other] for other in current.needed_by.get(one, ()) if other in removes
                )
        if change.action is Action.ALTER:
            for one in ids:
                before[position].update(
                    drops[other] for other in current.needed_by.get(one, ()) if other in drops
                )
    _claims(changes, current, target, before)
    for position, earlier in enumerate(before):
        earlier.discard(position)
    return before


def _by_object(changes: Sequence[Change], actions: set[Action]) -> Mapping[ObjectId, int]:
    return {
        one: position
        for position, change in enumerate(changes)
        if change.action in actions
        for one in (change.id, *change.covers)
    }


def _claims(changes: Sequence[Change], current: Catalog, target: Catalog, before: list[set[int]]) -> None:
    """A name must be free before it is taken."""
    freed: dict[tuple[str, ...], int] = {}
    for position, change in enumerate(changes):
        if change.action is Action.DROP:
            for claim in _claims_of((change.id, *change.covers), current):
                freed[claim] = position
    for position, change in enumerate(changes):
        if change.action is Action.CREATE:
            for claim in _claims_of((change.id, *change.covers), target):
                if claim in freed:
                    before[position].add(freed[claim])


def _claims_of(ids: Iterable[ObjectId], catalog: Catalog) -> Iterable[tuple[str, ...]]:
    for one in ids:
        found = catalog.objects.get(one)
        if found is not None:
            yield from found.claims


def _sorted(changes: Sequence[Change], before: list[set[int]]) -> list[Change]:
    """Topological order (Kahn), ties broken by the fixed order."""
    after: defaultdict[int, list[int]] = defaultdict(list)
    for position, earlier in enumerate(before):
        for one in earlier:
            after[one].append(position)
    left = [len(earlier) for earlier in before]
    ready = [_key(changes, position) for position, count in enumerate(left) if count == 0]
    heapq.heapify(ready)
    done: list[Change] = []
    while ready:
        position = heapq.heappop(ready)[-1]
        done.append(changes[position])
        for other in after[position]:
            left[other] -= 1
            if left[other] == 0:
                heapq.heappush(ready, _key(changes, other))
    if len(done) < len(changes):
        stuck = [str(changes[position].id) for position, count in enumerate(left) if count > 0]
        raise OurFault(
            "These changes wait for each other: "
            + ", ".join(stuck[:10])
            + (", …" if len(stuck) > 10 else "")
            + "."
        )
    return done


def _key(changes: Sequence[Change], position: int) -> tuple[int, str, tuple[str, ...], int]:
    change = changes[position]
    return (_RANK[change.action], change.id.kind, change.id.name, position)
