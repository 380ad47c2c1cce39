"""A throwaway PostgreSQL server, and a fresh database on it or a fresh SQLite file for each test."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of its database `postgres`, as its superuser."""
    from dbdeed.engines.postgresql.servers import account, programs, room, server

    with ExitStack() as stack:
        folder = stack.enter_context(room.room("access-tests"))
        who = account.account()
        data = folder / "data"
        account.own(data, who)
        found = account.reachable(programs.find(), who)
        server.initialise(found, data, who, superuser="postgres", options=["--no-sync", "--no-locale"])
        settings = {"fsync": "off", "max_connections": "60", "deadlock_timeout": "50ms"}
        running = stack.enter_context(server.throwaway(found, data, folder / "s", settings, who=who))
        yield running.target("postgres", user="postgres").url


@pytest.fixture
def postgresql(server: str) -> Iterator[str]:
    """The address of a new, empty database."""
    name = f"test_{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """The address of a new, empty file."""
    (tmp_path / "test.db").touch()
    return f"sqlite:///{tmp_path}/test.db"


@pytest.fixture(params=["postgresql", "sqlite"])
def address(request: pytest.FixtureRequest) -> str:
    """Either."""
    found: str = request.getfixturevalue(request.param)
    return found
