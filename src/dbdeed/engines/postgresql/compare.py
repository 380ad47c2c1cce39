"""What differs between two PostgreSQL catalogs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dbdeed.engines.compare import compare_catalogs
from dbdeed.engines.postgresql.listing import KINDS

if TYPE_CHECKING:
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Comparison


def compare(current: Catalog, target: Catalog) -> Comparison:
    """The changes that lead from `current` to `target`.

    What PostgreSQL itself takes along (an index below another's, a column handed down) has no statement of its
    own and gives no change.
    """
    found = compare_catalogs(current, target, KINDS)
    return replace(found, changes=tuple(change for change in found.changes if change.steps))
