"""A drill of one moment: what was acknowledged before it is there, and nothing that came after.

Every row is read, but not held against counts, which are of other moments. Where the schema is not the
document's, that is a fault at the end of the log only: before it, the document may have said something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dbdeed.engines.archiving import Until
from dbdeed.errors import Refused
from dbdeed.recovery.chains import chain_damages
from dbdeed.recovery.compare import compare_schema, counted
from dbdeed.recovery.drill import method_of, objectives, worst_of
from dbdeed.recovery.drill_plan import Promises
from dbdeed.recovery.logs import gap
from dbdeed.recovery.looking import examined, looked
from dbdeed.recovery.manifest import Check, Proof, Verdict
from dbdeed.recovery.moments import choose, spans_of
from dbdeed.recovery.replaying import LOG, Wanted, drill_log
from dbdeed.recovery.timing import TimedProgress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Session
    from dbdeed.progress import Progress
    from dbdeed.recovery.drill_plan import Clocks, Plan
    from dbdeed.recovery.manifest import Phase
    from dbdeed.recovery.moments import Span


def drill_moment(plan: Plan, until: Until, clocks: Clocks, progress: Progress) -> Proof:
    """Restore to a moment and look. Raises `InvalidInput` for what is no position."""
    timed = TimedProgress(progress, clocks.ticks)
    with timed.step("Find the backup"):
        span, problems = _span(plan, until)
    if span is None or plan.logs is None:
        return _proof(plan, "", "", problems, (), clocks)
    manifest = span.backup
    method = method_of(plan.engine, manifest)
    work = plan.work / "replay"
    work.mkdir(mode=0o700)

    def look(session: Session) -> list[Check]:
        session.left_out = plan.left_out
        return [
            *looked("schema", lambda: [_schema(plan, until, plan.engine.inspect(session))]),
            *looked("readable", lambda: [_readable(plan.engine.table_digests(session))]),
            *looked("examination", lambda: examined(method, session)),
        ]

    wanted = Wanted(
        engine=plan.engine,
        method=method,
        store=plan.store,
        logs=plan.logs,
        manifest=manifest,
        work=work,
        until=until,
        beats=plan.ledger,
        name=plan.ledger_name,
        look=look,
    )
    found = drill_log(wanted, span.reach, clocks.ticks, progress)
    damages = chain_damages(plan.store, manifest, progress)
    files = Check("files", Verdict.FAILED if damages else Verdict.PROVEN, problems=tuple(damages))
    phases = (*timed.phases, *found.phases) if found.phases else ()
    return _proof(plan, manifest.id, manifest.method, [*found.checks, files], phases, clocks)


def _schema(plan: Plan, until: Until, found: Catalog) -> Check:
    check = compare_schema(plan.engine, plan.expected, found, plan.unknown)
    if check.verdict is not Verdict.FAILED or until == Until():
        return check
    why = "It is not the document's of today, and what the document said at that moment is not known."
    return replace(check, verdict=Verdict.NOT_VERIFIED, problems=(why, *check.problems))


def _readable(tables: Mapping[str, tuple[int, str]]) -> Check:
    """All of them were read to the end."""
    rows = sum(count for count, _ in tables.values())
    detail = f"{counted(len(tables), 'table')}, {counted(rows, 'row')}; counted at no such moment"
    return Check("readable", Verdict.PROVEN, detail)


def _span(plan: Plan, until: Until) -> tuple[Span | None, list[Check]]:
    """From which backup the moment is reached; or why it is not."""
    if plan.logs is None:
        why = f"{plan.engine.name} has no log that is archived: there are no moments between backups."
        return None, [Check(LOG, Verdict.NOT_VERIFIED, problems=(why,))]
    spans = spans_of(plan.logs, plan.store.listing(plan.project))
    try:
        return choose(plan.logs, spans, until), []
    except Refused as error:
        verdict = Verdict.FAILED if _gaps(spans) else Verdict.NOT_VERIFIED
        return None, [Check(LOG, verdict, problems=(f"{error} {error.hint}".strip(),))]


def _gaps(spans: Sequence[Span]) -> bool:
    return any(gap(one.reach) for one in spans)


def _proof(
    plan: Plan, backup: str, method: str, checks: Sequence[Check], phases: Sequence[Phase], clocks: Clocks
) -> Proof:
    seconds = sum(one.seconds for one in phases) if phases else None
    promised = objectives(Promises(rto=plan.promises.rto), seconds, None) if backup else []
    every = [*checks, *promised]
    return Proof(
        backup=backup,
        kind="moment",
        at=clocks.now(),
        verdict=worst_of(every),
        checks=tuple(every),
        method=method,
        phases=tuple(phases),
        recovery_seconds=seconds,
    )
