"""Real databases of each engine to plan for: SQLite files, PostgreSQL 15 and 18."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dbdeed.app.facts import load_catalog
from dbdeed.app.side import _file_block
from dbdeed.document.source import Source
from dbdeed.document.values.types import System
from dbdeed.engines.registry import engine_for
from dbdeed.engines.seam import ScratchNeeds, Target
from dbdeed.errors import Unavailable
from dbdeed.planning.apply import Applied, apply_plan
from dbdeed.planning.journal import Journal
from dbdeed.planning.proof import make_plan
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Engine, Scratch, Session, Statement
    from dbdeed.planning.plan import Plan

_numbers = count()


@dataclass
class Place:
    """An engine, a scratch of it, and new live databases."""

    name: str
    engine: Engine
    scratch: Scratch
    new: Callable[[], Target]
    known: dict[str, Catalog] = field(default_factory=dict)

    def statements(self, sql: str) -> list[Statement]:
        return self.engine.statements([_file_block(Source("test.sql", sql.encode()))])

    def catalog(self, sql: str) -> Catalog:
        if sql not in self.known:
            self.known[sql] = load_catalog(self.engine, self.scratch, self.statements(sql), SILENT)[0]
        return self.known[sql]

    @contextmanager
    def live(self, sql: str = "") -> Iterator[Session]:
        """A new live database in which this SQL was run by hand."""
        session = self.open(self.new())
        try:
            self.run(session, sql)
            yield session
        finally:
            session.close()

    def open(self, target: Target) -> Session:
        return self.engine.connect(target)

    def run(self, session: Session, sql: str) -> None:
        for statement in self.statements(sql):
            session.execute(statement.sql)

    def plan(self, session: Session, sql: str, **options: Any) -> tuple[Plan, Catalog]:
        target = self.catalog(sql)
        current = self.engine.inspect(session)
        generation = Journal(self.engine, session).next_generation()
        given = {"scratch": self.scratch, "generation": generation, **options}
        return make_plan(self.engine, current, target, self.statements(sql), **given), target

    def migrate(self, session: Session, sql: str, **options: Any) -> tuple[Plan, Applied]:
        """Plan, prove and apply; a second plan must be empty."""
        plan, target = self.plan(session, sql)
        applied = apply_plan(self.engine, session, plan, target, tool="test", **options)
        self.settle(session)
        again, _ = self.plan(session, sql)
        assert again.empty
        return plan, applied

    def settle(self, session: Session) -> None:
        """Look names up as usual again: a plan's steps set where they are looked up."""
        if self.is_postgresql:
            session.execute("SET search_path = public")

    @property
    def schema(self) -> str:
        """What stands before a table's name in a plan's statements."""
        return "public." if self.is_postgresql else ""

    @property
    def is_postgresql(self) -> bool:
        return self.engine.name == "postgresql"


@pytest.fixture(scope="session", params=["sqlite", "postgresql-15", "postgresql-18"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("planning")
    opened = _sqlite(folder) if request.param == "sqlite" else _postgresql(folder, request.param)
    with opened as found:
        yield found


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with _sqlite(tmp_path_factory.mktemp("sqlite")) as found:
        yield found


@pytest.fixture(scope="session", params=["postgresql-15", "postgresql-18"])
def postgresql(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with _postgresql(tmp_path_factory.mktemp("planning"), request.param) as found:
        yield found


@contextmanager
def _sqlite(folder: Path) -> Iterator[Place]:
    engine = engine_for(System.SQLITE)

    def new() -> Target:
        return Target(f"sqlite:///{folder}/live{next(_numbers)}.db", "live")

    with engine.scratch(ScratchNeeds(folder), SILENT) as scratch:
        yield Place("sqlite", engine, scratch, new)


@contextmanager
def _postgresql(folder: Path, name: str) -> Iterator[Place]:
    from dbdeed.engines.postgresql.servers.server import socket_url

    engine = engine_for(System.POSTGRESQL)
    needs = ScratchNeeds(folder, version=(int(name.rpartition("-")[2]),))
    try:
        opened: Any = engine.scratch(needs, SILENT)
        scratch = opened.__enter__()
    except Unavailable as error:
        pytest.skip(f"{name}: {error}")
    try:
        scratch.admin.execute("CREATE ROLE live LOGIN SUPERUSER")

        def new() -> Target:
            database = f"live{next(_numbers)}"
            scratch.admin.execute(f"CREATE DATABASE {database}")
            return Target(socket_url(scratch.server.socket, database, "live"), database)

        yield Place(name, engine, scratch, new)
    finally:
        opened.__exit__(None, None, None)


def sql_of(plan: Plan) -> Sequence[str]:
    return [step.sql for step in plan.steps]
