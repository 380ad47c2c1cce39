"""Continuous archiving under supervision: a receiver is kept running, and what it has goes to the store.

Whoever drives this (the agent, `dbdeed backup receive`) calls `tick` once a second and looks at `health`. A
tick never raises for what may pass: a server that is away, a store that does not answer. It says so in
`health`, waits longer each time and tries again. A kill at any moment loses nothing: what is not in the store
is in the spool or with the server.
"""

from __future__ import annotations

import os
import time
from collections import deque
from contextlib import contextmanager, suppress
from datetime import datetime  # noqa: TC003 - msgspec reads the annotations
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from dbdeed.errors import DbdeedError, Unavailable
from dbdeed.recovery.files import held
from dbdeed.recovery.logs import Reached

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dbdeed.engines.archiving import Receiver, ReceiverFacts
    from dbdeed.recovery.drill_plan import Clocks
    from dbdeed.recovery.logs import Logs

SENT_EVERY = 10.0
"""Seconds between two sendings of the file under way: what is lost at most, with a few to send it."""

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_SOUND = 60.0  # after so many seconds without a fault the next pause is a short one again
_FAR_BEHIND = 1 << 30
_LAST_REPORT, _LOOK = 5.0, 0.1  # a receiver reports every second


class State(StrEnum):
    """What a receiver is doing."""

    RECEIVING = "receiving"
    WAITING = "waiting"
    STOPPED = "stopped"


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a receiver is.

    Attributes:
        state: receiving, or waiting to try again, or stopped.
        at: when this was so.
        process: id of the process that supervises it.
        system: whose log it is.
        position: up to which the log has come; "" where that is not known.
        lag: bytes that the server keeps for it; None where it does not answer.
        reached: everything that was committed before this moment is in the store; None before the first.
        synchronous: commits wait for it.
        restarts: how often it had to be started again.
        problem: why it waits, or what is wrong though it receives; "" where all is well.
        warnings: what a person should see to, one sentence each.
    """

    state: State
    at: datetime
    process: int
    system: str
    position: str = ""
    lag: int | None = None
    reached: datetime | None = None
    synchronous: bool = False
    restarts: int = 0
    problem: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """It receives, and nothing is wrong."""
        return self.state is State.RECEIVING and not self.problem


class Receiving:
    """A receiver, what it sends, and how it is.

    Attributes:
        health: of the last tick.
        renewals: how often it began anew after a gap: then only a new backup leads on.

    Args:
        receiver: the engine's.
        logs: where to.
        system: whose log.
        clocks: the time of day, and one that nobody sets.
    """

    def __init__(self, receiver: Receiver, logs: Logs, system: str, clocks: Clocks) -> None:
        self._receiver, self._logs, self._system, self._clocks = receiver, logs, system, clocks
        self._running = False
        self._starts = 0
        self._pause = _FIRST_PAUSE
        self._again_at = self._sound_since = clocks.ticks()
        self._sent_at: float | None = None
        self._seen: deque[tuple[datetime, int]] = deque(maxlen=600)
        self._lost = False
        self.renewals = 0
        self._advice: tuple[str, ...] | None = None
        mark = None
        with suppress(DbdeedError):
            mark = logs.reached(system)
        self._reached = mark.at if mark is not None else None
        self.health = self._said(State.WAITING, None, "")

    def tick(self) -> Health:
        """Do what is due, and say how it is."""
        problem = self._kept_running()
        facts = None
        try:
            facts = self._facts()
        except DbdeedError as error:
            problem = problem or error.message
        try:
            self._send(facts)
        except DbdeedError as error:
            problem = problem or f"What was received could not be sent on: {error.message}"
        self.health = self._said(State.RECEIVING if self._running else State.WAITING, facts, problem)
        return self.health

    def close(self) -> Health:
        """Stop, and send what has come."""
        problem = ""
        self._receiver.release()
        facts = None
        with suppress(DbdeedError):
            facts = self._caught_up()
        self._receiver.stop()
        self._sent_at = None
        try:
            self._send(facts)
        except DbdeedError as error:
            problem = f"What was received could not be sent on: {error.message}"
        self._receiver.close()
        self.health = self._said(State.STOPPED, None, problem)
        return self.health

    @property
    def sent(self) -> bool:
        """Whether the file under way was sent since the receiver was last started."""
        return self._sent_at is not None

    def _kept_running(self) -> str:
        """Start it where it does not run and a try is due; why it does not run."""
        now = self._clocks.ticks()
        words = self._receiver.ended() if self._running else self.health.problem if self._starts else ""
        if self._running and words is None:
            if now - self._sound_since > _SOUND:
                self._pause = _FIRST_PAUSE
            return ""
        if self._running:  # it ended just now
            self._running, self._again_at = False, now + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        if now < self._again_at:
            return words or ""
        try:
            if self._lost:
                self._receiver.renew()
                self.renewals += 1
            self._receiver.start()
        except DbdeedError as error:
            self._again_at = now + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            self._starts += 1
            return f"{error.message} {error.hint}".strip()
        self._running, self._sound_since, self._sent_at = True, now, None
        self._starts += 1
        self._lost = False
        return ""

    def _facts(self) -> ReceiverFacts:
        facts = self._receiver.facts()
        self._lost = self._lost or facts.lost
        if self._running and self._advice is None:
            self._advice = tuple(self._receiver.advice())
        if facts.current:
            self._seen.append((facts.at, self._logs.archiving.position_of(facts.current)))
        return facts

    def _caught_up(self) -> ReceiverFacts:
        """What the server says once the receiver told it of all that was there when it was first asked.

        One that is far behind is not waited for longer than a few seconds: the server keeps the rest for it.
        """
        position_of = self._logs.archiving.position_of
        first = facts = self._facts()
        end = self._clocks.ticks() + _LAST_REPORT
        while self._running and self._receiver.ended() is None and self._clocks.ticks() < end:
            if facts.written and position_of(facts.written) >= position_of(first.current):
                break
            time.sleep(_LOOK)
            facts = self._facts()
        return facts

    def _send(self, facts: ReceiverFacts | None) -> None:
        """Whole files at once, the one under way now and then; then note what is reached."""
        now = self._clocks.ticks()
        due = self._sent_at is None or now - self._sent_at >= SENT_EVERY
        for parcel in self._receiver.parcels(unfinished=due):
            self._logs.keep(parcel)
            self._receiver.kept(parcel)
        if not due:
            return
        if facts is not None and facts.written:
            self._sent_at = now
            self._mark(facts.written)

    def _mark(self, written: str) -> None:
        """What was received when the server was asked is in the store now."""
        position = self._logs.archiving.position_of(written)
        moments = [at for at, current in self._seen if current <= position]
        if moments and (self._reached is None or moments[-1] > self._reached):
            self._logs.mark(self._system, Reached(written, moments[-1]))
            self._reached = moments[-1]

    def _said(self, state: State, facts: ReceiverFacts | None, problem: str) -> Health:
        return Health(
            state=state,
            at=self._clocks.now(),
            process=os.getpid(),
            system=self._system,
            position=facts.written if facts is not None else "",
            lag=facts.lag if facts is not None else None,
            reached=self._reached,
            synchronous=facts.synchronous if facts is not None else False,
            restarts=max(0, self._starts - 1),
            problem=problem,
            warnings=self._warnings(facts),
        )

    def _warnings(self, facts: ReceiverFacts | None) -> tuple[str, ...]:
        said = list(self._advice or ())
        if self._lost:
            said.append(
                "The server no longer has the log that comes next: there is a gap. Only a backup that is "
                "taken from now on leads beyond it."
            )
        if facts is not None and facts.lag > (facts.cap // 2 if facts.cap else _FAR_BEHIND):
            limit = f"; it gives up at {facts.cap / 1e9:.1f} GB" if facts.cap else ", without a limit"
            said.append(f"The server keeps {facts.lag / 1e9:.1f} GB of its log for the receiver{limit}.")
        return tuple(said)


@contextmanager
def alone(spool: Path) -> Iterator[None]:
    """Be the only receiver of this spool. Raises `Unavailable` where another one is at work."""
    busy = Unavailable(f"Another receiver is at work in {spool}.", hint="One is enough.", code="locked")
    with held(spool / ".lock", busy):
        yield
