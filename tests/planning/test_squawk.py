"""squawk (PyPI `squawk-cli`), which reads SQL for locks that block others, finds none in the online forms."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks.squawk import findings, measure, report
from tests.shared import NO_CASES, cases

from dbdeed.planning.render import render_sql

Place = Any  # tests/planning/conftest.py has it; test modules cannot import each other

BEFORE = """
CREATE TABLE people (id integer PRIMARY KEY, name text, age integer, code varchar(9));
CREATE TABLE pets (id integer NOT NULL, owner integer);
CREATE INDEX by_name ON people (name);
CREATE INDEX by_age ON people (age);
CREATE TABLE days (day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE day_1 PARTITION OF days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
"""
AFTER = """
CREATE TABLE people (
    id integer PRIMARY KEY, name text NOT NULL, age integer, code varchar(9), CONSTRAINT one_code UNIQUE (code),
    CONSTRAINT grown CHECK (age > 17), token uuid NOT NULL DEFAULT gen_random_uuid(),
    label text NOT NULL -- backfill: name || code
);
CREATE TABLE pets (id integer NOT NULL PRIMARY KEY, owner integer REFERENCES people);
CREATE INDEX by_name ON people (lower(name));
CREATE INDEX by_owner ON pets (owner);
CREATE TABLE days (day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE day_1 (day date NOT NULL);
"""

pytestmark = pytest.mark.skipif(
    not Path(sys.executable).with_name("squawk").exists(), reason="squawk-cli is not installed"
)


def test_no_statement_of_an_online_plan_blocks_others(place: Place) -> None:
    if not place.is_postgresql:
        pytest.skip("squawk reads PostgreSQL's SQL")
    with place.live(BEFORE) as session:
        major = session.version[0]
        plan, _ = place.plan(session, AFTER, scratch=None)
        back = place.plan(session, BEFORE.replace("name text", "name text NOT NULL"), scratch=None)[0]
        scripts = {"there": render_sql(plan, place.engine), "other": render_sql(back, place.engine)}
    assert findings(scripts, major) == {"there": set(), "other": set()}
    short = {"short": "BEGIN; CREATE INDEX i ON people (age); COMMIT;"}
    assert "require-concurrent-index-creation" in findings(short, major)["short"]


@pytest.mark.slow
@pytest.mark.skipif(not cases("postgresql"), reason=NO_CASES)
def test_few_plans_of_the_pairs_block_and_each_says_so() -> None:
    count = measure(cases("postgresql"))
    print(report(count), *(f"{name}: {rules}" for name, rules in count.found.items()), sep="\n")
    assert count.plans
    # squawk cannot know that a materialized view is new, nor which defaults differ from row to row.
    assert len(count.silent) < 0.01 * count.plans
    assert len(count.found) < 0.05 * count.plans
