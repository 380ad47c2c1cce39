"""`-- backfill: EXPRESSION`: rows get their values, part by part, and whoever is stopped goes on."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from dbdeed.app.facts import load_catalog
from dbdeed.engines.change import HazardKind, LockLevel, Step
from dbdeed.engines.faults import LockTimeout, SqlRejected
from dbdeed.errors import InvalidInput, Unavailable
from dbdeed.planning.apply import Patience, StepFailed, apply_plan
from dbdeed.planning.filling import Pace, fill_all
from dbdeed.planning.render import render_sql
from dbdeed.planning.unfilled import carried_on, unfilled
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.planning.plan import Plan

Place = Any  # tests/planning/conftest.py has it; test modules cannot import each other

BEFORE = "CREATE TABLE people (id integer PRIMARY KEY, name text, age integer);"
AFTER = """
CREATE TABLE people (
    id integer PRIMARY KEY,
    name text NOT NULL, -- backfill: 'nobody'
    age integer,
    handle text NOT NULL DEFAULT 'new' /* backfill: lower(coalesce(name, 'nobody')) || id */
);
"""


def rows(place: Place, session: Any, count: int) -> None:
    numbers = f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}) "
    session.execute(f"INSERT INTO people {numbers} SELECT n, CASE WHEN n % 3 > 0 THEN 'Ada' END, n FROM n")


def planned(place: Place, session: Any, sql: str = AFTER, **options: Any) -> Plan:
    plan: Plan = place.plan(session, sql, empty=lambda one: place.engine.rows(session, one) == 0, **options)[
        0
    ]
    return plan


def test_rows_get_the_values_that_the_document_says(place: Place) -> None:
    with place.live(BEFORE) as session:
        rows(place, session, 2000)
        apply_plan(place.engine, session, planned(place, session), place.catalog(AFTER), tool="test")
        place.settle(session)
        assert place.plan(session, AFTER)[0].empty
        nobody = session.fetch("SELECT count(*) FROM people WHERE name = 'nobody' AND id % 3 = 0")
        assert nobody == [(666,)]
        right = "CASE WHEN id % 3 > 0 THEN 'ada' ELSE 'nobody' END || id"
        wrong = session.fetch(f"SELECT count(*) FROM people WHERE handle IS NULL OR handle <> {right}")
        assert wrong == [(0,)]
        session.execute("INSERT INTO people (id, name) VALUES (0, 'Bo')")
        assert session.fetch("SELECT handle FROM people WHERE id = 0") == [("new",)]


def test_nothing_is_filled_where_there_is_nothing(place: Place) -> None:
    with place.live(BEFORE) as session:
        plan = planned(place, session)
        assert not any(step.batched or step.sql.startswith("UPDATE") for step in plan.steps)
        place.migrate(session, AFTER)


@pytest.mark.parametrize(
    ("mark", "says"),
    [
        ("no_such(name)", "no_such"),
        ("upper(name", "no expression|end of input|incomplete|syntax"),
        ("1; DROP TABLE people", "no expression"),
        ("1), age = (2", "no expression"),
    ],
)
def test_what_the_engine_rejects_is_an_error_at_its_line(place: Place, mark: str, says: str) -> None:
    sql = f"CREATE TABLE people (\n    id integer PRIMARY KEY,\n    name text, -- backfill: {mark}\n    age integer\n);"
    with pytest.raises(SqlRejected, match=says) as caught:
        load_catalog(place.engine, place.scratch, place.statements(sql), SILENT)
    assert caught.value.where == "test.sql:3:29"


def test_a_mark_at_no_column_is_an_error(place: Place) -> None:
    with pytest.raises(SqlRejected, match="no column"):
        load_catalog(
            place.engine,
            place.scratch,
            place.statements("-- backfill: 1\nCREATE VIEW v AS SELECT 1 AS a;"),
            SILENT,
        )


def test_columns_that_nobody_has_are_told_when_it_is_planned(place: Place) -> None:
    sql = AFTER.replace("lower(coalesce(name", "lower(coalesce(nickname")
    with place.live(BEFORE) as session:
        rows(place, session, 3)
        with pytest.raises(InvalidInput, match="nickname"):
            planned(place, session, sql)


@pytest.fixture
def postgresql(place: Place) -> Place:
    if not place.is_postgresql:
        pytest.skip("SQLite fills rows where it rebuilds their table")
    return place


def test_a_published_table_whose_rows_cannot_be_filled_is_told_when_it_is_planned(postgresql: Place) -> None:
    """Where the document's own table is such a one, the expression is refused at its line."""
    apart = "ALTER TABLE people REPLICA IDENTITY FULL; CREATE PUBLICATION p FOR ALL TABLES;"
    before = "CREATE TABLE people (name text, age integer);" + apart
    after = "CREATE TABLE people (name text, age integer, handle text /* backfill: name || age */);" + apart
    told = []
    with postgresql.live(before) as session:
        session.execute("INSERT INTO people VALUES ('Ada', 1), ('Bo', 2)")
        for identity in ("DEFAULT", "FULL"):
            session.execute(f"ALTER TABLE people REPLICA IDENTITY {identity}")
            plan = planned(postgresql, session, after)
            (fill,) = [step for step in plan.steps if step.batched]
            told.append([one.message for one in fill.hazards if one.kind is HazardKind.MAY_FAIL])
        apply_plan(postgresql.engine, session, plan, postgresql.catalog(after), tool="test")
        assert session.fetch("SELECT handle FROM people ORDER BY 1") == [("Ada1",), ("Bo2",)]
    (refused,), taken = told
    assert "without a replica identity" in refused
    assert not taken


def test_a_value_that_is_null_stops_the_plan_and_ends(postgresql: Place) -> None:
    sql = AFTER.replace("'nobody'", "NULL")
    with postgresql.live(BEFORE) as session:
        rows(postgresql, session, 9)
        plan = planned(postgresql, session, sql)
        with pytest.raises(StepFailed):
            apply_plan(postgresql.engine, session, plan, tool="test")
        postgresql.settle(session)
        assert session.fetch("SELECT count(*) FROM people") == [(9,)]
        apply_plan(postgresql.engine, session, planned(postgresql, session), tool="test")


class Killed(BaseException):
    """An end without warning, as far as one process can play it."""


def test_stopped_at_any_part_the_next_plan_goes_on(
    postgresql: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, real, left = postgresql.engine, type(postgresql.engine).fill, 0

    def fill(self: Any, session: Any, step: Step, first: int, last: int) -> int:
        nonlocal left
        left -= 1
        if left < 0 and session is live:
            raise Killed
        filled: int = real(self, session, step, first, last)
        return filled

    monkeypatch.setattr(type(engine), "fill", fill)
    monkeypatch.setattr("dbdeed.planning.filling._FIRST", 1)
    monkeypatch.setattr("dbdeed.planning.filling._MOST", 1)
    target = postgresql.new()
    live = postgresql.open(target)
    postgresql.run(live, BEFORE)
    rows(postgresql, live, 900)
    stops = 0
    while True:
        left = stops  # each time a part further
        postgresql.settle(live)
        plan = planned(postgresql, live, scratch=None)
        try:
            apply_plan(engine, live, plan, postgresql.catalog(AFTER), tool="test")
        except Killed:
            stops += 1
            live.close()
            live = postgresql.open(target)
        else:
            break
    assert stops > 5
    postgresql.settle(live)
    assert live.fetch("SELECT count(*) FROM people WHERE name IS NULL OR handle IS NULL") == [(0,)]
    assert live.fetch("SELECT count(*) FROM people WHERE handle = 'ada' || id") == [(600,)]
    assert postgresql.plan(live, AFTER)[0].empty
    live.close()


def test_a_column_that_may_be_null_is_filled_to_the_end(
    postgresql: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped between two parts, nothing of the schema is left to do; the journal knows better."""
    after = BEFORE.replace("age integer", "age integer, luck integer -- backfill: age * 2\n")
    engine, real = postgresql.engine, type(postgresql.engine).fill
    with postgresql.live(BEFORE) as live:
        rows(postgresql, live, 1500)
        plan = planned(postgresql, live, after)
        live_fills = 0

        def fill(self: Any, session: Any, step: Step, first: int, last: int) -> int:
            nonlocal live_fills
            live_fills += session is live
            if live_fills == 2:
                raise Killed
            filled: int = real(self, session, step, first, last)
            return filled

        monkeypatch.setattr(type(engine), "fill", fill)
        monkeypatch.setattr("dbdeed.planning.filling._FIRST", 1)
        with pytest.raises(Killed):
            apply_plan(engine, live, plan, postgresql.catalog(after), tool="test")
        monkeypatch.setattr(type(engine), "fill", real)
        postgresql.settle(live)
        ((left,),) = live.fetch("SELECT count(*) FROM people WHERE luck IS NULL")
        assert left > 0
        again, target = postgresql.plan(live, after)
        assert again.empty
        again = carried_on(again, unfilled(engine, live), engine.inspect(live), target)
        assert [step.batched for step in again.steps] == [True]
        apply_plan(engine, live, again, target, tool="test")
        postgresql.settle(live)
        assert live.fetch("SELECT count(*) FROM people WHERE luck IS DISTINCT FROM age * 2") == [(0,)]
        assert unfilled(engine, live) == []


def test_the_script_fills_in_psql_what_apply_fills(postgresql: Place, tmp_path: Any) -> None:
    from dbdeed.engines.postgresql.servers.programs import found

    psql = next((one.path("psql") for one in found() if (one.folder / "psql").exists()), None)
    if psql is None:
        pytest.skip("no psql on this machine")
    target = postgresql.new()
    session = postgresql.open(target)
    postgresql.run(session, BEFORE)
    rows(postgresql, session, 3000)
    script = tmp_path / "plan.sql"
    script.write_text(render_sql(planned(postgresql, session), postgresql.engine))
    command = [str(psql), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(script), target.url]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    assert done.returncode == 0, done.stderr
    assert postgresql.plan(session, AFTER)[0].empty
    assert session.fetch("SELECT count(*) FROM people WHERE handle IN ('ada' || id, 'nobody' || id)") == [
        (3000,)
    ]
    session.close()


def test_rows_that_others_lock_are_waited_for_part_by_part(
    postgresql: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dbdeed.engines.postgresql.running.LOCK_TIMEOUT", "20ms")
    target = postgresql.new()
    holder, session = postgresql.open(target), postgresql.open(target)
    postgresql.run(holder, BEFORE)
    rows(postgresql, holder, 9)
    sql = AFTER.replace(
        "handle text NOT NULL DEFAULT 'new' /* backfill: lower(coalesce(name, 'nobody')) || id */",
        "x integer",
    )
    plan = planned(postgresql, session, sql)
    holder.execute("BEGIN")
    holder.execute("UPDATE people SET age = 0 WHERE id = 3")
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            holder.execute("COMMIT")

    done = apply_plan(postgresql.engine, session, plan, tool="test", patience=Patience(sleep=sleep))
    assert done.waits >= 2
    postgresql.settle(session)
    assert session.fetch("SELECT count(*) FROM people WHERE name IS NULL") == [(0,)]
    holder.close()
    session.close()


class Pages:
    """An engine whose parts take as long as they are told."""

    def __init__(self, parts: int, seconds: Callable[[int], float], busy: int = 0) -> None:
        self.count, self.seconds, self.now, self.waiters = parts, seconds, 0.0, busy
        self.sizes: list[int] = []
        self.slept: list[float] = []

    def parts(self, session: Any, step: Any) -> int:
        return self.count

    def fill(self, session: Any, step: Any, first: int, last: int) -> int:
        self.sizes.append(last - first)
        self.now += self.seconds(last - first)
        return last - first if sum(self.sizes) <= self.count else 0

    def busy(self, session: Any) -> bool:
        self.waiters -= 1
        return self.waiters >= 0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def run(self) -> int:
        step: Any = Step("UPDATE", None, LockLevel.ROW_EXCLUSIVE, batched=True)  # type: ignore[arg-type]
        engine: Any = self
        with SILENT.step("Filling") as task:
            return fill_all(
                engine, engine, step, task, Pace(sleep=self.sleep, clock=self.clock), lambda part: part()
            )


def test_parts_grow_while_they_are_quick() -> None:
    pages = Pages(10_000, lambda size: 0.01)
    assert pages.run() == 10_000
    assert pages.sizes[:4] == [64, 128, 256, 512]
    assert max(pages.sizes) == 4096
    assert pages.slept == []


def test_parts_without_rows_to_fill_do_not_make_the_next_one_large() -> None:
    class Filled(Pages):
        """Only the last rows are left."""

        def fill(self, session: Any, step: Any, first: int, last: int) -> int:
            super().fill(session, step, first, last)
            return 0

    pages = Filled(100_000, lambda size: 0.001)
    assert pages.run() == 0
    assert max(pages.sizes) == 256


def test_parts_shrink_and_pause_while_they_are_slow() -> None:
    pages = Pages(400, lambda size: size / 32)
    assert pages.run() == 400
    assert set(pages.sizes[1:-1]) == {12}  # one slow part is enough to know
    assert pages.slept == [1.0]


def test_it_pauses_while_somebody_waits_and_not_for_ever() -> None:
    pages = Pages(200, lambda size: 0.2, busy=7)
    pages.run()
    assert len(pages.slept) == 7
    endless = Pages(200, lambda size: 0.2, busy=10**6)
    assert endless.run() == 200


def test_a_lock_that_is_never_to_be_had_ends_it(postgresql: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dbdeed.engines.postgresql.running.LOCK_TIMEOUT", "20ms")
    target = postgresql.new()
    holder, session = postgresql.open(target), postgresql.open(target)
    postgresql.run(holder, BEFORE)
    rows(postgresql, holder, 9)
    plan = planned(postgresql, session)
    holder.execute("BEGIN")
    holder.execute("UPDATE people SET age = 0")
    with pytest.raises(LockTimeout):
        apply_plan(
            postgresql.engine, session, plan, tool="test", patience=Patience(tries=2, sleep=lambda _: None)
        )
    holder.close()
    session.close()
    assert issubclass(LockTimeout, Unavailable)


def test_a_column_without_a_value_for_the_rows_fails_before_anything_is_done(postgresql: Place) -> None:
    after = BEFORE.replace("age integer", "age integer, luck integer NOT NULL")
    with postgresql.live(BEFORE) as session:
        rows(postgresql, session, 9)
        plan = planned(postgresql, session, after)
        assert not any("ADD COLUMN" in step.sql and "NOT NULL" in step.sql for step in plan.steps)
        was = postgresql.engine.inspect(session).objects
        with pytest.raises(StepFailed, match=r"has rows, and its new column luck must have a value"):
            apply_plan(postgresql.engine, session, plan, tool="test")
        postgresql.settle(session)
        assert postgresql.engine.inspect(session).objects == was
        session.execute("DELETE FROM people")
        apply_plan(postgresql.engine, session, plan, postgresql.catalog(after), tool="test")
        postgresql.settle(session)
        assert postgresql.plan(session, after)[0].empty


def test_a_domain_gives_the_rows_its_own_default(postgresql: Place) -> None:
    kind = "CREATE DOMAIN luck AS integer DEFAULT 7;"
    after = kind + BEFORE.replace("age integer", "age integer, luck luck NOT NULL")
    with postgresql.live(kind + BEFORE) as session:
        rows(postgresql, session, 9)
        plan = planned(postgresql, session, after)
        apply_plan(postgresql.engine, session, plan, postgresql.catalog(after), tool="test")
        assert session.fetch("SELECT count(*) FROM public.people WHERE luck = 7") == [(9,)]
