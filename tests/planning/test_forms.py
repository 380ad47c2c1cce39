"""A table with rows is changed online; a new or an empty one in the short form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dbdeed.document.values.types import How, Strategy
from dbdeed.engines.change import HazardKind, LockLevel
from dbdeed.planning.apply import apply_plan
from dbdeed.planning.consent import strategy_refusals

if TYPE_CHECKING:
    from tests.planning.conftest import Place

    from dbdeed.engines.seam import Session
    from dbdeed.planning.plan import Plan

BEFORE = """
CREATE TABLE people (id integer PRIMARY KEY, name text);
CREATE TABLE pets (id integer PRIMARY KEY, owner integer);
"""
AFTER = """
CREATE TABLE people (id integer PRIMARY KEY, name text, CONSTRAINT named CHECK (name <> ''),
    CONSTRAINT one_name UNIQUE NULLS NOT DISTINCT (name));
CREATE TABLE pets (id integer PRIMARY KEY, owner integer, CONSTRAINT owned FOREIGN KEY (owner) REFERENCES people);
CREATE INDEX pets_owner ON pets (owner);
CREATE UNIQUE INDEX people_upper ON people (upper(name));
"""
BLOCKING = {HazardKind.BLOCKS_READS, HazardKind.BLOCKS_WRITES, HazardKind.REWRITES}


@pytest.fixture
def postgresql(place: Place) -> Place:
    if not place.is_postgresql:
        pytest.skip("SQLite has one writer and no online forms")
    return place


def planned(place: Place, session: Session) -> Plan:
    def empty(table: object) -> bool:
        return place.engine.rows(session, table) == 0  # type: ignore[arg-type]

    return place.plan(session, AFTER, empty=empty)[0]


def test_tables_with_rows_are_changed_while_writers_go_on(postgresql: Place) -> None:
    with postgresql.live(BEFORE) as session:
        session.execute("INSERT INTO people VALUES (1, 'Ada'), (2, 'Bo')")
        session.execute("INSERT INTO pets VALUES (1, 1)")
        plan = planned(postgresql, session)
        sql = [step.sql for step in plan.steps]
        assert sum("INDEX CONCURRENTLY" in one for one in sql) == 3
        assert sum(one.endswith("NOT VALID") for one in sql) == 2
        assert sum("VALIDATE CONSTRAINT" in one for one in sql) == 2
        assert sum("UNIQUE USING INDEX" in one for one in sql) == 1
        for group in plan.groups:
            for one in group.steps:
                assert not {hazard.kind for hazard in one.step.hazards} & BLOCKING
                if one.step.scans:
                    assert one.step.lock <= LockLevel.SHARE_UPDATE_EXCLUSIVE
                    assert not group.transactional
        apply_plan(postgresql.engine, session, plan, postgresql.catalog(AFTER), tool="test")
        assert postgresql.plan(session, AFTER)[0].empty


def test_empty_tables_are_changed_in_one_transaction_without_alarm(postgresql: Place) -> None:
    with postgresql.live(BEFORE) as session:
        plan = planned(postgresql, session)
        assert len(plan.groups) == 1
        assert plan.groups[0].transactional
        assert not plan.hazards
        assert not any("CONCURRENTLY" in step.sql or "NOT VALID" in step.sql for step in plan.steps)
        apply_plan(postgresql.engine, session, plan, postgresql.catalog(AFTER), tool="test")
        assert postgresql.plan(session, AFTER)[0].empty


def test_where_no_database_can_be_asked_tables_count_as_full(postgresql: Place) -> None:
    with postgresql.live(BEFORE) as session:
        plan, _ = postgresql.plan(session, AFTER)
        assert any("CONCURRENTLY" in step.sql for step in plan.steps)


def test_new_tables_take_the_short_form_even_beside_full_ones(postgresql: Place) -> None:
    with postgresql.live("") as session:
        plan, _ = postgresql.plan(session, AFTER)
        assert not any("CONCURRENTLY" in step.sql or "NOT VALID" in step.sql for step in plan.steps)


def test_an_index_that_a_failed_build_left_behind_is_built_again(postgresql: Place) -> None:
    with postgresql.live(BEFORE) as session:
        session.execute("INSERT INTO people VALUES (1, 'Ada'), (2, 'ADA')")
        with pytest.raises(Exception, match=r"duplicated|could not create unique index"):
            session.execute("CREATE UNIQUE INDEX CONCURRENTLY people_upper ON people (upper(name))")
        session.execute("UPDATE people SET name = 'Bo' WHERE id = 2")
        plan = planned(postgresql, session)
        sql = [step.sql for step in plan.steps if "people_upper" in step.sql]
        assert [one.split()[0] for one in sql] == ["DROP", "CREATE"]
        apply_plan(postgresql.engine, session, plan, postgresql.catalog(AFTER), tool="test")
        assert postgresql.plan(session, AFTER)[0].empty


def test_rows_that_break_the_check_fail_its_validation_and_nothing_is_lost(postgresql: Place) -> None:
    with postgresql.live(BEFORE) as session:
        session.execute("INSERT INTO people VALUES (1, '')")
        plan = planned(postgresql, session)
        with pytest.raises(Exception, match="named"):
            apply_plan(postgresql.engine, session, plan, postgresql.catalog(AFTER), tool="test")
        postgresql.settle(session)
        assert session.fetch("SELECT id FROM people") == [(1,)]
        session.execute("UPDATE people SET name = 'Ada'")
        again = planned(postgresql, session)
        assert not again.empty
        apply_plan(postgresql.engine, session, again, postgresql.catalog(AFTER), tool="test")
        assert postgresql.plan(session, AFTER)[0].empty


@pytest.mark.parametrize("rows", [0, 2])
def test_a_type_costs_what_the_tables_with_its_values_cost(postgresql: Place, rows: int) -> None:
    table = "CREATE TABLE tasks (id integer PRIMARY KEY, at urgency, past urgency[]);"
    before = f"CREATE TYPE urgency AS ENUM ('low', 'high', 'blocked'); {table}"
    after = f"CREATE TYPE urgency AS ENUM ('low', 'high'); {table}"
    with postgresql.live(before) as session:
        for number in range(rows):
            session.execute(f"INSERT INTO tasks VALUES ({number}, 'low', '{{high,low}}')")

        def empty(one: object) -> bool:
            return postgresql.engine.rows(session, one) == 0  # type: ignore[arg-type]

        plan, _ = postgresql.plan(session, after, empty=empty)
        assert any(step.rewrites for step in plan.steps) is bool(rows)
        apply_plan(postgresql.engine, session, plan, postgresql.catalog(after), tool="test")
        assert session.fetch("SELECT count(*) FROM public.tasks WHERE past[1] = 'high'") == [(rows,)]


def test_in_a_maintenance_window_tables_with_rows_get_the_short_form_too(postgresql: Place) -> None:
    with postgresql.live(BEFORE) as session:
        plan, _ = postgresql.plan(session, AFTER, online=False, scratch=None)
        assert len(plan.groups) == 1
        assert {hazard.kind for hazard in plan.hazards} & BLOCKING  # told, since there may be rows
        marked = BEFORE.replace("name text", "name text NOT NULL -- backfill: 'x'\n")
        filled, _ = postgresql.plan(session, marked, online=False, scratch=None)
        assert any(step.batched for step in filled.steps)  # there is no other form for rows without a value


def test_an_online_strategy_refuses_what_blocks_and_lets_online_forms_through(postgresql: Place) -> None:
    strategy = Strategy(None, How.ONLINE, expand_contract=False, reversible=None)
    with postgresql.live(BEFORE) as session:
        assert strategy_refusals(postgresql.plan(session, AFTER, scratch=None)[0], strategy) == []
        window = Strategy(None, How.MAINTENANCE_WINDOW, expand_contract=False, reversible=None)
        rewriting = BEFORE.replace("CREATE TABLE people", "CREATE UNLOGGED TABLE people")
        plan, _ = postgresql.plan(session, rewriting, scratch=None)
        assert any("rewrites a whole table" in one for one in strategy_refusals(plan, strategy))
        assert strategy_refusals(plan, window) == []
