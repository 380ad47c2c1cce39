"""A library's database on every engine, its generated package, and one source for both worlds.

A test is written once, asynchronously, as a function of the package and an open database. `everywhere` runs
it on PostgreSQL 15 and 18 and on SQLite, as it is and in the form that the generator's own derivation makes
of it.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import itertools
import shutil
import sys
import textwrap
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from tests.access.servers import Own, admin, folder

from dbdeed import access
from dbdeed.codegen.generate import generate_files
from dbdeed.codegen.settings import Settings
from dbdeed.codegen.unasync import to_sync
from dbdeed.document.values.types import System
from dbdeed.engines.registry import engine_for
from dbdeed.engines.seam import Target

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from dbdeed.models.model import DataModel

ENGINES = ("PostgreSQL 15", "PostgreSQL 18", "SQLite")
_SQL = Path(__file__).with_name("library")
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class World:
    """An engine with the library's database, to be copied for each test."""

    engine: str
    template: str
    package: str
    folder: Path

    @property
    def is_postgresql(self) -> bool:
        return self.engine != "SQLite"

    @contextmanager
    def copy(self, place: Path) -> Iterator[str]:
        """The address of a copy."""
        if not self.is_postgresql:
            path = place / f"library-{next(_NUMBERS)}.db"
            shutil.copy(self.template.removeprefix("sqlite:///"), path)
            yield f"sqlite:///{path}"
            return
        name = f"library_{next(_NUMBERS)}"
        server = self.template.replace("/library?", "/postgres?")
        admin(server, f"CREATE DATABASE {name} TEMPLATE library")
        try:
            yield self.template.replace("/library?", f"/{name}?")
        finally:
            admin(server, f"DROP DATABASE {name} WITH (FORCE)")


def described(address: str) -> DataModel:
    """The database as its engine describes it."""
    engine = engine_for(System.SQLITE if address.startswith("sqlite") else System.POSTGRESQL)
    session = engine.connect(Target(address, "test"))
    try:
        return engine.describe(engine.inspect(session))
    finally:
        session.close()


@cache
def world(engine: str) -> World:
    """Made once for each engine; `close_worlds` ends its server."""
    place = _STACK.enter_context(_folder())
    if engine == "SQLite":
        import sqlite3

        connection = sqlite3.connect(place / "library.db")
        connection.executescript((_SQL / "sqlite.sql").read_text())
        connection.close()
        address = f"sqlite:///{place}/library.db"
    else:
        server = _STACK.enter_context(Own(int(engine[-2:]), folder(_STACK), "data"))
        server.make()
        server.start()
        admin(server.address, "CREATE DATABASE library")
        address = server.address.replace("/postgres?", "/library?")
        with psycopg.connect(address, autocommit=True) as session:
            session.execute((_SQL / "postgresql.sql").read_bytes())
    package = f"library_{next(_NUMBERS)}"
    for name, text in generate_files(described(address), Settings()).items():
        path = place / package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    sys.path.insert(0, str(place))
    return World(engine, address, package, place / package)


_STACK = ExitStack()


def close_worlds() -> None:
    """End what was started."""
    world.cache_clear()
    _STACK.close()


@contextmanager
def _folder() -> Iterator[Path]:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="dbdeed-library-") as name:
        yield Path(name)


def everywhere(test: Callable[[Any, Any], Awaitable[None]]) -> Any:
    """A test of (the package, an open database), run on every engine in both worlds."""
    return _parametrised(test, ENGINES)


def on_postgresql(test: Callable[[Any, Any], Awaitable[None]]) -> Any:
    """As `everywhere`, for what SQLite has not."""
    return _parametrised(test, ENGINES[:2])


def _parametrised(test: Callable[[Any, Any], Awaitable[None]], engines: tuple[str, ...]) -> Any:
    @pytest.mark.parametrize("way", ["async", "sync"])
    @pytest.mark.parametrize("engine", engines)
    def run(engine: str, way: str, tmp_path: Path) -> None:
        here = world(engine)
        with here.copy(tmp_path) as address:
            if way == "async":
                asyncio.run(_awaited(test, importlib.import_module(here.package), address))
            else:
                _derived(test, here.package, address)

    run.__name__ = test.__name__
    run.__doc__ = test.__doc__
    return run


async def _awaited(test: Callable[[Any, Any], Awaitable[None]], package: Any, address: str) -> None:
    async with access.Database(address) as database:
        await test(package, database)


def _derived(test: Callable[[Any, Any], Awaitable[None]], name: str, address: str) -> None:
    from dbdeed.access import sync

    source = textwrap.dedent(inspect.getsource(test)).partition("\n")[2]
    # Texts and modules of the test's file; functions beside it are derived too.
    names: dict[str, Any] = {**test.__globals__}
    for helper in _helpers(test):
        exec(_compiled(textwrap.dedent(inspect.getsource(helper)), helper), names)
    exec(_compiled(source, test), names)
    package, derived = importlib.import_module(name), importlib.import_module(f"{name}.sync")
    for one in package.__all__:
        if not hasattr(derived, one):
            setattr(derived, one, getattr(package, one))
    with sync.Database(address) as database:
        names[test.__name__](derived, database)


def _helpers(test: Any) -> list[Any]:
    """Coroutines of the same file that tests call."""
    return [
        one
        for one in test.__globals__.values()
        if inspect.iscoroutinefunction(one) and one.__module__ == test.__module__
    ]


def _compiled(source: str, function: Any) -> Any:
    path = inspect.getsourcefile(function) or __file__
    return compile(f"from __future__ import annotations\n{to_sync(source)}", path, "exec")
