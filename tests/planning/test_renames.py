"""Declared renames keep rows and dependents, and what else differs comes after them."""

from __future__ import annotations

from typing import Any

import pytest

from dbdeed.engines.change import Action
from dbdeed.errors import Refused
from dbdeed.planning.cache import PlanCache
from dbdeed.planning.proof import make_plan

Place = Any  # tests/planning/conftest.py has it; test modules cannot import each other

BEFORE = """
CREATE TABLE client (number integer PRIMARY KEY, surname text NOT NULL UNIQUE);
CREATE TABLE visits (id integer PRIMARY KEY, client_id integer REFERENCES client (number));
CREATE INDEX client_surname ON client (surname);
"""
AFTER = """
-- renamed from: client
CREATE TABLE customers (
    id integer PRIMARY KEY, -- renamed from: number
    family_name text NOT NULL UNIQUE, -- renamed from: surname
    born integer
);
CREATE TABLE visits (id integer PRIMARY KEY, client_id integer REFERENCES customers (id));
CREATE INDEX client_surname ON customers (family_name);
CREATE INDEX customers_born ON customers (born);
"""


def test_rows_survive_a_rename_and_the_rest_follows(place: Place) -> None:
    with place.live(BEFORE) as session:
        session.execute("INSERT INTO client VALUES (1, 'Lovelace')")
        session.execute("INSERT INTO visits VALUES (7, 1)")
        plan, _ = place.migrate(session, AFTER)
        assert plan.destroys == ()
        assert plan.differences[0].action is Action.RENAME
        assert session.fetch("SELECT id, family_name, born FROM customers") == [(1, "Lovelace", None)]
        assert session.fetch("SELECT id, client_id FROM visits") == [(7, 1)]


def test_a_rename_that_has_happened_is_nothing(place: Place) -> None:
    with place.live(AFTER) as session:
        plan, _ = place.plan(session, AFTER)
        assert plan.empty


def test_without_a_scratch_a_rename_cannot_be_planned(place: Place) -> None:
    current, target = place.catalog(BEFORE), place.catalog(AFTER)
    with pytest.raises(Refused, match="scratch"):
        make_plan(place.engine, current, target, place.statements(AFTER))


def test_what_was_proven_once_needs_no_scratch(place: Place, tmp_path: Any) -> None:
    current, target = place.catalog(BEFORE), place.catalog(AFTER)
    cache = PlanCache(tmp_path, "1")
    first = make_plan(place.engine, current, target, place.statements(AFTER), place.scratch, cache=cache)
    again = make_plan(place.engine, current, target, place.statements(AFTER), Unusable(), cache=cache)
    assert again == first
    other = PlanCache(tmp_path, "2")
    with pytest.raises(AssertionError):
        make_plan(place.engine, current, target, place.statements(AFTER), Unusable(), cache=other)


class Unusable:
    """A scratch that must not be used."""

    version = (0,)

    def database(self, *, reachable: bool = False) -> Any:
        raise AssertionError


RINGS = {
    "tables that change their names": (
        "CREATE TABLE a (x integer); CREATE TABLE b (y text);",
        "CREATE TABLE b (x integer); -- renamed from: a\nCREATE TABLE a (y text); -- renamed from: b\n",
    ),
    "a chain with a new first": (
        "CREATE TABLE a (x integer, y text); CREATE TABLE b (z date);",
        (
            "CREATE TABLE c (z date); -- renamed from: b\nCREATE TABLE b (x integer, y text); -- renamed from: a\n"
            "CREATE TABLE a (w integer);"
        ),
    ),
    "columns in a ring": (
        "CREATE TABLE t (a integer, b text, c date);",
        "CREATE TABLE t (b integer, -- renamed from: a\nc text, -- renamed from: b\na date -- renamed from: c\n);",
    ),
    "a table in a ring with its columns": (
        "CREATE TABLE a (x integer, k text); CREATE TABLE b (y date);",
        (
            "-- renamed from: a\nCREATE TABLE b (z integer, -- renamed from: x\nk text);\n"
            "-- renamed from: b\nCREATE TABLE a (y date);"
        ),
    ),
}


@pytest.mark.parametrize("name", RINGS)
def test_names_in_a_ring_or_chain(name: str, place: Place) -> None:
    before, after = RINGS[name]
    with place.live(before) as session:
        plan, _ = place.migrate(session, after)
        assert plan.destroys == ()
        assert {one.action for one in plan.differences} <= {Action.RENAME, Action.CREATE}


@pytest.mark.parametrize("name", RINGS)
def test_a_rename_is_led_back(name: str, place: Place) -> None:
    """The reverse is proven: it ends at the schema that was there before, under the old names."""
    before, after = RINGS[name]
    with place.live(before) as session:
        plan, _ = place.plan(session, after, generation=1)
        assert plan.irreversible == ""
        assert plan.reverse is not None
        assert plan.reverse.target == plan.current
        renamed = [one for one in plan.differences if one.action is Action.RENAME]
        back = [one for one in plan.reverse.differences if one.action is Action.RENAME]
        assert len(back) == len(renamed)
        assert not plan.reverse.destroys or name == "a chain with a new first"


def test_columns_in_a_ring_keep_their_values(place: Place) -> None:
    before, after = RINGS["columns in a ring"]
    with place.live(before) as session:
        session.execute("INSERT INTO t VALUES (1, 'x', '2020-02-02')")
        place.migrate(session, after)
        assert session.fetch("SELECT b, c FROM t") == [(1, "x")]


def test_a_mark_that_was_followed_means_nothing_for_what_comes_later(place: Place) -> None:
    """A new column has the old name; the mark of the one that had it stays in the document."""
    with place.live("CREATE TABLE t (a integer);") as session:
        session.execute("INSERT INTO t VALUES (1)")
        after = "CREATE TABLE t (b integer -- renamed from: a\n);"
        place.migrate(session, after)
        later = "CREATE TABLE t (b integer, -- renamed from: a\na text);"
        plan, _ = place.migrate(session, later)
        assert [one.action for one in plan.differences if one.action is Action.RENAME] == []
        assert session.fetch("SELECT b FROM t") == [(1,)]


def test_a_virtual_table_keeps_its_rows(sqlite: Place) -> None:
    with sqlite.live("CREATE VIRTUAL TABLE notes USING fts5(body);") as session:
        session.execute("INSERT INTO notes VALUES ('hello')")
        plan, _ = sqlite.migrate(
            session, "-- renamed from: notes\nCREATE VIRTUAL TABLE texts USING fts5(body);"
        )
        assert plan.destroys == ()
        assert session.fetch("SELECT body FROM texts") == [("hello",)]


def test_an_empty_table_under_a_new_name_gets_the_short_form(postgresql: Place) -> None:
    before = "CREATE TABLE a (x integer); CREATE TABLE b (x integer);"
    after = (
        "-- renamed from: a\nCREATE TABLE a2 (x integer);\n-- renamed from: b\nCREATE TABLE b2 (x integer);"
        "CREATE INDEX a2_x ON a2 (x); CREATE INDEX b2_x ON b2 (x);"
    )
    with postgresql.live(before) as session:
        session.execute("INSERT INTO b VALUES (1)")
        plan, _ = postgresql.plan(
            session, after, empty=lambda table: postgresql.engine.rows(session, table) == 0
        )
        made = {step.object.name[-1]: step.sql for step in plan.steps if step.object.kind == "index"}
        assert "CONCURRENTLY" not in made["a2_x"]
        assert "CONCURRENTLY" in made["b2_x"]
