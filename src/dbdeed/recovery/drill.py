"""Restoring a backup for proof: in isolation, timed, and compared with what it was taken of.

Nothing here trusts the restore to have worked because it did not complain. What could not be looked at makes
the drill NOT VERIFIED; only what was looked at and found equal makes it PROVEN.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from dbdeed.engines.archiving import Until
from dbdeed.engines.faults import RestoreFailed, SqlRejected
from dbdeed.engines.recovering import Rehearsable
from dbdeed.errors import DbdeedError, InvalidInput, OurFault
from dbdeed.planning.plan import fingerprint
from dbdeed.recovery.chains import chain_damages, chain_of, reading_whole
from dbdeed.recovery.compare import counted
from dbdeed.recovery.exposure import lost, safe_points, worst_exposure
from dbdeed.recovery.files import explained
from dbdeed.recovery.ledger import number_in
from dbdeed.recovery.looking import contents, said
from dbdeed.recovery.manifest import (
    RECOVERY_POINT,
    RECOVERY_TIME,
    Check,
    Damaged,
    Manifest,
    Proof,
    Verdict,
    worst,
)
from dbdeed.recovery.points import longest_gap, loss_now
from dbdeed.recovery.points import newest as newest_of
from dbdeed.recovery.rehearsal import rehearse
from dbdeed.recovery.replaying import LOG, LogDrill, Wanted, drill_log, leads_on
from dbdeed.recovery.store import moment_of
from dbdeed.recovery.timing import TimedProgress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.recovering import BackupMethod
    from dbdeed.engines.seam import Engine, Session
    from dbdeed.progress import Progress
    from dbdeed.recovery.drill_plan import Clocks, Plan, Promises
    from dbdeed.recovery.exposure import Lost
    from dbdeed.recovery.store import Listing


_SOUND = frozenset({"restore", "files"})
_LEDGER_FRESH = timedelta(minutes=5)  # a ledger whose last beat is older has stopped, and measures nothing


def drill(plan: Plan, clocks: Clocks, progress: Progress) -> Proof:
    """Restore, time, compare. Raises `InvalidInput` for an id that is not there; all else is in the proof."""
    timed = TimedProgress(progress, clocks.ticks)
    start = clocks.ticks()
    with timed.step("Find the backup"):
        listing = plan.store.listing(plan.project)
        manifest, checks = _find(plan, listing, clocks.now())
    if manifest is None:
        return Proof(backup="", kind="drill", at=clocks.now(), verdict=worst_of(checks), checks=tuple(checks))
    recovered = _Recovered()
    checks += _restore_and_compare(plan, manifest, recovered, clocks, timed)
    seconds = recovered.at - start if recovered.at is not None else None
    phases = tuple(timed.phases[: recovered.phases])
    checks.append(_files(plan, manifest, progress))
    checks += _rehearsed(plan, manifest, checks, progress)
    replayed = _replayed(plan, manifest, clocks, progress)
    if replayed is not None:
        checks += replayed.checks
        if replayed.phases:  # this is the recovery that a disaster would ask for
            phases = (*timed.phases[:1], *replayed.phases)
            seconds = sum(one.seconds for one in phases)
            recovered.beat = replayed.beat
    at = clocks.now()
    measured = _measured(plan, recovered, at)
    bound = _bound(listing, replayed, at)
    loss = measured.seconds if measured is not None else seconds_of(bound)
    gap = longest_gap(listing.backups, listing.proofs, at)
    known = replayed is None or plan.marks  # an archived log of which nobody kept account makes less
    safe = safe_points(listing.backups, plan.marks)
    worst = worst_exposure(plan.ledger, safe, at) if known else None
    checks += objectives(plan.promises, seconds, loss)
    return Proof(
        backup=manifest.id,
        kind="drill",
        at=at,
        verdict=worst_of(checks),
        checks=tuple(checks),
        method=manifest.method,
        phases=phases,
        recovery_seconds=seconds,
        loss_seconds=loss,
        gap_seconds=seconds_of(gap) if replayed is None else None,
        schema=recovered.schema,
        beats_lost=measured.beats if measured is not None else None,
        worst_seconds=worst.seconds if worst is not None else None,
    )


def _rehearsed(plan: Plan, manifest: Manifest, checks: Sequence[Check], progress: Progress) -> list[Check]:
    """The Procedure, tried out on a sound backup: with another one it would say nothing of the steps."""
    if plan.rehearsal is None or any(
        one.verdict is not Verdict.PROVEN for one in checks if one.name in _SOUND
    ):
        return []
    method = method_of(plan.engine, manifest)
    steps, place = plan.rehearsal(manifest)
    if not steps or not isinstance(method, Rehearsable):
        return []
    work = plan.work / "rehearsal"
    work.mkdir(mode=0o700)
    whole = plan.work / "rehearsed"
    whole.mkdir(mode=0o700)
    with (
        reading_whole(plan.store, method, manifest, whole, progress, verifiable=True) as (data, _),
        progress.step("Try out the Procedure"),
    ):
        return [rehearse(method, steps, data, place, work)]


def _replayed(plan: Plan, manifest: Manifest, clocks: Clocks, progress: Progress) -> LogDrill | None:
    """The archived log after the backup, drilled to its end; None where there is none."""
    try:
        reach = leads_on(plan.logs, manifest) if plan.logs is not None else None
        if reach is None or plan.logs is None:
            return None
        work = plan.work / "replay"
        work.mkdir(mode=0o700)
        wanted = Wanted(
            engine=plan.engine,
            method=method_of(plan.engine, manifest),
            store=plan.store,
            logs=plan.logs,
            manifest=manifest,
            work=work,
            until=Until(),
            beats=plan.ledger,
            name=plan.ledger_name,
        )
        return drill_log(wanted, reach, clocks.ticks, progress)
    except DbdeedError as error:
        return LogDrill((Check(LOG, Verdict.NOT_VERIFIED, problems=(said(error),)),))


def _bound(listing: Listing, replayed: LogDrill | None, now: datetime) -> timedelta | None:
    """How much would be lost at most: the time since the newest moment that can be restored."""
    bound = loss_now(listing.backups, listing.proofs, now)
    if replayed is None or replayed.until is None or not replayed.phases:
        return bound
    by_log = max(now - replayed.until, timedelta(0))
    return min(bound, by_log) if bound is not None else by_log


def seconds_of(length: timedelta | None) -> float | None:
    """A length of time in seconds, where it is known."""
    return length.total_seconds() if length is not None else None


def _measured(plan: Plan, recovered: _Recovered, now: datetime) -> Lost | None:
    """The loss by the ledger; None where it has stopped, or the copy is older than it.

    Of an older backup that somebody named it is not the loss that a disaster would bring.
    """
    if recovered.beat is None or plan.backup or not plan.ledger:
        return None
    if now - plan.ledger[-1].acknowledged > _LEDGER_FRESH:
        return None
    return lost(plan.ledger, recovered.beat)


def worst_of(checks: Sequence[Check]) -> Verdict:
    """The verdict of all together."""
    return worst([one.verdict for one in checks])


@dataclass(slots=True)
class _Recovered:
    """When the first right answer came, how many phases it took, which schema it was, and the newest beat."""

    at: float | None = None
    phases: int = 0
    schema: str = ""
    beat: int | None = None


def _find(plan: Plan, listing: Listing, now: datetime) -> tuple[Manifest | None, list[Check]]:
    if plan.backup:
        try:
            return plan.store.find(plan.backup), []
        except Damaged as error:
            return None, [Check("record", Verdict.FAILED, problems=(str(error),))]
    newest = newest_of(listing.backups, now)
    lost = [
        f"{name}: {message}"
        for name, message in listing.damaged.items()
        if not name.endswith(".json") and (newest is None or moment_of(name) >= moment_of(newest.id))
    ]
    checks = [Check("record", Verdict.FAILED, problems=tuple(lost))] if lost else []
    if newest is None and not checks:
        checks = [Check("backup", Verdict.NOT_VERIFIED, problems=("There is no backup yet.",))]
    return newest, checks


def _restore_and_compare(
    plan: Plan, manifest: Manifest, recovered: _Recovered, clocks: Clocks, timed: TimedProgress
) -> list[Check]:
    checks: list[Check] = []
    try:
        method = method_of(plan.engine, manifest)
        with _restored(plan, manifest, method, timed) as session:
            session.left_out = plan.left_out
            with timed.step("First right answer"):
                catalog = plan.engine.inspect(session)
            recovered.at, recovered.phases = clocks.ticks(), len(timed.phases)
            checks.append(Check("restore", Verdict.PROVEN, "it starts and answers"))
            with timed.step("Compare what came back"):
                if plan.ledger:
                    recovered.beat = number_in(plan.engine, session, plan.ledger_name)
                checks += contents(plan, manifest, method, session, catalog)
            recovered.schema = _schema(plan, checks, catalog)
    except (RestoreFailed, SqlRejected) as error:
        checks.append(Check("restore", Verdict.FAILED, problems=(said(error),)))
    except OurFault:
        raise
    except DbdeedError as error:
        checks.append(Check("restore", Verdict.NOT_VERIFIED, problems=(said(error),)))
    return checks


@contextmanager
def _restored(
    plan: Plan, manifest: Manifest, method: BackupMethod, timed: TimedProgress
) -> Iterator[Session]:
    with (
        explained(plan.work),
        reading_whole(plan.store, method, manifest, plan.work, timed) as (data, spend),
        method.restored(data, plan.work, timed, spend=spend) as session,
    ):
        yield session


def _schema(plan: Plan, checks: list[Check], found: Catalog) -> str:
    """Which schema came back; where nothing differs from the document's, the document's."""
    equal = any(one.name == "schema" and one.verdict is Verdict.PROVEN for one in checks)
    return fingerprint(plan.expected if equal and plan.expected is not None else found)


def _files(plan: Plan, manifest: Manifest, progress: Progress) -> Check:
    """Looked at after the clock has stopped: who recovers in earnest need not wait for it."""
    try:
        chain = chain_of(plan.store, manifest)
        problems = chain_damages(plan.store, manifest, progress)
        for one in chain if not problems else ():
            with plan.store.reading(one) as data:
                problems += method_of(plan.engine, one).verify(data, one.facts)
    except DbdeedError as error:
        return Check("files", Verdict.NOT_VERIFIED, problems=(said(error),))
    verdict = Verdict.FAILED if problems else Verdict.PROVEN
    files = sum(len(one.files) for one in chain)
    return Check("files", verdict, counted(files, "file"), tuple(problems))


def objectives(promises: Promises, seconds: float | None, loss: float | None) -> list[Check]:
    """Declared against measured. Where nothing is declared there is nothing to break."""
    checks = []
    if promises.rpo is not None:
        checks.append(_objective(RECOVERY_POINT, promises.rpo, loss))
    if promises.rto is not None:
        checks.append(_objective(RECOVERY_TIME, promises.rto, seconds))
    return checks


def _objective(name: str, declared: timedelta, measured: float | None) -> Check:
    if measured is None:
        return Check(name, Verdict.NOT_VERIFIED, problems=(f"The {name} could not be measured.",))
    if measured <= declared.total_seconds():
        return Check(name, Verdict.PROVEN)
    problem = f"The {name} is {measured:.1f} s; {declared.total_seconds():g} s are declared."
    return Check(name, Verdict.FAILED, problems=(problem,))


def method_of(engine: Engine, manifest: Manifest) -> BackupMethod:
    """The method that took a backup. Raises `InvalidInput` where this engine has no such method."""
    for method in engine.backup_methods():
        if engine.name == manifest.engine and method.name == manifest.method:
            return method
    raise InvalidInput(
        f"Backup {manifest.id} was taken by {manifest.engine} {manifest.method}, "
        f"which {engine.name} here does not read."
    )
