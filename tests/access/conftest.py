"""Throwaway PostgreSQL servers, and a fresh database on one or a fresh SQLite file for each test."""

from __future__ import annotations

import itertools
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.access.servers import Own, admin, folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NUMBERS = itertools.count(1)


@contextmanager
def _running(major: int) -> Iterator[str]:
    with ExitStack() as stack:
        server = stack.enter_context(Own(major, folder(stack), "data"))
        server.make()
        server.start()
        yield server.address


@pytest.fixture(scope="session")
def server15() -> Iterator[str]:
    """The address of the database `postgres` of a PostgreSQL 15, as its superuser."""
    with _running(15) as address:
        yield address


@pytest.fixture(scope="session")
def server18() -> Iterator[str]:
    """The same of a PostgreSQL 18."""
    with _running(18) as address:
        yield address


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"test_{next(_NUMBERS)}"
    admin(server, f"CREATE DATABASE {name}")
    try:
        yield server.replace("/postgres?", f"/{name}?")
    finally:
        admin(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=[15, 18], ids="PostgreSQL {}".format)
def postgresql(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a new, empty database of either version."""
    with _database(request.getfixturevalue(f"server{request.param}")) as address:
        yield address


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """The address of a new, empty file."""
    (tmp_path / "test.db").touch()
    return f"sqlite:///{tmp_path}/test.db"


@pytest.fixture(params=["PostgreSQL 15", "PostgreSQL 18", "SQLite"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Any of them."""
    if request.param == "SQLite":
        (tmp_path / "test.db").touch()
        yield f"sqlite:///{tmp_path}/test.db"
        return
    with _database(request.getfixturevalue(f"server{request.param[-2:]}")) as found:
        yield found
