"""What was done to a database, kept in that database: plans, their steps, and how far each came.

Two tables in the engine's private place, made when the first plan runs. A transactional group's steps are
marked done in the group's own transaction, so the journal and the database never disagree about it; a step
that can be in no transaction is marked before and after, so that a journal that says "started" tells of a
step whose end nobody saw. SQL is kept as planned: `${NAME}` is never filled in here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dbdeed.engines.seam import SqlRejected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from dbdeed.engines.seam import Engine, Session
    from dbdeed.planning.plan import Plan


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

    def exists(self) -> bool:
        """Whether anything was ever applied here; never writes."""
        try:
            self.session.fetch(f"SELECT id FROM {self._plans} WHERE id = ''")
        except SqlRejected:
            return False
        return True

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

    def begin(self, identity: str, plan: Plan, now: datetime, tool: str) -> None:
        """Write a plan down before its first step; older unfinished ones are superseded by it."""
        there = self.exists()  # asked outside the transaction, since a "no" is an error to the engine
        with self.session.transaction():
            if not there:
                self._set_up()
            self.supersede(now)
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

    def supersede(self, now: datetime) -> None:
        """Close what is unfinished: what was left of it has been planned anew, or there is nothing left."""
        self._write(
            f"UPDATE {self._plans} SET state = '{PlanState.SUPERSEDED}', finished = $1 "
            f"WHERE state IN ('{PlanState.RUNNING}', '{PlanState.FAILED}')",
            now.isoformat(timespec="seconds"),
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

    def _set_up(self) -> None:
        for statement in self.engine.private_setup():
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

    def _write(self, sql: str, *parameters: object) -> None:
        self.session.fetch(sql, *parameters)


def batched(rows: Sequence[tuple[int, str]], size: int = 500) -> Iterator[Sequence[tuple[int, str]]]:
    """Rows in parts that a statement's parameters have room for (32,766 in SQLite, 65,535 in PostgreSQL)."""
    return (rows[start : start + size] for start in range(0, len(rows), size))
