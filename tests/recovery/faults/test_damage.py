"""A flipped byte, a cut or a missing file anywhere in a store: noticed, and what is sound stays PROVEN."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
from tests.recovery.faults.places import KINDS

from dbdeed.app.backup import list_backups
from dbdeed.errors import DbdeedError
from dbdeed.recovery.manifest import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tests.recovery.faults.conftest import Make

FEW = {"sealed": 1, "s3": 1}  # what every change must pass, and the long form
MANY = {"folder": 20, "sealed": 20, "s3": 8}
CASES = [
    pytest.param(kind, seed, marks=[pytest.mark.slow] * (seed >= FEW.get(kind, 0)))
    for kind in KINDS
    for seed in range(MANY[kind])
]


def spoil(path: Path, rng: random.Random) -> str:
    """Do one of the things that disks, and people, do."""
    how = rng.choice(["flip", "cut", "remove", "zeros"])
    size = path.stat().st_size
    if how == "remove" or not size:
        path.unlink()
    elif how == "cut":
        os.truncate(path, rng.randrange(size))
    else:
        data = bytearray(path.read_bytes())
        at = rng.randrange(size)
        length = 1 if how == "flip" else min(4096, size - at)
        new = bytes([data[at] ^ (1 << rng.randrange(8))]) if how == "flip" else bytes(length)
        if data[at : at + length] == new:
            new = b"\xff" * length
        data[at : at + length] = new
        path.write_bytes(data)
    return how


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_damage_is_noticed_and_the_rest_stays_proven(make: Make, kind: str, seed: int) -> None:
    place, rng = make(kind, 2), random.Random(f"{kind} {seed}")
    first, second = place.made
    assert place.drilled() is Verdict.PROVEN
    chosen = rng.choice([one for one in place.files() if first in str(one) or second in str(one)])
    bad, good = (first, second) if first in str(chosen) else (second, first)
    how = spoil(chosen, rng)
    said = f"{how} {chosen.relative_to(place.store)}"
    damaged = list_backups(place.document, environment=place.environment).damaged
    assert Verdict.FAILED in place.verified() or bad in damaged or how == "remove", said
    gone = False
    try:
        assert place.drilled(bad) is not Verdict.PROVEN, said
    except DbdeedError:  # where its record is gone, there is no such backup
        gone = True
    assert not gone or how == "remove", said
    assert place.drilled(good) is Verdict.PROVEN, said
    third = place.back_up()
    assert place.drilled(third.id) is Verdict.PROVEN, said


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sealed", "s3"])
def test_what_belongs_to_no_backup_may_be_spoilt_too(make: Make, kind: str) -> None:
    """Proofs and the key of the shelf: they are gone then, and no backup is."""
    place = make(kind)
    made = place.back_up()
    assert place.drilled() is Verdict.PROVEN
    others = [one for one in place.files() if made.id not in str(one)]
    assert others
    for number, path in enumerate(others):
        spoil(path, random.Random(number))
    assert place.drilled(made.id) is Verdict.PROVEN
    assert place.drilled(place.back_up().id) is Verdict.PROVEN
