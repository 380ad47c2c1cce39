"""What is measured: the works, how many calls make a block, and what dbdeed's ratio must be and aims at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ASYNC, SYNC, SQLITE, SQLITE_ASYNC = (
    "PostgreSQL, asyncio",
    "PostgreSQL, synchronous",
    "SQLite, synchronous",
    "SQLite, asyncio",
)


@dataclass(frozen=True)
class Goal:
    """What dbdeed's time, by that of the raw driver, must not exceed, and what it aims at."""

    must: float
    aim: float


@dataclass(frozen=True)
class Work:
    """One thing to do.

    Attributes:
        name: of the contestants' method, or `pooled`.
        title: in the table.
        calls: in a block.
        goals: by group; where there is none, none was set.
        bulk: how many rows a call adds: they are taken away after each round.
    """

    name: str
    title: str
    calls: int
    goals: Mapping[str, Goal] = field(default_factory=dict)
    bulk: int = 0


WORKS = (
    Work(
        "get",
        "get by primary key",
        20,
        {ASYNC: Goal(0.95, 0.85), SYNC: Goal(0.75, 0.65), SQLITE: Goal(1.1, 1.1)},
    ),
    Work(
        "listed", "list of 100", 5, {ASYNC: Goal(0.90, 0.75), SYNC: Goal(0.85, 0.75), SQLITE: Goal(1.1, 1.1)}
    ),
    Work("insert", "insert", 15, {ASYNC: Goal(0.95, 0.85), SQLITE: Goal(1.1, 1.1)}, bulk=1),
    Work("update", "update", 15, {ASYNC: Goal(1.0, 0.9), SQLITE: Goal(1.1, 1.1)}),
    Work("insert_many", "insert 1,000", 1, {ASYNC: Goal(1.2, 1.1), SQLITE: Goal(1.1, 1.1)}, bulk=1000),
    Work("fetch", "fetch 10,000", 1, {ASYNC: Goal(0.85, 0.7), SQLITE: Goal(1.1, 1.1)}),
    Work("related", "100 users with their orders", 2, {ASYNC: Goal(0.9, 0.8), SQLITE: Goal(1.1, 1.1)}),
    Work("pooled", "get, 20 tasks on a pool of 10", 100, {ASYNC: Goal(0.5, 0.4)}),
)
