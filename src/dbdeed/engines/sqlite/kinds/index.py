"""Indexes that have a definition of their own; those of UNIQUE and PRIMARY KEY are parts of their table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.change import Hazard, HazardKind, LockLevel, Step
from dbdeed.engines.compare import Alteration, Kind, Making
from dbdeed.engines.sqlite.kinds.claims import claim, object_id
from dbdeed.engines.sqlite.names import written
from dbdeed.engines.sqlite.schema import text_of

if TYPE_CHECKING:
    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.compare import Context


class Index(msgspec.Struct, frozen=True, tag="index"):
    """An index.

    Attributes:
        table: the table's name, as the table has it.
        columns: "" where an expression stands.
        definition: all of it in comparable form.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    unique: bool
    partial: bool
    definition: str

    @property
    def id(self) -> ObjectId:
        return object_id("index", self.name)

    @property
    def parent(self) -> ObjectId | None:
        return object_id("table", self.table)

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return claim(self.name)


def _create(new: Index, context: Context) -> Making:
    existing = context.current.objects.get(object_id("table", new.table)) is not None
    hazards = []
    if existing:
        hazards.append(Hazard(HazardKind.BLOCKS_WRITES, f"Nothing can be written while {new.name} is built."))
    if existing and new.unique and context.current.objects.get(new.id) != new:
        hazards.append(Hazard(HazardKind.MAY_FAIL, f"{new.table} must hold no two rows with the same key."))
    step = Step(
        text_of(context.target, new.id),
        new.id,
        lock=LockLevel.EXCLUSIVE if existing else LockLevel.NONE,
        scans=existing,
        hazards=tuple(hazards),
    )
    return Making((step,))


def _drop(old: Index, _context: Context) -> tuple[Step, ...]:
    return (Step(f"DROP INDEX {written(old.name)}", old.id, lock=LockLevel.EXCLUSIVE),)


def _alter(old: Index, new: Index, context: Context) -> Alteration | None:
    if old.parent != new.parent:
        return None  # taken down before, and made after, whatever happens to the two tables
    return Alteration((*_drop(old, context), *_create(new, context).steps))


KIND = Kind(name="index", type=Index, create=_create, drop=_drop, alter=_alter)
