"""Drops that wait for each other.

A dropped table takes its keys, policies and columns along; where one of these needs something that is dropped
too and that needs the table in turn (two tables with keys to each other; a policy that calls a function of
the table's rows), neither could go first. Such a part is dropped by itself, before; a column only gives its
default up.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dbdeed.engines.change import Action, Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.compare import Context, Kind


def untangle(changes: Sequence[Change], context: Context, kinds: Mapping[str, Kind]) -> list[Change]:
    """The changes, with parts of drops that are in a ring as changes of their own."""
    drops = [change for change in changes if change.action is Action.DROP]
    of = {one: number for number, change in enumerate(drops) for one in (change.id, *change.covers)}
    after = {number: _waits_for(change, of, context.current) for number, change in enumerate(drops)}
    ring = _rings(after)
    found: list[Change] = [change for change in changes if change.action is not Action.DROP]
    for number, change in enumerate(drops):
        others = {one for one, at in of.items() if at != number and ring[at] == ring[number]}
        found.extend(_apart(change, others, context, kinds) if others else [change])
    return found


def _waits_for(change: Change, of: Mapping[ObjectId, int], current: Catalog) -> set[int]:
    """The drops of what parts of this one need."""
    return {of[need] for one in (change.id, *change.covers) for need in _needs(one, current) if need in of}


def _needs(one: ObjectId, current: Catalog) -> frozenset[ObjectId]:
    """What it needs; a foreign key, the partitions of the table that it points to."""
    points = getattr(current.objects[one], "references", ())
    mentions = current.mentions.get(one, frozenset()) if points else frozenset()
    return current.needs.get(one, frozenset()) | mentions


def _apart(
    change: Change, others: set[ObjectId], context: Context, kinds: Mapping[str, Kind]
) -> Iterable[Change]:
    current = context.current
    loose = {one: way for one in change.covers if (way := _letting_go(change, one, others, context, kinds))}
    yield from loose.values()
    split = _standing_on(others, [one for one in change.covers if one not in loose], current)
    gone: set[ObjectId] = set()
    for one in split:
        if one in gone:
            continue
        below = _descendants(current, one)
        gone.update((one, *below))
        old, new = current.objects[one], context.target.objects.get(one)
        steps = kinds[one.kind].drop(old, context)
        yield Change(Action.DROP, one, old, new, steps, covers=below, because=change.id)
    yield replace(change, covers=tuple(one for one in change.covers if one not in gone))


def _letting_go(
    change: Change, one: ObjectId, others: set[ObjectId], context: Context, kinds: Mapping[str, Kind]
) -> Change | None:
    """A column gives its default up and goes with its table, rows and all, where that is enough."""
    fallen = context.current.needs.get(one, frozenset()) & others
    if not fallen or one.kind != "column":
        return None
    old: Any = context.current.objects[one]
    loosen = kinds[one.kind].loosen
    way = loosen(old, fallen, context) if loosen else None
    if way is None or way.left.type != old.type:
        return None
    return Change(Action.ALTER, one, old, way.left, way.steps, because=change.id, loosens=fallen, ahead=True)


def _standing_on(others: set[ObjectId], parts: Sequence[ObjectId], current: Catalog) -> list[ObjectId]:
    """The parts that need one of the others, and the parts that need these."""
    below: set[ObjectId] = set(others)
    found: dict[ObjectId, None] = {}
    while more := [one for one in parts if one not in found and below & _needs(one, current)]:
        found.update(dict.fromkeys(more))
        below.update(more)
    return list(found)


def _descendants(catalog: Catalog, root: ObjectId) -> tuple[ObjectId, ...]:
    found = [child.id for child in catalog.children.get(root, ())]
    for one in found:
        found.extend(child.id for child in catalog.children.get(one, ()))
    return tuple(found)


def _rings(after: Mapping[int, set[int]]) -> Mapping[int, int]:
    """The strongly connected component of each (Kosaraju): equal numbers wait for each other."""
    finished: list[int] = []
    seen: set[int] = set()
    for start in after:
        _finish(start, after, seen, finished)
    back: defaultdict[int, set[int]] = defaultdict(set)
    for one, others in after.items():
        for other in others:
            back[other].add(one)
    ring: dict[int, int] = {}
    for start in reversed(finished):
        waiting = [start]
        while waiting:
            one = waiting.pop()
            if one not in ring:
                ring[one] = start
                waiting.extend(back[one])
    return ring


def _finish(start: int, after: Mapping[int, set[int]], seen: set[int], finished: list[int]) -> None:
    """Depth first, without recursion; adds each to `finished` when all that it leads to are there."""
    if start in seen:
        return
    seen.add(start)
    path = [(start, iter(after[start]))]
    while path:
        one, others = path[-1]
        following = next((other for other in others if other not in seen), None)
        if following is None:
            finished.append(one)
            path.pop()
        else:
            seen.add(following)
            path.append((following, iter(after[following])))
