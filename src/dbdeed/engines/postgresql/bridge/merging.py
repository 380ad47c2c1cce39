"""The state in the middle, object by object: what it has of the state before and what of the one after.

What is added comes first, what demands more of rows waits, what goes waits. A demand that the state after no
longer makes goes first, so that the application from after is not held to it; but a unique key stays as long
as the application from before may name it in ON CONFLICT.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.bridge import shapes
from dbdeed.engines.postgresql.online.names import free

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.engines.catalog import Catalog, Object

DEMANDS = frozenset({"check", "foreign"})
"""Constraints that hold rows to something, and that no statement needs."""
_UNKNOWN = frozenset({"index", "constraint", "statistics"})
"""Kinds that no application knows by name."""
_OTHER_NAME = "Give it another name, or let the other one go in a change before this one."


def fragment(like: Catalog, objects: Mapping[ObjectId, Object], needs: Mapping[ObjectId, Any]) -> Catalog:
    """A few objects as a catalog."""
    found = {one: needs.get(one, frozenset()) for one in objects}
    return replace(like, objects=dict(objects), needs=found, mentions={}, own=frozenset(), unmodelled=())


@dataclass
class Merge:
    """What is decided of the middle.

    Attributes:
        before, target: both states, the former with its tables under their new names.
        moved: columns that are renamed: old id to new id.
        notes, waits, refused: what people are told, see `Bridge`.
        objects, needs: of the middle, as far as it is decided.
        given: new columns whose form is decided elsewhere.
    """

    before: Catalog
    target: Catalog
    moved: Mapping[ObjectId, ObjectId]
    notes: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    objects: dict[ObjectId, Any] = field(default_factory=dict)
    needs: dict[ObjectId, frozenset[ObjectId]] = field(default_factory=dict)
    given: dict[ObjectId, Any] = field(default_factory=dict)
    _copied: dict[ObjectId, Any] = field(default_factory=dict)
    _stands_for: dict[ObjectId, ObjectId] = field(default_factory=dict)
    names: shapes.Names = field(init=False)

    def __post_init__(self) -> None:
        moved: defaultdict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
        for old, new in self.moved.items():
            moved[new.name[:2]][old.name[-1]] = new.name[-1]
        self.names = shapes.Names(moved)

    def keep_names_apart(self) -> None:
        """A name may be held by something that stays for now: an index then waits, another kind cannot."""
        staying = filter(self._stays, self.objects.values())
        held = {claim: one.id for one in staying for claim in one.claims}
        for one in [each for each in self.objects if each not in self.before.objects]:
            there = next((held[claim] for claim in self.objects[one].claims if claim in held), one)
            if there == one:
                continue
            if one.kind in _UNKNOWN:
                self.drop(one)
            else:
                self.refuse(one, f"takes the name of {said(there)}, which goes", _OTHER_NAME)

    def _stays(self, one: Any) -> bool:
        return one.id in self.before.objects and one.id not in self.target.objects

    def with_copies(self, needs: frozenset[ObjectId]) -> frozenset[ObjectId]:
        """What refers to a key on the new columns stands on the copy for now."""
        return needs | {self._stands_for[one] for one in needs if one in self._stands_for}

    def take(self, one: ObjectId, there: Any = None) -> None:
        """As the state after has it, or in the given form."""
        source = self.target if one in self.target.objects else self.before
        self.objects[one] = source.objects[one] if there is None else there
        self.needs[one] = source.needs.get(one, frozenset())

    def drop(self, one: ObjectId) -> None:
        self.objects.pop(one)
        self.needs.pop(one, None)

    def close(self) -> None:
        """What needs something that waits has to wait as well."""
        while lacking := [
            one
            for one, needs in self.needs.items()
            if any(need in self.target.objects and need not in self.objects for need in needs)
        ]:
            for one in lacking:
                if one in self.before.objects and self.objects[one] != self.before.objects[one]:
                    self.objects[one] = self.before.objects[one]
                    self.needs[one] = self.before.needs.get(one, frozenset())
                else:
                    self.drop(one)

    def wait(self, what: str, who: str) -> None:
        self.waits.append(f"{what}: no application may be left that {who}")

    def refuse(self, one: ObjectId, why: str, instead: str = "") -> None:
        instead = instead or (
            "Change it in a file of its own, while no application runs that knows it as it was (without "
            "`expand and contract` in the Strategy)."
        )
        self.refused.append(f"{said(one)} {why}. {instead}")

    def carried(self, one: Any) -> Any:
        """An index or constraint with the new names of columns."""
        if one.id.kind == "index":
            return shapes.carried_index(one, self.names)
        return shapes.carried_constraint(one, self.names)

    def counterpart(self, new: Any) -> Any | None:
        """What says the same of the old columns."""
        for one in self.before.children.get(new.parent, ()):
            if one.id.kind == new.id.kind and shapes.alike(self.carried(one), new):
                return one
        return None

    def kept_in_step(self, old: Any) -> Any | None:
        """What says the same of the new columns in the state after."""
        carried = self.carried(old)
        for one in self.target.children.get(old.parent, ()):
            if one.id.kind == old.id.kind and shapes.alike(carried, one):
                return one
        return None

    def copy(self, one: ObjectId, old: Any, new: Any) -> None:
        """The same on the new columns, under a name for a while: its own is taken until the old one goes."""
        if getattr(old, "partition_of", ()) or getattr(old, "inherited", False):
            return
        if getattr(new, "type", "") == "primary":
            there: Any = shapes.unique_index(new, self._free(new))
            self.objects[there.id] = there
            self.needs[there.id] = self.target.needs.get(one, frozenset())
            self._stands_for[one] = there.id
            return  # the key itself is made when the old one is gone
        there = msgspec.structs.replace(new, name=self._free(new))
        self._copied[one] = there
        self.objects[there.id] = there
        self.needs[there.id] = self.target.needs.get(one, frozenset())
        if new.id.kind == "constraint" and new.type == "unique":
            self._stands_for[one] = there.id

    def standing_for_keys(self) -> list[tuple[Any, Any]]:
        """Primary keys of the state after, each with the index that is there in its place."""
        return [
            (self.target.objects[key], self.objects[index])
            for key, index in self._stands_for.items()
            if index.kind == "index" and index in self.objects
        ]

    def take_attached(self, new: Any) -> None:
        """An index or key; that of a partition below the copy where the one above is only there as one."""
        above = self._copied.get(ObjectId(new.id.kind, getattr(new, "partition_of", ())))
        if above is None:
            self.take(new.id)
        else:
            self.take(new.id, msgspec.structs.replace(new, partition_of=above.id.name))
            self.needs[new.id] |= {above.id}

    def _free(self, new: Any) -> str:
        def taken(name: str) -> bool:
            claims = {("relation", new.schema, name), ("constraint", new.schema, new.table, name)}
            there = (*self.objects.values(), *self.target.objects.values())
            return any(claims & set(each.claims) for each in there)

        return free(new.name, taken)


def said(one: ObjectId) -> str:
    return f"{one.kind} {'.'.join(one.name)}"
