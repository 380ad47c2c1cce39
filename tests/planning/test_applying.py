"""Applying under bad conditions: locks, other people, failing data, secrets, and ends without warning."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action, Step
from dbdeed.engines.faults import LockTimeout
from dbdeed.engines.seam import Target
from dbdeed.errors import InvalidInput, OurFault, Unavailable
from dbdeed.planning.apply import Patience, StateChanged, StepFailed, apply_plan
from dbdeed.planning.artifact import dump_plan
from dbdeed.planning.journal import Journal
from dbdeed.planning.plan import Difference, Group, Plan, PlannedStep, fingerprint

Place = Any  # tests/planning/conftest.py has it; test modules cannot import each other

BEFORE = """
CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL, price integer NOT NULL);
CREATE INDEX items_name ON items (name);
"""
AFTER = """
CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL, price integer NOT NULL, weight integer);
CREATE INDEX items_price ON items (price);
CREATE TABLE parts (id integer PRIMARY KEY, item_id integer NOT NULL REFERENCES items (id));
CREATE VIEW dear AS SELECT id, name FROM items WHERE price > 100;
CREATE TABLE notes (id integer PRIMARY KEY, text text);
CREATE INDEX notes_text ON notes (text);
"""
ROWS = "INSERT INTO items (id, name, price) VALUES (1, 'lamp', 40), (2, 'desk', 300)"


def one_by_one(plan: Plan) -> Plan:
    """The same plan with every step on its own, outside a transaction."""
    groups = [
        Group((PlannedStep(replace(one.step, transactional=False), one.difference),), transactional=False)
        for group in plan.groups
        for one in group.steps
    ]
    return replace(plan, groups=tuple(groups))


def hand_made(place: Place, session: Any, *statements: str, **options: Any) -> Plan:
    """A plan of these statements, whose target is what they make."""
    state = fingerprint(place.engine.inspect(session))
    one = ObjectId("table", ("made",))
    steps = tuple(PlannedStep(Step(sql, one, **options), 0) for sql in statements)
    return Plan(
        place.engine.name,
        session.version,
        state,
        state,
        (Group(steps, transactional=True),),
        (Difference(Action.CREATE, one),),
    )


def apply(place: Place, session: Any, plan: Plan, **options: Any) -> Any:
    try:
        return apply_plan(place.engine, session, plan, tool="test", **options)
    finally:
        place.settle(session)


def test_a_database_that_changed_meanwhile_is_left_alone(place: Place) -> None:
    with place.live(BEFORE) as session:
        plan, _ = place.plan(session, AFTER)
        session.execute("CREATE TABLE somebody_elses (id integer)")
        state = place.engine.inspect(session)
        with pytest.raises(StateChanged):
            apply(place, session, plan)
        assert place.engine.inspect(session).same_as(state)
        assert not Journal(place.engine, session).exists()


def test_a_plan_for_another_major_version_is_refused(place: Place) -> None:
    with place.live(BEFORE) as session:
        plan, _ = place.plan(session, AFTER)
        with pytest.raises(InvalidInput, match="this server is"):
            apply(place, session, replace(plan, version=(99, 1)))


def test_two_at_once_one_refuses(place: Place) -> None:
    target = place.new()
    first, second = place.open(target), place.open(target)
    try:
        place.run(first, BEFORE)
        plan, _ = place.plan(first, AFTER)
        with place.engine.exclusive(second), pytest.raises(Unavailable):
            apply(place, first, plan)
        apply(place, first, plan)
        with pytest.raises(StateChanged):
            apply(place, second, plan)
    finally:
        first.close()
        second.close()


def test_many_at_once_do_it_once(place: Place) -> None:
    """Each either does it, is told that somebody else does, or finds it done."""
    target = place.new()
    session = place.open(target)
    place.run(session, BEFORE)
    plan, _ = place.plan(session, AFTER)
    outcomes: list[str] = []
    start = threading.Barrier(4)

    def run() -> None:
        mine = place.open(target)
        try:
            start.wait()
            apply_plan(place.engine, mine, plan, tool="test")
            outcomes.append("done")
        except Unavailable:
            outcomes.append("refused")
        finally:
            mine.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused", "refused", "refused"]
    assert fingerprint(place.engine.inspect(session)) == plan.target
    session.close()


def test_data_that_does_not_fit_stops_the_plan_and_the_next_one_carries_on(place: Place) -> None:
    tight = BEFORE.replace("price integer NOT NULL", "price integer NOT NULL CHECK (price < 100)")
    with place.live(BEFORE) as session:
        session.execute(ROWS)
        plan, target = place.plan(session, tight)
        before = place.engine.inspect(session)
        with pytest.raises(StepFailed) as caught:
            apply(place, session, plan)
        assert caught.value.exit_code == 3
        (unfinished,) = Journal(place.engine, session).unfinished()
        assert unfinished.done < unfinished.total == len(plan.steps)
        # Online, the check is there already and not validated; in one transaction all is as it was.
        assert place.engine.inspect(session).same_as(before) == (unfinished.done == 0)
        assert unfinished.error
        session.execute("UPDATE items SET price = 1")
        place.migrate(session, tight)
        assert fingerprint(place.engine.inspect(session)) == fingerprint(target)
        assert Journal(place.engine, session).unfinished() == []


def test_a_plan_that_misses_its_target_is_our_fault(place: Place) -> None:
    with place.live() as session:
        plan = hand_made(place, session, f"CREATE TABLE {place.schema}made (id integer)")
        with pytest.raises(OurFault, match="not at the target"):
            apply(place, session, plan)


def test_a_lock_that_is_held_is_tried_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    target = place.new()
    holder = place.open(target)
    place.run(holder, BEFORE)
    session = impatient(place, target, monkeypatch)
    try:
        plan, _ = place.plan(
            session, BEFORE.replace("price integer NOT NULL", "price integer NOT NULL, x integer")
        )
        begin(place, holder)
        pauses: list[float] = []

        def sleep(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                holder.execute("COMMIT")

        done = apply(place, session, plan, patience=Patience(sleep=sleep))
        assert done.waits == 3
        assert pauses == [0.1, 0.2, 0.4]
    finally:
        holder.close()
        session.close()


def test_patience_ends(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    target = place.new()
    holder = place.open(target)
    place.run(holder, BEFORE)
    session = impatient(place, target, monkeypatch)
    try:
        wanted = BEFORE.replace("price integer NOT NULL", "price integer NOT NULL, x integer")
        plan, _ = place.plan(session, wanted)
        begin(place, holder)
        pauses: list[float] = []
        with pytest.raises(LockTimeout) as caught:
            apply(place, session, plan, patience=Patience(tries=3, sleep=pauses.append))
        assert caught.value.exit_code == 3
        holder.execute("COMMIT")
        place.migrate(session, wanted)
    finally:
        holder.close()
        session.close()


def impatient(place: Place, target: Target, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A session that waits only a moment for locks."""
    if place.is_postgresql:
        monkeypatch.setattr("dbdeed.engines.postgresql.running.LOCK_TIMEOUT", "20ms")
        return place.open(target)
    from dbdeed.engines.sqlite.session import SqliteSession

    return SqliteSession.of(target, wait=0.02)


def begin(place: Place, session: Any) -> None:
    """Hold what the plan needs, in a transaction that stays open."""
    session.execute("BEGIN" if place.is_postgresql else "BEGIN IMMEDIATE")
    session.execute(ROWS)


SECRET = "s3cret'; DROP TABLE items; --"


def test_a_secret_is_filled_in_when_it_runs_and_written_nowhere(place: Place) -> None:
    with place.live(BEFORE) as session:
        session.execute(ROWS)
        plan = hand_made(
            place,
            session,
            f"UPDATE {place.schema}items SET name = 'x ${{TOKEN}} y' WHERE id = 1",
            environment=("TOKEN",),
        )
        apply(place, session, plan, environment={"TOKEN": SECRET, "OTHER": "x"})
        assert session.fetch("SELECT name FROM items WHERE id = 1") == [(f"x {SECRET} y",)]
        assert "s3cret" not in journal_text(place, session)
        assert b"s3cret" not in dump_plan(plan)


def test_a_secret_is_not_in_what_the_server_says_of_it(place: Place) -> None:
    with place.live(BEFORE) as session:
        sql = "SELECT CAST('${TOKEN}' AS integer)" if place.is_postgresql else 'SELECT * FROM "${TOKEN}"'
        plan = hand_made(place, session, sql, environment=("TOKEN",))
        with pytest.raises(StepFailed) as caught:
            apply(place, session, plan, environment={"TOKEN": SECRET})
        everything = (
            f"{caught.value} {caught.value.hint} {caught.value.__cause__} {journal_text(place, session)}"
        )
        assert "s3cret" not in everything
        assert "***" in everything


def test_a_missing_secret_is_told_before_anything_runs(place: Place) -> None:
    with place.live(BEFORE) as session:
        plan = hand_made(
            place,
            session,
            f"CREATE TABLE {place.schema}made (id integer)",
            "SELECT '${TOKEN}'",
            environment=("TOKEN",),
        )
        with pytest.raises(InvalidInput, match="TOKEN"):
            apply(place, session, plan, environment={})
        assert not Journal(place.engine, session).exists()


def journal_text(place: Place, session: Any) -> str:
    tables = [place.engine.private_name(name) for name in ("journal", "journal_steps")]
    return repr([session.fetch(f"SELECT * FROM {table}") for table in tables])


def test_ctrl_c_is_journalled_and_carried_on_from(place: Place) -> None:
    with place.live(BEFORE) as session:
        session.execute(ROWS)
        plan, _ = place.plan(session, AFTER)
        real, count = session.execute, 0

        def interrupted(sql: str) -> None:
            nonlocal count
            if sql == plan.steps[2].sql:
                raise KeyboardInterrupt
            real(sql)

        session.execute = interrupted
        with pytest.raises(KeyboardInterrupt):
            apply(place, session, one_by_one(plan))
        session.execute = real
        (unfinished,) = Journal(place.engine, session).unfinished()
        assert (unfinished.done, unfinished.open_step) == (2, plan.steps[2].sql)
        assert unfinished.error == "KeyboardInterrupt"
        carry_on(place, session)


def carry_on(place: Place, session: Any) -> None:
    """The next apply reaches the target, and nothing is left open."""
    place.settle(session)
    target = place.catalog(AFTER)
    plan, _ = place.plan(session, AFTER)
    apply_plan(place.engine, session, plan, target, tool="test")
    place.settle(session)
    again, _ = place.plan(session, AFTER)
    assert again.empty
    assert Journal(place.engine, session).unfinished() == []
    assert session.fetch("SELECT id, name, price FROM items ORDER BY id") == [
        (1, "lamp", 40),
        (2, "desk", 300),
    ]


KILLED = """
import os, signal, sys
from pathlib import Path
from dbdeed.engines.registry import engine_named
from dbdeed.engines.seam import Target
from dbdeed.planning.apply import apply_plan
from dbdeed.planning.artifact import load_plan

plan = load_plan(Path(sys.argv[1]).read_bytes()).plan
engine = engine_named(plan.engine)
session = engine.connect(Target(sys.argv[2], "live"))
calls = 0

def counted(real):
    def call(*arguments):
        global calls
        calls += 1
        if calls == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments)
    return call

session.execute, session.fetch = counted(session.execute), counted(session.fetch)
apply_plan(engine, session, plan, tool="test")
print(calls)
"""


def run_killed(path: Path, target: Target, at: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", KILLED, str(path), target.url, str(at)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("alone", [False, True], ids=["transactions", "one by one"])
def test_killed_at_random_statements_the_next_apply_carries_on(
    place: Place, tmp_path: Path, alone: bool
) -> None:
    kill_at_random(place, tmp_path, alone, count=2 if place.is_postgresql else 8)


@pytest.mark.slow
def test_killed_at_fifty_statements_the_next_apply_carries_on(place: Place, tmp_path: Path) -> None:
    kill_at_random(place, tmp_path, alone=True, count=50)


def kill_at_random(place: Place, folder: Path, alone: bool, count: int) -> None:
    def prepared() -> Target:
        target: Target = place.new()
        session = place.open(target)
        place.run(session, BEFORE)
        session.execute(ROWS)
        session.close()
        return target

    first = prepared()
    session = place.open(first)
    plan, _ = place.plan(session, AFTER)
    session.close()
    path = folder / "plan.json"
    path.write_bytes(dump_plan(one_by_one(plan) if alone else plan))
    whole = run_killed(path, first, 0)
    assert whole.returncode == 0, whole.stderr
    calls = int(whole.stdout)
    random = Random(len(plan.steps))
    for at in sorted(random.sample(range(1, calls + 1), min(count, calls))):
        target = prepared()
        killed = run_killed(path, target, at)
        assert killed.returncode == -signal.SIGKILL, f"at {at} of {calls}: {killed.stderr}"
        session = place.open(target)
        try:
            carry_on(place, session)
        finally:
            session.close()
