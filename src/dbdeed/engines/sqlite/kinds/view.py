"""Views. SQLite lets a view name what does not exist, so no change elsewhere needs a view out of its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.change import LockLevel, Step
from dbdeed.engines.compare import Alteration, Kind, Making
from dbdeed.engines.sqlite.kinds.claims import claim, object_id
from dbdeed.engines.sqlite.names import written
from dbdeed.engines.sqlite.schema import text_of

if TYPE_CHECKING:
    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.compare import Context


class View(msgspec.Struct, frozen=True, tag="view"):
    """A view; `definition` is all of it in comparable form."""

    name: str
    definition: str

    @property
    def id(self) -> ObjectId:
        return object_id("view", self.name)

    @property
    def parent(self) -> ObjectId | None:
        return None

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return claim(self.name)


def _create(new: View, context: Context) -> Making:
    return Making((Step(text_of(context.target, new.id), new.id),))


def _drop(old: View, _context: Context) -> tuple[Step, ...]:
    return (Step(f"DROP VIEW {written(old.name)}", old.id, lock=LockLevel.EXCLUSIVE),)


def _alter(old: View, new: View, context: Context) -> Alteration:
    """Made again in one go: dropping it drops its triggers, and nothing else."""
    triggers = frozenset(one.id for one in context.current.children.get(old.id, ()))
    return Alteration((*_drop(old, context), *_create(new, context).steps), disturbs=triggers)


KIND = Kind(name="view", type=View, create=_create, drop=_drop, alter=_alter)
