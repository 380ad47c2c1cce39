"""What is destroyed is kept: rows of tables, values of columns with their keys."""

from __future__ import annotations

from typing import Any

import pytest

from dbdeed.planning.apply import StepFailed, apply_plan
from dbdeed.planning.archive import entries

Place = Any  # tests/planning/conftest.py has it; test modules cannot import each other

BEFORE = """
CREATE TABLE orders (id integer PRIMARY KEY, total integer, note text);
CREATE TABLE "odd ""name" (a integer, b text);
"""
ROWS = (
    "INSERT INTO orders VALUES (1, 40, 'left at the door'), (2, 50, NULL)",
    'INSERT INTO "odd ""name" VALUES (7, \'x\')',
)


def test_what_goes_is_in_the_archive(place: Place) -> None:
    with place.live(BEFORE) as session:
        for sql in ROWS:
            session.execute(sql)
        place.migrate(session, "CREATE TABLE orders (id integer PRIMARY KEY, total integer);")
        found = {one.name: one for one in entries(place.engine, session)}
        assert {name.rpartition(".")[2].rpartition(" ")[2] for name in found} == {"note", '"name'}
        rows = [session.fetch(f"SELECT * FROM {one.kept.place} ORDER BY 1") for one in found.values()]
        assert sorted(rows) == [[(1, "left at the door"), (2, None)], [(7, "x")]]


def test_nothing_is_archived_where_nothing_goes(place: Place) -> None:
    with place.live() as session:
        place.migrate(session, BEFORE)
        assert entries(place.engine, session) == []


def test_what_is_rolled_back_is_not_archived(place: Place) -> None:
    wanted = "CREATE TABLE orders (id integer PRIMARY KEY, total integer CHECK (total < 45));"
    with place.live(BEFORE) as session:
        for sql in ROWS:
            session.execute(sql)
        plan, _ = place.plan(session, wanted)
        if len(plan.groups) > 1:
            pytest.skip("this plan is not one transaction")
        with pytest.raises(StepFailed):
            apply_plan(place.engine, session, plan, tool="test")
        place.settle(session)
        assert entries(place.engine, session) == []
        assert session.fetch("SELECT count(*) FROM orders WHERE note IS NOT NULL") == [(1,)]
