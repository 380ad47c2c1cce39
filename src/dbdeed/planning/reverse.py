"""The way back: from where a plan ends to where it began, with what the archive has of it.

It is made and proven in the scratch in which the plan has just run, so that what the plan kept is there too.
First everything is made as it was but for tables and columns that return, and what needs them; then these
come back with their rows; then what is left to do is planned from what the engine reads, and last counts and
converted values return. Like any plan it keeps in the archive what it removes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action, Change, Detail, Form
from dbdeed.planning.archive import RETURNED, Entry, Keeper, marked
from dbdeed.planning.forms import never_empty
from dbdeed.planning.joining import as_one
from dbdeed.planning.order import order_changes
from dbdeed.planning.plan import Data, Return, assemble, joined
from dbdeed.planning.running import require_equal, run_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from dbdeed.engines.catalog import Catalog, Object
    from dbdeed.engines.change import Kept, Step
    from dbdeed.engines.seam import Engine, Returning, Session
    from dbdeed.planning.archive import Few
    from dbdeed.planning.forms import Empty
    from dbdeed.planning.plan import Plan, Round

_ABSENT = frozenset({Form.MOVED, Form.VALUES})
_DATA = frozenset({"table", "column", "sequence"})


def plan_back(
    engine: Engine,
    session: Session,
    after: Catalog,
    before: Catalog,
    entries: Sequence[Entry],
    destroyed: Iterable[ObjectId],
    *,
    renames: Sequence[Round] = (),
    origin: Catalog | None = None,
    generation: int,
    empty: Empty = never_empty,
    few: Few = never_empty,
) -> Plan:
    """The plan from `after` to `before`, proven; the scratch ends there.

    Args:
        engine: of both.
        session: to a scratch that is at `after`, with everything of `entries` in its archive.
        after: where the plan ended.
        before: where it began, or what its renames left.
        entries: of the archive, what may return.
        destroyed: what the plan removed, kept or not.
        renames: the rounds that it began with; they are taken back last.
        origin: where it began, if there are any.
        generation: under which the archive keeps what this plan removes in turn.
        empty: whether a table of the live database has no rows.
        few: whether it has so few that copying them keeps nobody waiting.

    Raises:
        ProofFailed: it does not lead back.
    """
    keeper = Keeper(engine, generation)
    entries = sorted(entries, key=lambda one: one.kept.form is not Form.MOVED)  # tables before their columns
    looks = [(one, engine.returning([one.kept], before, after, after)) for one in entries]
    early = _arranged(engine, session, after, [(one, gift.early) for one, gift in looks])
    meanwhile = {there.id: there for _, gift in looks for there in gift.meanwhile}
    for entry, gift in looks:
        meanwhile |= {one.id: one for one in gift.meanwhile if one.id == entry.kept.object}
    away = _without(before, after, [one.kept for one in entries], meanwhile.keys())
    away = _meanwhile(away, after, meanwhile.values())
    first = _run(engine, session, after, away, keeper, (empty, few))
    gifts = _gifts(engine, entries, before, engine.inspect(session), after)
    back = _arranged(engine, session, away, [(entry, gift.first) for entry, gift in gifts])
    rest = _run(engine, session, engine.inspect(session), before, keeper, (never_empty, never_empty))
    last = _arranged(engine, session, before, [(entry, gift.last) for entry, gift in gifts])
    require_equal(engine, engine.inspect(session), before, rest)
    named = renamed_back(engine, session, renames, before, origin or before)
    whole = joined(joined(early, first), joined(back, joined(rest, joined(last, named))))
    return replace(
        whole,
        current=first.current,
        target=named.target,
        unmodelled=rest.unmodelled,
        generation=generation if keeper.keeps else 0,
        returns=tuple(_returns(entries, destroyed)),
        proven=True,
    )


def renamed_back(
    engine: Engine, session: Session, renames: Sequence[Round], at: Catalog, origin: Catalog
) -> Plan:
    """The old names again, the last round first."""
    whole = assemble(at, at, ())
    for one in reversed(renames):
        changes = engine.renaming([(new, old) for old, new in one], at, origin)
        plan = assemble(at, origin, changes)
        run_groups(engine, session, plan.groups)
        at = engine.inspect(session)
        whole = joined(whole, plan)
    require_equal(engine, at, origin, whole)
    return whole


def _without(
    before: Catalog, after: Catalog, kept: Sequence[Kept], meanwhile: AbstractSet[ObjectId]
) -> Catalog:
    """What it shall be like before anything returns: `before` without that, and without what needs it.

    What holds data and is there stays as it is; only its needs were gone meanwhile.
    """
    gone: set[ObjectId] = set()
    parts: set[ObjectId] = set()  # what returns itself, under its own name
    stays: set[ObjectId] = set()
    for one in kept:
        stays_in_part = one.object in meanwhile
        if one.form not in _ABSENT and not stays_in_part:
            continue
        if one.object in before.objects:
            gone |= _with_dependents(before, one.object)
            parts |= set() if stays_in_part else _with_parts(before, {one.object})
        else:  # a part of a table that is no object of its own
            table = ObjectId("table", one.object.name[:-1])
            if table in before.objects:
                stays |= _with_dependents(before, table)
    stays |= {one for one in gone - parts if one.kind in _DATA and one in after.objects}
    there = (before.objects.keys() - gone) | (stays & after.objects.keys())
    # What is of the same name now, and needs what goes: an index that was on another table.
    other = {one for one in stays if not after.needs.get(one, frozenset()) <= there and one.kind not in _DATA}
    nothing = replace(before, objects={}, needs={})
    came = _come(before, after, stays - other)
    return before.taking(nothing, (gone - stays) | other).taking(after, (stays - other) | came)


def _come(before: Catalog, after: Catalog, stays: set[ObjectId]) -> set[ObjectId]:
    """What stays a while because something that stays as it is needs it: a type that was not there before."""
    found: set[ObjectId] = set()
    waiting = [*stays]
    for one in waiting:
        needs = after.needs.get(one, frozenset()) - before.objects.keys() - stays - found
        fresh = [need for need in sorted(needs) if need in after.objects]
        found.update(fresh)
        waiting += fresh
    return found


def _meanwhile(away: Catalog, after: Catalog, there: Iterable[Object]) -> Catalog:
    """With objects that have another form for a while, and without what stands on them."""
    nothing = replace(away, objects={}, needs={})
    for one in there:
        if one.parent not in away.objects:
            continue
        needing = away.dependents([one.id])
        computed = {other for other in away.needed_by.get(one.id, ()) if other.name[:-1] == one.id.name[:-1]}
        fallen = {other for other in needing if other.kind not in _DATA or (other in computed)}
        away = away.taking(nothing, _with_parts(away, fallen))
        needs = after.needs.get(one.id, frozenset()) & away.objects.keys()
        away = replace(away, objects={**away.objects, one.id: one}, needs={**away.needs, one.id: needs})
    return away


def _with_dependents(catalog: Catalog, root: ObjectId) -> frozenset[ObjectId]:
    """An object, what needs it, and the parts of all these."""
    return _with_parts(catalog, {root, *catalog.dependents([root])})


def _with_parts(catalog: Catalog, roots: set[ObjectId]) -> frozenset[ObjectId]:
    found = set(roots)
    waiting = list(found)
    for one in waiting:
        parts = [child.id for child in catalog.children.get(one, ()) if child.id not in found]
        found.update(parts)
        waiting += parts
    return frozenset(found)


def _gifts(
    engine: Engine, entries: Sequence[Entry], before: Catalog, reached: Catalog, after: Catalog
) -> list[tuple[Entry, Returning]]:
    """What each entry gives, and that it is marked as returned with its last step."""
    found = []
    for entry in entries:
        gift = engine.returning([entry.kept], before, reached, after)
        done = marked(engine, entry, RETURNED)
        if gift.last:
            gift = replace(gift, last=(*gift.last, done))
        else:
            gift = replace(gift, first=(*gift.first, done))
        found.append((entry, gift))
    return found


def _run(
    engine: Engine,
    session: Session,
    start: Catalog,
    end: Catalog,
    keeper: Keeper,
    asked: tuple[Empty, Few],
) -> Plan:
    """Plan one part of the way, and go it in the scratch."""
    changes = as_one(order_changes(engine.compare(start, end).changes, start, end))
    empty, few = asked
    plan = assemble(start, end, keeper.keeping(changes, start, end, few), empty)
    run_groups(engine, session, plan.groups)
    return plan


def _arranged(
    engine: Engine, session: Session, at: Catalog, gives: Sequence[tuple[Entry, tuple[Step, ...]]]
) -> Plan:
    """What returns, as a plan of its own."""
    plan = assemble(at, at, [_return(entry, at, steps) for entry, steps in gives if steps])
    run_groups(engine, session, plan.groups)
    return plan


def _return(entry: Entry, at: Catalog, steps: tuple[Step, ...]) -> Change:
    one = entry.kept.object
    told = Detail("data", f"in the archive as {entry.kept.place}", "back")
    return Change(Action.ALTER, one, at.objects.get(one), at.objects.get(one), steps, details=(told,))


def _returns(entries: Sequence[Entry], destroyed: Iterable[ObjectId]) -> Iterable[Return]:
    data = {Form.VALUES: Data.KNOWN, Form.CHANGED: Data.KNOWN}
    found = {one.kept.object: data.get(one.kept.form, Data.ALL) for one in entries}
    yield from (Return(one, how) for one, how in found.items())
    yield from (Return(one, Data.NONE) for one in dict.fromkeys(destroyed) if one not in found)
