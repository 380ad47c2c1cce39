"""The measuring itself: blocks of calls, taken in turn and compared round by round."""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.accessing.drive import ContestantFailed, Driver
from benchmarks.accessing.works import WORKS, Work

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.accessing.places import PostgresqlPlace, SqlitePlace
    from benchmarks.accessing.roster import Contestant
    from benchmarks.accessing.trips import Proxy

PEERS_EACH = 4
_SEED = 4
_COUNTED = 10


@dataclass(frozen=True)
class Block:
    """What one call took in a block, in seconds.

    Attributes:
        seconds: by the clock.
        client: of the processor, by the contestant's process.
        server: of the processor, by the server's processes meanwhile.
    """

    seconds: float
    client: float
    server: float

    @property
    def processor(self) -> float:
        return self.client + self.server


@dataclass
class Taken:
    """What was found.

    Attributes:
        blocks: by contestant, work and round.
        trips: round trips of one call, where there is a wire.
        failed: why a contestant has no figures in a work.
    """

    blocks: dict[tuple[Contestant, str], dict[int, Block]] = field(default_factory=lambda: defaultdict(dict))
    trips: dict[tuple[Contestant, str], float] = field(default_factory=dict)
    failed: dict[tuple[Contestant, str], str] = field(default_factory=dict)

    def works_of(self, contestant: Contestant) -> list[Work]:
        return [
            work for work in WORKS if contestant.takes(work) and (contestant, work.name) not in self.failed
        ]

    def give_up(self, contestant: Contestant, work: str, error: Exception) -> None:
        self.failed[contestant, work] = str(error)
        print(f"{work}: {error}", file=sys.stderr)


def check(drivers: Sequence[Driver], place: PostgresqlPlace | SqlitePlace, taken: Taken) -> None:
    """All find the same and add as much: what is compared is the same work. Who does not is left out."""
    for work in WORKS:
        expected: Any = None
        for driver in sorted(drivers, key=lambda one: not one.contestant.base):
            one = driver.contestant
            if work not in taken.works_of(one):
                continue
            try:
                found = driver.order("show", work=work.name, seed=_SEED)["found"]
                if work.bulk:
                    found = place.added()
                    place.clean()
                    expected = work.bulk
                expected = expected or found
                _require(found, expected, one.name)
            except ContestantFailed as error:
                taken.give_up(one, work.name, error)


def _require(found: Any, expected: Any, name: str) -> None:
    if found != expected or not found:
        raise ContestantFailed(f"{name} has {str(found)[:300]}, not {str(expected)[:300]}")


def blocks(
    drivers: Sequence[Driver],
    rounds: int,
    scale: float,
    place: PostgresqlPlace | SqlitePlace,
    taken: Taken,
) -> None:
    """Each contestant's blocks, in an order that is shuffled for each round; a first round is not counted.

    The peers take part in each fourth round only: they are further away, and take longer.
    """
    chance = Random(_SEED)
    for number in range(-1, rounds):
        place.look()
        for work in WORKS:
            order = [one for one in drivers if number < 1 or number % PEERS_EACH == 0 or _near(one)]
            chance.shuffle(order)
            seed = chance.randrange(2**32)
            calls = 1 if work.calls == 1 else max(1, round(work.calls * scale))
            for driver in order:
                one = driver.contestant
                if work not in taken.works_of(one):
                    continue
                place.settle()
                before = place.processor()
                try:
                    found = driver.order("block", work=work.name, calls=calls, seed=seed)
                except ContestantFailed as error:
                    taken.give_up(one, work.name, error)
                    continue
                server = (place.processor() - before) / calls
                if number >= 0:
                    block = Block(found["seconds"], found["processor"], server)
                    taken.blocks[one, work.name][number] = block
            if work.bulk:
                place.clean()


def _near(driver: Driver) -> bool:
    return driver.contestant.base or driver.contestant.ours


def count_trips(drivers: Sequence[Driver], place: Mapping[str, str], proxy: Proxy, taken: Taken) -> None:
    """How often each waits for the server in one call, after some calls that prepare it."""
    for driver in drivers:
        one = driver.contestant
        driver.order("open", place=place)
        for work in taken.works_of(one):
            calls = 1 if work.calls == 1 else _COUNTED
            try:
                for seed in range(1 if calls > 1 else 7):  # a driver may prepare a statement late
                    driver.order("block", work=work.name, calls=calls, seed=seed)
                before = proxy.trips
                driver.order("block", work=work.name, calls=calls, seed=_SEED)
                taken.trips[one, work.name] = (proxy.trips - before) / calls
            except ContestantFailed as error:
                taken.give_up(one, work.name, error)
