"""Sample rows of the document are carried through the proof, on every engine; the live database never sees them."""

from __future__ import annotations

from typing import Any

import pytest

from dbdeed.app.facts import load_catalog
from dbdeed.errors import Refused
from dbdeed.planning.proof import make_plan
from dbdeed.planning.samples import plain_insert
from dbdeed.progress import SILENT

Place = Any

BEFORE = """
CREATE TABLE people (id integer PRIMARY KEY, surname text, born date);
CREATE TABLE visits (person integer REFERENCES people (id), note text);
"""
ROWS = """
INSERT INTO visits VALUES (2, 'first');
INSERT INTO people (id, surname) VALUES (1, NULL), (2, 'Lovelace');
INSERT INTO people (id, unknown) VALUES (3, 'no such column');
INSERT INTO elsewhere VALUES (1);
"""


def plan(place: Place, before: str, after: str, rows: str = ROWS, **options: Any) -> Any:
    return make_plan(
        place.engine,
        place.catalog(before),
        place.catalog(after),
        place.statements(after),
        place.scratch,
        samples=place.statements(rows),
        **options,
    )


def test_rows_survive_renames_and_new_types(place: Place) -> None:
    after = """
    -- renamed from: people
    CREATE TABLE persons (id integer PRIMARY KEY, name text, -- renamed from: surname
    died date);
    CREATE TABLE visits (person integer REFERENCES persons (id), note varchar(50));
    """
    assert plan(place, BEFORE, after).proven


def test_a_plan_that_such_rows_stop_is_refused(place: Place) -> None:
    after = BEFORE.replace("surname text", "surname text NOT NULL")
    with pytest.raises(Refused, match="sample rows") as caught:
        plan(place, BEFORE, after)
    assert caught.value.code == "sample-rows"
    assert plan(place, BEFORE, after, "").proven


def test_rows_of_a_table_that_is_empty_in_the_live_database_stop_nothing(place: Place) -> None:
    after = BEFORE.replace("surname text", "surname text NOT NULL")
    assert plan(place, BEFORE, after, empty=lambda table: table.name[-1] == "people").proven


def test_a_row_that_is_lost_is_noticed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine whose steps lose a row is at fault, and the rows say so."""
    after = BEFORE.replace("born date", "born date, died date")
    planned = place.engine.compare

    def forgetful(_: Any, current: Any, target: Any, values: Any = None) -> Any:
        from dataclasses import replace

        found = planned(current, target, values)
        if not found.changes or not target.same_as(place.catalog(after)):
            return found
        first = found.changes[0]
        step = replace(first.steps[0], sql=f"DELETE FROM {place.schema}visits", online=None)
        return replace(found, changes=(replace(first, steps=(*first.steps, step)), *found.changes[1:]))

    monkeypatch.setattr(type(place.engine), "compare", forgetful)
    with pytest.raises(Refused, match=r"1 of 1 sample rows of table .*visits are gone"):
        plan(place, BEFORE, after)


def test_the_target_takes_all_of_them(place: Place) -> None:
    _, found = load_catalog(
        place.engine, place.scratch, place.statements(BEFORE), SILENT, place.statements(ROWS.splitlines()[3])
    )
    assert [str(one.severity) for one in found] == ["error"]
    good = "\n".join(ROWS.splitlines()[:3])
    catalog, found = load_catalog(
        place.engine, place.scratch, place.statements(BEFORE), SILENT, place.statements(good)
    )
    assert found == []
    assert catalog.same_as(place.catalog(BEFORE))


@pytest.mark.parametrize(
    ("sql", "plain"),
    [
        ("INSERT INTO t VALUES (1, 'select'), (2, \"with\")", True),
        ("insert into t default values", True),
        ("INSERT INTO t SELECT * FROM u", False),
        ("INSERT INTO t VALUES ((SELECT 1))", False),
        ("WITH a AS (VALUES (1)) INSERT INTO t VALUES (1)", False),
        ("DELETE FROM t", False),
        ("INSERT INTO t VALUES (1) -- select nothing", True),
    ],
)
def test_what_a_sample_row_is(sql: str, plain: bool) -> None:
    assert plain_insert(sql) is plain
