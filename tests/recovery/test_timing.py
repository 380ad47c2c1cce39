"""Phases of a recovery: what a part took is told apart, and nothing is counted twice."""

from __future__ import annotations

from dbdeed.progress import SILENT, took
from dbdeed.recovery.timing import TimedProgress


def test_a_part_stands_before_the_rest_of_its_step() -> None:
    clock = iter([0.0, 3.0, 3.0, 10.0, 10.0, 11.0])
    timed = TimedProgress(SILENT, lambda: next(clock))
    with timed.step("Restore"):
        pass
    with timed.step("Start and replay"):
        took(timed, "Replay", 5.0, rest="Start")
    with timed.step("Ask"):
        pass
    assert [(one.name, one.seconds) for one in timed.phases] == [
        ("Restore", 3), ("Replay", 5), ("Start", 2), ("Ask", 1),
    ]  # fmt: skip


def test_whoever_keeps_no_times_need_not_be_told() -> None:
    took(SILENT, "Replay", 5.0, rest="Start")
