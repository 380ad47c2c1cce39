"""The way back of random plans: a database with rows goes to the second schema and back, and has its rows again.

`python -m tests.engines.postgresql.random_schemas.way_back MAJOR SECONDS [SEED]` goes on after a counterexample.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.engines.postgresql.random_schemas.ground import load
from tests.engines.postgresql.random_schemas.judge import Counterexample, StepError, UnfilledError, run_plan
from tests.engines.postgresql.random_schemas.rows import seed, snapshot
from tests.engines.postgresql.random_schemas.sweep import trials

from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.errors import DbdeedError, OurFault
from dbdeed.planning.archive import Keeper, entries_of
from dbdeed.planning.forms import never_empty
from dbdeed.planning.joining import as_one
from dbdeed.planning.order import order_changes
from dbdeed.planning.plan import Data, assemble
from dbdeed.planning.reverse import plan_back

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engines.postgresql.random_schemas.ground import Ground
    from tests.engines.postgresql.random_schemas.judge import Trial

    from dbdeed.engines.catalog import Catalog
    from dbdeed.planning.plan import Plan


_LEFT_OUT = ("SUBSCRIPTION", "INHERIT")
"""A subscription's connection is a secret, which this ground does not fill in. And PostgreSQL makes no plain table
the heir that CREATE TABLE makes: its columns stay its own."""


def there_and_back(ground: Ground, trial: Trial) -> bool:
    """Raises `Counterexample`; False where the plan itself could not be run on the rows that are there."""
    with ground.passing() as other:
        load(other, trial.second)
        second = ENGINE.inspect(other)
    with ground.database() as (_, session):
        load(session, trial.first)
        if trial.rows:
            seed(session)
        first = ENGINE.inspect(session)
        rows = snapshot(session, first)
        try:
            made = keeping(first, second)
            run_plan(session, made)
        except (StepError, UnfilledError, OurFault):  # `judge` judges the plan itself
            return False
        try:
            back = plan_back(
                ENGINE,
                session,
                second,
                ENGINE.rebuildable(first),
                entries_of(made),
                made.destroys,
                generation=2,
            )
        except DbdeedError as error:
            raise Counterexample("way back", error.message, made) from error
        lost = [str(one.object) for one in back.returns if one.data is Data.NONE]
        now = snapshot(session, first)
        differs = [f"{one}: {rows[one]} is {now[one]}" for one in rows if rows[one] != now[one]]
        if lost or differs:
            raise Counterexample("rows", f"{lost} {differs}", back)
        return True


def keeping(first: Catalog, second: Catalog) -> Plan:
    """The plan that keeps what it removes."""
    keeper = Keeper(ENGINE, 1)
    changes = as_one(order_changes(ENGINE.compare(first, second).changes, first, second))
    made = assemble(first, second, keeper.keeping(changes, first, second, never_empty))
    return replace(made, generation=1)


def sweep_back(
    ground: Ground, seconds: float, most: int, start: int, report: Callable[[Counterexample], None]
) -> tuple[int, int]:
    """So many pairs, or for so long; how many there were, and how many came back."""
    until, number, whole = time.monotonic() + seconds, 0, 0
    while number < most:
        for trial in trials(ground.major, 10, start):
            if time.monotonic() > until or number == most:
                return number, whole
            if any(word in sql for word in _LEFT_OUT for sql in (*trial.first, *trial.second)):
                continue
            number += 1
            try:
                whole += there_and_back(ground, trial)
            except Counterexample as error:
                report(error)
        start += 1
    return number, whole


def _main() -> None:
    from tests.engines.postgresql.random_schemas.ground import ground

    from dbdeed.engines.postgresql.servers.programs import find

    major, seconds = int(sys.argv[1]), float(sys.argv[2])
    start = int(sys.argv[3]) if len(sys.argv) > 3 else int(time.time())
    with ground(find(major)) as there:
        number, whole = sweep_back(there, seconds, 1_000_000, start, lambda error: print(f"=== {error}\n"))
    print(f"{number} pairs, {whole} there and back")


if __name__ == "__main__":
    _main()
