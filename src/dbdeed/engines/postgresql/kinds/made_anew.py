"""Which tables are made anew in their place, since no statement makes what is there what it shall be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.kinds.key_column import retypes_its_key
from dbdeed.engines.postgresql.kinds.table_moved import columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.table import Table


def is_made_anew(one: ObjectId, context: Context) -> bool:
    """Whether a table, or one that it is a partition of, is."""
    return any(_by_itself(top, context) for top in lineage(one, context.current))


def _by_itself(old: Table, context: Context) -> bool:
    new: Any = context.target.objects.get(old.id)
    if new is None or "foreign" in (old.form, new.form):
        return False
    if (old.form, old.partition_key) != (new.form, new.partition_key):
        return True
    return retypes_its_key(old, context) or is_out_of_order(old, new, context)


def is_out_of_order(old: Table, new: Table, context: Context) -> bool:
    """Whether it comes to be of a type that has its columns in another order, but for more at the end."""
    if not new.of_type or old.of_type == new.of_type or old.partition_of != new.partition_of:
        return False
    was, wanted = columns(old, context.current), list(columns(new, context.target))
    kept = [name for name in was if name in wanted]
    return wanted[: len(kept)] != kept


def lineage(one: ObjectId, catalog: Catalog) -> Iterator[Table]:
    """The table, and those that it is a partition of."""
    name = one.name
    while name:
        there: Any = catalog.objects.get(ObjectId("table", (name[0], name[1])))
        if there is None:
            return
        yield there
        name = there.partition_of
