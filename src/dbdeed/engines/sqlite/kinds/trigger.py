"""Triggers, on tables and on views."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.change import LockLevel, Step
from dbdeed.engines.compare import Alteration, Kind, Making
from dbdeed.engines.sqlite.kinds.claims import object_id
from dbdeed.engines.sqlite.names import fold, written
from dbdeed.engines.sqlite.schema import text_of

if TYPE_CHECKING:
    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.compare import Context


class Trigger(msgspec.Struct, frozen=True, tag="trigger"):
    """A trigger.

    Attributes:
        on: the table's or view's name.
        on_kind: "table", "view" or "virtual_table".
        definition: all of it in comparable form.
    """

    name: str
    on: str
    on_kind: str
    definition: str

    @property
    def id(self) -> ObjectId:
        return object_id("trigger", self.name)

    @property
    def parent(self) -> ObjectId | None:
        return object_id(self.on_kind, self.on)

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("trigger", fold(self.name)),)


def _create(new: Trigger, context: Context) -> Making:
    return Making((Step(text_of(context.target, new.id), new.id),))


def _drop(old: Trigger, _context: Context) -> tuple[Step, ...]:
    return (Step(f"DROP TRIGGER {written(old.name)}", old.id, lock=LockLevel.EXCLUSIVE),)


def _alter(old: Trigger, new: Trigger, context: Context) -> Alteration | None:
    if old.parent != new.parent:
        return None
    return Alteration((*_drop(old, context), *_create(new, context).steps))


KIND = Kind(name="trigger", type=Trigger, create=_create, drop=_drop, alter=_alter)
