"""Expand and contract: one plan in two halves, between which two applications work with the database.

The first half leads to a state in the middle that both the application from before and the one from after can
read and write, with what they call differently kept in step. The second half takes away what only the former
needs. The engine says what the middle is (`Engine.bridge`); here both halves are planned, run one after the
other in one scratch, and taken back there.

    before --expand--> middle --contract--> after
           <---------         <-----------
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbdeed.engines.change import Action, Change, HazardKind
from dbdeed.engines.uncollected import uncollected
from dbdeed.errors import DbdeedError, InvalidInput, Refused
from dbdeed.planning.archive import Keeper, entries_of
from dbdeed.planning.forms import never_empty
from dbdeed.planning.order import order_changes
from dbdeed.planning.plan import Plan, assemble, joined
from dbdeed.planning.proof import rebuild
from dbdeed.planning.reverse import plan_back, renamed_back
from dbdeed.planning.running import ProofFailed, require_equal, run_groups
from dbdeed.planning.samples import lost, put_in
from dbdeed.planning.shown import one_line
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.change import Step
    from dbdeed.engines.seam import Bridge, Engine, Scratch, Session, Statement
    from dbdeed.planning.plan import Round
    from dbdeed.progress import Progress

_FIRST = frozenset({"table", "index", "constraint", "statistics", "trigger", "policy", "rule"})
"""Kinds that are renamed at once: a table's old name is kept, the others no application knows."""

_HOLD_NOTHING = frozenset({"view", "materialized view", "function", "aggregate", "view column"})
"""Kinds that are made anew beside the old one, and whose old one goes later, rather than renamed."""

_MOST_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Phases:
    """Both halves, proven.

    Attributes:
        expand: empty where nothing has to come before the second half.
        contract: empty where the first half is all there is.
        middle: the state between them.
        notes: what a person must know before the first half runs, a sentence each.
        waits: what must be so before the second half runs, a sentence each.
    """

    expand: Plan
    contract: Plan
    middle: Catalog
    notes: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()


@uncollected()
def split(
    engine: Engine,
    current: Catalog,
    target: Catalog,
    statements: Sequence[Statement],
    scratch: Scratch,
    *,
    samples: Sequence[Statement] = (),
    online: bool = True,
    generation: int = 0,
    progress: Progress = SILENT,
) -> Phases:
    """Both halves of what leads from `current` to `target`.

    Args:
        engine: of both catalogs.
        current: what is there.
        target: what shall be.
        statements: of the target's document, for the renames and values for rows that they declare.
        scratch: where the middle is read and both halves are proven.
        samples: the document's sample rows, which must survive both.
        online: tables with rows are changed while others go on.
        generation: of the archive, for the first half; the next three are taken as well; 0 to keep nothing.
        progress: where to say what is done.

    Raises:
        Refused: there is no state that both applications could work with; the hint says what else to do.
    """
    if current.objects == target.objects:
        nothing = replace(assemble(current, target, ()), proven=True)
        return Phases(nothing, nothing, target)
    with progress.step("Finding the state that both applications can work with"):
        values = engine.backfills(target, statements)
        with scratch.database() as session:
            rebuild(engine, session, current)
            rounds, left = _first_renames(engine, session, current, target, statements)
            pairs = [pair for one in rounds for pair in _pairs(one) if pair[1].kind == "table"]
            bridge = engine.bridge(session, target, [*pairs, *left], values)
    if bridge.refusals:
        raise _refused(bridge.refusals)
    way = _Way(engine, target, bridge, rounds, online)
    try:
        phases = _proven(way, current, scratch, samples, left, generation, progress)
    except ProofFailed as fault:
        if samples:
            split(engine, current, target, statements, scratch, online=online)  # raises if it is not they
            raise Refused(
                f"The document's sample rows do not survive both halves, so rows like them would not either. "
                f"{fault.message}",
                hint="Say what rows shall have (`-- backfill: EXPRESSION`, a default), or correct these.",
                code="sample-rows",
            ) from fault
        raise Refused(
            f"The Strategy is expand and contract, and no state in between could be built: {fault.message}",
            hint="Make the parts of this change one after the other, each in a change of its own; or take "
            "`expand and contract` out of the Strategy for it.",
            code="strategy",
        ) from fault
    return replace(phases, notes=_told(bridge.notes), waits=_told(bridge.waits))


def _proven(
    way: _Way,
    current: Catalog,
    scratch: Scratch,
    samples: Sequence[Statement],
    left: Sequence[tuple[ObjectId, ObjectId]],
    generation: int,
    progress: Progress,
) -> Phases:
    """Both halves, run one after the other in one scratch, and taken back there."""
    engine, target = way.engine, way.target
    with progress.step("Proving both halves in a scratch database"), scratch.database() as session:
        rebuild(engine, session, current)
        carried = put_in(engine, session, samples, current, never_empty)
        expand, renamed, there = way.expand(session, current, generation)
        contract = way.contract(session, there, generation + 1 if generation else 0)
        if problems := lost(engine, session, carried, current, target, way.renames(current, target, left)):
            raise ProofFailed("; ".join(problems[:5]) + ".")
        if generation:
            contract = _with_way_back(contract, way.contract_back, session, there, generation + 2)
            if not contract.irreversible:
                expand = _with_way_back(
                    expand, way.expand_back, session, there, (renamed, current), generation + 3
                )
    return Phases(expand, contract, there)


def _told(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(one_line, dict.fromkeys(sentences)))


def _refused(refusals: Sequence[str]) -> Refused:
    more = f" (and {len(refusals) - 1} more)" if len(refusals) > 1 else ""
    said, _, instead = one_line(refusals[0]).partition(". ")
    return Refused(
        f"The Strategy is expand and contract, and there is no state in between: {said}.{more}",
        hint=instead,
        code="strategy",
    )


def _pairs(changes: Iterable[Change]) -> list[tuple[ObjectId, ObjectId]]:
    return [(change.was, change.id) for change in changes if change.was is not None]


def _first_renames(
    engine: Engine, session: Session, current: Catalog, target: Catalog, statements: Sequence[Statement]
) -> tuple[list[list[Change]], list[tuple[ObjectId, ObjectId]]]:
    """Renames that come first, made in the scratch, round by round; and those that are left."""
    reached, rounds = current, list[list[Change]]()
    if not any(statement.renamed_from for statement in statements):
        return rounds, []
    while len(rounds) < _MOST_ROUNDS:
        renames = engine.rename_steps(reached, target, statements)
        chosen = [one for one in renames if one.id.kind in _FIRST]
        if not chosen:
            left = [pair for pair in _pairs(renames) if pair[1].kind not in _HOLD_NOTHING]
            return rounds, left
        if taken := [one for change in chosen for one in _taken(change, reached, target)]:
            raise _refused(taken)
        run_groups(engine, session, assemble(reached, target, chosen).groups)
        reached = engine.inspect(session)
        rounds.append(chosen)
    raise ProofFailed("The declared renames come to no end.")


def _taken(change: Change, reached: Catalog, target: Catalog) -> Iterator[str]:
    """What says that a table's new name is another's, which the application from before knows by it."""
    new = target.objects.get(change.id)
    if change.id.kind == "table" and new is not None and reached.claimed.intersection(new.claims):
        yield (
            f"table {'.'.join(change.id.name)} gets a name that something else has. Give it another one, or "
            "let the other one go in a change before this one."
        )


@dataclass(frozen=True, slots=True)
class _Way:
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
        return tuple(tuple(_pairs(one)) for one in self.rounds)

    def contract(self, session: Session, there: Catalog, generation: int) -> Plan:
        """The second half."""
        engine, target = self.engine, self.target
        keeper = Keeper(engine, generation)
        first = self._cleared(session, [old for old, _ in self.bridge.synced])
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
        changes = [_unharmed(change, living) for change in changes]
        if keeper is not None:
            changes = keeper.keeping(changes, start, end, never_empty)
        plan = assemble(start, end, changes, online=self.online)
        run_groups(engine, session, plan.groups)
        return plan

    def _cleared(self, session: Session, columns: Iterable[ObjectId], *, aliases: bool = True) -> Plan:
        """Without what kept two columns in step, and without one of the two.

        What stands on the column goes first. Then both go in one transaction: a trigger that names a column
        that is gone would fail, and a column that nobody fills might have to be filled.
        """
        bridge, there = self.bridge, self.engine.inspect(session)
        ids = {*columns, *bridge.keeping}
        if aliases and bridge.aliases is not None:
            ids |= bridge.aliases.objects.keys()
        own = _with_parts(there, {one for one in ids if one in there.objects})
        without = _with_parts(there, own | there.dependents(own)) - own
        nothing = replace(there, objects={}, needs={})
        first = self._leg(session, there, there.taking(nothing, without), None)
        there = self.engine.inspect(session)
        return joined(first, self._leg(session, there, there.taking(nothing, own), None))

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


def _with_way_back(plan: Plan, back: Callable[..., Plan], session: Session, *way: object) -> Plan:
    """The plan with the one that leads back, or with why there is none: that alone never stops a plan."""
    try:
        return replace(plan, reverse=back(session, plan, *way))
    except DbdeedError as error:
        return replace(plan, irreversible=one_line(error.message))
