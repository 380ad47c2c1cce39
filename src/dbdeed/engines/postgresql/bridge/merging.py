"""The state in the middle, object by object: what it has of the state before and what of the one after.

What is added comes first, what demands more of rows waits, what goes waits. A demand that the state after no
longer makes goes first, so that the application from after is not held to it; but a unique key stays as long
as the application from before may name it in ON CONFLICT.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.bridge import shapes
from dbdeed.engines.postgresql.conversion import conversion
from dbdeed.engines.postgresql.online.names import free

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dbdeed.engines.catalog import Catalog, Object

_ON_TABLE = frozenset({"column", "constraint", "index", "policy", "trigger", "rule"})
_LATER = frozenset(
    {"domain", "domain constraint", "privileges", "policy", "default privileges", "owner", "rule"}
)
"""Kinds whose alterations wait: they may take from whoever runs now."""
_FIRM = frozenset({"composite type", "range type", "base type"})
_DEMANDS = frozenset({"check", "foreign"})


_BESIDE = "Make the new one under a name of its own beside it, and let the old one go in a later change."


def fragment(like: Catalog, objects: Mapping[ObjectId, Object], needs: Mapping[ObjectId, Any]) -> Catalog:
    """A few objects as a catalog."""
    found = {one: needs.get(one, frozenset()) for one in objects}
    return replace(like, objects=dict(objects), needs=found, mentions={}, own=frozenset(), unmodelled=())


@dataclass
class Merge:
    """What is decided of the middle.

    Attributes:
        before, target: both states, the former with its tables under their new names.
        moved: columns that are renamed: old id to new id.
    """

    before: Catalog
    target: Catalog
    moved: Mapping[ObjectId, ObjectId]
    notes: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _objects: dict[ObjectId, Any] = field(default_factory=dict)
    _needs: dict[ObjectId, frozenset[ObjectId]] = field(default_factory=dict)
    _given: dict[ObjectId, Any] = field(default_factory=dict)
    _stands_for: dict[ObjectId, ObjectId] = field(default_factory=dict)

    def __post_init__(self) -> None:
        moved: defaultdict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
        for old, new in self.moved.items():
            moved[new.name[:2]][old.name[-1]] = new.name[-1]
        self.names = shapes.Names(moved)

    def middle(self, given: Iterable[Any]) -> Catalog:
        """The catalog; `given` are new columns whose form is decided elsewhere."""
        before, target = self.before, self.target
        self._given = {one.id: one for one in given}
        self._objects, self._needs = dict(before.objects), dict(before.needs)
        for one, old in before.objects.items():
            new = target.objects.get(one)
            if new is None:
                self._going(one, old)
            elif new != old:
                self._altered(one, old, new)
        for one, new in target.objects.items():
            if one not in before.objects:
                self._new(one, new)
        self._needs = {one: self._with_copies(needs) for one, needs in self._needs.items()}
        self._close()
        return replace(
            target, objects=self._objects, needs=self._needs, version=before.version, own=before.own
        )

    def _with_copies(self, needs: frozenset[ObjectId]) -> frozenset[ObjectId]:
        """What refers to a key on the new columns stands on the copy for now."""
        return needs | {self._stands_for[one] for one in needs if one in self._stands_for}

    # What is new

    def _new(self, one: ObjectId, new: Any) -> None:
        if one in self._given:
            self._take(one, self._given[one])
            return
        on_old_table = new.parent in self.before.objects and one.kind in _ON_TABLE
        if not on_old_table:
            self._take(one)
        elif one.kind == "column":
            self._take(one, self._leavable(new))
        elif one.kind == "constraint" or (one.kind == "index" and new.unique):
            if self._harmless(one, new):
                self._take(one)
            else:
                self._wait(f"{_said(one)} is added", "writes what it forbids")
        elif one.kind == "policy" and not new.permissive:
            self._wait(f"{_said(one)} is added", "reads or writes what it hides")
        else:
            self._take(one)

    def _leavable(self, new: Any) -> Any:
        """A new column as an application that does not know it can leave it out."""
        if not new.not_null or new.default or new.generated or new.identity is not None:
            return new
        self._wait(f"{_said(new.id)} is NOT NULL from then on", "leaves it out")
        self.notes.append(
            f"{_said(new.id)} may be NULL until the second half; what leaves it out until then must be "
            "filled by then, or the second half fails. (`-- backfill: EXPRESSION` beside it fills such rows.)"
        )
        return msgspec.structs.replace(new, not_null=False, not_null_name="")

    def _harmless(self, one: ObjectId, new: Any) -> bool:
        """Whether what the application from before writes cannot break it."""
        table = new.parent
        fresh = {
            need
            for need in self.target.needs.get(one, ())
            if need.kind == "column" and need.name[:2] == table.name[:2] and need not in self.before.objects
        }
        own = [ObjectId("column", (*table.name, name)) for name in new.columns if name]
        if self._counterpart(new) is not None:
            return True
        if one.kind == "constraint" and new.type in _DEMANDS:
            plain = [self.target.objects.get(each) for each in own]
            empty = all(each in fresh for each in own) and not any(getattr(c, "default", "") for c in plain)
            return bool(new.type == "foreign" and empty and own)
        if fresh and set(own) & fresh:
            there = [self.target.objects.get(each) for each in own if each in fresh]
            return (
                not any(getattr(c, "default", "") for c in there)
                and "NULLS NOT DISTINCT" not in new.definition
            )
        return self._implied(new)

    def _implied(self, new: Any) -> bool:
        """Whether a unique key is no more than one that is there, and stays, demands already."""
        if (
            not new.columns
            or "" in new.columns
            or getattr(new, "type", "unique") not in ("unique", "primary")
        ):
            return False
        return any(
            one.parent == new.parent and one.columns and set(one.columns) <= set(new.columns)
            for one in self._uniques(new.parent)
        )

    def _uniques(self, table: ObjectId) -> Iterable[Any]:
        for one in self.before.children.get(table, ()):
            there: Any = one
            if there.id.kind == "constraint" and there.type in ("primary", "unique") and not there.deferrable:
                yield shapes.carried_constraint(there, self.names)
            elif there.id.kind == "index" and there.unique and not there.partial and "" not in there.columns:
                yield shapes.carried_index(there, self.names)

    def _counterpart(self, new: Any) -> Any | None:
        """What says the same of the old columns."""
        for one in self.before.children.get(new.parent, ()):
            if one.id.kind == new.id.kind and shapes.alike(self._carried(one), new):
                return one
        return None

    def _carried(self, one: Any) -> Any:
        if one.id.kind == "index":
            return shapes.carried_index(one, self.names)
        return shapes.carried_constraint(one, self.names)

    # What goes

    def _going(self, one: ObjectId, old: Any) -> None:
        if one.kind == "column":
            self._going_column(old)
        elif (
            one.kind == "constraint"
            and old.parent in self.target.objects
            and old.type in _DEMANDS
            and self._kept_in_step(old) is None
        ):
            self._drop(one)
        elif one.kind in ("constraint", "index") and self._kept_in_step(old) is not None:
            return  # it goes with its column
        elif old.parent is None or old.parent in self.target.objects:
            self._wait(f"{_said(one)} goes", "uses it")

    def _kept_in_step(self, old: Any) -> Any | None:
        """What says the same of the new columns in the state after."""
        carried = self._carried(old)
        for one in self.target.children.get(old.parent, ()):
            if one.id.kind == old.id.kind and shapes.alike(carried, one):
                return one
        return None

    def _going_column(self, old: Any) -> None:
        new = self.moved.get(old.id)
        if new is not None:
            becomes: Any = self.target.objects[new]
            if old.not_null and not becomes.not_null:
                self._take(old.id, msgspec.structs.replace(old, not_null=False, not_null_name=""))
            if becomes.not_null and not old.not_null:
                self._wait(f"{_said(new)} is NOT NULL from then on", "writes NULL")
            self._wait(f"{_said(old.id)}, now {new.name[-1]}, goes", "uses it")
            return
        if old.parent not in self.target.objects:
            return
        self._wait(f"{_said(old.id)} goes", "uses it")
        if not old.not_null or old.default or old.generated or old.identity is not None:
            return
        keys = [
            one
            for one in self.before.children.get(old.parent, ())
            if getattr(one, "type", "") == "primary" and old.name in getattr(one, "columns", ())
        ]
        if keys:
            self.refused.append(
                f"{_said(old.id)} goes and is part of the primary key: the application from after would "
                "leave it out, and a key cannot be without a value. Give it a default, or the table a key "
                "without it, in a change before this one."
            )
        self._take(old.id, msgspec.structs.replace(old, not_null=False, not_null_name=""))

    # What changes

    def _altered(self, one: ObjectId, old: Any, new: Any) -> None:
        change = getattr(self, f"_altered_{one.kind.replace(' ', '_')}", None)
        if change is not None:
            change(one, old, new)
        elif one.kind in _FIRM:
            self._refuse(one, "changes, and both applications would call it by one name")
        elif one.kind in _LATER:
            self._wait(f"{_said(one)} changes", "goes by it as it was")
        else:
            self._take(one)

    def _altered_column(self, one: ObjectId, old: Any, new: Any) -> None:
        if (old.type, old.collation) != (new.type, new.collation):
            change = conversion(old.type, new.type)
            if change.rewrites or change.may_fail or old.collation != new.collation:
                what = f"from {old.type} to {new.type}" if old.type != new.type else "its collation"
                self._refuse(
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
            self._refuse(one, "is computed otherwise, and is there only once")
            return
        there = new
        if new.not_null and not old.not_null:
            there = msgspec.structs.replace(there, not_null=False, not_null_name="")
            self._wait(f"{_said(one)} is NOT NULL from then on", "writes NULL")
        if old.default and not new.default:
            there = msgspec.structs.replace(there, default=old.default)
            self._wait(f"the default of {_said(one)} goes", "leaves it out")
        if old.identity is not None and new.identity is None:
            there = msgspec.structs.replace(there, identity=old.identity)
        self._take(one, there)

    def _altered_constraint(self, one: ObjectId, old: Any, new: Any) -> None:
        if msgspec.structs.replace(old, validated=True) == msgspec.structs.replace(new, validated=True):
            return  # its validation reads what both wrote
        if shapes.alike(self._carried(old), new):
            self._copy(one, old, new)
        elif old.type in _DEMANDS:
            self._drop(one)
            self._wait(f"{_said(one)} demands something else", "writes what it forbids")
        else:
            self._wait(f"{_said(one)} changes", "writes what it forbids, or names it in ON CONFLICT")

    def _altered_index(self, one: ObjectId, old: Any, new: Any) -> None:
        if not (old.unique or new.unique):
            if shapes.alike(self._carried(old), new):
                self._copy(one, old, new)
            else:
                self._take(one)
        elif shapes.alike(self._carried(old), new):
            self._copy(one, old, new)
        else:
            self._wait(f"{_said(one)} changes", "writes what it forbids, or names it in ON CONFLICT")

    def _copy(self, one: ObjectId, old: Any, new: Any) -> None:
        """The same on the new columns, under a name for a while: its own is taken until the old one goes."""
        if getattr(old, "partition_of", ()) or getattr(old, "inherited", False):
            return
        if getattr(new, "type", "") == "primary":
            there: Any = shapes.unique_index(new, self._free(new))
            self._objects[there.id] = there
            self._needs[there.id] = self.target.needs.get(one, frozenset())
            self._stands_for[one] = there.id
            return  # the key itself is made when the old one is gone
        there = msgspec.structs.replace(new, name=self._free(new))
        self._objects[there.id] = there
        self._needs[there.id] = self.target.needs.get(one, frozenset())
        if new.id.kind == "constraint" and new.type == "unique":
            self._stands_for[one] = there.id

    def _free(self, new: Any) -> str:
        def taken(name: str) -> bool:
            claims = {("relation", new.schema, name), ("constraint", new.schema, new.table, name)}
            there = (*self._objects.values(), *self.target.objects.values())
            return any(claims & set(each.claims) for each in there)

        return free(new.name, taken)

    def _altered_policy(self, one: ObjectId, old: Any, new: Any) -> None:
        moved = self.names.of(old.schema, old.table)
        using, check = (shapes.carried_text(each, moved) for each in (old.using, old.check))
        if msgspec.structs.replace(old, using=using, check=check) == new:
            self._take(one)  # it says the same of either column
        elif self.before.needs.get(one, frozenset()) & self.moved.keys():
            self._refuse(one, "stands on a renamed column and changes besides")
        else:
            self._wait(f"{_said(one)} changes", "goes by it as it was")

    def _altered_trigger(self, one: ObjectId, *_: Any) -> None:
        if self.before.needs.get(one, frozenset()) & self.moved.keys():
            self._refuse(
                one,
                "watches a renamed column, and would not see a write to the other one",
                "Let it fire for any column (without OF and WHEN) in a change before this one.",
            )
        else:
            self._take(one)

    def _altered_table(self, one: ObjectId, old: Any, new: Any) -> None:
        firm = ("form", "partition_key", "partition_of", "bound", "inherits", "of_type", "server")
        if any(getattr(old, each) != getattr(new, each) for each in firm):
            self._refuse(one, "is partitioned, or put together, otherwise")
            return
        there = new
        for each in ("row_security", "force_row_security"):
            if getattr(new, each) and not getattr(old, each):
                there = msgspec.structs.replace(there, **{each: False})
                self._wait(f"row security of {_said(one)} begins", "reads or writes what it hides")
        self._take(one, there)

    def _altered_view(self, one: ObjectId, old: Any, new: Any) -> None:
        if new.columns[: len(old.columns)] == old.columns:
            self._take(one)
        else:
            self._refuse(
                one,
                "loses or changes columns, and both applications would call it by one name",
                _BESIDE,
            )

    _altered_materialized_view = _altered_view

    def _altered_enum(self, one: ObjectId, old: Any, new: Any) -> None:
        if set(old.values) <= set(new.values):
            self._take(one)
        else:
            gone = ", ".join(repr(each) for each in old.values if each not in new.values)
            self._refuse(
                one,
                f"loses {gone}, which rows may hold and the running application may write",
                "Add what takes its place and move the rows first; take it away in a change of its own when "
                "nobody writes it, without `expand and contract` in the Strategy.",
            )

    def _altered_function(self, one: ObjectId, old: Any, new: Any) -> None:
        if (old.form, old.result, old.names) == (new.form, new.result, new.names):
            self._take(one)
            self.notes.append(f"{_said(one)} has its new body from now on, for both applications.")
        else:
            self._refuse(
                one,
                "is called or answers otherwise",
                _BESIDE,
            )

    # How it is written down

    def _take(self, one: ObjectId, there: Any = None) -> None:
        source = self.target if one in self.target.objects else self.before
        self._objects[one] = source.objects[one] if there is None else there
        self._needs[one] = source.needs.get(one, frozenset())

    def _drop(self, one: ObjectId) -> None:
        self._objects.pop(one)
        self._needs.pop(one, None)

    def _close(self) -> None:
        """What needs something that waits has to wait as well."""
        while lacking := [
            one
            for one, needs in self._needs.items()
            if any(need in self.target.objects and need not in self._objects for need in needs)
        ]:
            for one in lacking:
                if one in self.before.objects and self._objects[one] != self.before.objects[one]:
                    self._objects[one] = self.before.objects[one]
                    self._needs[one] = self.before.needs.get(one, frozenset())
                else:
                    self._drop(one)

    def _wait(self, what: str, who: str) -> None:
        self.waits.append(f"{what}: no application may be left that {who}")

    def _refuse(self, one: ObjectId, why: str, instead: str = "") -> None:
        instead = instead or (
            "Change it in a file of its own, while no application runs that knows it as it was (without "
            "`expand and contract` in the Strategy)."
        )
        self.refused.append(f"{_said(one)} {why}. {instead}")


def _said(one: ObjectId) -> str:
    return f"{one.kind} {'.'.join(one.name)}"
