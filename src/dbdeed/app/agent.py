"""`dbdeed agent`: runs the document's schedule, keeps what must always run running, and says how it stands.

Each job is a `dbdeed` command in a process of its own. What is due is asked again every second, by the clock
of the wall, so that a clock that is set, a machine that slept and a document that was edited are all noticed.
What it remembers is in `.dbdeed/agent.json`; whether a backup is due is read off the store itself, so that
losing the file costs nothing but an early check.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.receive import receiver_health
from dbdeed.app.vault import open_vault, promises_of, require_understood, utc_now
from dbdeed.document.values.types import Method
from dbdeed.errors import DbdeedError, InvalidInput, Unavailable
from dbdeed.recovery.agent import AgentState, Job, begun, chosen, due_at, ended
from dbdeed.recovery.children import Child, Lasting, Supervised
from dbdeed.recovery.files import write_durably
from dbdeed.recovery.metrics import Facts, LastingFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from dbdeed.app.project import Project
    from dbdeed.document.architecture import Architecture
    from dbdeed.recovery.store import Listing

TICK = 1.0
VERIFY_EVERY = timedelta(days=1)
DRILL_EVERY = timedelta(days=7)
_LOOK_EVERY = 60.0
_STATE, _LOCK = "agent.json", "agent.lock"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the agent is asked to do beyond the document.

    Attributes:
        database: as `--database`; handed on to the commands.
        verify_every, drill_every: how often; None for never.
        ledger: keep the ledger.
    """

    database: str = ""
    verify_every: timedelta | None = VERIFY_EVERY
    drill_every: timedelta | None = DRILL_EVERY
    ledger: bool = True


def jobs_of(architecture: Architecture, document: Path, wishes: Wishes) -> tuple[Job, ...]:
    """What is run now and then, in the order of importance.

    Raises `InvalidInput` where the document names no schedule that is understood.
    """
    require_understood(architecture.recovery.frequency)
    frequency = architecture.recovery.frequency.value
    if frequency is None:
        raise InvalidInput(
            "The document does not say how often backups are taken.",
            hint="Set Frequency under Backup and Recovery, for example to `Daily at 02:00 UTC`.",
        )
    name, end = str(document.resolve()), ("--format", "json")
    database = ("--database", wishes.database) if wishes.database else ()
    jobs = [
        Job("backup", ("backup", "run", name, *database, "--quiet", *end), frequency=frequency),
        Job("prune", ("backup", "prune", name, "--quiet", *end), after="backup", needs_backup=True),
    ]
    verify, drill = ("backup", "verify", name, "--quiet", *end), ("drill", name, "--quiet", *end)
    if wishes.verify_every is not None:
        jobs.append(Job("verify", verify, every=wishes.verify_every, needs_backup=True))
    if wishes.drill_every is not None:
        jobs.append(Job("drill", drill, every=wishes.drill_every, needs_backup=True))
    return tuple(jobs)


def lasting_of(architecture: Architecture, document: Path, wishes: Wishes) -> tuple[Lasting, ...]:
    """What is to run all the time."""
    name = str(document.resolve())
    database = ("--database", wishes.database) if wishes.database else ()
    found = []
    if Method.CONTINUOUS_ARCHIVING in (architecture.recovery.method.value or ()):
        found.append(Lasting("receive", ("backup", "receive", name, *database, "--format", "json")))
    if wishes.ledger:
        found.append(Lasting("ledger", ("ledger", "run", name, *database, "--format", "json")))
    return tuple(found)


@dataclass
class Agent:
    """One project's agent, between `tick`s.

    Args:
        document: the path of DATABASE.md.
        wishes: beyond the document.
        environment: of the process; the commands inherit it.
        now, ticks: the time of day, and a clock that no one sets.
        told: is given a line for each thing that happens.
    """

    document: Path
    wishes: Wishes
    environment: Mapping[str, str]
    now: Callable[[], datetime] = utc_now
    ticks: Callable[[], float] = time.monotonic
    told: Callable[[str], None] = lambda _: None
    jobs: tuple[Job, ...] = ()
    _listing: Listing | None = None
    _store_problem: str = ""
    _document_problem: str = ""
    _look_at: float = 0.0
    _reached: datetime | None = None
    _read: tuple[float, int] | None = None
    _architecture: Architecture | None = None
    _running: tuple[Job, Child] | None = None
    _lasting: dict[str, Supervised] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._project = open_project(self.document)
        self._project.prepare()
        self._state = read_state(self._project)
        self._read_document()
        if self._document_problem:
            raise InvalidInput(self._document_problem)
        self._look()

    def tick(self) -> None:
        """Do what is due."""
        self._read_document()
        received = receiver_health(self._project) if "receive" in self._lasting else None
        self._reached = received.reached if received is not None else None
        for one in self._lasting.values():
            self._tell(one.tick())
        if self._running is not None:
            self._looked_at(*self._running)
        elif self.ticks() >= self._look_at:
            self._look()
        if self._running is None:
            job = chosen(self.jobs, self._state, self.now(), self._backups())
            if job is not None:
                self._start(job)

    def until_idle(self, stopped: Callable[[float], bool]) -> int:
        """Run each job that is due once; the worst exit code."""
        worst = 0
        for job in self.jobs:
            moment = due_at(job, self._state, self.now(), self._backups())
            if moment is None or moment > self.now():
                continue
            self._start(job)
            while self._running is not None:
                if stopped(0.1):
                    return worst
                self._looked_at(*self._running)
            code = self._state.jobs[job.name].code
            worst = max(worst, code if code is not None else Unavailable.exit_code)
        return worst

    def close(self) -> None:
        """End what runs, politely, and all of it at once.

        A job that was ended so has not failed: the next agent runs it again, soon.
        """
        for one in self._lasting.values():
            one.ask()
        if self._running is not None:
            job, child = self._running
            child.end()
            result = child.ended()
            if result is not None and result[0] == 0:
                self._state = ended(self._state, job, self.now(), *result)
                self._keep()
            self._running = None
        for one in self._lasting.values():
            one.end()

    def facts(self) -> Facts:
        """How everything stands."""
        now, architecture = self.now(), self._architecture
        assert architecture is not None
        return Facts(
            now=now,
            listing=self._listing,
            store_problem=self._store_problem,
            promises=promises_of(architecture),
            state=self._state,
            upcoming={job.name: due_at(job, self._state, now, self._backups()) for job in self.jobs},
            running=self._running[0].name if self._running else "",
            lasting={
                name: LastingFacts(one.running, max(0, one.restarts), one.problem)
                for name, one in list(self._lasting.items())
            },
            reached=self._reached,
            document_problem=self._document_problem,
        )

    def _start(self, job: Job) -> None:
        self._state = begun(self._state, job, self.now())
        self._keep()
        try:
            child = self._child(job.arguments)
        except OSError as error:
            self._state = ended(self._state, job, self.now(), Unavailable.exit_code, str(error))
            self._keep()
            self._tell(f"{job.name}: cannot be started: {error}")
            return
        self._running = job, child
        self._tell(f"{job.name}: started")

    def _looked_at(self, job: Job, child: Child) -> None:
        result = child.ended()
        if result is None:
            return
        code, said = result
        self._running = None
        self._state = ended(self._state, job, self.now(), code, said)
        self._keep()
        self._tell(f"{job.name}: ended with code {code}{f': {said}' if said else ''}")
        self._look()

    def _child(self, arguments: tuple[str, ...]) -> Child:
        return Child(arguments, self._project.root, self.environment)

    def _read_document(self) -> None:
        """Read the document again where it was edited; one that is not understood leaves the last plan."""
        try:
            facts = self.document.stat()
            if self._read == (facts.st_mtime, facts.st_size):
                return
            self._read = facts.st_mtime, facts.st_size
            architecture = read_architecture(self._project)
            jobs = jobs_of(architecture, self.document, self.wishes)
        except (DbdeedError, OSError) as error:
            self._document_problem = str(error)
            return
        self._architecture, self.jobs, self._document_problem = architecture, jobs, ""
        wanted = {one.name: one for one in lasting_of(architecture, self.document, self.wishes)}
        for name in self._lasting.keys() - wanted.keys():
            self._lasting.pop(name).end()
        for name in wanted.keys() - self._lasting.keys():
            self._lasting[name] = Supervised(wanted[name], self._child, self.ticks)

    def _look(self) -> None:
        """Ask the store what there is."""
        self._look_at = self.ticks() + _LOOK_EVERY
        try:
            assert self._architecture is not None
            vault = open_vault(self._project, self._architecture, self.environment)
            self._listing, self._store_problem = vault.listing(), ""
        except DbdeedError as error:
            self._listing, self._store_problem = None, str(error)

    def _backups(self) -> list[datetime]:
        """When backups were started. Where the store does not answer: what is remembered."""
        if self._listing is not None:
            return [one.started for one in self._listing.backups]
        known = self._state.jobs.get("backup")
        return [known.succeeded] if known is not None and known.succeeded is not None else []

    def _keep(self) -> None:
        with suppress(OSError):
            write_durably(self._project.state / _STATE, msgspec.json.encode(self._state))

    def _tell(self, line: str) -> None:
        if line:
            self.told(line)


def read_state(project: Project) -> AgentState:
    """What an agent remembered; nothing where the file is missing or not readable."""
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode((project.state / _STATE).read_bytes(), type=AgentState)
    return AgentState()


def alone(project: Project) -> AbstractContextManager[None]:
    """Be the project's only agent; the system lets go when the process ends. Raises `Unavailable`."""
    return project.alone("agent", lock=_LOCK, hint="One is enough.")


def run_agent(
    document: Path,
    *,
    stopped: Callable[[float], bool],
    told: Callable[[str], None],
    wishes: Wishes | None = None,
    once: bool = False,
    listen: tuple[str, int] | None = None,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run until told to stop, or with `once` until nothing is due.

    Args:
        document: the path of DATABASE.md.
        stopped: waits so many seconds at most; true where it is to end.
        told: is given a line for each thing that happens.
        wishes: beyond the document.
        once: run what is due now, once, and end; nothing lasting.
        listen: address and port of health and metrics; None for nowhere.
        environment: of the process.

    Returns:
        The exit code: with `once` the worst of what ran.

    Raises:
        InvalidInput: no schedule in the document.
        Unavailable: another agent is at work, or the port is taken.
    """
    from dbdeed.app.agent_http import serving

    environment = dict(os.environ if environment is None else environment)
    with alone(open_project(document)):
        agent = Agent(document, wishes or Wishes(), environment, told=told)
        try:
            if once:
                return agent.until_idle(stopped)
            with serving(agent.facts, listen, told):
                while True:
                    agent.tick()
                    if stopped(TICK):
                        return 0
        finally:
            agent.close()
            told("ended")
