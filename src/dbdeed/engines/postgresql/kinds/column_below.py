"""What becomes of the columns of heirs and partitions when one above them changes.

Defaults, storage and statistics targets go down to all of them (ATSimpleRecursion in tablecmds.c), to those
that say something of their own as well; compression and options go to none, and a new table gets neither
statistics targets nor options from above (MergeAttributes). So whoever changes a column sets right what is
below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.kinds.column_create import column_above, own_steps, unproven_above
from dbdeed.engines.postgresql.kinds.counting_heirs import (
    below,
    constraints_settled,
    need_not_null,
    take_no_default,
)
from dbdeed.engines.postgresql.kinds.table_moved import columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.kinds.table import Table

_HANDED_DOWN = ("default", "statistics", "storage")
_FOR_ITSELF = ("compression", "options")


def settled(was: Column, now: Column, context: Context, *, recursed: bool) -> Iterator[Step]:
    """After a column changed: those below it that do not have what they shall have.

    Args:
        was: the column above.
        now: the same, afterwards.
        context: both catalogs.
        recursed: whether the change went down by itself.
    """
    given: dict[str, Any] = {}
    if recursed:
        given = {one: getattr(now, one) for one in _HANDED_DOWN if getattr(was, one) != getattr(now, one)}
        if (
            context.current.version[0] < 18
            and was.not_null != now.not_null
            and not need_not_null(now, context)
        ):
            given["not_null"] = now.not_null
        if (was.type, was.collation) != (now.type, now.collation):
            given |= {"storage": now.storage, "compression": "", "default": now.default}
        if was.generated or now.generated:
            given.pop("default", None)
        if take_no_default(now, context) and (was.type, was.collation) == (now.type, now.collation):
            given.pop("default", None)
    yield from constraints_settled(was, now, context)
    for heir in below(now, context):
        had, wanted = (columns(heir, catalog).get(now.name) for catalog in (context.current, context.target))
        if had is None or wanted is None:
            continue
        found = {one: given.get(one, getattr(had, one)) for one in _fields(context)}
        if _changes_itself(wanted.id, context):  # then it sets the rest
            found = {
                one: value if value != getattr(had, one) else getattr(wanted, one)
                for one, value in found.items()
            }
        if was.not_null and not now.not_null and _keeps_not_null(wanted, context):
            found["not_null"] = True
        if had.generated or wanted.generated:
            found["default"] = wanted.default
        yield from own_steps(msgspec.structs.replace(wanted, **found), wanted)


def added(now: Column, context: Context) -> Iterator[Step]:
    """After a column was added above: the options of those below that have nothing of their own."""
    for heir in below(now, context) if now.options else ():
        wanted = columns(heir, context.target).get(now.name)
        if wanted is not None and wanted.id not in context.target.objects:
            yield from own_steps(msgspec.structs.replace(wanted, options=()), wanted)


def inherited(new: Table, context: Context) -> Iterator[Step]:
    """What a new table does not get from above."""
    if not (new.partition_of or new.inherits):
        return
    yield from _unproven(new, context)
    for one in columns(new, context.target).values():
        if one.id not in context.target.objects and (one.statistics != -1 or one.options):
            yield from own_steps(msgspec.structs.replace(one, statistics=-1, options=()), one)


def _unproven(new: Table, context: Context) -> Iterator[Step]:
    """A new table's not-null constraints are validated, be it that those above are not."""
    for one in columns(new, context.target).values() if context.target.version[0] >= 18 else ():
        if not one.not_null or one.not_null_validated or one.id in context.target.objects:
            continue
        above = column_above(one, context.target)
        was: Any = context.current.objects.get(above.id) if above is not None else None
        if was is not None and was.not_null:
            yield from unproven_above(one, context)


def handed_down(column: Column, catalog: Catalog) -> Column | None:
    """A column as its table has it, be it an object or only from above."""
    table: Any = catalog.objects.get(ObjectId("table", (column.schema, column.table)))
    return columns(table, catalog).get(column.name) if table is not None else None


def _fields(context: Context) -> tuple[str, ...]:
    """From version 18 on each table has a not-null constraint of its own, and keeps it."""
    return (*_HANDED_DOWN, *_FOR_ITSELF, *(("not_null",) if context.current.version[0] < 18 else ()))


def _keeps_not_null(wanted: Column, context: Context) -> bool:
    """Whether it declares NOT NULL itself, which must go too, and nothing else takes it away."""
    return (
        wanted.id in context.current.own and not wanted.not_null and not _changes_itself(wanted.id, context)
    )


def _changes_itself(one: ObjectId, context: Context) -> bool:
    return context.current.objects.get(one) != context.target.objects.get(one)
