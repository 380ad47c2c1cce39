"""Plans for people and for psql or sqlite3: nothing from a catalog escapes from its place."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action, Detail, Hazard, HazardKind, LockLevel, Step
from dbdeed.engines.seam import Target
from dbdeed.planning.plan import Difference, Group, Plan, PlannedStep
from dbdeed.planning.render import ended, render_differences, render_sql, render_text
from dbdeed.planning.shown import one_line

HOSTILE = st.text(
    alphabet=st.sampled_from(
        [
            *"ab'\";-*/\\$:",
            "\n",
            "\r",
            "\x0b",
            "\x0c",
            "\x1b",
            "\x85",
            "\u2028",
            "\u2029",
            "\u202e",
            "\ufeff",
            "\x00",
        ]
    ),
    min_size=1,
    max_size=20,
)


def plan_of(step: Step, difference: Difference, unmodelled: tuple[str, ...] = ()) -> Plan:
    group = Group((PlannedStep(step, 0),), transactional=True)
    return Plan("sqlite", (3, 40), "a" * 64, "b" * 64, (group,), (difference,), unmodelled)


@settings(max_examples=200)
@given(HOSTILE)
def test_names_cannot_leave_their_line(name: str) -> None:
    one = ObjectId("table", (name, name))
    hazard = Hazard(HazardKind.DESTROYS, name)
    step = Step("SELECT 1", one, hazards=(hazard,), destroys=(one,), lock=LockLevel.EXCLUSIVE)
    plan = plan_of(step, Difference(Action.DROP, one, (Detail(name, name, name),), one), (name,))
    script = render_sql(plan, _Plain())
    lines = script.splitlines()  # splits at every character that any reader could take for a line end
    assert all(not line or line.startswith("--") or line == "SELECT 1;" for line in lines), script
    for text in (render_text(plan), render_differences(plan)):
        assert not {"\x1b", "\x00", "\u202e", "\r"} & set(text)


class _Plain:
    name = "plain"

    def envelope(self, *, transactional: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return (), ()

    def script(self, step: Step) -> str:
        return step.sql

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("SELECT 1", "SELECT 1;"),
        ("SELECT 1 -- one", "SELECT 1 -- one\n;"),
        ("SELECT '--'", "SELECT '--'\n;"),
        ("SELECT 1 -- one\n, 2", "SELECT 1 -- one\n, 2;"),
    ],
)
def test_a_comment_does_not_swallow_the_semicolon(sql: str, wanted: str) -> None:
    assert ended(sql) == wanted


def test_a_dba_sees_locks_cost_hazards_and_reasons() -> None:
    one = ObjectId("column", ("public", "orders", "total"))
    step = Step(
        "ALTER TABLE orders ALTER total TYPE bigint",
        one,
        LockLevel.ACCESS_EXCLUSIVE,
        rewrites=True,
        hazards=(Hazard(HazardKind.REWRITES, "All of orders is written anew."),),
        environment=("SECRET",),
    )
    text = render_text(plan_of(step, Difference(Action.ALTER, one, (Detail("type", "integer", "bigint"),))))
    for part in (
        "ALTER TABLE orders ALTER total TYPE bigint;",
        "lock: ACCESS EXCLUSIVE",
        "rewrites the table",
        "! rewrites the table: All of orders is written anew.",
        "why: alter column public.orders.total (type: integer -> bigint)",
        "NOT proven",
        "SECRET",
    ):
        assert part in text


def test_of_long_texts_that_begin_alike_the_difference_is_seen() -> None:
    one = ObjectId("trigger", ("public", "orders", "watch"))
    head = "CREATE TRIGGER watch BEFORE INSERT OR UPDATE ON public.orders FOR EACH ROW " * 3
    texts = (f"{head}WHEN (new.a) EXECUTE FUNCTION f()", f"{head}WHEN (new.b) EXECUTE FUNCTION f()")
    step = Step("CREATE OR REPLACE TRIGGER …", one)
    text = render_text(plan_of(step, Difference(Action.ALTER, one, (Detail("definition", *texts),))))
    assert "WHEN (new.a) EXECUTE FUNCTION f() -> …" in text
    assert "WHEN (new.b) EXECUTE FUNCTION f())" in text


BEFORE = "CREATE TABLE t (id integer PRIMARY KEY, n integer); CREATE TABLE gone (id integer);"
AFTER = """
CREATE TABLE t (id integer PRIMARY KEY, n text, "odd
name" text DEFAULT 'a;b -- c');
CREATE VIEW v AS SELECT id, n FROM t; -- a remark
CREATE INDEX i ON t (n);
"""


def test_the_script_is_run_as_it_is(place: Any, tmp_path: Path) -> None:
    """By psql and sqlite3 themselves; afterwards nothing is left to do."""
    target = place.new()
    session = place.open(target)
    try:
        place.run(session, BEFORE)
        session.execute("INSERT INTO t VALUES (1, 5)")
        plan, _ = place.plan(session, AFTER)
    finally:
        session.close()
    run_script(place, target, render_sql(plan, place.engine), tmp_path)
    session = place.open(target)
    try:
        assert session.fetch("SELECT id, n FROM t") == [(1, "5")]
        again, _ = place.plan(session, AFTER)
        assert again.empty
    finally:
        session.close()


def run_script(place: Any, target: Target, script: str, folder: Path) -> None:
    file = folder / "plan.sql"
    file.write_text(script, encoding="utf-8")
    if place.is_postgresql:
        psql = shutil.which("psql")
        if psql is None:
            pytest.skip("no psql here")
        command = [psql, "-X", "-v", "ON_ERROR_STOP=1", "-q", "-d", target.url, "-f", str(file)]
        subprocess.run(command, check=True, capture_output=True)
        return
    if shutil.which("sqlite3") is None:
        pytest.skip("no sqlite3 here")
    path = target.url.removeprefix("sqlite:///")
    subprocess.run(["sqlite3", "-bail", path, f".read {file}"], check=True, capture_output=True)
