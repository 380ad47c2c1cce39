"""Renames that were not declared are offered, never made; marks that can do nothing are told of."""

from __future__ import annotations

from typing import Any

import pytest

from dbdeed.app.renames import rename_remarks
from dbdeed.app.side import _file_block
from dbdeed.document.edit import apply_edits
from dbdeed.document.source import Source
from dbdeed.planning.proof import make_plan

Place = Any

BEFORE = "CREATE TABLE people (id integer PRIMARY KEY, surname text NOT NULL, born date);"


def remarks(place: Place, before: str, after: str) -> tuple[Any, Any, Source]:
    """The plan, what is said beside it, and the document that it is said of."""
    source = Source("test.sql", after.encode())
    statements = place.engine.statements([_file_block(source)])
    current, target = place.catalog(before), place.catalog(after)
    plan = make_plan(place.engine, current, target, statements, place.scratch)
    return plan, rename_remarks(place.engine, plan, current, target, statements), source


def with_fixes(found: Any, source: Source) -> str:
    return apply_edits(source, [edit for one in found for edit in one.fix]).decode()


def test_a_column_of_the_same_type_at_the_same_place(place: Place) -> None:
    after = "CREATE TABLE people (\n    id integer PRIMARY KEY,\n    family_name text NOT NULL,\n    born date\n);"
    plan, found, source = remarks(place, BEFORE, after)
    assert [one.name[-1] for one in plan.destroys] == ["surname"]
    (one,) = found
    assert one.code == "rename-offered"
    assert "`-- renamed from: surname`" in one.hint
    assert str(one.place).endswith(":3:5")
    marked = with_fixes(found, source)
    assert "family_name text NOT NULL, -- renamed from: surname\n" in marked
    plan, found, _ = remarks(place, BEFORE, marked)
    assert (plan.destroys, found) == ((), ())


def test_a_table_with_nearly_the_same_columns(place: Place) -> None:
    after = "CREATE TABLE persons (id integer PRIMARY KEY, surname text NOT NULL, born date, died date);\n"
    plan, found, source = remarks(place, BEFORE, after)
    assert [one.name[-1] for one in plan.destroys] == ["people"]
    assert [one.code for one in found] == ["rename-offered"]
    marked = with_fixes(found, source)
    assert marked.startswith("-- renamed from: people\nCREATE TABLE persons")
    plan, found, _ = remarks(place, BEFORE, marked)
    assert (plan.destroys, found) == ((), ())


@pytest.mark.parametrize(
    "after",
    [
        "CREATE TABLE people (id integer PRIMARY KEY, born date, family_name text NOT NULL);",
        "CREATE TABLE people (id integer PRIMARY KEY, family_name text, born date);",
        "CREATE TABLE people (id integer PRIMARY KEY, a text NOT NULL, b text NOT NULL, born date);",
        "CREATE TABLE animals (id integer PRIMARY KEY, species text NOT NULL, legs integer);",
        (
            "CREATE TABLE a (id integer PRIMARY KEY, surname text NOT NULL, born date);"
            "CREATE TABLE b (id integer PRIMARY KEY, surname text NOT NULL, born date);"
        ),
        "CREATE TABLE people (id integer PRIMARY KEY, surname text NOT NULL);",
    ],
    ids=[
        "another place",
        "another form",
        "two that fit",
        "another table",
        "two tables that fit",
        "only gone",
    ],
)
def test_weak_evidence_offers_nothing(after: str, place: Place) -> None:
    plan, found, _ = remarks(place, BEFORE, after)
    assert plan.destroys
    assert found == ()


def test_a_mark_for_what_is_not_there(place: Place) -> None:
    after = BEFORE.replace("born date", "born date,\n died date -- renamed from: departed\n")
    _, (one,), _ = remarks(place, BEFORE, after)
    assert one.code == "rename-unknown"
    assert "departed" in one.message
    assert str(one.place).endswith((":2:12", ":2:1"))


def test_a_mark_between_two_that_are_there(place: Place) -> None:
    after = BEFORE.replace("born date", "born date -- renamed from: surname\n").replace(
        "surname text NOT NULL,", ""
    )
    plan, (one,), _ = remarks(place, BEFORE, after)
    assert one.code == "rename-blocked"
    assert [each.name[-1] for each in plan.destroys] == ["surname"]


def test_a_mark_that_stands_at_nothing(place: Place) -> None:
    sql = "CREATE TABLE t (\n  a integer,\n  CHECK (a > 0) -- renamed from: b\n);"
    with place.scratch.database() as session:
        found = place.engine.load(session, place.statements(sql))
    assert "rename-unbound" in [one.code for one in found]


def test_enum_values_at_the_same_place(postgresql: Place) -> None:
    before = "CREATE TYPE mood AS ENUM ('sad', 'so so', 'glad'); CREATE TABLE t (m mood);"
    after = "CREATE TYPE mood AS ENUM (\n    'sad',\n    'fair',\n    'glad'\n);\nCREATE TABLE t (m mood);"
    _, found, source = remarks(postgresql, before, after)
    marked = with_fixes(found, source)
    assert "'fair', -- renamed from: 'so so'\n" in marked
    plan, found, _ = remarks(postgresql, before, marked)
    assert [step.sql for step in plan.steps] == ["ALTER TYPE public.mood RENAME VALUE 'so so' TO 'fair'"]
    assert found == ()
