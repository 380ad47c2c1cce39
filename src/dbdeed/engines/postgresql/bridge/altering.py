"""What both states have and do not have alike: which form of it stands in the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.postgresql.bridge import shapes
from dbdeed.engines.postgresql.bridge.merging import DEMANDS, said
from dbdeed.engines.postgresql.conversion import conversion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.postgresql.bridge.merging import Merge


_LATER = frozenset(
    {"domain", "domain constraint", "privileges", "policy", "default privileges", "owner", "rule"}
)
"""Kinds whose alterations wait: they may take from whoever runs now."""
_FIRM = frozenset({"composite type", "range type", "base type"})
_BESIDE = "Make the new one under a name of its own beside it, and let the old one go in a later change."


def alter(merge: Merge, one: ObjectId, old: Any, new: Any) -> None:
    change = _BY_KIND.get(one.kind)
    if change is not None:
        change(merge, one, old, new)
    elif one.kind in _FIRM:
        merge.refuse(one, "changes, and both applications would call it by one name")
    elif one.kind in _LATER:
        merge.wait(f"{said(one)} changes", "goes by it as it was")
    else:
        merge.take(one)


def _column(merge: Merge, one: ObjectId, old: Any, new: Any) -> None:
    if (old.type, old.collation) != (new.type, new.collation):
        change = conversion(old.type, new.type)
        if change.rewrites or change.may_fail or old.collation != new.collation:
            what = f"from {old.type} to {new.type}" if old.type != new.type else "its collation"
            merge.refuse(
                one,
                f"changes {what}, and a column that both applications call by one name has one type",
                f"Give it a new name, with `-- renamed from: {old.name}` beside it: both are then kept "
                "in step. Or, if the running application can live with the new type, change it in a "
                "file of its own, without `expand and contract` in the Strategy.",
            )
            return
    if (old.generated, new.generated) != ("", "") and (old.generated, old.default) != (
        new.generated,
        new.default,
    ):
        merge.refuse(one, "is computed otherwise, and is there only once")
        return
    there = new
    if new.not_null and not old.not_null:
        there = msgspec.structs.replace(there, not_null=False, not_null_name="")
        merge.wait(f"{said(one)} is NOT NULL from then on", "writes NULL")
    if old.default and not new.default:
        there = msgspec.structs.replace(there, default=old.default)
        merge.wait(f"the default of {said(one)} goes", "leaves it out")
    if old.identity is not None and new.identity is None:
        there = msgspec.structs.replace(there, identity=old.identity)
    merge.take(one, there)


def _constraint(merge: Merge, one: ObjectId, old: Any, new: Any) -> None:
    if msgspec.structs.replace(old, validated=True) == msgspec.structs.replace(new, validated=True):
        return  # its validation reads what both wrote
    if shapes.alike(merge.carried(old), new):
        merge.copy(one, old, new)
    elif old.type in DEMANDS:
        merge.drop(one)
        merge.wait(f"{said(one)} demands something else", "writes what it forbids")
    else:
        merge.wait(f"{said(one)} changes", "writes what it forbids, or names it in ON CONFLICT")


def _index(merge: Merge, one: ObjectId, old: Any, new: Any) -> None:
    if not (old.unique or new.unique):
        if shapes.alike(merge.carried(old), new):
            merge.copy(one, old, new)
        else:
            merge.take(one)
    elif shapes.alike(merge.carried(old), new):
        merge.copy(one, old, new)
    else:
        merge.wait(f"{said(one)} changes", "writes what it forbids, or names it in ON CONFLICT")


def _policy(merge: Merge, one: ObjectId, old: Any, new: Any) -> None:
    moved = merge.names.of(old.schema, old.table)
    using, check = (shapes.carried_text(each, moved) for each in (old.using, old.check))
    if msgspec.structs.replace(old, using=using, check=check) == new:
        merge.take(one)  # it says the same of either column
    elif merge.before.needs.get(one, frozenset()) & merge.moved.keys():
        merge.refuse(one, "stands on a renamed column and changes besides")
    else:
        merge.wait(f"{said(one)} changes", "goes by it as it was")


def _trigger(merge: Merge, one: ObjectId, *_: Any) -> None:
    if merge.before.needs.get(one, frozenset()) & merge.moved.keys():
        merge.refuse(
            one,
            "watches a renamed column, and would not see a write to the other one",
            "Let it fire for any column (without OF and WHEN) in a change before this one.",
        )
    else:
        merge.take(one)


def _table(merge: Merge, one: ObjectId, old: Any, new: Any) -> None:
    firm = ("form", "partition_key", "partition_of", "bound", "inherits", "of_type", "server")
    if any(getattr(old, each) != getattr(new, each) for each in firm):
        merge.refuse(one, "is partitioned, or put together, otherwise")
        return
    there = new
    for each in ("row_security", "force_row_security"):
        if getattr(new, each) and not getattr(old, each):
            there = msgspec.structs.replace(there, **{each: False})
            merge.wait(f"row security of {said(one)} begins", "reads or writes what it hides")
    merge.take(one, there)


def _view(merge: Merge, one: ObjectId, old: Any, new: Any) -> None:
    if new.columns[: len(old.columns)] == old.columns:
        merge.take(one)
    else:
        merge.refuse(
            one,
            "loses or changes columns, and both applications would call it by one name",
            _BESIDE,
        )


def _enum(merge: Merge, one: ObjectId, old: Any, new: Any) -> None:
    if set(old.values) <= set(new.values):
        merge.take(one)
    else:
        gone = ", ".join(repr(each) for each in old.values if each not in new.values)
        merge.refuse(
            one,
            f"loses {gone}, which rows may hold and the running application may write",
            "Add what takes its place and move the rows first; take it away in a change of its own when "
            "nobody writes it, without `expand and contract` in the Strategy.",
        )


def _function(merge: Merge, one: ObjectId, old: Any, new: Any) -> None:
    if (old.form, old.result, old.names) == (new.form, new.result, new.names):
        merge.take(one)
        merge.notes.append(f"{said(one)} has its new body from now on, for both applications.")
    else:
        merge.refuse(
            one,
            "is called or answers otherwise",
            _BESIDE,
        )


_BY_KIND: Mapping[str, Callable[[Merge, ObjectId, Any, Any], None]] = {
    "column": _column,
    "constraint": _constraint,
    "index": _index,
    "policy": _policy,
    "trigger": _trigger,
    "table": _table,
    "view": _view,
    "enum": _enum,
    "function": _function,
    "materialized view": _view,
}
