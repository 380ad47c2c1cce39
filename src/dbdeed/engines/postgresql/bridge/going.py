"""What the state before has and the one after has not: when it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.postgresql.bridge.merging import DEMANDS, said

if TYPE_CHECKING:
    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.postgresql.bridge.merging import Merge


def let_go(merge: Merge, one: ObjectId, old: Any) -> None:
    if one.kind == "column":
        _going_column(merge, old)
    elif (
        one.kind == "constraint"
        and old.parent in merge.target.objects
        and old.type in DEMANDS
        and merge.kept_in_step(old) is None
    ):
        merge.drop(one)
    elif one.kind in ("constraint", "index") and merge.kept_in_step(old) is not None:
        return  # it goes with its column
    elif old.parent is None or old.parent in merge.target.objects:
        merge.wait(f"{said(one)} goes", "uses it")


def _going_column(merge: Merge, old: Any) -> None:
    new = merge.moved.get(old.id)
    if new is not None:
        becomes: Any = merge.target.objects[new]
        if old.not_null and not becomes.not_null:
            merge.take(old.id, msgspec.structs.replace(old, not_null=False, not_null_name=""))
        if becomes.not_null and not old.not_null:
            merge.wait(f"{said(new)} is NOT NULL from then on", "writes NULL")
        merge.wait(f"{said(old.id)}, now {new.name[-1]}, goes", "uses it")
        return
    if old.parent not in merge.target.objects:
        return
    merge.wait(f"{said(old.id)} goes", "uses it")
    if not old.not_null or old.default or old.generated or old.identity is not None:
        return
    keys = [
        one
        for one in merge.before.children.get(old.parent, ())
        if getattr(one, "type", "") == "primary" and old.name in getattr(one, "columns", ())
    ]
    if keys:
        merge.refused.append(
            f"{said(old.id)} goes and is part of the primary key: the application from after would "
            "leave it out, and a key cannot be without a value. Give it a default, or the table a key "
            "without it, in a change before this one."
        )
    merge.take(old.id, msgspec.structs.replace(old, not_null=False, not_null_name=""))
