"""Renames that a plan may have missed: something is destroyed, and something like it is made.

Nothing is guessed: the plan stays as it is, and the offer says which mark would make a rename of it. It is
only made where the evidence is strong and points to one thing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action
from dbdeed.engines.renaming import features

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from dbdeed.engines.catalog import Catalog
    from dbdeed.planning.plan import Plan

_ALIKE = 0.7
"""How much of the larger table's columns must be the other's too."""

_CLEARLY = 0.2
"""By how much no other table may come near."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be one thing under two names.

    Attributes:
        old: goes.
        new: comes; its id is of the target.
        evidence: why it may be the same: "the same type at the same place".
    """

    old: ObjectId
    new: ObjectId
    evidence: str


def offers(plan: Plan, current: Catalog, target: Catalog) -> list[Offer]:
    """What could be renames, in the plan's order; what the plan renames already is left out."""
    renamed = {one.object for one in plan.differences if one.action is Action.RENAME}
    destroyed = set(plan.destroys)
    found = [*_tables(destroyed, renamed, current, target), *_columns(destroyed, renamed, current, target)]
    changed = {one.object for one in plan.differences if one.object.kind == "enum"}
    found += [offer for one in sorted(changed) for offer in _values(one, current, target)]
    return found


def _tables(
    destroyed: set[ObjectId], renamed: set[ObjectId], current: Catalog, target: Catalog
) -> Iterator[Offer]:
    gone = [one for one in current.objects if one.kind == "table" and one in destroyed]
    made = [one for one in target.objects if one.kind == "table" and one not in current.objects]
    made = [one for one in made if one not in renamed]
    if not (gone and made):
        return
    before = {one: frozenset(columns(current, one).items()) for one in gone}
    after = {one: frozenset(columns(target, one).items()) for one in made}
    score = {(old, new): _share(before[old], after[new]) for old in gone for new in made}
    for old in gone:
        new = max(made, key=lambda one: score[old, one])
        rivals = [score[old, one] for one in made if one != new]
        rivals += [score[one, new] for one in gone if one != old]
        best = score[old, new]
        if best >= _ALIKE and best - max(rivals, default=0.0) >= _CLEARLY:
            common = len(before[old] & after[new])
            yield Offer(old, new, f"{common} of its {len(before[old])} columns are the same")


def _share(one: frozenset[Any], other: frozenset[Any]) -> float:
    """What part of the larger one both have; a single column says nothing."""
    common = len(one & other)
    return common / max(len(one), len(other)) if common > 1 else 0.0


def columns(catalog: Catalog, table: ObjectId) -> Mapping[str, Hashable]:
    """A table's columns in order, each with what it looks like."""
    there: Any = catalog.objects.get(table)
    found: Any = [one for one in catalog.children.get(table, ()) if one.id.kind == "column"]
    left_out = frozenset({"schema", "table", "name", "identity", "not_null_name"})
    return {
        one.name: tuple(sorted(features(one, left_out))) for one in found or getattr(there, "columns", ())
    }


def _columns(
    destroyed: set[ObjectId], renamed: set[ObjectId], current: Catalog, target: Catalog
) -> Iterator[Offer]:
    """Columns of one table with the same form after the same neighbour."""
    tables = sorted({one.name[:-1] for one in destroyed if one.kind == "column"})
    for table in (ObjectId("table", name) for name in tables):
        if table not in current.objects or table not in target.objects:
            continue
        before, after = columns(current, table), columns(target, table)
        gone = _placed(before, set(after))
        made = _placed(after, set(before))
        for key, names in gone.items():
            others = made.get(key, [])
            if len(names) == 1 and len(others) == 1:
                new = ObjectId("column", (*table.name, others[0]))
                if new not in renamed:
                    old = ObjectId("column", (*table.name, names[0]))
                    yield Offer(old, new, "the same type at the same place")


def _placed(own: Mapping[str, Hashable], kept: set[str]) -> Mapping[Hashable, list[str]]:
    """What the other side does not have, by its form and the last column before it that stays."""
    found: defaultdict[Hashable, list[str]] = defaultdict(list)
    before = ""
    for name, form in own.items():
        if name in kept:
            before = name
        else:
            found[before, form].append(name)
    return found


def _values(one: ObjectId, current: Catalog, target: Catalog) -> Iterator[Offer]:
    """Values of an enum at the same position, where all others stay."""
    there: Any = current.objects.get(one)
    wanted: Any = target.objects.get(one)
    if there is None or wanted is None or len(there.values) != len(wanted.values):
        return
    differing = [(old, new) for old, new in zip(there.values, wanted.values, strict=True) if old != new]
    if any(old in wanted.values or new in there.values for old, new in differing):
        return
    for old, new in differing if len(differing) * 2 <= len(there.values) else ():
        yield Offer(
            ObjectId("enum value", (*one.name, old)),
            ObjectId("enum value", (*one.name, new)),
            "the same place among its values",
        )
