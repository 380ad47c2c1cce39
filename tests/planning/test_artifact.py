"""Plans as files: what is written is read back the same, and nothing else is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed.document.values.types import How, Status, Strategy, TargetState, When
from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action, Detail, Hazard, HazardKind, LockLevel, Step
from dbdeed.errors import InvalidInput
from dbdeed.planning.artifact import FORMAT, dump_plan, load_plan, plan_data
from dbdeed.planning.consent import Terms
from dbdeed.planning.plan import Difference, Group, Plan, PlannedStep

texts = st.text(max_size=12)
ids = st.builds(ObjectId, texts, st.tuples(texts) | st.tuples(texts, texts))
steps = st.builds(
    Step,
    sql=texts,
    object=ids,
    lock=st.sampled_from(LockLevel),
    rewrites=st.booleans(),
    scans=st.booleans(),
    transactional=st.just(True),
    hazards=st.lists(st.builds(Hazard, st.sampled_from(HazardKind), texts), max_size=2).map(tuple),
    destroys=st.lists(ids, max_size=2).map(tuple),
    after_all=st.booleans(),
    environment=st.lists(texts, max_size=2).map(tuple),
)
differences = st.builds(
    Difference,
    st.sampled_from(Action),
    ids,
    st.lists(st.builds(Detail, texts, texts, texts), max_size=2).map(tuple),
    st.none() | ids,
)
groups = st.lists(
    st.builds(
        Group,
        st.lists(st.builds(PlannedStep, steps, st.just(0)), min_size=1, max_size=3).map(tuple),
        st.just(True),
    ),
    max_size=3,
).map(tuple)
plans = st.builds(
    Plan,
    engine=texts,
    version=st.lists(st.integers(0, 99), min_size=1, max_size=3).map(tuple),
    current=texts,
    target=texts,
    groups=groups,
    differences=st.lists(differences, min_size=1, max_size=3).map(tuple),
    unmodelled=st.lists(texts, max_size=2).map(tuple),
    proven=st.booleans(),
)
terms = st.builds(
    Terms,
    st.none() | st.sampled_from(Status),
    st.none() | st.sampled_from(TargetState),
    st.none()
    | st.builds(
        Strategy,
        when=st.none() | st.sampled_from(When),
        how=st.none() | st.sampled_from(How),
        expand_contract=st.booleans(),
        reversible=st.none() | st.booleans(),
    ),
)

ONE = Plan(
    "sqlite",
    (3, 40, 1),
    "aa",
    "bb",
    (Group((PlannedStep(Step("DROP TABLE t", ObjectId("table", ("t",))), 0),), transactional=True),),
    (Difference(Action.DROP, ObjectId("table", ("t",))),),
)


@settings(max_examples=150)
@given(plans, terms, st.booleans())
def test_what_is_written_is_read_back(plan: Plan, said: Terms, private: bool) -> None:
    found = load_plan(dump_plan(plan, said, private=private))
    assert (found.plan, found.terms, found.private) == (plan, said, private)


@settings(max_examples=50)
@given(plans)
def test_the_same_plan_is_written_the_same(plan: Plan) -> None:
    assert dump_plan(plan) == dump_plan(load_plan(dump_plan(plan)).plan)


def test_the_form_is_stable() -> None:
    """Whoever changes this form changes the format's number too."""
    data = plan_data(ONE, Terms(Status.ACTIVE, TargetState.AS_TO_BE))
    step = {
        "sql": "DROP TABLE t",
        "object": {"kind": "table", "name": ("t",)},
        "why": 0,
        "lock": "NONE",
        "rewrites": False,
        "scans": False,
        "hazards": (),
        "destroys": (),
        "after_all": False,
        "environment": (),
    }
    checksum = data.pop("checksum")
    assert len(checksum) == 64
    assert data == {
        "format": "dbdeed.plan/1",
        "engine": "sqlite",
        "version": (3, 40, 1),
        "current": "aa",
        "target": "bb",
        "proven": False,
        "differences": (
            {"action": "drop", "object": {"kind": "table", "name": ("t",)}, "details": (), "because": None},
        ),
        "groups": ({"transactional": True, "steps": (step,)},),
        "unmodelled": (),
        "terms": {"status": "Active", "target_state": "As-To-Be", "strategy": None},
        "private": False,
    }


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [found for key, one in value.items() for found in paths(one, (*path, key))]
    if isinstance(value, list) and value:
        return [found for key, one in enumerate(value) for found in paths(one, (*path, key))]
    return [path]


DATA = json.loads(dump_plan(ONE, Terms(Status.ACTIVE)))


@pytest.mark.parametrize("path", paths(DATA), ids=lambda path: ".".join(map(str, path)))
def test_any_edit_by_hand_is_noticed(path: tuple[Any, ...]) -> None:
    data = json.loads(dump_plan(ONE, Terms(Status.ACTIVE)))
    *above, last = path
    place = data
    for key in above:
        place = place[key]
    place[last] = "other" if place[last] != "other" else "another"
    with pytest.raises(InvalidInput) as caught:
        load_plan(json.dumps(data).encode(), "PLAN.json")
    assert caught.value.where == "PLAN.json"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"42",
        b"\xff\xfe",
        b'{"format": 1}',
        b'{"format": "dbdeed.plan/2"}',
        b'{"format": "dbdeed.plan/1"}',
        b'{"format": "dbdeed.plan/1", "checksum": null}',
        b"[" * 100_000,
        json.dumps({"format": FORMAT, "checksum": "x", "a" * 9: 1}).encode(),
    ],
)
def test_what_is_no_plan_is_refused_with_words(data: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_plan(data, "PLAN.json")
    assert caught.value.exit_code == 2


def test_a_step_that_belongs_to_nothing_is_refused() -> None:
    from dbdeed.planning import artifact

    data = json.loads(dump_plan(ONE))
    del data["checksum"], data["format"]
    data["groups"][0]["steps"][0]["why"] = 7
    checksum = artifact._checksum(data)
    with pytest.raises(InvalidInput, match="not there"):
        load_plan(json.dumps({"format": FORMAT, **data, "checksum": checksum}).encode())


@settings(max_examples=100)
@given(st.data())
def test_a_damaged_file_is_refused(data: st.DataObject) -> None:
    whole = dump_plan(ONE)
    start = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(start + 1, len(whole)))
    cut = whole[:start] + whole[end:]
    if json_or_none(cut) == json_or_none(whole):
        return  # only white space went
    with pytest.raises(InvalidInput):
        load_plan(cut)


def json_or_none(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None
