"""Two applications on one database: the state in which both that from before and that from after work."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.postgresql.alike import renamed_alike
from dbdeed.engines.postgresql.bridge import alias, counting, syncing
from dbdeed.engines.postgresql.bridge.adding import add
from dbdeed.engines.postgresql.bridge.altering import alter
from dbdeed.engines.postgresql.bridge.going import let_go
from dbdeed.engines.postgresql.bridge.merging import Merge, fragment
from dbdeed.engines.postgresql.inspect import inspect
from dbdeed.engines.postgresql.online.key import using
from dbdeed.engines.postgresql.writing import exclusive
from dbdeed.engines.seam import Bridge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.change import Step
    from dbdeed.engines.seam import Backfill, Session

_BY_NAME = frozenset({"table", "column"})


def bridge(
    session: Session,
    target: Catalog,
    renames: Sequence[tuple[ObjectId, ObjectId]],
    backfills: Mapping[ObjectId, Backfill],
) -> Bridge:
    """See `Engine.bridge`."""
    before, notes = _called_alike(session, inspect(session), target)
    tables = {new: old for old, new in renames if new.kind == "table"}
    moved = {old: new for old, new in renames if new.kind == "column" and _apart(old, new, before, target)}
    merge = Merge(before, target, moved, notes)
    merge.refused += _unknown(renames)
    pairs = [one for old, new in moved.items() if (one := syncing.pair_of(old, new, merge)) is not None]
    given = list(syncing.given(before, target, moved, backfills))
    merge.refused += alias.refusals(tables, before, target)
    if merge.refused:
        return Bridge(before, refusals=tuple(merge.refused))
    made = syncing.made(pairs, given, before)
    made.run(session)
    alias.run(tables, before, session)
    counting.plain(session, pairs)
    after = inspect(session)
    counters = list(counting.counters(pairs, after, target))
    aliases = _added(before, after, alias.ids(tables, after))
    scaffold = _added(before, after, made.ids)
    columns = syncing.columns(pairs, given)
    middle = _middle(merge, columns.final, counters, after)
    middle = middle.taking(aliases, aliases.objects).taking(scaffold, scaffold.objects)
    if merge.refused:
        return Bridge(before, refusals=tuple(merge.refused))
    opening, closing = _openings(columns, scaffold, before, middle, pairs, counters)
    keys = merge.standing_for_keys()
    if keys and closing:  # before the key itself goes back to the old columns
        indexes = {one.id: one for _, one in keys}
        closing = (*closing, fragment(middle, indexes, middle.needs))
    return Bridge(
        middle,
        opening=opening,
        fills=tuple(syncing.fills(pairs, given)),
        synced=tuple((one.old.id, one.new.id) for one in pairs),
        keeping=frozenset(scaffold.objects),
        handover=counting.handover(counters, after),
        keys=tuple(_taken_over(key, index) for key, index in keys if _simple(key)),
        closing=closing,
        refills=tuple(syncing.refills(pairs)),
        aliases=aliases if tables else None,
        notes=tuple(merge.notes),
        waits=tuple(merge.waits),
    )


def _called_alike(session: Session, before: Catalog, target: Catalog) -> tuple[Catalog, list[str]]:
    """What is only called otherwise has its new name: indexes and keys, and counters, which is told."""
    _, renames = renamed_alike(before, target)
    notes = []
    for change in renames:
        for step in change.steps:
            session.execute(step.sql)
        (said,) = change.details
        if change.id.kind == "sequence" or said.attribute == "sequence":
            notes.append(
                f"The counter {said.old} is called {said.new} from now on: neither application may ask it "
                "for numbers by its old name (an INSERT that leaves the column out does not)."
            )
    return inspect(session) if renames else before, notes


def _apart(old: ObjectId, new: ObjectId, before: Catalog, target: Catalog) -> bool:
    """Whether it is a column of its own that is renamed: what a table above has is renamed there."""
    return old in before.objects and new in target.objects


def _unknown(renames: Sequence[tuple[ObjectId, ObjectId]]) -> list[str]:
    return [
        f"{old.kind} {'.'.join(old.name)} is renamed to {new.name[-1]}, and cannot have two names. Rename it "
        "in a change of its own, while no application that knows it runs (without `expand and contract` in "
        "the Strategy); or make a new one beside it, and let the old one go in a later change."
        for old, new in renames
        if new.kind not in _BY_NAME
    ]


def _added(before: Catalog, after: Catalog, ids: frozenset[ObjectId]) -> Catalog:
    """What is there now of these, with what is part of it."""
    found = set(ids)
    waiting = list(ids)
    for one in waiting:
        parts = [child.id for child in after.children.get(one, ()) if child.id not in found]
        found.update(parts)
        waiting += parts
    new = {one for one in found if one in after.objects and one not in before.objects}
    return fragment(after, {one: after.objects[one] for one in new}, after.needs)


def _simple(key: Any) -> bool:
    """Whether the index that stands for it is all that it takes."""
    plain = not (key.on_partitioned or key.partition_of or key.index_options or key.tablespace)
    return plain and tuple(key.names) == tuple(key.columns)


def _taken_over(key: Any, index: Any) -> Step:
    sql = f"ALTER TABLE {key.table_sql} ADD {using(key, index.name)}"
    return exclusive(sql, index.id)


def _openings(
    columns: syncing.Columns,
    scaffold: Catalog,
    before: Catalog,
    middle: Catalog,
    pairs: Sequence[syncing.Pair],
    counters: Sequence[counting.Counter],
) -> tuple[tuple[Catalog, ...], tuple[Catalog, ...]]:
    """First bare columns, then their defaults and what keeps them in step, in one transaction."""
    if not pairs and not scaffold.objects:
        return (), ()
    needs = {**before.needs, **middle.needs}
    bare = fragment(middle, {one.id: one for one in columns.bare}, needs)
    kept = fragment(middle, {**{one.id: one for one in columns.defaulted}, **scaffold.objects}, needs)
    old: list[Any] = [middle.objects[one.old.id] for one in pairs]
    without = [syncing.bare_form(one) for one in old]
    with_default = [msgspec.structs.replace(one, not_null=False, not_null_name="") for one in old]
    again = fragment(middle, {one.id: one for one in without}, needs)
    counted = {
        each: middle.objects[each]
        for one in counters
        for each in (one.new.id, *((one.own.id,) if one.own is not None else ()))
    }
    kept_back = {**{one.id: one for one in with_default}, **counted, **scaffold.objects}
    back = fragment(middle, kept_back, needs)
    return (bare, kept), (again, replace(back, version=middle.version))


def _middle(
    merge: Merge, given: Iterable[Any], counters: Iterable[counting.Counter], after: Catalog
) -> Catalog:
    """The catalog; the form of new columns, and of old ones that count, is decided elsewhere."""
    before, target = merge.before, merge.target
    merge.given = {one.id: one for one in given}
    merge.objects, merge.needs = dict(before.objects), dict(before.needs)
    for one, old in before.objects.items():
        new = target.objects.get(one)
        if new is None:
            let_go(merge, one, old)
        elif new != old:
            alter(merge, one, old, new)
    for one, new in target.objects.items():
        if one not in before.objects:
            add(merge, one, new)
    counting.settle(merge, counters, after)
    merge.needs = {one: merge.with_copies(needs) for one, needs in merge.needs.items()}
    merge.keep_names_apart()
    merge.close()
    return replace(target, objects=merge.objects, needs=merge.needs, version=before.version, own=before.own)
