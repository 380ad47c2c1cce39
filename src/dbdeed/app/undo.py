"""`dbdeed undo`: take back what a plan did, with the data that the archive has."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbdeed import __version__
from dbdeed.app.apply import require_consent
from dbdeed.app.plan import with_report
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.site import open_site
from dbdeed.document.values.types import TargetState
from dbdeed.errors import InvalidInput
from dbdeed.planning.apply import apply_plan
from dbdeed.planning.archive import SHORT, entries
from dbdeed.planning.consent import check_terms, destroys, terms_of
from dbdeed.planning.forms import never_empty
from dbdeed.planning.journal import Journal, PlanState, Told
from dbdeed.planning.running import ProofFailed
from dbdeed.planning.undo import plan_undo, state_before
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from dbdeed.app.apply import Consent
    from dbdeed.app.site import Site
    from dbdeed.engines.catalog import Catalog
    from dbdeed.planning.plan import Plan
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class Undone:
    """One plan that was taken back, or would be.

    Attributes:
        told: the plan, as the journal has it.
        plan: the way back; `plan.returns` says what becomes of the data.
        applied: the id of the way back in the journal; "" where it was only shown.
    """

    told: Told
    plan: Plan
    applied: str = ""


@dataclass(frozen=True, slots=True)
class UndoResult:
    """What was done.

    Attributes:
        undone: newest first; several where a plan went on from interrupted ones, which go with it.
        database: which one, for people.
    """

    undone: tuple[Undone, ...]
    database: str


def undo(
    document: Path,
    identity: str = "",
    *,
    consent: Consent,
    dry_run: bool = False,
    database: str = "",
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> UndoResult:
    """Bring a database back to the state before a plan.

    The document's Strategy is not asked: whoever takes something back has a reason, and sees what it costs.

    Args:
        document: the path of DATABASE.md.
        identity: of the plan, or how it begins; "" for the last one that was applied and not yet undone, or
            for an undo that stopped on its way, which leads to where it began.
        consent: what may be done; asked only where something is run.
        dry_run: show the way back, and change nothing.
        database: what `--database` says.
        scratch: what `--scratch` says.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        InvalidInput: no such plan, or nothing to undo.
        Refused: somebody changed the same things since; consent is missing; the document forbids it.
        Unavailable: no database, or somebody else changes it.
    """
    environment = os.environ if environment is None else environment
    project = open_project(document)
    architecture = read_architecture(project)
    with open_site(
        project,
        architecture,
        database=database,
        scratch=scratch,
        environment=environment,
        progress=progress,
        reading=dry_run,
    ) as site:
        terms = replace(terms_of(architecture), target_state=TargetState.AS_TO_BE)
        check_terms(terms, private=site.target.embedded, draft=consent.draft or dry_run)
        journal = Journal(site.engine, site.session)
        stuck = frozenset(one.id for one in journal.unfinished() if one.done or one.open_step)
        chosen = _chosen(journal.plans(), identity, stuck)
        several = len(chosen) > 1
        undone = [] if dry_run else [_run(site, told, consent, environment, several) for told in chosen]
        return UndoResult(tuple(undone or _shown(site, chosen)), site.target.label)


def _chosen(plans: Sequence[Told], identity: str, stuck: AbstractSet[str]) -> list[Told]:
    """The plan that is meant, and the interrupted ones that it went on from, newest first.

    `stuck` are those that stopped on their way; an undo that did is taken back before what it undoes.
    """
    taken = {one.undoes for one in plans if one.state is PlanState.DONE and one.undoes}
    by_id = {one.id: one for one in plans}
    first = _meant(plans, identity) if identity else _last(plans, taken, stuck)
    if first.id in taken:
        raise InvalidInput(f"Plan {first.id[:12]} has been undone already.", code="already-undone")
    found = [first]
    while (before := by_id.get(found[-1].continues)) is not None and before.id not in taken:
        found.append(before)
    return [one for one in found if one is first or one.state is PlanState.SUPERSEDED]


def _meant(plans: Sequence[Told], identity: str) -> Told:
    found = [one for one in plans if one.id.startswith(identity)]
    if len(found) == 1:
        return found[0]
    raise InvalidInput(
        f"{'No plan' if not found else f'{len(found)} plans'} in this database's journal: {identity}.",
        hint="`dbdeed archive` lists them.",
        code="plan-unknown",
    )


def _last(plans: Sequence[Told], taken: set[str], stuck: AbstractSet[str]) -> Told:
    meant = (one for one in plans if not one.undoes or one.id in stuck)
    found = next((one for one in meant if one.id not in taken and _ran(one)), None)
    if found is None:
        raise InvalidInput("There is no plan to undo in this database's journal.", code="nothing-to-undo")
    return found


def _ran(told: Told) -> bool:
    return told.state is not PlanState.SUPERSEDED


def _run(site: Site, told: Told, consent: Consent, environment: Mapping[str, str], several: bool) -> Undone:
    current = site.engine.inspect(site.session)
    plan, target = _plan(site, told, current, live=True)
    if several:  # a name may be meant for another of the plans
        consent = replace(consent, allow=tuple(name for name in consent.allow if destroys(plan, name)))
    require_consent(plan, consent, private=site.target.embedded)
    applied = apply_plan(
        site.engine,
        site.session,
        plan,
        target,
        tool=__version__,
        undoes=told.id,
        environment=environment,
        progress=site.progress,
    )
    return Undone(told, plan, applied.id)


def _shown(site: Site, chosen: Sequence[Told]) -> list[Undone]:
    """The ways back, each from where the one before would end."""
    current = site.engine.inspect(site.session)
    found: list[Undone] = []
    for told in chosen:
        plan, target = _plan(site, told, current, live=not found)
        found.append(Undone(told, plan))
        current = target
    return found


def _plan(site: Site, told: Told, current: Catalog, *, live: bool) -> tuple[Plan, Catalog]:
    engine = site.engine
    journal = Journal(engine, site.session)
    before = state_before(current, journal.states(told.id, current))
    target = engine.rebuildable(engine.lasting(before))
    kept = [one for one in entries(engine, site.session) if one.generation == told.number]
    try:
        plan = plan_undo(
            engine,
            site.scratch,
            current,
            target,
            kept,
            renames=journal.renames(told.id),
            generation=journal.next_generation(),
            empty=(lambda table: engine.rows(site.session, table) == 0) if live else never_empty,
            few=(lambda table: engine.rows(site.session, table) < SHORT) if live else never_empty,
            progress=site.progress,
        )
    except ProofFailed as fault:
        raise with_report(fault, site.project) from fault
    return plan, target
