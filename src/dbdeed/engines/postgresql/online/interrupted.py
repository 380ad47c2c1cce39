"""What an interrupted statement leaves: an index that is not valid, a partition that is half detached."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.postgresql.kinds.index import Index
from dbdeed.engines.postgresql.kinds.table import Table

if TYPE_CHECKING:
    from dbdeed.engines.catalog import Catalog, Object, ObjectId


def whole(catalog: Catalog) -> Catalog:
    """The catalog as if nothing had been interrupted: only such a one can be made again."""
    mended: dict[ObjectId, Object] = {}
    for one in catalog.objects.values():
        if isinstance(one, Index) and not one.valid:
            mended[one.id] = msgspec.structs.replace(one, valid=True)
        elif isinstance(one, Table) and one.detaching:
            mended[one.id] = msgspec.structs.replace(one, detaching=False)
    return replace(catalog, objects={**catalog.objects, **mended}) if mended else catalog
