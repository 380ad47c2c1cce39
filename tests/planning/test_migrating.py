"""Plan, proof and apply on real databases: what is planned is what is needed, and runs."""

from __future__ import annotations

from typing import Any

import pytest

from dbdeed.engines.change import Action
from dbdeed.planning.journal import Journal, PlanState

Place = Any  # tests/planning/conftest.py has it; test modules cannot import each other

CUSTOMERS = """
CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL, note text);
CREATE INDEX customers_name ON customers (name);
"""
ORDERS = """
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers (id),
    total integer NOT NULL CHECK (total >= 0)
);
CREATE VIEW big_orders AS SELECT id, total FROM orders WHERE total > 100;
"""


def test_an_empty_database_is_filled_and_a_second_plan_is_empty(place: Place) -> None:
    with place.live() as session:
        plan, applied = place.migrate(session, CUSTOMERS + ORDERS)
        assert plan.proven
        assert applied.steps == len(plan.steps) > 0
        assert {one.object.kind for one in plan.differences if one.action is Action.CREATE} >= {
            "table",
            "view",
        }
        session.execute("INSERT INTO customers VALUES (1, 'Ada', NULL)")
        session.execute("INSERT INTO orders VALUES (1, 1, 500)")
        assert session.fetch("SELECT id FROM big_orders") == [(1,)]


def test_only_what_differs_is_changed_and_rows_stay(place: Place) -> None:
    with place.live(CUSTOMERS + ORDERS) as session:
        session.execute("INSERT INTO customers VALUES (1, 'Ada', 'first')")
        session.execute("INSERT INTO orders VALUES (7, 1, 500)")
        wanted = CUSTOMERS.replace("note text", "note text, email text") + ORDERS
        wanted += "CREATE INDEX orders_customer ON orders (customer_id);"
        plan, _ = place.migrate(session, wanted)
        assert plan.destroys == ()
        assert session.fetch("SELECT name, note, email FROM customers") == [("Ada", "first", None)]
        assert session.fetch("SELECT id, customer_id, total FROM orders") == [(7, 1, 500)]
        names = {one.object.name[-1] for one in plan.differences if one.because is None}
        assert "orders_customer" in names
        assert "big_orders" not in names


def test_what_a_plan_destroys_is_named(place: Place) -> None:
    with place.live(CUSTOMERS + ORDERS) as session:
        session.execute("INSERT INTO customers VALUES (1, 'Ada', 'first')")
        plan, _ = place.migrate(session, CUSTOMERS.replace(", note text", ""))
        named = {(one.kind, one.name[-1]) for one in plan.destroys}
        assert ("table", "orders") in named
        assert ("column", "note") in named or ("table", "customers") in named
        assert session.fetch("SELECT id, name FROM customers") == [(1, "Ada")]


def test_an_equal_database_needs_no_scratch_and_nothing_is_written(place: Place) -> None:
    with place.live() as session:
        place.migrate(session, CUSTOMERS)
    with place.live(CUSTOMERS) as session:
        plan, applied = place.migrate(session, CUSTOMERS)
        assert plan.empty
        assert plan.proven
        assert applied.id == ""
        assert not Journal(place.engine, session).exists()


def test_the_journal_tells_what_was_done(place: Place) -> None:
    with place.live() as session:
        plan, applied = place.migrate(session, CUSTOMERS)
        journal = place.engine.private_name("journal")
        steps = place.engine.private_name("journal_steps")
        rows = session.fetch(f"SELECT id, state, current_state, target_state, error FROM {journal}")
        assert rows == [(applied.id, PlanState.DONE, plan.current, plan.target, "")]
        found = session.fetch(f"SELECT statement, state FROM {steps} ORDER BY number")
        assert found == [(step.sql, "done") for step in plan.steps]
        assert Journal(place.engine, session).unfinished() == []


@pytest.mark.parametrize("back", [False, True])
def test_a_view_is_taken_down_and_brought_back_around_a_type_change(place: Place, *, back: bool) -> None:
    if not place.is_postgresql:
        pytest.skip("SQLite's views do not depend on types")
    small = "CREATE TABLE t (id integer PRIMARY KEY, n integer); CREATE VIEW v AS SELECT id AS m FROM t WHERE n > 40;"
    large = small.replace("n integer)", "n bigint)")
    before, after = (large, small) if back else (small, large)
    with place.live(before) as session:
        session.execute("INSERT INTO t VALUES (1, 41)")
        plan, _ = place.migrate(session, after)
        assert session.fetch("SELECT m FROM v") == [(1,)]
        because = [one.because for one in plan.differences if one.object.kind == "view"]
        assert because
        assert all(one is not None and one.kind == "column" for one in because)


def test_what_only_a_superuser_may_own_is_nobody_s_in_particular(place: Place) -> None:
    if not place.is_postgresql:
        pytest.skip("SQLite has no owners")
    wanted = (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SCHEMA s; CREATE PUBLICATION all_of_it FOR ALL TABLES;"
        "CREATE PUBLICATION of_some FOR TABLES IN SCHEMA s;"
        "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f();"
    )
    assert not [one for one in place.catalog(wanted).objects if one.kind == "owner"]
    with place.live() as session:
        place.migrate(session, wanted)
        plan, _ = place.migrate(session, "")
        assert plan.proven
        assert not [step for step in plan.steps if "OWNER" in step.sql]
