"""kill -9 at a random point of every command: nothing is lost, nothing half-made is listed, the next run goes on.

The server, its receiver and what works on a cluster are killed in `test_archive_kills`.
"""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.recovery.faults.places import KINDS

from dbdeed.recovery.manifest import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.recovery.faults.conftest import Make

    Length = Callable[[str, tuple[str, ...]], float]

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("backup", "run"),
    ("backup", "prune"),
    ("backup", "verify"),
    ("restore", "--into", "restored.db"),
    ("drill",),
    ("agent", "run", "--once"),
)
# What every change must pass; the long form has each command in each place many times over.
FEW = {("s3", 0): 1, ("folder", 1): 1, ("sealed", 5): 1}
MANY = {"folder": 12, "sealed": 12, "s3": 5}  # every request of the last takes its time

CASES = [
    pytest.param(kind, command, seed, marks=[pytest.mark.slow] * (seed >= FEW.get((kind, number), 0)))
    for kind in KINDS
    for number, command in enumerate(COMMANDS)
    for seed in range(MANY[kind])
]


def point(rng: random.Random, whole: float) -> float:
    """Somewhere in a command's work: most of the first half is Python's own start; some end before it."""
    return whole * rng.uniform(0.4, 1.05)


@pytest.mark.parametrize(("kind", "command", "seed"), CASES)
def test_a_kill_at_any_moment(
    make: Make, length: Length, kind: str, command: tuple[str, ...], seed: int
) -> None:
    rng = random.Random(f"{kind} {command} {seed}")
    pruned = command == ("backup", "prune")
    place = make(kind, 3 if pruned else 2)
    kept = place.made[-2:]  # as Retention has it
    place.killed(point(rng, length(kind, command)), *command)
    if command[0] != "agent":  # which prunes after its backup
        assert set(kept) <= set(place.ids())
    place.require_sound()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "seed"), [(kind, seed) for kind in KINDS for seed in range(1 if kind == "s3" else 3)]
)
def test_kill_upon_kill(make: Make, length: Length, kind: str, seed: int) -> None:
    """Many in a row, so that one run's leftovers meet the next run's."""
    place, rng = make(kind, 1), random.Random(seed)
    assert place.drilled() is Verdict.PROVEN
    for _ in range(10):
        command, proven = rng.choice(COMMANDS), place.proven()
        place.killed(point(rng, length(kind, command)), *command)
        (place.project.folder / "restored.db").unlink(missing_ok=True)
        shutil.rmtree(place.project.folder / "restored", ignore_errors=True)
        assert place.proven() >= proven, "the newest that was proven stays until a newer one is"
    place.require_sound()
