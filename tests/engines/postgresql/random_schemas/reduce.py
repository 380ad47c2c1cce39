"""Makes a counterexample small: statements are left out of both schemas as long as it stays one.

What hypothesis would shrink are choices, each try a second on a server; leaving out statements, halves first,
takes far fewer tries and ends at what a person would write.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.engines.postgresql.random_schemas.judge import Counterexample, judge, plan

from dbdeed.errors import DbdeedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.engines.postgresql.random_schemas.ground import Ground
    from tests.engines.postgresql.random_schemas.judge import Planner, Trial


def reduced(
    ground: Ground, trial: Trial, stage: str, planner: Planner = plan, seconds: float = 120
) -> tuple[Trial, str]:
    """The smallest found in that time, and what is wrong with it."""
    until = time.monotonic() + seconds
    found = _failure(ground, trial, stage, planner) or "it does not happen again"
    size = max(1, len(set(trial.first) | set(trial.second)) // 2)
    while time.monotonic() < until:
        smaller = False
        for gone in _slices(list(dict.fromkeys((*trial.first, *trial.second))), size):
            tried = _without(trial, gone)
            shown = _failure(ground, tried, stage, planner) if time.monotonic() < until else None
            if shown is not None:
                trial, found, smaller = tried, shown, True
        if size == 1 and not smaller:
            break
        size = max(1, size // 2)
    return trial, found


def _slices(statements: Sequence[str], size: int) -> list[frozenset[str]]:
    """Later ones first: they stand on the others."""
    cuts = range(0, len(statements), size)
    return [frozenset(statements[at : at + size]) for at in reversed(cuts)]


def _without(trial: Trial, gone: frozenset[str]) -> Trial:
    return replace(
        trial,
        first=[one for one in trial.first if one not in gone],
        second=[one for one in trial.second if one not in gone],
    )


def _failure(ground: Ground, trial: Trial, stage: str, planner: Planner) -> str | None:
    try:
        judge(ground, trial, planner)
    except Counterexample as error:
        return str(error) if error.stage == stage else None
    except DbdeedError:
        return None  # it cannot even be read
    return None


def shown(ground: Ground, trial: Trial, stage: str, planner: Planner = plan, seconds: float = 120) -> str:
    """A counterexample as a person reads it: both schemas, what went wrong, the plan."""
    small, why = reduced(ground, trial, stage, planner, seconds)
    first = "\n".join(f"    {one};" for one in small.first)
    second = "\n".join(f"    {one};" for one in small.second)
    form = "with rows and online forms" if small.rows else "empty, with plain forms"
    return f"{why}\n  ({form})\n  first:\n{first}\n  second:\n{second}"
