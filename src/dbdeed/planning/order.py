"""The order of a plan: what is needed comes first, what needs it goes first.

Order follows from the catalogs' own dependencies, never from the kind of object. Some of what it asks for
must be (a table before its view), some should be (a column gets its new type before the view on it is
made again), some is only neat (what goes away goes before the rest changes). Where these contradict each
other the weaker gives way. Among changes that are free to stand anywhere the order is fixed (drops, then
alterations, then creations, each by kind and name), so that the same difference always gives the same plan.
What was only taken down for another's sake, a view or its grants, is back as soon as it can be where a plan
may have more than one transaction: in the same one, where nothing between has to be outside of it.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass, field, replace
from enum import IntEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from dbdeed.engines.change import Action
from dbdeed.errors import OurFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.change import Change

_RANK = {Action.RENAME: 0, Action.DROP: 1, Action.ALTER: 3, Action.CREATE: 4}
_AT_ONCE = 2
_LAST = 5


class _Bond(IntEnum):
    """How much one change must come before another."""

    MUST = 0
    SHOULD = 1
    NEAT = 2


@dataclass
class _Graph:
    """For each change, by position: which must, should or had better come before it.

    `hurried` are those that come before anything is altered, where they are free to.
    """

    changes: Sequence[Change]
    hurried: frozenset[int] = frozenset()
    before: list[dict[int, _Bond]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.before = [{} for _ in self.changes]

    def put(self, earlier: int | None, later: int | None, bond: _Bond) -> None:
        """Let one change come before another; nothing where either is not there or both are the same."""
        if earlier is not None and later is not None and earlier != later:
            self.before[later][earlier] = min(bond, self.before[later].get(earlier, bond))


def order_changes(changes: Sequence[Change], current: Catalog, target: Catalog) -> list[Change]:
    """The changes in an order in which each can run. Raises `OurFault` for a cycle."""
    current = _under_new_names(current, changes)
    graph = _Graph(changes, frozenset(_brought_back(changes, target)))
    _order_renames(graph)
    places = {action: _positions(changes, action) for action in Action}
    ahead = {change.id: at for at, change in enumerate(changes) if change.ahead}
    leaving = {**places[Action.ALTER], **ahead}
    loose = {(part, one) for change in changes for one in change.loosens for part in _ids(change)}
    for position, change in enumerate(changes):
        ids = _ids(change)
        if change.ahead:
            _order_ahead(graph, position, change, places, current)
        elif change.action is Action.DROP:
            _order_drop(graph, position, ids, places, leaving, current, target, loose)
        elif change.action in (Action.CREATE, Action.ALTER):
            _order_making(graph, position, ids, places, target)
            _order_disturbed(graph, position, change, places)
        if any(form.batched for step in change.steps for form in step.online or ()):
            _order_filling(graph, position, change, places)
        if change.action is Action.ALTER and not change.ahead:
            _order_alteration(graph, position, change, places, leaving, current, target)
    _order_claims(graph, current, target)
    _order_shares(graph, ahead)
    return list(_sorted(graph))


def _under_new_names(current: Catalog, changes: Sequence[Change]) -> Catalog:
    """The current catalog by the names that the other changes know: those after the renames."""
    ids = {
        change.old.id: change.id
        for change in changes
        if change.action is Action.RENAME and change.old is not None and change.old.id.kind == change.id.kind
    }
    if not ids:
        return current

    def renamed(ways: Mapping[ObjectId, frozenset[ObjectId]]) -> Mapping[ObjectId, frozenset[ObjectId]]:
        return {
            ids.get(one, one): frozenset(ids.get(other, other) for other in others)
            for one, others in ways.items()
        }

    return replace(
        current,
        objects={ids.get(one, one): there for one, there in current.objects.items()},
        needs=renamed(current.needs),
        mentions=renamed(current.mentions),
    )


def _order_renames(graph: _Graph) -> None:
    """Renames stay in the order they come in, before everything else."""
    renames = [at for at, change in enumerate(graph.changes) if change.action is Action.RENAME]
    for earlier, later in pairwise(renames):
        graph.put(earlier, later, _Bond.MUST)


def _positions(changes: Sequence[Change], action: Action) -> Mapping[ObjectId, int]:
    """Which change makes, alters or drops an object; what goes ahead of an alteration is none of these."""
    return {
        one: position
        for position, change in enumerate(changes)
        if change.action is action and not change.ahead
        for one in _ids(change)
    }


def _ids(change: Change) -> tuple[ObjectId, ...]:
    return (change.id, *change.covers)


_Places = dict[Action, "Mapping[ObjectId, int]"]


def _order_ahead(graph: _Graph, position: int, change: Change, places: _Places, current: Catalog) -> None:
    """Before what it is the first part of; what it has from those that it leaves it still has until then."""
    for one in change.loosens:
        graph.put(position, places[Action.DROP].get(one), _Bond.MUST)
    for one in change.disturbs - change.loosens:
        graph.put(places[Action.DROP].get(one), position, _Bond.SHOULD)
    for action in (Action.DROP, Action.CREATE, Action.ALTER):
        graph.put(position, places[action].get(change.id), _Bond.MUST)
    parts = (part.id for left in change.frees for part in current.children.get(left, ()))
    for need in {need for part in parts for need in current.needs.get(part, ())}:
        drop = places[Action.DROP].get(need)
        if drop is not None and graph.changes[drop].id not in change.frees:
            graph.put(places[Action.ALTER].get(change.id), drop, _Bond.SHOULD)


def _order_drop(
    graph: _Graph,
    position: int,
    ids: Sequence[ObjectId],
    places: _Places,
    leaving: Mapping[ObjectId, int],
    current: Catalog,
    target: Catalog,
    loose: set[tuple[ObjectId, ObjectId]],
) -> None:
    """What needs it goes first, or lets go of it first; what was loosened from it need not wait."""
    for one in ids:
        graph.put(position, places[Action.CREATE].get(one), _Bond.MUST)
        for other in current.needed_by.get(one, ()):
            lets_go = one not in target.needs.get(other, ())
            if (other, one) not in loose:
                graph.put(places[Action.DROP].get(other), position, _Bond.MUST)
                alters = leaving if lets_go else places[Action.ALTER]
                graph.put(alters.get(other), position, _Bond.MUST if lets_go else _Bond.NEAT)
        for other in current.mentioned_by.get(one, ()):
            graph.put(places[Action.DROP].get(other), position, _Bond.SHOULD)


def _order_making(
    graph: _Graph, position: int, ids: Sequence[ObjectId], places: _Places, target: Catalog
) -> None:
    """What it will need is there first, in its new form."""
    for one in ids:
        for need in target.needs.get(one, ()):
            graph.put(places[Action.CREATE].get(need), position, _Bond.MUST)
            graph.put(places[Action.ALTER].get(need), position, _Bond.SHOULD)
        for mentioned in target.mentions.get(one, ()):
            graph.put(places[Action.CREATE].get(mentioned), position, _Bond.NEAT)
            graph.put(places[Action.ALTER].get(mentioned), position, _Bond.NEAT)


def _order_disturbed(graph: _Graph, position: int, change: Change, places: _Places) -> None:
    """What it disturbs is away meanwhile."""
    for one in change.disturbs:
        graph.put(places[Action.DROP].get(one), position, _Bond.MUST)
        graph.put(position, places[Action.CREATE].get(one), _Bond.MUST)


def _order_alteration(
    graph: _Graph,
    position: int,
    change: Change,
    places: _Places,
    leaving: Mapping[ObjectId, int],
    current: Catalog,
    target: Catalog,
) -> None:
    """What needed it and goes anyhow had better be gone."""
    ids = frozenset(_ids(change))
    for one in ids:
        for other in current.needed_by.get(one, ()):
            graph.put(places[Action.DROP].get(other), position, _Bond.NEAT)
            needs = target.needs.get(other, frozenset())
            if one not in needs:  # a key that is moved to other columns, be it to some that change here too
                graph.put(leaving.get(other), position, _Bond.SHOULD if ids.isdisjoint(needs) else _Bond.NEAT)


def _order_filling(graph: _Graph, position: int, change: Change, places: _Places) -> None:
    """Rows may get their values from columns that go."""
    parent = change.id.name[:-1]
    for one, drop in places[Action.DROP].items():
        if one.kind == change.id.kind and one.name[:-1] == parent and one != change.id:
            graph.put(position, drop, _Bond.SHOULD)


def _order_claims(graph: _Graph, current: Catalog, target: Catalog) -> None:
    """A name must be free before it is taken."""
    freed: dict[tuple[str, ...], int] = {}
    settled = {
        claim
        for change in graph.changes
        if change.action is Action.RENAME
        for claim in _claims_of(change, target)
    }
    for position, change in enumerate(graph.changes):
        if change.action in (Action.DROP, Action.ALTER):
            gone = set(_claims_of(change, current))
            kept = set[tuple[str, ...]]()
            if change.ahead:
                kept.update(change.new.claims if change.new is not None else ())
            elif change.action is Action.ALTER:
                kept.update(_claims_of(change, target))
            for claim in gone - kept:
                freed.setdefault(claim, position)
    for position, change in enumerate(graph.changes):
        if change.action in (Action.CREATE, Action.ALTER) and not change.ahead:
            for claim in set(_claims_of(change, target)) - settled:
                graph.put(freed.get(claim), position, _Bond.MUST)


def _order_shares(graph: _Graph, ahead: Mapping[ObjectId, int]) -> None:
    """Who gives up a share of something comes before those who take one, and before its parts change.

    What goes ahead of an alteration comes before its parts change likewise.
    """
    freeing: defaultdict[ObjectId, list[int]] = defaultdict(list)
    leaving: defaultdict[ObjectId, list[int]] = defaultdict(list)
    for position, change in enumerate(graph.changes):
        for one in change.frees:
            freeing[one].append(position)
            if change.action is Action.ALTER:
                leaving[one].append(position)
    for position, change in enumerate(graph.changes if freeing or ahead else ()):
        for one in change.takes:
            for earlier in freeing.get(one, ()):
                graph.put(earlier, position, _Bond.SHOULD)
        there = change.old or change.new
        if there is not None and there.parent is not None:
            if not change.ahead:
                graph.put(ahead.get(there.parent), position, _Bond.SHOULD)
            for earlier in leaving.get(there.parent, ()):
                graph.put(earlier, position, _Bond.SHOULD)


def _claims_of(change: Change, catalog: Catalog) -> Iterable[tuple[str, ...]]:
    for one in (change.id,) if change.ahead else _ids(change):
        found = catalog.objects.get(one)
        if found is not None:
            yield from found.claims


def _sorted(graph: _Graph) -> Iterator[Change]:
    """Topological order (Kahn); ties are broken by the fixed order, rings at their weaker bonds."""
    after: defaultdict[int, list[tuple[int, _Bond]]] = defaultdict(list)
    left = [[0, 0, 0] for _ in graph.changes]
    for position, earlier in enumerate(graph.before):
        for one, bond in earlier.items():
            after[one].append((position, bond))
            left[position][bond] += 1
    waiting = {position for position, counts in enumerate(left) if any(counts)}
    ready = [_key(graph, position) for position in range(len(left)) if position not in waiting]
    heapq.heapify(ready)
    while ready or waiting:
        if not ready:
            freed = _break(graph, waiting, left)
            waiting.discard(freed)
            ready.append(_key(graph, freed))
        position = heapq.heappop(ready)[-1]
        yield graph.changes[position]
        for other, bond in after[position]:
            left[other][bond] -= 1
            if other in waiting and not any(left[other]):
                waiting.discard(other)
                heapq.heappush(ready, _key(graph, other))


def _break(graph: _Graph, waiting: set[int], left: Sequence[Sequence[int]]) -> int:
    """The change to go on with where all wait for each other: one that waits for nothing that must be."""
    for strongest in (_Bond.NEAT, _Bond.SHOULD):
        free = [position for position in waiting if not any(left[position][:strongest])]
        if free:
            return min(free, key=lambda position: _rank(graph, position))
    stuck = [str(graph.changes[position].id) for position in sorted(waiting)]
    shown = ", ".join(stuck[:10]) + (", …" if len(stuck) > 10 else "")
    raise OurFault(f"These changes wait for each other: {shown}.")


def _key(graph: _Graph, position: int) -> tuple[int, str, tuple[str, ...], int]:
    """The fixed order, in which what was taken down comes back before anything else is altered."""
    rank, kind, name, _ = _rank(graph, position)
    return (_AT_ONCE if position in graph.hurried else rank, kind, name, position)


def _rank(graph: _Graph, position: int) -> tuple[int, str, tuple[str, ...], int]:
    change = graph.changes[position]
    kind = change.id.kind
    if change.watches and change.action is Action.DROP:
        kind = ""  # before all others
    rank = _LAST if change.watches and kind else _RANK[change.action]
    return (rank, kind, change.id.name, position)


def _brought_back(changes: Sequence[Change], target: Catalog) -> Iterator[int]:
    """What was there before and takes but a moment to make; none where one transaction holds the whole plan.

    What may use more than is tracked does not hurry.
    """
    if all(step.transactional and not step.online for one in changes for step in one.steps):
        return
    dropped = {one.id for one in changes if one.action is Action.DROP}
    for position, one in enumerate(changes):
        there = one.action is Action.CREATE and (one.because is not None or one.id in dropped)
        slow = any(step.scans or step.rewrites or step.online or not step.transactional for step in one.steps)
        if there and not (slow or one.watches) and not target.mentions.get(one.id):
            yield position
