"""When the agent runs what; every case is a clock and what happened before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dbdeed.document.values.problem import Problem
from dbdeed.document.values.schedule import parse_frequency
from dbdeed.document.values.types import Frequency
from dbdeed.recovery.agent import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    SHORTEST_PAUSE,
    AgentState,
    Job,
    JobState,
    begun,
    chosen,
    due_at,
    ended,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def frequency(text: str) -> Frequency:
    found = parse_frequency(text)
    assert not isinstance(found, Problem)
    return found


BACKUP = Job("backup", ("backup",), frequency=frequency("Daily at 02:00 UTC"))
PRUNE = Job("prune", ("prune",), after="backup", needs_backup=True)
VERIFY = Job("verify", ("verify",), every=DAY, needs_backup=True)
JOBS = (BACKUP, PRUNE, VERIFY)
TWO = NOON.replace(hour=2)


def went(job: Job, state: AgentState, at: datetime, code: int = 0) -> AgentState:
    return ended(begun(state, job, at), job, at + timedelta(minutes=1), code, "")


def test_without_a_backup_one_is_due_now_and_nothing_else_is() -> None:
    state = AgentState()
    assert due_at(BACKUP, state, NOON, []) == NOON
    assert due_at(PRUNE, state, NOON, []) is None
    assert due_at(VERIFY, state, NOON, []) is None
    assert chosen(JOBS, state, NOON, []) is BACKUP


def test_what_was_missed_is_due_once() -> None:
    old = TWO - 9 * DAY
    assert due_at(BACKUP, AgentState(), NOON, [old]) == old + DAY
    state = went(BACKUP, AgentState(), NOON)
    assert due_at(BACKUP, state, NOON + HOUR, [old, NOON]) == TWO + DAY


def test_a_backup_that_somebody_took_by_hand_counts() -> None:
    state = went(BACKUP, AgentState(), TWO - 3 * DAY)
    assert due_at(BACKUP, state, NOON, [NOON - HOUR]) == TWO + DAY


def test_pruning_follows_a_backup_that_went_well() -> None:
    taken = [TWO]
    state = went(BACKUP, AgentState(), TWO)
    assert chosen((BACKUP, PRUNE), state, NOON, taken) is PRUNE
    state = went(PRUNE, state, TWO + timedelta(minutes=2))
    assert chosen((BACKUP, PRUNE), state, NOON, taken) is None
    state = went(BACKUP, state, NOON, code=3)
    assert due_at(PRUNE, state, NOON + HOUR, taken) is None


def test_a_failure_is_tried_again_with_growing_pauses() -> None:
    state, at, pauses = AgentState(), NOON, []
    for _ in range(8):
        state = went(BACKUP, state, at, code=3)
        due = due_at(BACKUP, state, at + timedelta(minutes=1), [])
        assert due is not None
        pauses.append(due - at - timedelta(minutes=1))
        at = due
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE
    state = went(BACKUP, state, at)
    assert state.jobs["backup"].failures == 0


def test_a_kill_counts_as_a_failure_and_is_tried_again() -> None:
    state = begun(AgentState(), BACKUP, NOON)
    assert due_at(BACKUP, state, NOON + timedelta(seconds=5), []) == NOON + SHORTEST_PAUSE
    assert state.jobs["backup"].said == "It did not come to its end."


def test_what_was_looked_at_and_found_wrong_was_looked_at() -> None:
    state = went(VERIFY, AgentState(), NOON, code=1)
    assert due_at(VERIFY, state, NOON + HOUR, [TWO]) == NOON + DAY
    assert state.jobs["verify"].code == 1
    state = went(VERIFY, AgentState(), NOON, code=3)
    now = NOON + timedelta(minutes=2)
    assert due_at(VERIFY, state, now, [TWO]) == NOON + timedelta(minutes=1) + FIRST_PAUSE


@pytest.mark.parametrize("jump", [-400 * DAY, -HOUR, HOUR, 400 * DAY])
def test_a_clock_that_is_set_neither_silences_nor_floods(jump: timedelta) -> None:
    """The clock is wrong for one run, then right again; a backup was taken at each."""
    wrong = NOON + jump
    state = went(BACKUP, AgentState(), NOON)
    state = went(VERIFY, state, NOON)
    taken = [NOON]
    if (due := due_at(BACKUP, state, wrong, taken)) is not None and due <= wrong:
        state = went(BACKUP, state, wrong)
        taken.append(wrong)
    runs = 0
    for minute in range(0, 3 * 24 * 60, 10):
        now = NOON + HOUR + timedelta(minutes=minute)
        while (job := chosen((BACKUP, VERIFY), state, now, taken)) is not None:
            runs += 1
            state = went(job, state, now)
            if job is BACKUP:
                taken.append(now)
            now += timedelta(minutes=2)
    assert 5 <= runs <= 8  # three days of each, and at most one more


def test_a_success_that_left_no_backup_is_not_repeated_at_once() -> None:
    state = went(BACKUP, AgentState(), NOON)
    due = due_at(BACKUP, state, NOON + timedelta(minutes=1), [])
    assert due is not None
    assert due > NOON + timedelta(minutes=1)


def test_continuous_alone_has_nothing_due() -> None:
    job = Job("backup", (), frequency=frequency("Continuous"))
    assert due_at(job, AgentState(), NOON, []) is None


def test_the_state_survives_being_written() -> None:
    import msgspec

    state = went(BACKUP, AgentState(), NOON)
    assert msgspec.json.decode(msgspec.json.encode(state), type=AgentState) == state
    assert isinstance(state.jobs["backup"], JobState)
