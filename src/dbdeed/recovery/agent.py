"""When the agent runs what: pure, the clock is an argument.

Nothing here depends on the agent having run all the time. What was missed is due at once, and once. A moment
in the future, left by a clock that was wrong for a while, is no moment at all: else one bad hour could
silence the schedule for a year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from dbdeed.recovery.schedule import next_due

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dbdeed.document.values.types import Frequency

SHORTEST_PAUSE = timedelta(seconds=10)
FIRST_PAUSE = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(hours=1)
_TOLERANCE = timedelta(minutes=1)


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    """How a job went, the last time.

    Attributes:
        started, ended: times in UTC; `ended` is None where the agent was killed meanwhile.
        succeeded: when one that went well was started; None where none did.
        code: the command's exit code.
        failures: how many in a row did not go well.
        said: the last one's result or error, one line.
    """

    started: datetime
    ended: datetime | None = None
    succeeded: datetime | None = None
    code: int | None = None
    failures: int = 0
    said: str = ""


class AgentState(msgspec.Struct, kw_only=True):
    """What an agent remembers between its lives, by the job's name."""

    jobs: dict[str, JobState] = {}


@dataclass(frozen=True, slots=True)
class Job:
    """Something the agent runs now and then.

    Attributes:
        name: "backup", "prune", "verify", "drill".
        arguments: of the `dbdeed` command.
        frequency: when, by the calendar; or
        every: how long after the last; or
        after: right after each success of this other job.
        needs_backup: not before there is a backup.
    """

    name: str
    arguments: tuple[str, ...]
    frequency: Frequency | None = None
    every: timedelta | None = None
    after: str = ""
    needs_backup: bool = False


def due_at(job: Job, state: AgentState, now: datetime, backups: Iterable[datetime]) -> datetime | None:
    """When a job is due, in the past where that was missed; None where nothing makes it due.

    Args:
        job: which.
        state: what happened before.
        now: the current time, aware.
        backups: when the backups in the store were started, by whomever.
    """
    known = state.jobs.get(job.name)
    taken = [one for one in backups if one <= now + _TOLERANCE]
    if job.needs_backup and not taken:
        return None
    moment = _regular(job, state, now, taken)
    if moment is None or known is None:
        return moment
    tried, pause = known.ended or known.started, SHORTEST_PAUSE
    if known.failures:  # one that was killed is tried again sooner than one that failed
        first = FIRST_PAUSE if known.ended is not None else SHORTEST_PAUSE
        pause = min(first * 2 ** min(known.failures - 1, 10), LONGEST_PAUSE)
    if tried > now + _TOLERANCE:  # the clock was set back since
        return moment
    return max(moment, tried + pause)


def _regular(job: Job, state: AgentState, now: datetime, taken: list[datetime]) -> datetime | None:
    known = state.jobs.get(job.name)
    last = _past(known.succeeded if known else None, now)
    if job.frequency is not None:
        return next_due(job.frequency, now, max(taken, default=None))
    if job.after:
        before = state.jobs.get(job.after)
        ended = _past(before.ended if before and before.succeeded == before.started else None, now)
        return ended if ended is not None and (last is None or last < ended) else None
    if last is None or job.every is None:
        return now
    return last + job.every


def _past(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment is not None and moment <= now + _TOLERANCE else None


def chosen(jobs: Iterable[Job], state: AgentState, now: datetime, backups: Iterable[datetime]) -> Job | None:
    """The job to run now: of those that are due the first in their order."""
    taken = list(backups)
    for job in jobs:
        moment = due_at(job, state, now, taken)
        if moment is not None and moment <= now:
            return job
    return None


def begun(state: AgentState, job: Job, now: datetime) -> AgentState:
    """The state once a job was started; a kill counts as a failure."""
    known = state.jobs.get(job.name)
    return _with(
        state.jobs,
        job,
        JobState(
            started=now,
            succeeded=known.succeeded if known else None,
            failures=(known.failures if known else 0) + 1,
            said="It did not come to its end.",
        ),
    )


def ended(state: AgentState, job: Job, now: datetime, code: int, said: str) -> AgentState:
    """The state once a job has ended. What was looked at and found wrong was looked at all the same."""
    known = state.jobs[job.name]
    went_well = code == 0 or (code == 1 and job.every is not None)
    return _with(
        state.jobs,
        job,
        msgspec.structs.replace(
            known,
            ended=now,
            succeeded=known.started if went_well else known.succeeded,
            code=code,
            failures=0 if went_well else known.failures,
            said=said,
        ),
    )


def _with(jobs: Mapping[str, JobState], job: Job, one: JobState) -> AgentState:
    return AgentState(jobs={**jobs, job.name: one})
