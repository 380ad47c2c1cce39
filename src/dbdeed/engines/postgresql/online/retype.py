"""A column's new type on a table with rows, without writing the table anew under a lock.

The column gets a shadow of the new type beside it (`online.shadow`), which a trigger keeps in step for
whoever writes. The rows that are there are filled in parts; what has to stand on the column is built on the
shadow while others go on; a check that is validated shows that no row was missed. Then, in one short
transaction, the shadow takes the column's place. Whoever is stopped before that has a table as it was, with a
shadow, and the next plan goes on from there.

This form is only taken where nothing else looks at the column, or at the row as a whole: see `parts_of`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.postgresql.conversion import is_steady, is_text, is_told
from dbdeed.engines.postgresql.online.parts import parts_of
from dbdeed.engines.postgresql.online.replacing import Work, steps
from dbdeed.engines.postgresql.online.shadow import Shadow, named_beside, shadows, standing_on
from dbdeed.engines.postgresql.quoting import ident

if TYPE_CHECKING:
    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.conversion import Conversion
    from dbdeed.engines.postgresql.kinds.column import Column


@dataclass(frozen=True, slots=True)
class Beside:
    """How a column changes its type beside itself.

    Attributes:
        steps: the online form.
        clearing: what goes before the short form: the shadow that an interrupted plan left.
        disturbs: what stands on the column, goes anyhow, and must be gone before.
        covers: what an interrupted plan left.
    """

    steps: tuple[Step, ...]
    clearing: tuple[Step, ...]
    disturbs: frozenset[ObjectId]
    covers: tuple[ObjectId, ...]


def beside(
    old: Column,
    new: Column,
    change: Conversion,
    short: Step,
    disturbs: frozenset[ObjectId],
    context: Context,
) -> Beside | None:
    """The form that keeps nobody waiting; None where it would not be sound.

    Args:
        old: as the current catalog has it, else there is no such form.
        new: as it shall be.
        change: how the one becomes the other, by a rewrite.
        short: the statement that does it at once, with its hazards.
        disturbs: what has to be away while that runs: away for too long here.
        context: both catalogs.
    """
    table = old.parent
    if table is None or old != context.current.objects.get(old.id) or not _plain(old, new, context):
        return None
    found = list(shadows(table, context.current))
    left = {one.column.id: one for one in found}
    gone = [each for one in found for each in (*one.ids, *standing_on(one, context.current))]
    clean = replace(context, current=context.current.taking(context.target, gone))
    parts = parts_of(old, new, clean)
    if parts is None or disturbs - parts.leaving - set(gone):
        return None
    shadow = _shadow(old, new, change, clean)
    was = left.get(shadow.column.id)
    on_it = standing_on(was, context.current) if was is not None else []
    goes_on = was is not None and _fits(was, shadow)
    there = {one: context.current.objects[one] for one in on_it} if goes_on else {}
    work = Work(
        old, new, change, shadow, parts, clean, was.column if was is not None and goes_on else None, there
    )
    clearing = tuple(replace(one, online=()) for one in was.removed()) if was is not None else ()
    first = () if was is None or goes_on else tuple(was.removed())
    covers = (*was.ids, *on_it) if was is not None else ()
    return Beside((*first, *steps(work, short)), clearing, parts.leaving, covers)


def _plain(old: Column, new: Column, context: Context) -> bool:
    """Whether the two columns have nothing that cannot be given to another column."""
    simple = all(
        one.local
        and not (one.inherited or one.generated or one.not_null_name)
        and one.not_null_validated
        and one.not_null_inherited
        and not (one.identity is not None and one.identity.logged)
        for one in (old, new)
    )
    if context.value_for(new.id) or not simple:
        return False
    enums = {one.type for one in (old, new) if _is_enum(one, context)}
    if enums:
        listed = {one.type.endswith("]") for one in (old, new)}
        return len(listed) == 1 and all(one.type in enums or is_text(one.type) for one in (old, new))
    return is_told(old.type, new.type)


def _is_enum(column: Column, context: Context) -> bool:
    """Whether its type is an enum that this plan leaves as it is, makes or drops."""
    for catalog, other in ((context.current, context.target), (context.target, context.current)):
        for name, one in catalog.objects.items():
            if name.kind == "enum" and getattr(one, "sql_name", "") == column.type.removesuffix("[]"):
                return other.objects.get(name, one) == one
    return False


def _shadow(old: Column, new: Column, change: Conversion, context: Context) -> Shadow:
    name, function = named_beside(old, (context.current, context.target))
    column = msgspec.structs.replace(new, name=name, not_null=False, default="", identity=None)
    source = f"NEW.{ident(old.name)}"
    # Assigned, a text becomes what it says; the type's name would be looked up with the writer's rights.
    value = (change.using(source) or source).removesuffix(f"::{new.type}" if "." in new.type else "")
    return Shadow(column, function, value, pinned=not _is_steady(old, new))


def _is_steady(old: Column, new: Column) -> bool:
    return is_steady(old.type, new.type) or "." in old.type + new.type


def _fits(left: Shadow, wanted: Shadow) -> bool:
    """Whether what is there is what this plan would make, up to where it got."""
    bare = msgspec.structs.replace(left.column, not_null=False, not_null_name="", not_null_validated=True)
    return replace(left, column=bare) == wanted
