"""The way of expand and contract, gone in a scratch, each part planned from what the engine then reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbdeed.engines.change import Action, Change, HazardKind
from dbdeed.errors import InvalidInput
from dbdeed.planning.archive import Keeper, entries_of
from dbdeed.planning.forms import never_empty
from dbdeed.planning.joining import as_one
from dbdeed.planning.order import order_changes
from dbdeed.planning.plan import Plan, assemble, joined
from dbdeed.planning.reverse import plan_back, renamed_back
from dbdeed.planning.running import ProofFailed, require_equal, run_groups
from dbdeed.planning.shown import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.change import Step
    from dbdeed.engines.seam import Bridge, Engine, Handover, Session
    from dbdeed.planning.plan import Round


@dataclass(frozen=True, slots=True)
class Way:
    """How both halves are gone in a scratch, each part planned from what the engine reads after the last."""

    engine: Engine
    target: Catalog
    bridge: Bridge
    rounds: Sequence[Sequence[Change]]
    online: bool

    def expand(self, session: Session, current: Catalog, generation: int) -> tuple[Plan, Catalog, Catalog]:
        """The first half; what its renames leave; and the middle as it then is."""
        engine, bridge = self.engine, self.bridge
        whole = assemble(current, current, ())
        for changes in self.rounds:
            plan = assemble(current, self.target, changes)
            run_groups(engine, session, plan.groups)
            whole = joined(whole, plan)
        renamed = engine.inspect(session)
        if bridge.aliases is not None:
            whole = joined(whole, self._put(session, bridge.aliases))
        for one in bridge.opening:
            whole = joined(whole, self._put(session, one))
        whole = joined(whole, self._filled(session, bridge.fills))
        there = engine.inspect(session)
        rest = self._leg(session, there, bridge.middle, Keeper(engine, generation))
        reached = engine.inspect(session)
        require_equal(engine, reached, bridge.middle, rest)
        whole = replace(
            joined(whole, rest),
            current=current.digest,
            target=reached.digest,
            unmodelled=_unmodelled(current),
            proven=True,
            renames=self._rounds,
        )
        return replace(whole, generation=generation if whole.keeps else 0), renamed, reached

    @property
    def _rounds(self) -> tuple[Round, ...]:
        return tuple(tuple(pairs_of(one)) for one in self.rounds)

    def contract(self, session: Session, there: Catalog, generation: int) -> Plan:
        """The second half."""
        engine, target = self.engine, self.target
        keeper = Keeper(engine, generation)
        first = self._cleared(session, [old for old, _ in self.bridge.synced], self.bridge.handover)
        first = joined(first, self._filled(session, self.bridge.keys))
        rest = self._leg(session, engine.inspect(session), target, keeper)
        require_equal(engine, engine.inspect(session), target, rest)
        return replace(
            joined(first, rest),
            current=there.digest,
            target=target.digest,
            unmodelled=_unmodelled(there),
            proven=True,
            generation=generation if keeper.keeps else 0,
        )

    def contract_back(self, session: Session, plan: Plan, there: Catalog, generation: int) -> Plan:
        """From the end to the middle: first what keeps both in step, then the rows' values, then the rest."""
        engine = self.engine
        reached = engine.inspect(session)
        whole = assemble(reached, reached, ())
        if self.bridge.handover is not None:
            whole = joined(whole, self._counting(session, self.bridge.handover))
        for one in self.bridge.closing:
            whole = joined(whole, self._put(session, one))
        whole = joined(whole, self._filled(session, self.bridge.refills))
        rest = plan_back(
            engine,
            session,
            engine.inspect(session),
            engine.rebuildable(engine.lasting(there)),
            entries_of(plan),
            plan.destroys,
            generation=generation,
        )
        back = joined(whole, rest)
        return replace(back, current=plan.target, target=plan.current, proven=True)

    def expand_back(
        self,
        session: Session,
        plan: Plan,
        there: Catalog,
        before: tuple[Catalog, Catalog],
        generation: int,
    ) -> Plan:
        """From the middle to the beginning; `before` is what its renames left, and where it began."""
        engine, aliases = self.engine, self.bridge.aliases
        renamed, origin = (engine.rebuildable(engine.lasting(one)) for one in before)
        if aliases is not None:  # who uses an old name goes on to, until the table has it again
            renamed = renamed.taking(aliases, aliases.objects)
        first = self._cleared(session, [new for _, new in self.bridge.synced], aliases=False)
        rest = plan_back(
            engine,
            session,
            engine.inspect(session),
            renamed,
            entries_of(plan),
            plan.destroys,
            generation=generation,
        )
        last = self._cleared(session, ())
        named = renamed_back(engine, session, plan.renames, engine.inspect(session), origin)
        back = replace(joined(first, rest), target=renamed.digest)
        whole = joined(back, joined(last, named))
        return replace(
            whole,
            current=there.digest,
            target=plan.current,
            unmodelled=rest.unmodelled,
            generation=rest.generation,
            returns=rest.returns,
            proven=True,
        )

    def renames(
        self, current: Catalog, target: Catalog, left: Sequence[tuple[ObjectId, ObjectId]]
    ) -> list[Change]:
        """All of them, as changes, to find rows again."""
        columns = self.engine.renaming(list(left), current, target) if left else []
        return [*(change for one in self.rounds for change in one), *columns]

    # Parts of the way

    def _leg(self, session: Session, start: Catalog, end: Catalog, keeper: Keeper | None) -> Plan:
        """To a catalog; what lives on elsewhere is neither kept nor counted as destroyed."""
        engine = self.engine
        changes = order_changes(engine.compare(start, end).changes, start, end)
        living = frozenset(one for pair in self.bridge.synced for one in pair)
        changes = as_one([_unharmed(change, living) for change in changes])
        if keeper is not None:
            changes = keeper.keeping(changes, start, end, never_empty)
        plan = assemble(start, end, changes, online=self.online)
        run_groups(engine, session, plan.groups)
        return plan

    def _counting(self, session: Session, handover: Handover) -> Plan:
        """The way back: the new columns count by what the old ones counted by."""
        first = self._filled(session, handover.locks)
        there = self.engine.inspect(session)
        nothing = replace(there, objects={}, needs={})
        end = there.taking(nothing, handover.after)
        for one in (handover.columns, handover.counters):
            end = end.taking(one, one.objects)
        return joined(first, self._leg(session, there, end, None))

    def _cleared(
        self,
        session: Session,
        columns: Iterable[ObjectId],
        handover: Handover | None = None,
        *,
        aliases: bool = True,
    ) -> Plan:
        """Without what kept two columns in step, and without one of the two.

        What stands on the column goes first. Then both go in one transaction: a trigger that names a column
        that is gone would fail, and a column that nobody fills might have to be filled. So the other one
        takes over in that transaction what the column counted by.
        """
        bridge, there = self.bridge, self.engine.inspect(session)
        ids = {*columns, *bridge.keeping}
        if aliases and bridge.aliases is not None:
            ids |= bridge.aliases.objects.keys()
        own = _with_parts(there, {one for one in ids if one in there.objects})
        without = _with_parts(there, own | there.dependents(own)) - own
        nothing = replace(there, objects={}, needs={})
        first = self._leg(session, there, there.taking(nothing, without), None)
        if handover is None:
            there = self.engine.inspect(session)
            return joined(first, self._leg(session, there, there.taking(nothing, own), None))
        first = joined(first, self._filled(session, handover.locks))
        # Or the counters would go with their columns.
        first = joined(first, self._put(session, handover.counters))
        there = self.engine.inspect(session)
        end = there.taking(nothing, own - handover.counters.objects.keys())
        end = end.taking(handover.columns, handover.columns.objects)
        first = joined(first, self._leg(session, there, end, None))
        there = self.engine.inspect(session)
        counting = {*handover.columns.objects, *handover.counters.objects, *handover.after}
        return joined(first, self._leg(session, there, there.taking(self.target, counting), None))

    def _put(self, session: Session, fragment: Catalog) -> Plan:
        """A few objects more."""
        there = self.engine.inspect(session)
        return self._leg(session, there, there.taking(fragment, fragment.objects), None)

    def _filled(self, session: Session, steps: Sequence[Step]) -> Plan:
        there = self.engine.inspect(session)
        changes = [_filling(one, there) for one in steps]
        plan = assemble(there, there, changes)
        try:
            run_groups(self.engine, session, plan.groups)
        except ProofFailed as fault:
            raise InvalidInput(
                f"The rows cannot be given their values: {one_line(fault.message)}",
                hint="A `-- backfill:` may name columns that the table has before and after.",
                code="backfill",
            ) from fault
        return plan


def _with_parts(catalog: Catalog, ids: AbstractSet[ObjectId]) -> set[ObjectId]:
    found, waiting = set(ids), list(ids)
    for one in waiting:
        parts = [child.id for child in catalog.children.get(one, ()) if child.id not in found]
        found.update(parts)
        waiting += parts
    return found


def _unharmed(change: Change, living: frozenset[ObjectId]) -> Change:
    """Without saying that what lives on in another column is destroyed."""
    if not any(living.intersection(step.destroys) for step in change.steps):
        return change
    return replace(change, steps=tuple(_step_unharmed(step, living) for step in change.steps))


def _step_unharmed(step: Step, living: frozenset[ObjectId]) -> Step:
    destroys = tuple(one for one in step.destroys if one not in living)
    hazards = tuple(one for one in step.hazards if destroys or one.kind is not HazardKind.DESTROYS)
    return replace(step, destroys=destroys, hazards=hazards)


def _filling(step: Step, there: Catalog) -> Change:
    one = there.objects.get(step.object)
    return Change(Action.ALTER, step.object, one, one, (step,))


def _unmodelled(catalog: Catalog) -> tuple[str, ...]:
    return tuple(f"current: {one.kind} {one.name}" for one in catalog.unmodelled)


def pairs_of(changes: Iterable[Change]) -> list[tuple[ObjectId, ObjectId]]:
    return [(change.was, change.id) for change in changes if change.was is not None]
