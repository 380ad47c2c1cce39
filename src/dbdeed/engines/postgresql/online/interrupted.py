"""What an interruption leaves: an index that is not valid, a partition half detached, a column under way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.postgresql.kinds.index import Index
from dbdeed.engines.postgresql.kinds.table import Table
from dbdeed.engines.postgresql.kinds.trigger import Trigger
from dbdeed.engines.postgresql.online.names import MARK
from dbdeed.engines.postgresql.online.shadow import shadows, standing_on

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


def lasting(catalog: Catalog) -> Catalog:
    """The catalog without the columns that stand beside others while these change their types."""
    followed = {
        one.parent
        for one in catalog.objects.values()
        if isinstance(one, Trigger) and one.name.endswith(MARK) and one.parent is not None
    }
    gone = [
        each
        for table in followed
        for one in shadows(table, catalog)
        for each in (*one.ids, *standing_on(one, catalog))
    ]
    return catalog.taking(replace(catalog, objects={}, needs={}), gone) if gone else catalog
