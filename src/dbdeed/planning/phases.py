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

from dbdeed.engines.change import Change
from dbdeed.engines.uncollected import uncollected
from dbdeed.errors import DbdeedError, Refused
from dbdeed.planning.forms import never_empty
from dbdeed.planning.phase_way import Way, pairs_of
from dbdeed.planning.plan import Plan, assemble
from dbdeed.planning.proof import rebuild
from dbdeed.planning.running import ProofFailed, run_groups
from dbdeed.planning.samples import lost, put_in
from dbdeed.planning.shown import one_line
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.seam import Engine, Scratch, Session, Statement
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
            pairs = [pair for one in rounds for pair in pairs_of(one) if pair[1].kind == "table"]
            bridge = engine.bridge(session, target, [*pairs, *left], values)
    if bridge.refusals:
        raise _refused(bridge.refusals)
    way = Way(engine, target, bridge, rounds, online)
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
    way: Way,
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
            left = [pair for pair in pairs_of(renames) if pair[1].kind not in _HOLD_NOTHING]
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


def _with_way_back(plan: Plan, back: Callable[..., Plan], session: Session, *way: object) -> Plan:
    """The plan with the one that leads back, or with why there is none: that alone never stops a plan."""
    try:
        return replace(plan, reverse=back(session, plan, *way))
    except DbdeedError as error:
        return replace(plan, irreversible=one_line(error.message))
