"""What the tests of SQLite share: databases from SQL, and a plan made and run as `apply` does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from dbdeed.engines.seam import ScratchNeeds, Target
from dbdeed.engines.sql_text import read
from dbdeed.engines.sqlite.engine import ENGINE
from dbdeed.engines.sqlite.session import SqliteSession
from dbdeed.engines.sqlite.text import RULES
from dbdeed.planning.order import order_changes
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dbdeed.document.findings import Finding
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Change


class Bench:
    """Files in a folder of their own, and what is done with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0

    def path(self, name: str = "") -> Path:
        self._count += 1
        return self.folder / (name or f"{self._count}.db")

    def file(self, sql: str = "") -> Path:
        """A database file that SQL was run in by SQLite alone."""
        path = self.path()
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(sql)
        return path

    def open(self, path: Path) -> SqliteSession:
        return SqliteSession.of(Target(url=f"sqlite:///{path}", label=path.name))

    def load(self, sql: str) -> tuple[Catalog, list[Finding]]:
        """The catalog that a document's SQL means."""
        with (
            ENGINE.scratch(ScratchNeeds(self.folder), SILENT) as scratch,
            scratch.database() as session,
        ):
            findings = ENGINE.load(session, read(sql, RULES))
            return ENGINE.inspect(session), findings

    def catalog(self, sql: str) -> Catalog:
        return self.load(sql)[0]

    def plan(self, session: SqliteSession, target: Catalog) -> list[Change]:
        current = ENGINE.inspect(session)
        return order_changes(ENGINE.compare(current, target).changes, current, target)

    def apply(self, session: SqliteSession, target: Catalog) -> list[Change]:
        """Plan and run; the second plan must be empty."""
        changes = self.plan(session, target)
        with session.transaction():
            for change in changes:
                for step in change.steps:
                    session.execute(step.sql)
        left = self.plan(session, target)
        assert left == [], [str(step.sql) for change in left for step in change.steps]
        assert ENGINE.inspect(session).same_as(target)
        return changes


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(scope="session")
def new_bench() -> type[Bench]:
    """For tests that run many examples, each in a folder of its own."""
    return Bench


@pytest.fixture
def migrate(bench: Bench) -> Callable[[str, str], SqliteSession]:
    """From one SQL to another, on a file; the session stays open for questions."""

    def run(before: str, after: str) -> SqliteSession:
        session = bench.open(bench.file(before))
        bench.apply(session, bench.catalog(after))
        return session

    return run
