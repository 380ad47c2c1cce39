"""Random plans with rows, there and back again; `-m slow` goes on for DBDEED_SWEEP_SECONDS (an hour)."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql.random_schemas.ground import ground
from tests.engines.postgresql.random_schemas.way_back import sweep_back

if TYPE_CHECKING:
    from tests.engines.postgresql.random_schemas.judge import Counterexample

    from dbdeed.engines.postgresql.servers.programs import Programs

SECONDS = float(os.environ.get("DBDEED_SWEEP_SECONDS", "3600"))


def _raised(error: Counterexample) -> None:
    raise error


def test_some_come_back_with_their_rows(programs: Programs) -> None:
    with ground(programs) as there:
        number, whole = sweep_back(there, 120, 12, 1000, _raised)
    assert whole > number // 2


@pytest.mark.slow
def test_all_come_back_with_their_rows(programs: Programs) -> None:
    found: list[str] = []
    with ground(programs) as there:
        sweep_back(there, SECONDS, 1_000_000, int(time.time()), lambda error: found.append(str(error)))
    assert not found
