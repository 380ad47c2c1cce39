"""`up` ends in the right state, however often and whenever it was stopped on the way."""

from __future__ import annotations

import random
import signal
import time
from dataclasses import dataclass
from signal import SIGINT, SIGKILL, SIGTERM
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.cli.conftest import Engine, Sandbox


@dataclass(frozen=True)
class End:
    """What an undisturbed project looks like, first and after the change; how long `up` took each time."""

    first: tuple[object, ...]
    second: tuple[object, ...]
    seconds: tuple[float, float]


def _state(engine: Engine, box: Sandbox) -> tuple[object, ...]:
    """Document, code, schema and journal as they must be, whatever happened on the way."""
    assert box.backups()
    assert box.good("backup", "verify")
    assert not [one for one in (box.root / ".dbdeed").rglob("*drill-*") if one.is_dir()]
    journal = "dbdeed.journal" if engine.name == "postgresql" else "dbdeed_journal"
    states = engine.run(box, f"SELECT DISTINCT state FROM {journal} ORDER BY state").split()
    # Superseded is also what a plan is called whose every step was done before the kill: nothing hangs open.
    assert set(states) <= {"done", "superseded"}
    return box.settled(), engine.schema(box)


def _timed(box: Sandbox) -> float:
    started = time.monotonic()
    box.good("up")
    return time.monotonic() - started


@pytest.fixture(scope="module")
def end(engine: Engine, new: Callable[..., Sandbox]) -> End:
    box = new(engine.example)
    first = _timed(box)
    before = _state(engine, box)
    box.edit(*engine.later)
    second = _timed(box)
    return End(before, _state(engine, box), (first, second))


def _disturb(box: Sandbox, how: Sequence[signal.Signals], seconds: float, chance: random.Random) -> None:
    """Run `up` once for each signal, stopped at a random moment."""
    for one in how:
        code = box.disturbed(one, chance.random() * seconds, "up")
        # Before the program's own first line, and after its last, a signal ends the interpreter itself. And
        # CPython ends by SIGINT, whatever code it was given, once KeyboardInterrupt has gone through an exec()
        # (dataclasses are made by one); shells call that 130 as well.
        polite = {0, 130, -SIGINT, -one}
        assert code in ({0, -SIGKILL} if one is SIGKILL else polite), (code, box.output())
    assert "Traceback" not in box.output()
    assert "Fault" not in box.output()


def _finish(box: Sandbox) -> None:
    box.good("up")
    assert box.good("up").startswith("Nothing to do: ")


def test_up_ends_right_after_being_stopped_again_and_again(
    engine: Engine, new: Callable[..., Sandbox], end: End
) -> None:
    """Each run goes on where the one before was stopped; then the same with a changed document and rows."""
    chance = random.Random(engine.name)
    box = new(engine.example)
    _disturb(box, (SIGKILL, SIGTERM, SIGKILL, SIGINT), end.seconds[0], chance)
    _finish(box)
    assert _state(engine, box) == end.first
    engine.run(box, engine.rows)
    rows = engine.run(box, engine.count)
    box.edit(*engine.later)
    _disturb(box, (SIGKILL, SIGINT, SIGKILL), end.seconds[1], chance)
    _finish(box)
    assert _state(engine, box) == end.second
    assert engine.run(box, engine.count) == rows


@pytest.mark.slow
@pytest.mark.parametrize("number", range(20))
def test_a_kill_at_a_random_moment_of_a_first_up(
    engine: Engine, new: Callable[..., Sandbox], end: End, number: int
) -> None:
    box = new(engine.example)
    # One moment in each twentieth of the time that `up` takes.
    chance = random.Random(f"{engine.name} {number}")
    box.disturbed(SIGKILL, (number + chance.random()) / 20 * end.seconds[0], "up")
    _finish(box)
    assert _state(engine, box) == end.first
    box.close()


@pytest.mark.slow
def test_a_kill_at_twenty_random_moments_of_a_changed_up(
    engine: Engine, new: Callable[..., Sandbox], end: End
) -> None:
    """The document is changed to and fro, so that each of the killed runs has everything to do."""
    box = new(engine.example)
    if engine.name == "postgresql":
        box.edit((", expand and contract", ""))  # which would not let one change both add and remove
    box.good("up")
    engine.run(box, engine.rows)
    rows = engine.run(box, engine.count)
    forth = engine.later
    back = tuple((new, old) for old, new in engine.later)
    for number in range(20):
        box.edit(*(back if number % 2 else forth))
        chance = random.Random(f"{engine.name} {number}")
        allow = [f"--allow={name}" for name in engine.added]
        box.disturbed(SIGKILL, (number + chance.random()) / 20 * end.seconds[1], "up", *allow)
        box.good("up", *allow)
        assert box.good("up").startswith("Nothing to do: ")
        assert engine.run(box, engine.count) == rows
    # The schema was held by each "Nothing to do"; what came and went stays in the archive, and as a model in the
    # document, of which only a person knows that it is not wanted.
    _state(engine, box)


def test_two_at_once_both_end_well(engine: Engine, new: Callable[..., Sandbox], end: End) -> None:
    """One may say that the other is at work; none may break what the other does."""
    box = new(engine.example)
    both = [box.start("up"), box.start("up")]
    codes = sorted(one.wait(300) for one in both)
    assert codes in ([0, 0], [0, 3]), box.output()
    assert "Traceback" not in box.output()
    if codes[1] == 3:
        assert "Another" in box.output()
    _finish(box)
    assert _state(engine, box) == end.first
