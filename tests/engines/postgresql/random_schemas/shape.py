"""What a random schema is: parts, each of some kind, with a name and the values of its fields.

A part refers to others by name and is written against the whole schema, so that it can look up what a name
stands for now; what it refers to may be gone, and then it says less, or its statement is refused and the part
is not there. The server decides what a valid schema is, not this package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
Name = tuple[str, ...]


class Draw:
    """Choices, drawn through hypothesis. The first option is always the simplest."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def number(self, low: int, high: int) -> int:
        return int(self._draw(st.integers(low, high)))

    def pick(self, options: Sequence[T]) -> T:
        return options[self.number(0, len(options) - 1)]

    def chance(self, one_in: int) -> bool:
        return self.number(0, one_in - 1) == one_in - 1

    def some(self, options: Sequence[T], least: int = 0, most: int = 3) -> tuple[T, ...]:
        """Different ones, in any order."""
        left = list(options)
        times = self.number(min(least, len(left)), min(most, len(left)))
        return tuple([left.pop(self.number(0, len(left) - 1)) for _ in range(times)])


@dataclass(frozen=True)
class Part:
    """One object.

    Attributes:
        kind: as the catalog's kinds are called.
        name: (schema, name), (name,), (schema, table, name); of what has no name of its own, such as a
            comment, the kind and name of what it is on.
        values: of its shape's fields.
    """

    kind: str
    name: Name
    values: Mapping[str, Any]

    def __getitem__(self, field: str) -> Any:
        return self.values[field]

    @property
    def key(self) -> tuple[str, Name]:
        return self.kind, self.name


@dataclass(frozen=True)
class World:
    """A whole random schema, for a server of some major version."""

    major: int
    parts: tuple[Part, ...] = ()

    @cached_property
    def by_key(self) -> Mapping[tuple[str, Name], Part]:
        return {part.key: part for part in self.parts}

    def of(self, *kinds: str) -> list[Part]:
        return [part for part in self.parts if part.kind in kinds]

    def find(self, name: Name, *kinds: str) -> Part | None:
        return next((found for kind in kinds if (found := self.by_key.get((kind, name)))), None)

    def under(self, name: Name, kind: str) -> list[Part]:
        """The columns, constraints or triggers of a table."""
        return [part for part in self.parts if part.kind == kind and part.name[:-1] == name]

    def with_part(self, part: Part) -> World:
        """One more part, or another in the place of the one of the same kind and name."""
        if part.key in self.by_key:
            return World(self.major, tuple(part if one.key == part.key else one for one in self.parts))
        return World(self.major, (*self.parts, part))

    def without(self, *gone: Part) -> World:
        return World(self.major, tuple(one for one in self.parts if one not in gone))


@dataclass(frozen=True)
class Place:
    """Where a field is drawn: for which part, and what was drawn of it before."""

    world: World
    name: Name
    values: Mapping[str, Any]


Field = Callable[[Draw, Place], Any]


@dataclass(frozen=True)
class Shape:
    """How parts of one kind are drawn and written.

    Attributes:
        kind: as the catalog's kinds are called.
        weight: how often one is drawn, against the others.
        name: a new one's name, or None where the schema has no place for it.
        fields: each drawn after those before it.
        write: its statements.
    """

    kind: str
    weight: int
    name: Callable[[Draw, World], Name | None]
    fields: Mapping[str, Field]
    write: Callable[[Part, World], Iterable[str]]

    def draw(self, draw: Draw, world: World, name: Name) -> Part:
        values: dict[str, Any] = {}
        for field, drawn in self.fields.items():
            values[field] = drawn(draw, Place(world, name, values))
        return Part(self.kind, name, values)

    def redraw(self, draw: Draw, world: World, part: Part, field: str) -> Part:
        value = self.fields[field](draw, Place(world, part.name, part.values))
        return Part(self.kind, part.name, {**part.values, field: value})


def quoted(*names: str) -> str:
    """A name in full; every part quoted, so that nothing depends on what is a keyword."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
