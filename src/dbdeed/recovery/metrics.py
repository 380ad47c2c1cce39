"""What the agent knows, as Prometheus reads it and as a health check does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.recovery.manifest import Verdict
from dbdeed.recovery.points import loss_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from dbdeed.recovery.agent import AgentState
    from dbdeed.recovery.drill_plan import Promises
    from dbdeed.recovery.store import Listing


@dataclass(frozen=True, slots=True)
class LastingFacts:
    """A supervised command: whether it runs, how often it was started again, and what was wrong last."""

    running: bool
    restarts: int
    problem: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything there is to say at one moment.

    Attributes:
        now: in UTC.
        listing: what the store holds; None where it did not answer.
        store_problem: why not.
        promises: as declared.
        state: how the jobs went.
        upcoming: when each job is due next.
        running: the job under way, "" for none.
        lasting: what is supervised, by name.
        reached: up to which moment the archived log leads; None where none is archived.
        document_problem: why the document cannot be read just now.
    """

    now: datetime
    listing: Listing | None
    store_problem: str
    promises: Promises
    state: AgentState
    upcoming: Mapping[str, datetime | None]
    running: str
    lasting: Mapping[str, LastingFacts]
    reached: datetime | None = None
    document_problem: str = ""


def problems(facts: Facts) -> list[str]:
    """What a person should see to, one sentence each; empty where all is well."""
    found = [facts.document_problem] if facts.document_problem else []
    if facts.listing is None:
        found.append(facts.store_problem or "The store was not looked at yet.")
    else:
        found += [f"{name}: {why}" for name, why in facts.listing.damaged.items()]
        loss, limit = recovery_point(facts), facts.promises.rpo
        if loss is None:
            found.append("There is no backup yet.")
        elif limit is not None and loss > limit:
            found.append(f"Now lost would be {_hours(loss)}; the document promises {_hours(limit)}.")
    for name, job in facts.state.jobs.items():
        if job.failures and name != facts.running:
            found.append(f"{name} did not go well {job.failures} times in a row: {job.said}")
        elif job.code == 1:
            found.append(f"{name} found something wrong. {job.said}".strip())
    found += [
        f"{name}: {one.problem or 'does not run.'}" for name, one in facts.lasting.items() if not one.running
    ]
    return found


def recovery_point(facts: Facts) -> timedelta | None:
    """What would be lost, had disaster struck now; an upper bound, None where nothing can be restored."""
    if facts.listing is None:
        return None
    loss = loss_now(facts.listing.backups, facts.listing.proofs, facts.now)
    if loss is None or facts.reached is None:
        return loss
    return min(loss, max(facts.now - facts.reached, facts.now - facts.now))


def health(facts: Facts) -> dict[str, object]:
    """As `/health` shows it."""
    found = problems(facts)
    point = recovery_point(facts)
    return {
        "ok": not found,
        "problems": found,
        "at": facts.now,
        "running": facts.running or None,
        "recovery_point_seconds": point.total_seconds() if point is not None else None,
        "next": dict(facts.upcoming),
        "lasting": {
            name: {"running": one.running, "restarts": one.restarts} for name, one in facts.lasting.items()
        },
    }


def exposition(facts: Facts) -> str:
    """As `/metrics` shows it, in Prometheus' text format 0.0.4."""
    lines: list[str] = []

    def gauge(name: str, help_: str, values: Iterable[tuple[str, float | None]]) -> None:
        known = [(label, value) for label, value in values if value is not None]
        if known:
            lines.append(f"# HELP dbdeed_{name} {help_}")
            lines.append(f"# TYPE dbdeed_{name} gauge")
            lines.extend(f"dbdeed_{name}{label} {value:.17g}" for label, value in known)

    listing, now = facts.listing, facts.now
    gauge("up", "1 where nothing needs a person.", [("", float(not problems(facts)))])
    gauge("store_up", "1 where the store answers.", [("", float(listing is not None))])
    if listing is not None:
        newest = max((one.consistent_at for one in listing.backups), default=None)
        drills = [one for one in listing.proofs if one.kind == "drill"]
        proven = [one for one in drills if one.verdict is Verdict.PROVEN]
        last = max(drills, key=lambda one: one.at, default=None)
        gauge("backups", "Backups in the store.", [("", float(len(listing.backups)))])
        gauge("damaged", "Records that cannot be trusted.", [("", float(len(listing.damaged)))])
        gauge("backup_age_seconds", "Age of the newest backup.", [("", _age(newest, now))])
        gauge(
            "backup_size_bytes",
            "Size of all backups.",
            [("", float(sum(one.size for one in listing.backups)))],
        )
        gauge(
            "proof_age_seconds",
            "Since the last drill that was PROVEN.",
            [("", _age(max((one.at for one in proven), default=None), now))],
        )
        gauge(
            "drill_proven",
            "1 where the last drill was PROVEN.",
            [("", float(last.verdict is Verdict.PROVEN) if last else None)],
        )
        gauge(
            "recovery_time_seconds",
            "Recovery time actual of the last drill.",
            [("", last.recovery_seconds if last else None)],
        )
    point = recovery_point(facts)
    gauge(
        "recovery_point_seconds",
        "What would be lost now, at most.",
        [("", point.total_seconds() if point is not None else None)],
    )
    rpo, rto = facts.promises.rpo, facts.promises.rto
    gauge("rpo_seconds", "As declared.", [("", rpo.total_seconds() if rpo is not None else None)])
    gauge("rto_seconds", "As declared.", [("", rto.total_seconds() if rto is not None else None)])
    jobs = facts.state.jobs
    gauge(
        "job_last_success_timestamp_seconds",
        "When one that went well was started.",
        [
            (_label("job", name), one.succeeded.timestamp() if one.succeeded else None)
            for name, one in jobs.items()
        ],
    )
    gauge(
        "job_ok",
        "1 where the last one went well and found nothing.",
        [
            (_label("job", name), None if one.code is None else float(one.code == 0))
            for name, one in jobs.items()
        ],
    )
    gauge(
        "job_failures",
        "In a row.",
        [(_label("job", name), float(one.failures)) for name, one in jobs.items()],
    )
    gauge(
        "job_next_timestamp_seconds",
        "When it is due.",
        [(_label("job", name), at.timestamp() if at else None) for name, at in facts.upcoming.items()],
    )
    gauge(
        "job_running",
        "1 for the job under way.",
        [(_label("job", name), float(name == facts.running)) for name in facts.upcoming],
    )
    gauge(
        "lasting_up",
        "1 where what should always run does.",
        [(_label("name", name), float(one.running)) for name, one in facts.lasting.items()],
    )
    gauge(
        "lasting_restarts",
        "How often it had to be started again.",
        [(_label("name", name), float(one.restarts)) for name, one in facts.lasting.items()],
    )
    return "\n".join(lines) + "\n"


def _label(key: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{{key}="{escaped}"}}'


def _age(moment: datetime | None, now: datetime) -> float | None:
    return max(0.0, (now - moment).total_seconds()) if moment is not None else None


def _hours(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    return (
        f"{seconds // 3600} h {seconds % 3600 // 60} min"
        if seconds >= 3600
        else f"{seconds // 60} min {seconds % 60} s"
    )
