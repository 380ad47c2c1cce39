"""What structs give of a row: their values that are not `UNSET`.

Where values are many they are looked at by the column, and where structs are alike once for all of them: to
look at each in Python takes longer than the database takes for it.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import repeat
from operator import is_, itemgetter
from typing import TYPE_CHECKING, NamedTuple

from msgspec import UNSET, UnsetType
from msgspec.structs import astuple

from dbdeed.access.statements import ByColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import msgspec

    from dbdeed.access.columns import Column

_UNSET = repeat(UNSET)
_KEPT = 1000


class Alike(NamedTuple):
    """Rows that give the same attributes, and which of all rows these are."""

    names: tuple[str, ...]
    places: Sequence[int]
    rows: Iterable[Sequence[object]]


class _Kind:
    """Structs of one class that leave out the same.

    Attributes:
        names: the attributes that they give.
        plain: `pick` gives their values of all values, as `values` does.
    """

    __slots__ = ("_fills", "_json", "names", "pick", "plain")

    def __init__(
        self, fields: Sequence[str], unset: Sequence[bool], columns: Mapping[str, Column], *, nulls: bool
    ) -> None:
        null = len(fields)  # behind the values there stands a None
        places = {
            name: null if left_out else place
            for place, (name, left_out) in enumerate(zip(fields, unset, strict=True))
            if not left_out or (nulls and _is_null(columns[name]))
        }
        self.names = tuple(places)
        self._fills = null in places.values()
        self.pick = _picker([*places.values()])
        self._json = [(n, columns[name]) for n, name in enumerate(places) if columns[name].json]
        self.plain = not self._fills and not self._json

    def values(self, every: tuple[object, ...]) -> Sequence[object]:
        """The values of `names`, of all values of one of the structs."""
        found = self.pick((*every, None) if self._fills else every)
        if not self._json:
            return found
        encoded = [*found]
        for place, column in self._json:
            encoded[place] = column.encode(encoded[place])
        return encoded


class Given:
    """Takes structs apart.

    Args:
        columns: by attribute.
    """

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = columns
        self._kinds: dict[tuple[type, tuple[bool, ...], bool], _Kind] = {}

    def by(self, struct: msgspec.Struct, values: list[object]) -> tuple[str, ...]:
        """The attributes that are not `UNSET`; their values are appended to `values`."""
        every = astuple(struct)
        kind = self._kinds.get((type(struct), tuple(map(is_, every, _UNSET)), False))
        if kind is None:
            kind = self._kind(type(struct), every, nulls=False)
        values += kind.pick(every) if kind.plain else kind.values(every)
        return kind.names

    def alike(self, structs: Iterable[msgspec.Struct]) -> list[Alike]:
        """Rows by the attributes that they give.

        What has no default is null where it is not given, so that rows do not differ by it.
        """
        every = [*structs]
        classes = {*map(type, every)}
        if len(classes) == 1:
            found = self._all_alike(classes.pop(), every)
            if found is not None:
                return [found]
        groups: defaultdict[tuple[str, ...], list[tuple[int, Sequence[object]]]] = defaultdict(list)
        for place, one in enumerate(every):
            values = astuple(one)
            kind = self._kind(type(one), values, nulls=True)
            groups[kind.names].append((place, kind.values(values)))
        return [
            Alike(names, [place for place, _ in rows], [row for _, row in rows])
            for names, rows in groups.items()
        ]

    def _all_alike(self, kind: type[msgspec.Struct], structs: Sequence[msgspec.Struct]) -> Alike | None:
        """All of them, by the column; None where they differ in what they give."""
        names: list[str] = []
        columns: list[Sequence[object]] = []
        values: Sequence[object]
        for name, values in zip(
            kind.__struct_fields__, zip(*map(astuple, structs), strict=True), strict=True
        ):
            column, types = self._columns[name], {*map(type, values)}
            if UnsetType in types:
                if _is_null(column):
                    values = [None if value is UNSET else value for value in values]  # noqa: PLW2901
                elif len(types) == 1:
                    continue
                else:
                    return None
            names.append(name)
            columns.append([*map(column.encode, values)] if column.json else values)
        rows = ByColumn(columns) if columns else [()] * len(structs)
        return Alike(tuple(names), range(len(structs)), rows)

    def _kind(self, struct: type[msgspec.Struct], every: tuple[object, ...], *, nulls: bool) -> _Kind:
        unset = tuple(map(is_, every, _UNSET))
        kind = self._kinds.get((struct, unset, nulls))
        if kind is None:
            if len(self._kinds) >= _KEPT:
                self._kinds.clear()
            kind = _Kind(struct.__struct_fields__, unset, self._columns, nulls=nulls)
            self._kinds[struct, unset, nulls] = kind
        return kind


def _is_null(column: Column) -> bool:
    """What is not given is null."""
    return column.nullable and not column.default


def _picker(places: Sequence[int]) -> Callable[[tuple[object, ...]], tuple[object, ...]]:
    if len(places) > 1:
        return itemgetter(*places)
    first = places[0] if places else 0
    return itemgetter(slice(first, first + len(places)))  # a tuple too
