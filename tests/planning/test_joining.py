"""Several columns of one table that change their types: the table is written anew once."""

from __future__ import annotations

from typing import Any

import pytest

from dbdeed.planning.apply import apply_plan
from dbdeed.planning.artifact import dump_plan, load_plan
from dbdeed.planning.consent import Terms
from dbdeed.planning.render import render_text

Place = Any  # tests/planning/conftest.py has it; test modules cannot import each other

T = (
    "CREATE TABLE t (id integer PRIMARY KEY, a integer NOT NULL DEFAULT 3, b integer, c numeric(8,3), d text,"
    " CHECK (a < b)); CREATE INDEX t_ab ON t (a, b); CREATE INDEX t_c ON t ((c + 1));"
    "CREATE VIEW v AS SELECT a, b, c FROM t;"
)
WIDER = (
    T.replace("a integer NOT NULL DEFAULT 3", "a bigint NOT NULL DEFAULT 4")
    .replace("b integer", "b bigint")
    .replace("numeric(8,3)", "numeric(8,1)")
)
ROWS = "INSERT INTO t SELECT n, n, n + 1, n + 0.123, 'x' FROM generate_series(1, 5) n"


def test_three_columns_are_changed_by_one_statement(postgresql: Place) -> None:
    engine = postgresql.engine
    with postgresql.live(T) as session:
        session.execute(ROWS)
        was = session.fetch("SELECT * FROM t ORDER BY id")
        plan, target = postgresql.plan(session, WIDER, empty=lambda one: engine.rows(session, one) == 0)
        for way in (plan, plan.reverse):
            (step,) = (one for one in way.steps if " TYPE " in one.sql)
            assert [f"ALTER COLUMN {name} TYPE" in step.sql for name in "abcd"] == [True, True, True, False]
            assert step.rewrites
            told = [one.object.name[-1] for one in way.differences if one.details[:1] and not one.because]
            assert {"a", "b", "c"} <= set(told)
        assert "column public.t.a (" in render_text(plan)
        why = next(line for line in render_text(plan).splitlines() if "why: alter column public.t.a" in line)
        assert "; alter column public.t.b (" in why
        assert "; alter column public.t.c (" in why
        file = load_plan(dump_plan(plan, Terms(), private=True), "plan.json")
        assert render_text(file.plan) == render_text(plan)
        apply_plan(engine, session, file.plan, target, tool="test")
        postgresql.settle(session)
        assert session.fetch("SELECT c::text FROM t ORDER BY id")[0] == ("1.1",)
        apply_plan(engine, session, plan.reverse, tool="test")
        postgresql.settle(session)
        assert session.fetch("SELECT * FROM t ORDER BY id") == was


@pytest.mark.parametrize("online", [True, False])
def test_what_can_be_changed_beside_others_still_is(postgresql: Place, online: bool) -> None:
    """In a window all is one statement; else what has a form that keeps nobody waiting takes that."""
    if postgresql.name != "postgresql-18":
        pytest.skip("nothing here depends on the version")
    view = T[T.index("CREATE VIEW") :]  # it is back before what does not ask for its absence
    after = WIDER.replace("d text", "d varchar(9)").replace(view, "")
    with postgresql.live(T.replace(view, "")) as session:
        session.execute(ROWS)
        plan, target = postgresql.plan(session, after, empty=lambda _: False, online=online)
        (step,) = (one for one in plan.steps if " TYPE " in one.sql)
        assert ("ALTER COLUMN d TYPE" in step.sql) != online
        apply_plan(postgresql.engine, session, plan, target, tool="test")
        postgresql.settle(session)
        assert postgresql.plan(session, after)[0].empty
