"""Rows by their keys, and rows beside those that belong to them: what takes one query for a whole list."""

from __future__ import annotations

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


def keyed(rows: Iterable[T], key: Callable[[T], Any]) -> dict[Any, T]:
    """Each row by its key."""
    return {key(row): row for row in rows}


def grouped(keys: Iterable[K], rows: Iterable[T], key: Callable[[T], Any]) -> dict[K, Sequence[T]]:
    """The rows of each key, in their order; a key without rows has an empty list."""
    groups: dict[K, list[T]] = {one: [] for one in keys}
    for row in rows:
        groups[key(row)].append(row)
    return {**groups}


def beside(load: Load[T], width: int, key: Callable[[Row], Any]) -> Load[tuple[Any, T]]:
    """Loads rows with a key of `width` columns in front: its value, and what `load` makes of the rest."""

    def both(rows: Sequence[Row]) -> list[tuple[Any, T]]:
        return list(zip(map(key, rows), load([row[width:] for row in rows]), strict=True))

    return both


def linked(keys: Iterable[K], rows: Iterable[tuple[K, T]]) -> dict[K, Sequence[T]]:
    """The rows that are linked to each key, in their order; a key without rows has an empty list."""
    groups: dict[K, list[T]] = {one: [] for one in keys}
    for key, row in rows:
        groups[key].append(row)
    return {**groups}


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
    return [(row, by_key.get(key, ())) for row, key in zip(rows, keys, strict=True)]
