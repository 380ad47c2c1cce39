"""Rows by their keys, and rows beside those that belong to them: what takes one query for a whole list."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

from dbdeed.access.sqlite_values import json_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dbdeed.access.statements import Load, Row

T = TypeVar("T")
K = TypeVar("K")
R = TypeVar("R")


def distinct(keys: Iterable[object]) -> tuple[list[object]]:
    """Each key once, as the one parameter of a statement."""
    return ([*dict.fromkeys(keys)],)


def distinct_columns(keys: Iterable[Sequence[object]], width: int) -> tuple[list[object], ...]:
    """Each key of several columns once, as one parameter for each of these."""
    once = [*dict.fromkeys(map(tuple, keys))]
    return tuple([key[place] for key in once] for place in range(width))


def distinct_json(keys: Iterable[object]) -> tuple[str]:
    """Each key once, as the one parameter of a statement of SQLite's."""
    return (json_of([*dict.fromkeys(keys)]),)


def distinct_json_rows(keys: Iterable[Sequence[object]]) -> tuple[str]:
    """Each key of several columns once, as the one parameter of a statement of SQLite's."""
    once = dict.fromkeys(map(tuple, keys))
    return (f"[{','.join(json_of(key) for key in once)}]",)


def keyed(keys: Iterable[K], rows: Iterable[T], key: Callable[[T], Any], *, fold: bool = False) -> dict[K, T]:
    """Each row by its key, in the form in which the key was asked for.

    Args:
        keys: what was asked for.
        rows: what was found.
        key: of a row.
        fold: the database takes upper and lower case of a key as the same. That it does so is also seen by a
            row of which the key was not asked for.
    """
    found, wanted = {key(row): row for row in rows}, {*keys}
    if found.keys() == wanted or not (fold or found.keys() - wanted):
        return found
    same = {_folded(one): row for one, row in found.items()}
    return {one: same[_folded(one)] for one in wanted if _folded(one) in same}


def grouped(
    keys: Iterable[K], rows: Sequence[T], key: Callable[[T], Any], *, fold: bool = False
) -> dict[K, Sequence[T]]:
    """The rows of each key, in their order; a key without rows has an empty list. `fold` as of `keyed`."""
    groups: dict[Any, Any] = {one: [] for one in keys}
    try:
        for row in () if fold else rows:
            groups[key(row)].append(row)
    except KeyError:
        fold = True
    return linked(groups, [(key(row), row) for row in rows], fold=True) if fold else groups


def linked(keys: Iterable[K], rows: Sequence[tuple[Any, T]], *, fold: bool = False) -> dict[K, Sequence[T]]:
    """The rows that are linked to each key, in their order; a key without rows has an empty list."""
    groups: dict[Any, Any] = {one: [] for one in keys}
    if fold or any(key not in groups for key, _ in rows):
        same: defaultdict[Any, list[T]] = defaultdict(list)
        for key, row in rows:
            same[_folded(key)].append(row)
        return {one: same[_folded(one)] for one in groups}
    for key, row in rows:
        groups[key].append(row)
    return groups


def _folded(key: Any) -> Any:
    """To a database, keys that differ in upper and lower case can be the same (`citext`, `NOCASE`)."""
    if isinstance(key, tuple):
        return tuple(map(_folded, key))
    return key.casefold() if isinstance(key, str) else key


def beside(load: Load[T], width: int, key: Callable[[Row], Any]) -> Load[tuple[Any, T]]:
    """Loads rows with a key of `width` columns in front: its value, and what `load` makes of the rest."""

    def both(rows: Sequence[Row]) -> list[tuple[Any, T]]:
        return list(zip(map(key, rows), load([row[width:] for row in rows]), strict=True))

    return both


def each_with(rows: Iterable[T], keys: Iterable[K], found: Mapping[K, R]) -> list[tuple[T, R]]:
    """Each row beside what its key found. One whose key found nothing is left out: it went meanwhile."""
    return [(row, found[key]) for row, key in zip(rows, keys, strict=True) if key in found]


def each_with_optional(
    rows: Iterable[T], keys: Iterable[K | None], found: Mapping[K, R]
) -> list[tuple[T, R | None]]:
    """Each row beside what its key found, or None."""
    by_key: Mapping[Any, R] = found
    return [(row, by_key.get(key)) for row, key in zip(rows, keys, strict=True)]


def each_with_many(
    rows: Iterable[T], keys: Iterable[K | None], found: Mapping[K, Sequence[R]]
) -> list[tuple[T, Sequence[R]]]:
    """Each row beside the list that its key found, or an empty one."""
    by_key: Mapping[Any, Sequence[R]] = found
    return [(row, by_key.get(key) or []) for row, key in zip(rows, keys, strict=True)]
