"""The states that a plan led from and to, small enough to be kept: what differs, and what that needs.

Undoing a plan needs the objects as they were. They are written down in the engine's own encoding; the rest
of the database is read when it is needed.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.seam import Engine


@dataclass(frozen=True, slots=True)
class States:
    """Two catalogs, each with what differs and what that needs."""

    before: Catalog
    after: Catalog

    @property
    def changed(self) -> tuple[ObjectId, ...]:
        """What differs between them."""
        return tuple(
            one
            for one in {**self.before.objects, **self.after.objects}
            if self.before.objects.get(one) != self.after.objects.get(one)
        )


def states_of(before: Catalog, after: Catalog) -> States:
    """Two whole catalogs, cut down to what differs and what that needs."""
    whole = States(before, after)
    wanted = set(whole.changed)
    for catalog in (before, after):
        for one in whole.changed:
            wanted |= catalog.needs.get(one, frozenset())
    return States(_cut(before, wanted), _cut(after, wanted))


def _cut(catalog: Catalog, wanted: set[ObjectId]) -> Catalog:
    return catalog.taking(_nothing(catalog), [one for one in catalog.objects if one not in wanted])


def _nothing(catalog: Catalog) -> Catalog:
    return type(catalog)(engine=catalog.engine, version=catalog.version, objects={}, needs={})


def written(engine: Engine, catalog: Catalog) -> str:
    """A catalog as text for a table."""
    return base64.b64encode(zlib.compress(engine.encode(catalog), 3)).decode()


def read(engine: Engine, text: str) -> Catalog:
    """Raises `Unavailable` for a state that was written by a version whose words are no longer read."""
    try:
        return engine.decode(zlib.decompress(base64.b64decode(text)))
    except (ValueError, zlib.error) as error:
        raise Unavailable(
            "The state before that plan was written down by another version of dbdeed.",
            hint="Undo it with the version that applied it (`dbdeed archive` names it), or by hand.",
            code="state-unreadable",
        ) from error
