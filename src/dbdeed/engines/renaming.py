"""Renames that a document declares: which still have to happen, and in which order they can.

A rename is pending where the old name is there and the new one is free, or becomes free by another rename.
Where the old name is wanted again too (`a` becomes `b`, and there is a new `a`; two tables change their
names), names alone do not say whether it has happened yet: then what the objects look like decides.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from dbdeed.document.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dbdeed.document.source import Place
    from dbdeed.engines.catalog import Catalog, ObjectId


@dataclass(frozen=True, slots=True)
class Renaming:
    """One object, or a part of one, under its old and its new name.

    Attributes:
        old, new: ids of the same kind; a part that is no object of its own (an enum's value) has one too.
        place: where it is declared.
    """

    old: ObjectId
    new: ObjectId
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """One statement's worth of renaming; `aside` where either name is only for the time of a ring."""

    renaming: Renaming
    old: ObjectId
    new: ObjectId


Look: TypeAlias = "Callable[[ObjectId], Counter[Any] | None]"
"""What an object looks like, whatever it is called; None where it is not there."""


Names: TypeAlias = "Callable[[Renaming], frozenset[tuple[str, ...]]]"
"""The names that a renaming gives up, or takes."""


def pending(
    wanted: Iterable[Renaming],
    current: Look,
    target: Look,
) -> list[Renaming]:
    """Those that still have to happen.

    Args:
        wanted: all that are declared.
        current: what an object of that catalog looks like; None where it is not there.
        target: likewise.
    """
    found = {
        one.new: one
        for one in wanted
        if one.old != one.new and current(one.old) is not None and target(one.new) is not None
    }
    while True:
        leaving = {one.old for one in found.values()}
        kept = {
            new: one
            for new, one in found.items()
            if (current(new) is None or new in leaving) and _is_meant(one, found, current, target)
        }
        if len(kept) == len(found):
            return list(kept.values())
        found = kept


def _is_meant(
    one: Renaming,
    found: Mapping[ObjectId, Renaming],
    current: Look,
    target: Look,
) -> bool:
    """Whether what it looks like speaks for it, where its old name is wanted too."""
    if target(one.old) is None:
        return True
    ring = _ring(one, found)
    if ring:
        moved = sum(alike(current(each.old), target(each.new)) for each in ring)
        stays = sum(alike(current(each.new), target(each.new)) for each in ring)
        return moved > stays
    return alike(current(one.old), target(one.new)) >= alike(current(one.old), target(one.old))


def _ring(one: Renaming, found: Mapping[ObjectId, Renaming]) -> list[Renaming]:
    """The renames that lead back to this one's new name; empty where they do not."""
    by_old = {each.old: each for each in found.values()}
    ring = [one]
    while (following := by_old.get(ring[-1].new)) is not None:
        if following is one:
            return ring
        if following in ring:
            break
        ring.append(following)
    return []


def alike(one: Counter[Any] | None, other: Counter[Any] | None) -> float:
    """How much two shapes have in common: 0 to 1."""
    if not one or not other:
        return 1.0 if one == other else 0.0
    return (one & other).total() / max(one.total(), other.total())


def shape(catalog: Catalog, one: ObjectId) -> Counter[Any] | None:
    """What an object and its parts look like, without what they are called after.

    A tuple counts by its members, so that two tables that share most columns are nearly alike.
    """
    found = catalog.objects.get(one)
    if found is None:
        return None
    look: Counter[Any] = Counter(features(found, _PLACE | {"name"}))
    for child in catalog.children.get(one, ()):
        # Indexes, keys and counters are mostly called after the table; columns are not.
        left_out = _PLACE | ({"identity", "default"} if child.id.kind == "column" else {"name"})
        look[(child.id.kind, *sorted(features(child, left_out)))] += 1
    return look


_PLACE = frozenset({"schema", "table"})


def features(one: Any, left_out: frozenset[str]) -> Iterable[tuple[str, str]]:
    """An object's fields that say something, as texts; a tuple's members apart."""
    for name in type(one).__struct_fields__:
        if name in left_out:
            continue
        value = getattr(one, name)
        if type(value) is tuple:
            yield from ((name, repr(member)) for member in value)
        elif value or value == 0:
            yield (name, repr(value))


def idle(
    wanted: Iterable[Renaming], current: Look, target: Look, owner: Callable[[ObjectId], bool]
) -> list[Finding]:
    """Warnings about renames that were never made and cannot be.

    Args:
        wanted: all that are declared.
        current: what an object of that catalog looks like; None where it is not there.
        target: likewise.
        owner: whether what something is a part of is there, so that one may ask for the part.
    """
    wanted = list(wanted)
    moves = {one.new for one in pending(wanted, current, target)}
    found = []
    for one in wanted:
        old, new = current(one.old) is not None, current(one.new) is not None
        if one.new in moves or target(one.new) is None or old is not new or not owner(one.new):
            continue
        names = f"{one.new} is declared to be renamed from {one.old.name[-1]}, and the database has "
        if not old:
            hint = "It is made anew. Correct the old name, or take the mark out."
            found.append(Finding("rename-unknown", Severity.WARNING, f"{names}neither.", one.place, hint))
        elif target(one.old) is None:
            hint = "Nothing is renamed, and the old one goes. Take the mark out, or drop the new one by hand."
            found.append(Finding("rename-blocked", Severity.WARNING, f"{names}both.", one.place, hint))
    return found


def unbound(place: Place | None) -> Finding:
    """A warning about a mark that stands at nothing that has a name of its own."""
    return Finding(
        "rename-unbound",
        Severity.WARNING,
        "This mark stands at nothing that can be renamed.",
        place,
        "Write it at the end of the line of a column, a value or a named constraint, or above the statement.",
    )


def in_order(
    renamings: Sequence[Renaming], frees: Names, takes: Names, aside: Callable[[ObjectId], ObjectId]
) -> list[Move]:
    """The statements' order: a name is free before it is taken; of a ring one steps aside first.

    Args:
        renamings: in any order.
        frees: the names that one gives up.
        takes: those that it takes.
        aside: a name that nothing has.
    """
    moves: list[Move] = []
    waiting = [Move(one, one.old, one.new) for one in renamings]
    held = {id(move.renaming): frees(move.renaming) for move in waiting}
    while waiting:
        ready = next((move for move in waiting if not _blocks(move, waiting, held, takes)), None)
        if ready is not None:
            waiting.remove(ready)
            moves.append(ready)
            continue
        first = waiting[0]
        beside = aside(first.new)
        moves.append(Move(first.renaming, first.old, beside))
        waiting[0] = Move(first.renaming, beside, first.new)
        held[id(first.renaming)] = frozenset()
    return moves


def rings(moves: Sequence[Move]) -> Iterator[list[Move]]:
    """Moves that belong together: from one that steps aside to where it arrives."""
    group: list[Move] = []
    away: set[ObjectId] = set()
    for move in moves:
        group.append(move)
        if move.new != move.renaming.new:
            away.add(move.new)
        away.discard(move.old)
        if not away:
            yield group
            group = []


def _blocks(
    move: Move,
    waiting: Sequence[Move],
    held: Mapping[int, frozenset[tuple[str, ...]]],
    takes: Names,
) -> bool:
    wanted = takes(move.renaming)
    return any(other is not move and not wanted.isdisjoint(held[id(other.renaming)]) for other in waiting)
