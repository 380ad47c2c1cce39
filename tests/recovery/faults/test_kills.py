"""kill -9 at a random moment of every command: nothing is lost, nothing half-made is listed, the next run goes on."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.recovery.faults.places import KINDS

from dbdeed.recovery.manifest import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.recovery.faults.places import Place

# How long each takes here at most, in seconds: a kill falls within it, or soon after the end.
COMMANDS = {
    ("backup", "run"): 2.0,
    ("backup", "prune"): 1.2,
    ("backup", "verify"): 1.5,
    ("restore", "--into", "restored.db"): 1.2,
    ("drill",): 2.0,
    ("agent", "run", "--once"): 4.0,
}
# What every change must pass; the long form has each command in each place many times over.
FEW = {("s3", 0): 1, ("folder", 1): 1, ("sealed", 5): 1}
MANY = 11

CASES = [
    pytest.param(kind, command, seed, marks=[pytest.mark.slow] * (seed >= FEW.get((kind, number), 0)))
    for kind in KINDS
    for number, command in enumerate(COMMANDS)
    for seed in range(MANY)
]


@pytest.mark.parametrize(("kind", "command", "seed"), CASES)
def test_a_kill_at_any_moment(
    make: Callable[[str], Place], kind: str, command: tuple[str, ...], seed: int
) -> None:
    place, rng = make(kind), random.Random(f"{kind} {command} {seed}")
    kept = [place.back_up().id for _ in range(2)]
    if command == ("backup", "prune"):
        place.back_up()  # Retention keeps two
        kept = kept[1:]
    place.killed(rng.uniform(0.2, COMMANDS[command]), *command)
    ids = place.ids()
    if command[0] != "agent":  # which prunes after its backup
        assert set(kept) <= set(ids)
    place.require_sound()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_kill_upon_kill(make: Callable[[str], Place], kind: str, seed: int) -> None:
    """Many in a row, so that one run's leftovers meet the next run's."""
    place, rng = make(kind), random.Random(seed)
    first = place.back_up().id
    assert place.drilled() is Verdict.PROVEN
    for _ in range(10):
        command = rng.choice(list(COMMANDS))
        place.killed(rng.uniform(0.2, COMMANDS[command]), *command)
        (place.project.folder / "restored.db").unlink(missing_ok=True)
        shutil.rmtree(place.project.folder / "restored", ignore_errors=True)
        assert first in place.ids()  # the newest that was proven before any other was
        first = next((one for one in place.ids() if one == first), first)
    place.require_sound()
