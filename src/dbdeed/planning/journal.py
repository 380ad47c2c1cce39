"""What was done to a database, kept in that database: plans, their steps, and how far each came.

Three tables in the engine's private place, made when the first plan runs: plans, their steps, and the states
that they led from and to, which is what undoing one needs. A transactional group's steps are
marked done in the group's own transaction, so the journal and the database never disagree about it; a step
that can be in no transaction is marked before and after, so that a journal that says "started" tells of a
step whose end nobody saw. SQL is kept as planned: `${NAME}` is never filled in here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action
from dbdeed.engines.faults import SqlRejected
from dbdeed.errors import Refused
from dbdeed.planning.states import States, read, states_of, written
from dbdeed.planning.unfilled import remember

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Engine, Session
    from dbdeed.planning.plan import Plan, Round


class PlanState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SUPERSEDED = "superseded"


class StepState(StrEnum):
    WAITING = "waiting"
    STARTED = "started"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A plan that began and did not end.

    Attributes:
        id: in the journal.
        started: when, ISO 8601 in UTC.
        done, total: how many of its steps are known to be done, of how many.
        open_step: the SQL of a step that began outside a transaction and whose end nobody saw, or "".
        error: what stopped it, where that was written down.
    """

    id: str
    started: str
    done: int
    total: int
    open_step: str
    error: str


@dataclass(frozen=True, slots=True)
class Told:
    """A plan in the journal.

    Attributes:
        id: as people name it; its beginning is enough where that is unambiguous.
        number: counts plans, from 1; the archive calls it the plan's generation.
        state: how it ended, or that it has not.
        started, finished: ISO 8601 in UTC; finished is "" where it has not ended.
        tool: the program's version.
        steps: how many statements it has.
        undoes: the plan that it took back, or "".
        continues: the interrupted plan that it went on from, or "".
    """

    id: str
    number: int
    state: PlanState
    started: str
    finished: str
    tool: str
    steps: int
    undoes: str
    continues: str


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal of one database, through one session."""

    engine: Engine
    session: Session

    @property
    def _plans(self) -> str:
        return self.engine.private_name("journal")

    @property
    def _steps(self) -> str:
        return self.engine.private_name("journal_steps")

    @property
    def _states(self) -> str:
        return self.engine.private_name("journal_states")

    def exists(self) -> bool:
        """Whether anything was ever applied here; never writes."""
        try:
            self.session.fetch(f"SELECT id FROM {self._plans} WHERE id = ''")
        except SqlRejected:
            return False
        return True

    def next_generation(self) -> int:
        """The number of the next plan; never writes, and never gives one twice."""
        if not self.exists():
            return 1
        ((count,),) = self.session.fetch(f"SELECT count(*) FROM {self._plans}")
        return int(count) + 1

    def unfinished(self) -> list[Unfinished]:
        """Plans that began and did not end, oldest first; never writes."""
        if not self.exists():
            return []
        rows = self.session.fetch(
            f"SELECT id, started, error FROM {self._plans} "
            f"WHERE state IN ('{PlanState.RUNNING}', '{PlanState.FAILED}') ORDER BY started, id"
        )
        return [self._unfinished(*row) for row in rows]

    def _unfinished(self, identity: str, started: str, error: str) -> Unfinished:
        steps = self.session.fetch(
            f"SELECT state, statement FROM {self._steps} WHERE plan = $1 ORDER BY number", identity
        )
        done = sum(1 for state, _ in steps if state == StepState.DONE)
        hanging = next((sql for state, sql in steps if state == StepState.STARTED), "")
        return Unfinished(identity, started, done, len(steps), hanging, error)

    def plans(self) -> list[Told]:
        """All plans, newest first; never writes. Those of a version that kept no states are left out."""
        if not self.exists():
            return []
        try:
            rows = self.session.fetch(
                "SELECT p.id, s.number, p.state, p.started, p.finished, p.tool, "
                f"(SELECT count(*) FROM {self._steps} WHERE plan = p.id), s.undoes, s.continues "
                f"FROM {self._plans} p JOIN {self._states} s ON s.plan = p.id ORDER BY s.number DESC"
            )
        except SqlRejected:
            return []
        return [Told(row[0], row[1], PlanState(row[2]), *row[3:]) for row in rows]

    def states(self, identity: str, current: Catalog) -> States:
        """What a plan led from and to; to `current`, where it has not ended."""
        ((before, after),) = self.session.fetch(
            f"SELECT before_state, after_state FROM {self._states} WHERE plan = $1", identity
        )
        was = read(self.engine, before)
        return (
            States(was, read(self.engine, after)) if after else states_of(was, self.engine.lasting(current))
        )

    def renames(self, identity: str) -> tuple[Round, ...]:
        """The rounds of renames that a plan began with.

        Raises `Refused` for one that took a plan with renames back: it ended with them.
        """
        ((text,),) = self.session.fetch(f"SELECT renames FROM {self._states} WHERE plan = $1", identity)
        if text == _LAST:
            raise Refused(
                "That plan took renames back, which is not itself taken back.",
                hint="Apply the document with its `renamed from` marks instead.",
                code="undo-renames",
            )
        return tuple(tuple((_id(old), _id(new)) for old, new in one) for one in msgspec.json.decode(text))

    def begin(
        self, identity: str, plan: Plan, now: datetime, tool: str, *, current: Catalog, undoes: str = ""
    ) -> None:
        """Write a plan down before its first step; what is unfinished is closed: it goes on from there.

        Args:
            identity: of the plan.
            plan: what is about to run.
            now: the time.
            tool: the program's version.
            current: the state that it begins at.
            undoes: the plan that it takes back.
        """
        there = self.exists()  # asked outside the transaction, since a "no" is an error to the engine
        number = self.next_generation()
        with self.session.transaction():
            self._set_up(new=not there)
            left = self.unfinished() if there else []
            self._close(left, current, now)
            self._write(
                f"INSERT INTO {self._plans} (id, tool, state, current_state, target_state, started, "
                "finished, error) VALUES ($1, $2, $3, $4, $5, $6, '', '')",
                identity,
                tool,
                PlanState.RUNNING.value,
                plan.current,
                plan.target,
                now.isoformat(timespec="seconds"),
            )
            self._write(
                f"INSERT INTO {self._states} (plan, number, undoes, continues, renames, before_state, "
                "after_state) VALUES ($1, $2, $3, $4, $5, $6, '')",
                identity,
                number,
                undoes,
                left[-1].id if left and not undoes else "",
                _renames_text(plan, undoes),
                written(self.engine, self.engine.lasting(current)),
            )
            self._write_steps(identity, plan)
            remember(self.engine, self.session, identity, plan)

    def _write_steps(self, identity: str, plan: Plan) -> None:
        for batch in batched([(number, step.sql) for number, step in enumerate(plan.steps, 1)]):
            rows = ", ".join(
                f"($1, ${2 * place + 2}, '{StepState.WAITING}', ${2 * place + 3})"
                for place in range(len(batch))
            )
            self._write(
                f"INSERT INTO {self._steps} (plan, number, state, statement) VALUES {rows}",
                identity,
                *(value for row in batch for value in row),
            )

    def close_unfinished(self, current: Catalog, now: datetime) -> None:
        """Nothing is left to do of what was interrupted: say how each ended."""
        left = self.unfinished()
        if left:
            with self.session.transaction():
                self._close(left, current, now)

    def _close(self, left: Sequence[Unfinished], current: Catalog, now: datetime) -> None:
        """Done, where each of its steps was; else what was left of it is planned anew."""
        for one in left:
            whole = one.done == one.total
            self.end(one.id, PlanState.DONE if whole else PlanState.SUPERSEDED, now, one.error)
            self.settle(one.id, current)

    def settle(self, identity: str, reached: Catalog) -> None:
        """Write down where a plan ended, and keep of where it began only what differs."""
        rows = self.session.fetch(
            f"SELECT before_state FROM {self._states} WHERE plan = $1 AND after_state = ''", identity
        )
        if not rows:
            return  # begun by a version that kept no states
        cut = states_of(read(self.engine, rows[0][0]), self.engine.lasting(reached))
        self._write(
            f"UPDATE {self._states} SET before_state = $1, after_state = $2 WHERE plan = $3",
            written(self.engine, cut.before),
            written(self.engine, cut.after),
            identity,
        )

    def mark(self, identity: str, numbers: range, state: StepState) -> None:
        """Set the state of steps, counted from 1; inside whatever transaction is open."""
        self._write(
            f"UPDATE {self._steps} SET state = $1 WHERE plan = $2 AND number >= $3 AND number < $4",
            state.value,
            identity,
            numbers.start,
            numbers.stop,
        )

    def end(self, identity: str, state: PlanState, now: datetime, error: str = "") -> None:
        """Say how a plan ended; `error` holds no secret."""
        self._write(
            f"UPDATE {self._plans} SET state = $1, finished = $2, error = $3 WHERE id = $4",
            state.value,
            now.isoformat(timespec="seconds"),
            error,
            identity,
        )

    def _set_up(self, *, new: bool) -> None:
        for statement in self.engine.private_setup() if new else ():
            self.session.execute(statement)
        self.session.execute(
            f"CREATE TABLE IF NOT EXISTS {self._plans} (id text PRIMARY KEY, tool text NOT NULL, "
            "state text NOT NULL, current_state text NOT NULL, target_state text NOT NULL, "
            "started text NOT NULL, finished text NOT NULL, error text NOT NULL)"
        )
        self.session.execute(
            f"CREATE TABLE IF NOT EXISTS {self._steps} (plan text NOT NULL, number integer NOT NULL, "
            "state text NOT NULL, statement text NOT NULL, PRIMARY KEY (plan, number))"
        )
        self.session.execute(
            f"CREATE TABLE IF NOT EXISTS {self._states} (plan text PRIMARY KEY, number integer NOT NULL, "
            "undoes text NOT NULL, continues text NOT NULL, renames text NOT NULL, "
            "before_state text NOT NULL, after_state text NOT NULL)"
        )

    def _write(self, sql: str, *parameters: object) -> None:
        self.session.fetch(sql, *parameters)


_LAST = "last"


def _renames_text(plan: Plan, undoes: str) -> str:
    renamed = any(one.action is Action.RENAME for one in plan.differences)
    return _LAST if undoes and renamed else msgspec.json.encode(plan.renames).decode()


def _id(said: tuple[str, list[str]]) -> ObjectId:
    return ObjectId(said[0], tuple(said[1]))


def batched(rows: Sequence[tuple[int, str]], size: int = 500) -> Iterator[Sequence[tuple[int, str]]]:
    """Rows in parts that a statement's parameters have room for (32,766 in SQLite, 65,535 in PostgreSQL)."""
    return (rows[start : start + size] for start in range(0, len(rows), size))
