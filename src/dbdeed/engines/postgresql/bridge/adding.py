"""What the state after has and the one before has not: what of it stands in the middle already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.bridge import shapes
from dbdeed.engines.postgresql.bridge.merging import DEMANDS, said

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.engines.postgresql.bridge.merging import Merge


_ON_TABLE = frozenset({"column", "constraint", "index", "policy", "trigger", "rule"})


def add(merge: Merge, one: ObjectId, new: Any) -> None:
    if one in merge.given:
        merge.take(one, merge.given[one])
        return
    on_old_table = new.parent in merge.before.objects and one.kind in _ON_TABLE
    if not on_old_table:
        merge.take(one)
    elif one.kind == "column":
        merge.take(one, _leavable(merge, new))
    elif one.kind == "index" and not new.unique:
        merge.take_attached(new)
    elif one.kind in ("constraint", "index"):
        there = merge.counterpart(new)
        if there is not None and getattr(new, "type", "") == "primary":
            merge.copy(one, there, new)  # a table has one primary key
        elif _harmless(merge, one, new):
            merge.take_attached(new)
        else:
            merge.wait(f"{said(one)} is added", "writes what it forbids")
    elif one.kind == "policy" and not new.permissive:
        merge.wait(f"{said(one)} is added", "reads or writes what it hides")
    else:
        merge.take(one)


def _leavable(merge: Merge, new: Any) -> Any:
    """A new column as an application that does not know it can leave it out."""
    if not new.not_null or new.default or new.generated or new.identity is not None:
        return new
    merge.wait(f"{said(new.id)} is NOT NULL from then on", "leaves it out")
    merge.notes.append(
        f"{said(new.id)} may be NULL until the second half; what leaves it out until then must be "
        "filled by then, or the second half fails. (`-- backfill: EXPRESSION` beside it fills such rows.)"
    )
    return msgspec.structs.replace(new, not_null=False, not_null_name="")


def _harmless(merge: Merge, one: ObjectId, new: Any) -> bool:
    """Whether what the application from before writes cannot break it."""
    table = new.parent
    fresh = {
        need
        for need in merge.target.needs.get(one, ())
        if need.kind == "column" and need.name[:2] == table.name[:2] and need not in merge.before.objects
    }
    own = [ObjectId("column", (*table.name, name)) for name in new.columns if name]
    if merge.counterpart(new) is not None:
        return True
    if one.kind == "constraint" and new.type in DEMANDS:
        plain = [merge.target.objects.get(each) for each in own]
        empty = all(each in fresh for each in own) and not any(getattr(c, "default", "") for c in plain)
        return bool(new.type == "foreign" and empty and own)
    if fresh and set(own) & fresh:
        there = [merge.target.objects.get(each) for each in own if each in fresh]
        return (
            not any(getattr(c, "default", "") for c in there) and "NULLS NOT DISTINCT" not in new.definition
        )
    return _implied(merge, new)


def _implied(merge: Merge, new: Any) -> bool:
    """Whether a unique key is no more than one that is there, and stays, demands already."""
    if not new.columns or "" in new.columns or getattr(new, "type", "unique") not in ("unique", "primary"):
        return False
    return any(
        one.parent == new.parent and one.columns and set(one.columns) <= set(new.columns)
        for one in _uniques(merge, new.parent)
    )


def _uniques(merge: Merge, table: ObjectId) -> Iterable[Any]:
    for one in merge.before.children.get(table, ()):
        there: Any = one
        if there.id.kind == "constraint" and there.type in ("primary", "unique") and not there.deferrable:
            yield shapes.carried_constraint(there, merge.names)
        elif there.id.kind == "index" and there.unique and not there.partial and "" not in there.columns:
            yield shapes.carried_index(there, merge.names)
