"""Random pairs of schemas: every plan between two of them must hold, both ways.

By default some hundred pairs; `-m slow` goes on with new ones for DBDEED_SWEEP_SECONDS (ten minutes).
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, note, seed, settings
from tests.engines.sqlite.random_schemas.drawing import pairs, schemas
from tests.engines.sqlite.random_schemas.judge import WrongError, as_document, catalog, judge
from tests.engines.sqlite.random_schemas.shapes import Schema

from dbdeed.engines.change import Action
from dbdeed.engines.sqlite.engine import ENGINE
from dbdeed.planning.order import order_changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.engines.change import Change

COMPARE = type(ENGINE).compare

SECONDS = float(os.environ.get("DBDEED_SWEEP_SECONDS", "600"))
BOUNDED = settings(
    max_examples=150,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


def holds(pair: tuple[Schema, Schema]) -> None:
    first, second = pair
    note(f"{first.sql}\n-- to --\n{second.sql}")
    judge(first.statements, second.statements)
    judge(second.statements, first.statements)


@BOUNDED
@given(pairs())
def test_a_plan_between_two_schemas_holds(pair: tuple[Schema, Schema]) -> None:
    holds(pair)


@settings(BOUNDED, max_examples=40)
@given(schemas())
def test_a_schema_is_the_same_from_a_document(schema: Schema) -> None:
    assert as_document(schema.statements).same_as(catalog(schema.statements))


def _blind(kind: str) -> Callable[..., Any]:
    """A comparison that overlooks a kind of object."""

    def compare(_: Any, current: Any, target: Any, *more: Any) -> Any:
        found = COMPARE(ENGINE, current, target, *more)
        return replace(found, changes=tuple(one for one in found.changes if one.id.kind != kind))

    return compare


def _forgetful(_: Any, current: Any, target: Any, *more: Any) -> Any:
    """One that empties each table that it alters."""
    found = COMPARE(ENGINE, current, target, *more)
    return replace(found, changes=tuple(map(_emptied, found.changes)))


def _emptied(change: Change) -> Change:
    if change.id.kind != "table" or change.action is not Action.ALTER:
        return change
    last = replace(change.steps[-1], sql=f"DELETE FROM {change.id.name[0]}")
    return replace(change, steps=(*change.steps, last))


FAULTS = {
    **{f"blind to {kind}": _blind(kind) for kind in ("table", "index", "view", "trigger", "virtual_table")},
    "forgets rows": _forgetful,
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(ENGINE), "compare", FAULTS[name])
    few = settings(BOUNDED, max_examples=100, phases=[Phase.generate])
    assert find(pairs(), _fails, settings=few)


def test_an_order_turned_round_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    ordered = order_changes
    monkeypatch.setattr(
        "tests.engines.sqlite.random_schemas.judge.order_changes", lambda *args: ordered(*args)[::-1]
    )
    few = settings(BOUNDED, max_examples=100, phases=[Phase.generate])
    assert find(pairs(), _fails, settings=few)


def _fails(pair: tuple[Schema, Schema]) -> bool:
    try:
        judge(pair[0].statements, pair[1].statements)
    except WrongError:
        return True
    return False


@pytest.mark.slow
def test_no_pair_is_found_in_a_long_sweep() -> None:
    end, number = time.monotonic() + SECONDS, int(time.time())
    while time.monotonic() < end:
        number += 1
        print("seed", number)
        settings(BOUNDED, max_examples=200)(seed(number)(given(pairs())(holds)))()


def test_a_new_unique_column_with_a_default_says_that_it_can_fail() -> None:
    """Found by chance: every row gets the same value."""
    before = ["CREATE TABLE t (id INTEGER PRIMARY KEY, base INTEGER)"]
    judged = judge(
        before, ["CREATE TABLE t (id INTEGER PRIMARY KEY, base INTEGER, c INTEGER DEFAULT 0 UNIQUE)"]
    )
    assert judged.stopped


def test_two_columns_go_from_under_a_view() -> None:
    """Found by chance: once one of them is gone, the view keeps SQLite from dropping the other."""
    before = [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, base INTEGER, b TEXT, d TEXT)",
        "CREATE VIEW v AS SELECT id, b, d FROM t",
        "CREATE TRIGGER i INSTEAD OF INSERT ON v BEGIN SELECT NEW.id; END",
    ]
    after = [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, base INTEGER)",
        "CREATE VIEW v AS SELECT id FROM t",
        before[2],
    ]
    judge(before, after)
    judge(after, before)


def test_a_default_of_null_is_none() -> None:
    """Found by chance: a new column that is first in its table takes a rebuild, whose rows it would leave NULL."""
    before = ["CREATE TABLE t (id INTEGER PRIMARY KEY, base INTEGER)"]
    after = ["CREATE TABLE t (id INTEGER PRIMARY KEY, d TEXT NOT NULL DEFAULT NULL, base INTEGER)"]
    assert judge(before, after).stopped
