"""Who is measured: the contestants of each group, and the packages of each one's environment."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.accessing.works import ASYNC, SQLITE, SQLITE_ASYNC, SYNC
from benchmarks.planning.peers import Absent, attempt, environment

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.accessing.works import Work


@dataclass(frozen=True)
class Contestant:
    """One way to do the works.

    Attributes:
        name: in the table.
        group: those that it is compared with.
        module: its file under `contestants/`.
        place: the folder of its own environment; without one it runs in this one.
        requirements: the packages of that environment.
        base: what the others of its group are measured against.
        ours: it is what must reach the goals.
        pools: where its group has a work on a pool, it takes part.
    """

    name: str
    group: str
    module: str
    place: str = ""
    requirements: tuple[str, ...] = ()
    base: bool = False
    ours: bool = False
    pools: bool = True

    def takes(self, work: Work) -> bool:
        """Whether it takes part in a work."""
        return work.name != "pooled" or (self.pools and self.group == ASYNC)

    def python(self, cache: Path) -> str:
        """The interpreter that has what it needs; installed where it is not yet."""
        return (
            str(environment(cache / self.place, *self.requirements)) if self.requirements else sys.executable
        )


_SQLALCHEMY = ("sqlalchemy", "asyncpg", "greenlet")

ROSTER = (
    Contestant("asyncpg by hand", ASYNC, "asyncpg_by_hand", "asyncpg", ("asyncpg", "msgspec"), base=True),
    Contestant("dbdeed", ASYNC, "ours", ours=True),
    Contestant("psycopg by hand", ASYNC, "psycopg_by_hand", pools=False),
    Contestant("sqlc's form", ASYNC, "sqlc_form", "sqlalchemy", _SQLALCHEMY),
    Contestant("SQLAlchemy Core", ASYNC, "sqlalchemy_core", "sqlalchemy", _SQLALCHEMY),
    Contestant("SQLAlchemy ORM", ASYNC, "sqlalchemy_orm", "sqlalchemy", _SQLALCHEMY),
    Contestant("SQLModel", ASYNC, "sqlmodel_orm", "sqlmodel", ("sqlmodel", "asyncpg", "greenlet")),
    Contestant(
        "advanced-alchemy",
        ASYNC,
        "advanced_alchemy_orm",
        "advanced-alchemy",
        ("advanced-alchemy", "asyncpg", "greenlet"),
    ),
    Contestant("Tortoise", ASYNC, "tortoise_orm", "tortoise", ("tortoise-orm[asyncpg]",)),
    Contestant("Piccolo", ASYNC, "piccolo_orm", "piccolo", ("piccolo[postgres]",)),
    Contestant("psycopg by hand", SYNC, "psycopg_sync_by_hand", base=True),
    Contestant("dbdeed", SYNC, "ours_sync", ours=True),
    Contestant("Django", SYNC, "django_orm", "django", ("django", "psycopg[binary,pool]")),
    Contestant("sqlite3 by hand", SQLITE, "sqlite3_by_hand", base=True),
    Contestant("dbdeed", SQLITE, "ours_sync", ours=True),
    Contestant("apsw by hand", SQLITE, "apsw_by_hand", "apsw", ("apsw", "msgspec")),
    Contestant(
        "aiosqlite by hand",
        SQLITE_ASYNC,
        "aiosqlite_by_hand",
        "aiosqlite",
        ("aiosqlite", "msgspec"),
        base=True,
    ),
    Contestant("dbdeed", SQLITE_ASYNC, "ours", ours=True),
)  # fmt: skip

PEERS = tuple(dict.fromkeys(one.name for one in ROSTER if not one.base and not one.ours))


def prepared(
    wanted: set[str], cache: Path, groups: set[str]
) -> tuple[list[tuple[Contestant, str]], list[Absent]]:
    """Those that were asked for, each with its interpreter, and those that could not be installed."""
    found: list[tuple[Contestant, str]] = []
    absent: dict[str, Absent] = {}
    for one in ROSTER:
        if one.group not in groups or not (one.base or one.ours or one.name in wanted):
            continue
        python = attempt(one.name, partial(one.python, cache))
        if isinstance(python, Absent):
            absent[one.name] = python
        else:
            found.append((one, python))
    return found, [*absent.values()]
