"""A ten-statement file that is killed before or after each of its statements, in each format.

`up` afterwards ends as an undisturbed run does. Statements that commit together, statements that can be in no
transaction, rows that must be there once: the file has them all.
"""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.migrations.drafts import batch, draft, write_all
from tests.planning.conftest import Place, _postgresql, _sqlite

from dbdeed.document.values.types import Tool
from dbdeed.errors import Unavailable
from dbdeed.migrations.progress import ProgressTable
from dbdeed.migrations.registry import _MODULES
from dbdeed.migrations.runner import read_files, up
from dbdeed.migrations.running import Desk

TOOLS = list(_MODULES)
FIRST = draft(
    "first",
    [batch("CREATE TABLE p (id integer PRIMARY KEY, a integer)", "INSERT INTO p VALUES (1, 1), (2, 2)")],
    [batch("DROP TABLE p")],
)
TEN = {
    "postgresql": [
        batch(
            "ALTER TABLE p ADD COLUMN b integer", "UPDATE p SET b = a + 10", "INSERT INTO p VALUES (3, 3, 3)"
        ),
        batch(
            "CREATE INDEX CONCURRENTLY p_a ON p (a)",
            "UPDATE p SET a = a + 100",
            "CREATE INDEX CONCURRENTLY p_b ON p (b)",
            "VACUUM p",
            transactional=False,
        ),
        batch("CREATE TABLE q (id integer)", "INSERT INTO q SELECT id FROM p"),
        batch("DROP INDEX CONCURRENTLY p_a", transactional=False),
    ],
    "sqlite": [
        batch(
            "ALTER TABLE p ADD COLUMN b integer", "UPDATE p SET b = a + 10", "INSERT INTO p VALUES (3, 3, 3)"
        ),
        batch(
            "CREATE INDEX p_a ON p (a)",
            "UPDATE p SET a = a + 100",
            "CREATE INDEX p_b ON p (b)",
            "VACUUM",
            transactional=False,
        ),
        batch("CREATE TABLE q (id integer)", "INSERT INTO q SELECT id FROM p"),
        batch("DROP INDEX p_a", transactional=False),
    ],
}
MARKS = (
    "ALTER TABLE p",
    "UPDATE p SET b",
    "INSERT INTO p VALUES (3",
    "p_a ON p",
    "UPDATE p SET a",
    "p_b ON p",
    "VACUUM",
    "CREATE TABLE q",
    "INSERT INTO q",
    "DROP INDEX",
)
ROWS = [(1, 101, 11), (2, 102, 12), (3, 103, 3)]


class Killed:
    """A project and a database, whose runner is killed at one place."""

    def __init__(self, place: Place, root: Path, tool: Tool) -> None:
        from dbdeed.migrations.registry import format_for

        self.place, self.root = place, root
        self.format = format_for(tool)
        write_all(place.engine, self.format, root, [FIRST])
        write_all(
            place.engine,
            self.format,
            root,
            [draft("ten statements", TEN[place.engine.name], [batch("DROP TABLE q")], number=1)],
        )
        self.files = read_files(place.engine, self.format, root)

    def desk(self, session: Any) -> Desk:
        engine = self.place.engine
        return Desk(
            engine,
            session,
            self.format.history(engine, self.format.layout(self.root)),
            ProgressTable(engine, self.format.name),
        )

    def begin(self, target: Any) -> None:
        """The first file, undisturbed."""
        session = self.place.open(target)
        first = next(one for one in self.files.migrations if one.description.startswith("first"))
        up(self.desk(session), self.files, self.place.scratch, until=first.version)
        session.close()

    def run_until(self, target: Any, mark: str, *, after: bool) -> None:
        """Run `up` in a process that is killed at the statement that holds `mark`."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # no thread of ours holds a lock here
            child = os.fork()
        if child == 0:
            try:
                session = self.place.open(target)
                real = session.execute

                def execute(sql: str) -> None:
                    if mark in sql and not after:
                        os.kill(os.getpid(), signal.SIGKILL)
                    real(sql)
                    if mark in sql:
                        os.kill(os.getpid(), signal.SIGKILL)

                session.execute = execute  # type: ignore[method-assign]
                up(self.desk(session), self.files, self.place.scratch)
            finally:
                os._exit(3)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"it was never at {mark}"

    def up_again(self, target: Any) -> list[str]:
        """Once the server has seen that the other is gone."""
        session = self.place.open(target)
        deadline = time.monotonic() + 20
        try:
            while True:
                try:
                    return [
                        one.description for one in up(self.desk(session), self.files, self.place.scratch).done
                    ]
                except Unavailable:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)
        finally:
            session.close()

    def require_whole(self, target: Any) -> None:
        session = self.place.open(target)
        try:
            assert session.fetch("SELECT id, a, b FROM p ORDER BY id") == ROWS
            assert session.fetch("SELECT id FROM q ORDER BY id") == [(1,), (2,), (3,)]
            tables = self.desk(session).history.tables
            session.left_out = tables
            indexes = [
                one.name[-1] for one in self.place.engine.inspect(session).objects if one.kind == "index"
            ]
            assert indexes == ["p_b"]
            assert self.desk(session).table.all(session) == {}
        finally:
            session.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql-18"])
def one_of_each(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("kills")
    with _sqlite(folder) if request.param == "sqlite" else _postgresql(folder, request.param) as found:
        yield found


@pytest.mark.parametrize("tool", TOOLS, ids=lambda one: one.value)
def test_killed_at_some_statements(one_of_each: Place, tool: Tool, tmp_path: Path) -> None:
    """A part of the whole sweep, for every day."""
    some = [("p_b ON p", True), ("DROP INDEX", False)]
    if tool is Tool.DBDEED:
        some = [(mark, number % 2 == 1) for number, mark in enumerate(MARKS)]
    _sweep(Killed(one_of_each, tmp_path, tool), some)


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS, ids=lambda one: one.value)
def test_killed_at_each_statement_in_each_format(place: Place, tool: Tool, tmp_path: Path) -> None:
    _sweep(Killed(place, tmp_path, tool), [(mark, after) for mark in MARKS for after in (False, True)])


def _sweep(killed: Killed, where: list[tuple[str, bool]]) -> None:
    for mark, after in where:
        target = killed.place.new()
        killed.begin(target)
        killed.run_until(target, mark, after=after)
        killed.up_again(target)
        killed.require_whole(target)
