"""What all of PostgreSQL's object types have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from dbdeed.engines.catalog import ObjectId


class Named(msgspec.Struct, frozen=True, tag_field="object", array_like=True, gc=False):
    """A frozen object of a catalog; see `dbdeed.engines.catalog.Object` for what its properties mean."""

    @property
    def id(self) -> ObjectId:
        raise NotImplementedError

    @property
    def parent(self) -> ObjectId | None:
        return None

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return ()
