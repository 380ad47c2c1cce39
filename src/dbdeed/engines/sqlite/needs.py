"""Which object needs which.

SQLite resolves most names only when they are used, so little has to exist for something to be made: a table
for its indexes and triggers. The rest is here for a plan that reads well and also runs where keys are
enforced: parents before children, and what a view reads before the view. Such edges are cut where they
would close a ring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.names import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dbdeed.engines.catalog import Object, ObjectId
    from dbdeed.engines.sqlite.text import Word

RELATIONS = ("table", "view", "virtual_table")
"""What can be read from, each under a name of its own."""


def needs_of(
    objects: Mapping[ObjectId, Object], words: Mapping[ObjectId, Sequence[Word]]
) -> dict[ObjectId, frozenset[ObjectId]]:
    """For each object the objects that are made before it."""
    named = {one.name[0]: one for one in objects if one.kind in RELATIONS}
    wanted = {one: _wanted(objects[one], words[one], named) for one in objects}
    return _without_rings(wanted)


def _wanted(one: Object, words: Sequence[Word], named: Mapping[str, ObjectId]) -> tuple[ObjectId, ...]:
    if isinstance(one, Table):
        found: Iterable[ObjectId | None] = (named.get(fold(key.table)) for key in one.foreign_keys)
    elif one.id.kind == "virtual_table":
        found = _mentioned(words, named) if _external(words) else ()
    elif one.id.kind == "view":
        found = _mentioned(words, named)
    else:
        # Not what a trigger's statements name: its table's drop takes it along, and would have to come both
        # before and after the drop of a table that it names and that refers to its own.
        found = (one.parent,)
    return tuple(dict.fromkeys(other for other in found if other is not None and other != one.id))


def _mentioned(words: Sequence[Word], named: Mapping[str, ObjectId]) -> Iterable[ObjectId | None]:
    return (named.get(fold(word.name or word.raw.strip("'"))) for word in words)


def _external(words: Sequence[Word]) -> bool:
    """A full-text table over another table's rows."""
    return any(word.key == "content" for word in words)


def _without_rings(
    wanted: Mapping[ObjectId, tuple[ObjectId, ...]],
) -> dict[ObjectId, frozenset[ObjectId]]:
    """Depth first in a fixed order; an edge back to what is still being walked is cut."""
    kept: dict[ObjectId, set[ObjectId]] = {one: set() for one in wanted}
    state: dict[ObjectId, bool] = {}  # False while it is walked, True when done
    for root in sorted(wanted):
        stack = [(root, iter(sorted(wanted[root])))] if root not in state else []
        state.setdefault(root, False)
        while stack:
            one, rest = stack[-1]
            other = next(rest, None)
            if other is None:
                state[one] = True
                stack.pop()
            elif other not in state:
                kept[one].add(other)
                state[other] = False
                stack.append((other, iter(sorted(wanted[other]))))
            elif state[other]:
                kept[one].add(other)
    return {one: frozenset(others) for one, others in kept.items()}
