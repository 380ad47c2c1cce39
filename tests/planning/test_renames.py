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

    def database(self) -> Any:
        raise AssertionError
