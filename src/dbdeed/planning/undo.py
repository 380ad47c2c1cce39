"""Taking a plan back, long after it ran: to the state before it, with the data that the archive still has.

The state that is aimed at is today's, with the objects that the plan changed as they were before it. In a
scratch that state is built, the plan is gone through once more so that the archive is there as it is in the
live database, and from there the way back is planned and proven like any reverse.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dbdeed.errors import Refused
from dbdeed.planning.archive import HERE, Keeper
from dbdeed.planning.forms import never_empty
from dbdeed.planning.joining import as_one
from dbdeed.planning.order import order_changes
from dbdeed.planning.plan import assemble
from dbdeed.planning.proof import rebuild
from dbdeed.planning.reverse import plan_back
from dbdeed.planning.running import require_equal, run_groups
from dbdeed.planning.shown import listed
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Engine, Scratch, Session
    from dbdeed.planning.archive import Entry, Few
    from dbdeed.planning.forms import Empty
    from dbdeed.planning.plan import Plan, Round
    from dbdeed.planning.states import States
    from dbdeed.progress import Progress

_PAST = 1_000_000_000
"""A generation that no plan has: for what a plan of the past keeps in the scratch, and has no more."""


def state_before(current: Catalog, states: States) -> Catalog:
    """Today's catalog with what a plan changed as it was before it.

    Raises `Refused` where somebody has changed the same things since, or built on them.
    """
    changed = states.changed
    touched = [one for one in changed if current.objects.get(one) != states.after.objects.get(one)]
    if touched:
        raise Refused(
            f"The database is no longer what that plan left: {listed(touched)} has changed since.",
            hint="Undo the later plan first (`dbdeed archive` lists them), or change the document and apply.",
            code="undo-touched",
        )
    target = current.taking(states.before, changed)
    gone = {one for one in changed if one not in target.objects}
    built = [
        one
        for one, there in target.objects.items()
        if one not in changed and (target.needs.get(one, frozenset()) & gone or there.parent in gone)
    ]
    if built:
        raise Refused(
            f"{listed(built)} came later and needs what that plan made.",
            hint="Remove it first, or undo the plan that made it.",
            code="undo-touched",
        )
    return target


def plan_undo(
    engine: Engine,
    scratch: Scratch,
    current: Catalog,
    target: Catalog,
    entries: Sequence[Entry],
    *,
    renames: Sequence[Round] = (),
    generation: int,
    empty: Empty = never_empty,
    few: Few = never_empty,
    progress: Progress = SILENT,
) -> Plan:
    """The plan from `current` back to `target`, proven.

    Args:
        engine: of both.
        scratch: where to prove it.
        current: what is there.
        target: `state_before` of the plan that is taken back.
        entries: what that plan put into the archive.
        renames: the rounds that the plan began with.
        generation: under which the archive keeps what this plan removes in turn.
        empty: whether a table of the live database has no rows.
        few: whether it has so few that copying them keeps nobody waiting.
        progress: where to say what is done.

    Raises:
        ProofFailed: it does not lead there.
        Refused: it cannot be proven, because the database needs what no catalog type covers.
    """
    target, current = engine.rebuildable(target), engine.rebuildable(current)
    here = {one.kept.object: one for one in entries if one.state == HERE}
    with progress.step("Proving the way back in a scratch database"), scratch.database() as session:
        rebuild(engine, session, target)
        reached = _renamed(engine, session, renames, target, current)
        keeper = Keeper(engine, _PAST, known=here)
        changes = as_one(order_changes(engine.compare(reached, current).changes, reached, current))
        past = assemble(reached, current, keeper.keeping(changes, reached, current, never_empty))
        run_groups(engine, session, past.groups)
        require_equal(engine, engine.inspect(session), current, past)
        fitting = [here[one.object] for one in keeper.keeps if _fits(here.get(one.object), one)]
        back = plan_back(
            engine,
            session,
            current,
            reached,
            fitting,
            past.destroys,
            renames=renames,
            origin=target,
            generation=generation,
            empty=empty,
            few=few,
        )
    return replace(back, unmodelled=tuple(f"current: {one.kind} {one.name}" for one in current.unmodelled))


def _renamed(
    engine: Engine, session: Session, renames: Sequence[Round], at: Catalog, end: Catalog
) -> Catalog:
    """The scratch after the renames of the past."""
    for one in renames:
        run_groups(engine, session, assemble(at, end, engine.renaming(one, at, end)).groups)
        at = engine.inspect(session)
    return at


def _fits(entry: Entry | None, kept: object) -> bool:
    """Whether the archive has exactly what the scratch shows; anything else stays where it is."""
    return entry is not None and entry.kept == kept
