"""What a database holds, in its engine's own words.

A `Catalog` is a set of objects and which of them need which. Objects are frozen `msgspec.Struct`s that an
engine's kinds define: a PostgreSQL policy and a SQLite table share nothing but an `id`. Equality of two
objects is what "no difference" means, so an object holds everything that matters and nothing that does not
(no OIDs, no file names).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, ItemsView, Iterable, Iterator

K = TypeVar("K")
V = TypeVar("V")


class ObjectId(NamedTuple):
    """What an object is called: its kind and its full name, unquoted.

    `("table", ("public", "orders"))`, `("column", ("public", "orders", "total"))`,
    `("function", ("public", "add", "integer, integer"))`.
    """

    kind: str
    name: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} {'.'.join(self.name)}"


class Later(Mapping[K, V]):
    """A mapping that is made when it is first looked into."""

    def __init__(self, make: Callable[[], Mapping[K, V]]) -> None:
        self._make: Callable[[], Mapping[K, V]] | None = make
        self._made: Mapping[K, V] = {}

    def _whole(self) -> Mapping[K, V]:
        if self._make is not None:
            self._made, self._make = self._make(), None
        return self._made

    def __getitem__(self, key: K) -> V:
        return self._whole()[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())

    def __contains__(self, key: object) -> bool:
        return key in self._whole()

    def items(self) -> ItemsView[K, V]:
        return self._whole().items()


class Object(Protocol):
    """An object of some kind; a frozen, comparable, hashable struct.

    Attributes:
        id: what it is called.
        parent: the object that it is part of (a column's table), or None. Dropping the parent drops its
            children; creating it creates those that its kind can write inline.
        claims: names that only one object may hold at a time, as (namespace, name, …): a view cannot be made
            before the table of that name is gone.
    """

    @property
    def id(self) -> ObjectId: ...

    @property
    def parent(self) -> ObjectId | None: ...

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]: ...


@dataclass(frozen=True, slots=True)
class Unmodelled:
    """Something that is in the database and in no catalog type: reported by name, never passed over."""

    kind: str
    name: str


@dataclass(frozen=True)
class Catalog:
    """All objects of a database, and their dependencies.

    Attributes:
        engine: the engine's name.
        version: of the server that was read.
        objects: by id.
        needs: for an object, the ids that must exist for it to exist, the parent included; ids outside
            `objects` (built-in types, extensions' members) are left out. No cycles: what the engine lets
            refer to each other (a serial's column and sequence) is cut where its kinds write it apart.
        unmodelled: what else is there.
        mentions: for an object, others that its text names though the engine does not track it (a routine's
            body): better made before it and dropped after it, but nothing falls with them.
        own: what looks as if it only came from above, and yet stands by itself: no difference, but it stays
            where the one above goes, so that a plan takes it away. Known of a database that was read.
    """

    engine: str
    version: tuple[int, ...]
    objects: Mapping[ObjectId, Object]
    needs: Mapping[ObjectId, frozenset[ObjectId]]
    unmodelled: tuple[Unmodelled, ...] = field(default=())
    mentions: Mapping[ObjectId, frozenset[ObjectId]] = field(default_factory=dict)
    own: frozenset[ObjectId] = frozenset()

    @cached_property
    def needed_by(self) -> Mapping[ObjectId, frozenset[ObjectId]]:
        """The other direction of `needs`."""
        return _turned_round(self.needs)

    @cached_property
    def mentioned_by(self) -> Mapping[ObjectId, frozenset[ObjectId]]:
        """The other direction of `mentions`."""
        return _turned_round(self.mentions)

    @cached_property
    def children(self) -> Mapping[ObjectId, tuple[Object, ...]]:
        """Objects by their parent, in reading order."""
        found: defaultdict[ObjectId, list[Object]] = defaultdict(list)
        for one in self.objects.values():
            if one.parent is not None:
                found[one.parent].append(one)
        return {key: tuple(value) for key, value in found.items()}

    @cached_property
    def by_kind(self) -> Mapping[str, tuple[Object, ...]]:
        """Objects by their kind, in reading order."""
        found: defaultdict[str, list[Object]] = defaultdict(list)
        for key, one in self.objects.items():
            found[key.kind].append(one)
        return {kind: tuple(some) for kind, some in found.items()}

    @cached_property
    def claimed(self) -> frozenset[tuple[str, ...]]:
        """Every name that some object holds."""
        return frozenset(claim for one in self.objects.values() for claim in one.claims)

    def taking(self, other: Catalog, ids: Iterable[ObjectId]) -> Self:
        """This catalog with some objects as the other one has them, or without those that it lacks."""
        objects, needs = dict(self.objects), dict(self.needs)
        for one in ids:
            if one in other.objects:
                objects[one] = other.objects[one]
                needs[one] = other.needs.get(one, frozenset())
            else:
                objects.pop(one, None)
                needs.pop(one, None)
        return replace(self, objects=objects, needs=needs)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the canonical encoding of the objects, in hexadecimal: equal for equal objects."""
        digest = hashlib.sha256()
        encode = msgspec.msgpack.Encoder(order="deterministic").encode
        for entry in sorted(map(encode, self.objects.items())):  # each says itself where it ends
            digest.update(entry)
        return digest.hexdigest()

    def same_as(self, other: Catalog) -> bool:
        """Whether nothing differs; where the databases run does not matter."""
        return self.objects == other.objects and set(self.unmodelled) == set(other.unmodelled)

    def all_needs(self, one: ObjectId) -> frozenset[ObjectId]:
        """Everything that an object needs, directly or not."""
        return _reached([one], self.needs)

    def dependents(self, roots: Iterable[ObjectId]) -> frozenset[ObjectId]:
        """Everything that needs one of `roots`, directly or not, without the roots themselves."""
        return _reached(roots, self.needed_by)


def _turned_round(ways: Mapping[ObjectId, frozenset[ObjectId]]) -> Mapping[ObjectId, frozenset[ObjectId]]:
    found: defaultdict[ObjectId, set[ObjectId]] = defaultdict(set)
    for one, others in ways.items():
        for other in others:
            found[other].add(one)
    return {key: frozenset(value) for key, value in found.items()}


def _reached(roots: Iterable[ObjectId], ways: Mapping[ObjectId, frozenset[ObjectId]]) -> frozenset[ObjectId]:
    seen: set[ObjectId] = set()
    waiting = list(roots)
    while waiting:
        for one in ways.get(waiting.pop(), ()):
            if one not in seen:
                seen.add(one)
                waiting.append(one)
    return frozenset(seen)
