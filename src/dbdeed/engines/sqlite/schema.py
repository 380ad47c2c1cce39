"""A SQLite catalog: the objects, and beside them the texts that made them.

An object holds what matters to equality. Its text, as its author laid it out, does not; but it is what is
written when the object is made elsewhere, so that SQLite keeps the author's layout and comments.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from dbdeed.engines.catalog import Catalog, ObjectId

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Schema(Catalog):
    """A catalog with the text of each object, by id."""

    texts: Mapping[ObjectId, str] = field(default_factory=dict)

    def taking(self, other: Catalog, ids: Iterable[ObjectId]) -> Self:
        """With their texts."""
        ids = tuple(ids)
        found = {one: text_of(other, one) for one in ids if one in other.objects}
        return replace(super().taking(other, ids), texts={**self.texts, **found})


def text_of(catalog: Catalog, one: ObjectId) -> str:
    """The text that makes an object."""
    assert isinstance(catalog, Schema)
    return catalog.texts[one]
