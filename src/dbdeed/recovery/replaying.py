"""The archived log, drilled: a backup is restored and replayed along it, and what it should have is there.

By the ledger, a copy at the end of the log holds every beat that was acknowledged before that position, and a
copy at a moment holds everything acknowledged by then and nothing that came after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.engines.faults import LogDamaged, RestoreFailed, SqlRejected
from dbdeed.errors import DbdeedError, OurFault
from dbdeed.recovery.chains import reading_whole
from dbdeed.recovery.exposure import at_moment
from dbdeed.recovery.files import explained
from dbdeed.recovery.ledger import number_in
from dbdeed.recovery.logs import gap
from dbdeed.recovery.looking import said
from dbdeed.recovery.manifest import Check, Verdict
from dbdeed.recovery.timing import TimedProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from dbdeed.engines.archiving import Reach, Replayed, Until
    from dbdeed.engines.recovering import BackupMethod
    from dbdeed.engines.seam import Engine, Session
    from dbdeed.progress import Progress
    from dbdeed.recovery.ledger import Beat
    from dbdeed.recovery.logs import Logs
    from dbdeed.recovery.manifest import Manifest, Phase
    from dbdeed.recovery.store import Store

LOG, LEDGER = "log", "ledger"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is replayed.

    Attributes:
        work: an empty folder, which the caller removes.
        until: the moment; neither time nor position for the end of the log.
        beats: the ledger, in order; `name` as it stands in the database.
        look: what else is asked of the copy.
    """

    engine: Engine
    method: BackupMethod
    store: Store
    logs: Logs
    manifest: Manifest
    work: Path
    until: Until
    beats: Sequence[Beat] = ()
    name: str = ""
    look: Callable[[Session], list[Check]] = lambda _: []


@dataclass(frozen=True, slots=True)
class LogDrill:
    """What came of it.

    Attributes:
        checks: of the log, of the ledger, and of whatever else was asked.
        phases: of the recovery, up to the first right answer; empty where it did not come so far.
        beat: the newest in the copy; None where it holds none.
        until: the last moment that the archived log is known to reach.
    """

    checks: tuple[Check, ...]
    phases: tuple[Phase, ...] = ()
    beat: int | None = None
    until: datetime | None = None


def leads_on(logs: Logs, manifest: Manifest) -> Reach | None:
    """How far the archived log leads on from a backup; None where nothing is archived after it."""
    if manifest.log is None or manifest.method != logs.archiving.base:
        return None
    reach = logs.reach(manifest.log)
    return reach if reach.connected or reach.missing else None


def drill_log(wanted: Wanted, reach: Reach, ticks: Callable[[], float], progress: Progress) -> LogDrill:
    """Restore, replay and look. What goes wrong is in the checks."""
    timed = TimedProgress(progress, ticks)
    problems = gap(reach)
    log = wanted.manifest.log
    until = wanted.logs.until(log, reach) if log is not None else None
    try:
        checks, phases, beat = _replayed(wanted, reach, timed)
    except (RestoreFailed, SqlRejected, LogDamaged) as error:
        checks, phases, beat = [Check(LOG, Verdict.FAILED, problems=(*problems, said(error)))], (), None
    except OurFault:
        raise
    except DbdeedError as error:
        worst = Verdict.FAILED if problems else Verdict.NOT_VERIFIED
        checks, phases, beat = [Check(LOG, worst, problems=(*problems, said(error)))], (), None
    return LogDrill(tuple(checks), phases, beat, until)


def _replayed(
    wanted: Wanted, reach: Reach, timed: TimedProgress
) -> tuple[list[Check], tuple[Phase, ...], int | None]:
    files = wanted.work / "log"
    copy = wanted.work / "copy"
    archiving = wanted.logs.archiving
    with explained(wanted.work):
        for folder in (files, copy):
            folder.mkdir(mode=0o700)
        with reading_whole(wanted.store, wanted.method, wanted.manifest, copy, timed) as (data, spend):
            replay = wanted.logs.fetch(wanted.manifest, wanted.until, files, timed)
            with archiving.recovered(data, copy, replay, timed, spend=spend) as (session, where):
                with timed.step("First right answer"):
                    wanted.engine.inspect(session)
                phases = tuple(timed.phases)
                beat = number_in(wanted.engine, session, wanted.name) if wanted.beats else None
                with timed.step("Look at what was replayed"):
                    checks = [
                        _log_check(reach, where),
                        _ledger_check(wanted, where, beat),
                        *wanted.look(session),
                    ]
    return checks, phases, beat


def _log_check(reach: Reach, where: Replayed) -> Check:
    """Every part from the backup on is there and was replayed; a part that is missing is said by its name."""
    count = len(reach.files)
    detail = f"{count} {'file' if count == 1 else 'files'}, {reach.start} to {reach.end}"
    problems = gap(reach)
    if problems:
        return Check(LOG, Verdict.FAILED, detail, tuple(problems))
    return Check(LOG, Verdict.PROVEN, f"{detail}, replayed to {where.position or reach.start}")


def _ledger_check(wanted: Wanted, where: Replayed, beat: int | None) -> Check:
    moment = wanted.until.time
    there = beat or 0
    if not wanted.beats:
        if moment is None:
            return Check(LEDGER, Verdict.PROVEN, "none is kept")
        why = "There is no ledger that could tell what had been acknowledged by then."
        return Check(LEDGER, Verdict.NOT_VERIFIED, problems=(why,))
    if moment is not None:
        problems = at_moment(wanted.beats, there, moment)
        inside = [one for one in wanted.beats if one.ended <= moment]
        detail = f"{len(inside)} beats acknowledged by then"
        if not problems and (not inside or wanted.beats[-1].begun <= moment):
            why = "The ledger does not reach from before that time to after it."
            return Check(LEDGER, Verdict.NOT_VERIFIED, detail, (why,))
    else:
        due = _before(wanted, where)
        problems = (
            [f"Beat {due} was acknowledged before the end of the log; the copy ends with beat {there}."]
            if due > there
            else []
        )
        detail = f"the copy has beat {there}; beat {wanted.beats[-1].number} is the last acknowledged"
    return Check(LEDGER, Verdict.FAILED if problems else Verdict.PROVEN, detail, tuple(problems))


def _before(wanted: Wanted, where: Replayed) -> int:
    """The newest beat that was acknowledged before the position where the replay ended; 0 for none."""
    if not where.position:
        return 0
    position_of = wanted.logs.archiving.position_of
    end = position_of(where.position)
    return max(
        (one.number for one in wanted.beats if one.position and position_of(one.position) <= end), default=0
    )
