"""Who may change what: Status, Target State, Strategy, and consent by name."""

from __future__ import annotations

import pytest

from dbdeed.document.values.types import How, Status, Strategy, TargetState
from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action, Hazard, HazardKind, Step
from dbdeed.errors import InvalidInput, Refused
from dbdeed.planning.consent import (
    Terms,
    check_allowed,
    check_strategy,
    check_terms,
    strategy_refusals,
)
from dbdeed.planning.plan import Difference, Group, Plan, PlannedStep

ORDERS = ObjectId("table", ("public", "orders"))
NOTE = ObjectId("column", ("public", "orders", "note"))
OTHER_NOTE = ObjectId("column", ("audit", "orders", "note"))


def plan_of(*steps: Step) -> Plan:
    planned = tuple(PlannedStep(step, number) for number, step in enumerate(steps))
    differences = tuple(Difference(Action.DROP, step.object) for step in steps)
    return Plan("made-up", (1,), "a", "b", (Group(planned, transactional=True),), differences)


def destroying(*objects: ObjectId) -> Plan:
    return plan_of(*(Step(f"drop {one}", one, destroys=(one,)) for one in objects))


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("draft", [True, False])
@pytest.mark.parametrize("status", [*Status, None])
@pytest.mark.parametrize("target_state", [*TargetState, None])
def test_only_an_active_document_that_leads_changes_any_database(
    status: Status | None, target_state: TargetState | None, private: bool, draft: bool
) -> None:
    leads = target_state is TargetState.AS_TO_BE
    allowed = leads and (status is Status.ACTIVE or (status is not Status.DEPRECATED and (private or draft)))
    terms = Terms(status, target_state)
    if allowed:
        check_terms(terms, private=private, draft=draft)
    else:
        with pytest.raises(Refused) as caught:
            check_terms(terms, private=private, draft=draft)
        assert caught.value.exit_code == 4
        assert caught.value.hint


@pytest.mark.parametrize(
    "name", ["public.orders.note", "orders.note", "note", "column note", "column public.orders.note"]
)
def test_a_name_may_be_as_short_as_it_is_clear(name: str) -> None:
    check_allowed(destroying(NOTE), [name])


def test_nothing_is_destroyed_without_being_named() -> None:
    with pytest.raises(Refused, match=r"column public\.orders\.note") as caught:
        check_allowed(destroying(ORDERS, NOTE), ["orders"])
    assert caught.value.hint == "If that is meant: --allow public.orders.note"


def test_a_name_that_fits_two_things_is_refused_and_a_longer_one_helps() -> None:
    plan = destroying(NOTE, OTHER_NOTE)
    with pytest.raises(InvalidInput, match="could mean"):
        check_allowed(plan, ["orders.note"])
    check_allowed(plan, ["public.orders.note", "audit.orders.note"])


def test_a_full_name_wins_over_the_end_of_another() -> None:
    table, column = ObjectId("table", ("orders",)), ObjectId("column", ("archive", "orders"))
    with pytest.raises(Refused, match=r"archive\.orders"):
        check_allowed(destroying(table, column), ["orders"])
    check_allowed(destroying(table, column), ["orders", "archive.orders"])


def test_to_allow_what_is_not_destroyed_is_a_mistake() -> None:
    plan = destroying(ORDERS)
    with pytest.raises(InvalidInput, match="destroys nothing of that name"):
        check_allowed(plan, ["customers"])


def test_what_was_destroyed_before_an_interruption_may_be_allowed_again() -> None:
    check_allowed(plan_of(), ["orders"])


def test_names_with_line_ends_stay_on_one_line() -> None:
    hostile = ObjectId("table", ("public", "x\n-- \x1b[31m;drop"))
    with pytest.raises(Refused) as caught:
        check_allowed(destroying(hostile), [])
    assert not {"\n", "\x1b"} & set(caught.value.message + caught.value.hint)
    check_allowed(destroying(hostile), ["x\n-- \x1b[31m;drop"])


@pytest.mark.parametrize("kind", [HazardKind.REWRITES, HazardKind.BLOCKS_WRITES, HazardKind.BLOCKS_READS])
def test_online_refuses_what_blocks(kind: HazardKind) -> None:
    plan = plan_of(Step("x", ORDERS, hazards=(Hazard(kind, "…"),)))
    with pytest.raises(Refused, match="Strategy is online"):
        check_strategy(plan, Strategy(how=How.ONLINE))
    check_strategy(plan, Strategy(how=How.MAINTENANCE_WINDOW))
    check_strategy(plan, None)


def test_reversible_refuses_what_cannot_be_undone() -> None:
    plan = plan_of(Step("x", ORDERS, hazards=(Hazard(HazardKind.CANNOT_UNDO, "It is gone."),)))
    assert "It is gone." in strategy_refusals(plan, Strategy(reversible=True))[0]
    assert strategy_refusals(plan, Strategy(reversible=False)) == []


def test_expand_and_contract_does_not_add_and_destroy_at_once() -> None:
    adding, dropping = Step("add", ORDERS), Step("drop", NOTE, destroys=(NOTE,))
    strategy = Strategy(expand_contract=True)
    assert strategy_refusals(plan_of(adding), strategy) == []
    assert strategy_refusals(plan_of(dropping), strategy) == []
    assert len(strategy_refusals(plan_of(adding, dropping), strategy)) == 1
