"""The order in which a reader meets what refers to each other: what is referred to comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dbdeed.engines.catalog import ObjectId


def walk(
    all_: Sequence[ObjectId], above: Mapping[ObjectId, Iterable[ObjectId]]
) -> tuple[dict[ObjectId, int], set[tuple[ObjectId, ObjectId]]]:
    """Depth first, without recursion: each one's place, after those above it.

    Args:
        all_: in the order for those that are free to stand anywhere.
        above: what each refers to; itself and what is not in `all_` do not count.

    Returns:
        The places from 0, and the references (from, to) that would close a ring.
    """
    places: dict[ObjectId, int] = {}
    open_: set[ObjectId] = set()
    back: set[tuple[ObjectId, ObjectId]] = set()
    known = set(all_)
    for start in all_:
        path = [(start, iter(sorted(above.get(start, ()))))] if start not in places else []
        open_.update(one for one, _ in path)
        while path:
            one, others = path[-1]
            following = next(others, None)
            if following is None:
                path.pop()
                open_.discard(one)
                places[one] = len(places)
            elif following in open_ and following != one:
                back.add((one, following))
            elif following in known and following not in places and following not in open_:
                open_.add(following)
                path.append((following, iter(sorted(above.get(following, ())))))
    return places, back
