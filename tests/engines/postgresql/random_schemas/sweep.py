"""Many pairs, judged one after the other.

`python -m tests.engines.postgresql.random_schemas.sweep MAJOR SECONDS [SEED]` goes on after a counterexample, and
shows each kind of failure once.
"""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, seed, settings
from tests.engines.postgresql.random_schemas.drawing import pairs, statements
from tests.engines.postgresql.random_schemas.judge import Counterexample, Seen, Trial, judge
from tests.engines.postgresql.random_schemas.reduce import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.engines.postgresql.random_schemas.ground import Ground
    from tests.engines.postgresql.random_schemas.shape import World


def trials(major: int, examples: int, start: int, aim: str = "") -> Iterator[Trial]:
    """So many pairs, the same for the same seed; every other with rows, half of those compared by pg_dump."""
    found: list[tuple[World, World]] = []

    @seed(start)
    @settings(
        max_examples=examples, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(pairs(major, aim))
    def collect(pair: tuple[World, World]) -> None:
        found.append(pair)

    collect()
    for number, (first, second) in enumerate(found):
        yield Trial(statements(first), statements(second), rows=number % 2 == 0, dump=number % 4 == 0)


def sweep(
    ground: Ground, seconds: float, start: int, report: Callable[[Trial, Counterexample], None]
) -> tuple[int, Seen]:
    """Judge for so long; the number of pairs, and what came by."""
    until, number, seen = time.monotonic() + seconds, 0, Seen()
    while True:
        for trial in trials(ground.major, 25, start):
            if time.monotonic() > until:
                return number, seen
            number += 1
            try:
                judge(ground, trial, seen=seen)
            except Counterexample as error:
                report(trial, error)
        start += 1


def _main() -> None:
    from tests.engines.postgresql.random_schemas.ground import ground

    from dbdeed.engines.postgresql.servers.programs import find

    major, seconds = int(sys.argv[1]), float(sys.argv[2])
    start = int(sys.argv[3]) if len(sys.argv) > 3 else int(time.time())
    known: set[str] = set()
    with ground(find(major)) as there:

        def report(trial: Trial, error: Counterexample) -> None:
            lines = str(error).splitlines()
            sign = re.sub(
                r'"[^"]+"|[(].*|public[.]\S+', "…", lines[0] if error.stage != "catalog" else lines[1]
            )
            if sign not in known:
                known.add(sign)
                print(f"=== {sign}\n{shown(there, trial, error.stage, seconds=45)}\n", flush=True)

        number, seen = sweep(there, seconds, start, report)
    print(f"{number} pairs, {seen.plans} plans, {seen.excused} excused, {len(known)} kinds of failure")
    for (kind, action), times in sorted(seen.changes.items()):
        print(f"  {kind} {action}: {times}")


if __name__ == "__main__":
    _main()
