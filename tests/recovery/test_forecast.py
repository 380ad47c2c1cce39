"""The day on which the RTO breaks: known growth gives the known day, and one odd point does not move it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from dbdeed.recovery.forecast import Drilled, Forecast, forecast

NOW = datetime(2026, 3, 1, tzinfo=UTC)
GB = 10**9


def sizes(
    count: int = 30, *, start: float = 70, growth: float = 1, every: float = 1
) -> list[tuple[datetime, int]]:
    """Daily, from the past up to now; in GB and GB a day."""
    return [
        (NOW - timedelta(days=(count - 1 - n) * every), int((start + growth * n * every) * GB))
        for n in range(count)
    ]


def drills(*found: tuple[float, float]) -> list[Drilled]:
    return [Drilled(int(size * GB), seconds) for size, seconds in found]


def told(known: list[tuple[datetime, int]], drilled: list[Drilled], *, rto: float = 600) -> Forecast:
    found = forecast(known, drilled, timedelta(seconds=rto), NOW)
    assert found is not None
    return found


# Ten seconds, and four for each GB: 99 GB now take 406 s; 600 s are reached at 147.5 GB, in 48.5 days.
STEADY = drills((50, 210), (70, 290), (90, 370))


def test_known_growth_gives_the_known_day() -> None:
    found = told(sizes(), STEADY)
    assert found.breaks is not None
    assert abs(found.breaks - (NOW + timedelta(days=48.5))) < timedelta(hours=1)
    assert found.growth == pytest.approx(GB)
    assert found.said == "At 1 GB a day the RTO breaks on 2026-04-18."


@pytest.mark.parametrize("seed", range(5))
def test_noise_and_odd_points_hardly_move_it(seed: int) -> None:
    rng = random.Random(seed)
    noisy = [(at, int(size * rng.uniform(0.998, 1.002))) for at, size in sizes()]
    noisy[rng.randrange(30)] = (noisy[3][0], 500 * GB)
    noisy[rng.randrange(30)] = (noisy[20][0], 1 * GB)
    slow = [*STEADY, *drills((60, 250), (80, 330)), Drilled(80 * GB, 5000)]
    found = told(noisy, slow)
    assert found.breaks is not None
    assert abs((found.breaks - NOW) / timedelta(days=1) - 48.5) < 6


def test_drills_of_one_size_are_put_down_to_the_bytes() -> None:
    found = told(sizes(), drills((99, 396), (99, 396), (99, 400)))
    assert found.breaks is not None
    assert abs((found.breaks - NOW) / timedelta(days=1) - 51) < 0.1


def test_a_short_history_says_so() -> None:
    for one in (
        told(sizes(4), STEADY),
        told(sizes(30, every=0.1), STEADY),
        told(sizes(), STEADY[:2]),
        told([], []),
    ):
        assert "too short" in one.said
        assert one.breaks is None
        assert one.growth is None
    old = [(at - timedelta(days=400), size) for at, size in sizes()]
    assert "too short" in told(old, STEADY).said


def test_what_does_not_grow_or_is_far_or_is_past() -> None:
    assert "do not grow" in told(sizes(growth=0), STEADY).said
    assert "do not grow" in told(sizes(growth=-0.5), STEADY).said
    assert "ten years" in told(sizes(growth=0.001), STEADY).said
    assert told(sizes(), STEADY, rto=300).said == "The RTO is broken already."
    assert forecast(sizes(), STEADY, None, NOW) is None


def test_thousands_of_backups_take_no_time() -> None:
    import time

    begun = time.monotonic()
    assert told(sizes(2800, every=1 / 24), STEADY * 500).breaks is not None
    assert time.monotonic() - begun < 5
