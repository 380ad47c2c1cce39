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
    from dbdeed.access.statements import Statement

_UNSET = repeat(UNSET)
_KEPT = 1000


class Alike(NamedTuple):
    """Rows that give the same attributes, and which of all rows these are."""

    names: tuple[str, ...]
    places: Sequence[int]
    rows: Iterable[Sequence[object]]


class Kind:
    """Structs of one class that leave out the same.

    Attributes:
        names: the attributes that they give.
        insert: the statement that inserts one, once it was composed.
        update: as well, for a change of one by its key.
        plain: `pick` gives their values of all values, as `values` does.
    """

    __slots__ = ("_fills", "_json", "insert", "names", "pick", "plain", "update")

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
        self.insert: Statement | None = None
        self.update: Statement | None = None
        self._fills = null in places.values()
        self.pick = _picker([*places.values()])
        self._json = [(n, columns[name]) for n, name in enumerate(places) if columns[name].json]
        self.plain = not self._fills and not self._json

    def values(self, every: tuple[object, ...]) -> list[object]:
        """The values of `names`, of all values of one of the structs."""
        found = [*self.pick((*every, None) if self._fills else every)]
        for place, column in self._json:
            found[place] = column.encode(found[place])
        return found


class Given:
    """Takes structs apart.

    Args:
        columns: by attribute.
    """

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = columns
        self._kinds: dict[tuple[type, tuple[bool, ...], bool], Kind] = {}
        self._by_types: dict[tuple[type, ...], Kind] = {}

    def by(self, struct: msgspec.Struct) -> tuple[Kind, list[object]]:
        """The attributes that are not `UNSET`, and their values."""
        every = astuple(struct)
        types = (*map(type, every), type(struct))  # sooner had than which values are UNSET, and tells it too
        kind = self._by_types.get(types)
        if kind is None:
            kind = self._kind(type(struct), every, nulls=False)
            if len(self._by_types) >= _KEPT:
                self._by_types.clear()
            self._by_types[types] = kind
        return kind, [*kind.pick(every)] if kind.plain else kind.values(every)

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

    def _kind(self, struct: type[msgspec.Struct], every: tuple[object, ...], *, nulls: bool) -> Kind:
        unset = tuple(map(is_, every, _UNSET))
        kind = self._kinds.get((struct, unset, nulls))
        if kind is None:
            if len(self._kinds) >= _KEPT:
                self._kinds.clear()
            kind = Kind(struct.__struct_fields__, unset, self._columns, nulls=nulls)
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
