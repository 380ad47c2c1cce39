"""Files that follow one another and that only their tool can run: it is started once, and what failed is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.migrations.alembic_project import alembic_project
from tests.migrations.beside import Beside
from tests.migrations.conftest import Course
from tests.migrations.knex_project import knex_project
from tests.planning.conftest import Place

from dbdeed.document.values.types import Tool
from dbdeed.errors import Unavailable
from dbdeed.migrations.runner import Report, up

ALEMBIC = """import os
from alembic import op

revision = "r{number}"
down_revision = {before}

with open(os.environ["STARTED"], "a") as file:
    file.write(f"{{os.getpid()}}\\n")


def upgrade():
    op.execute("CREATE TABLE {table} (id integer)")


def downgrade():
    op.execute("DROP TABLE {table}")
"""
KNEX = """
require("node:fs").appendFileSync(process.env.STARTED, `${{process.pid}}\\n`);
const name = "{table}";
exports.up = (knex) => knex.schema.createTable(name, (table) => table.integer("id"));
exports.down = (knex) => knex.schema.dropTable(name);
"""


def _alembic(course: Course, tables: list[str]) -> tuple[Beside, list[Path]]:
    theirs = alembic_project(course.root, course.target)
    paths = []
    for number, table in enumerate(tables):
        before = f'"r{number - 1}"' if number else None
        text = ALEMBIC.format(number=number, before=before, table=table)
        paths.append(course.write(f"r{number}_by_hand.py", text))
    return Beside(course, theirs.environment), paths


def _knex(course: Course, tables: list[str]) -> tuple[Beside, list[Path]]:
    theirs = knex_project(course.root, course.target)
    paths = [
        course.write(f"2026{number}_by_hand.js", KNEX.format(table=table))
        for number, table in enumerate(tables)
    ]
    return Beside(course, theirs.environment), paths


@pytest.mark.parametrize("place", ["sqlite"], indirect=True, scope="session")
@pytest.mark.parametrize(
    ("tool", "made"), [(Tool.ALEMBIC, _alembic), (Tool.KNEX, _knex)], ids=["alembic", "knex"]
)
def test_the_tool_is_started_once_and_the_file_that_failed_is_named(
    place: Place,
    tool: Tool,
    made: Callable[[Course, list[str]], tuple[Beside, list[Path]]],
    courses: Callable[..., Course],
    tmp_path: Path,
) -> None:
    course = courses(place, tool)
    beside, paths = made(course, ["a", "b", "there", "c"])
    started = tmp_path / "started"
    beside.environment["STARTED"] = str(started)
    beside.session.execute("CREATE TABLE there (id integer)")
    report = Report()
    with pytest.raises(Unavailable) as failed:
        up(course.desk, course.files, course.place.scratch, beside.tool, report=report)
    assert paths[2].name in failed.value.message
    assert failed.value.where == str(paths[2])
    assert [one.path for one in report.done] == paths[:2]
    assert beside.standing() == ["applied", "applied", "pending", "pending"]
    assert len(set(started.read_text().split())) == 1
    with closing(sqlite3.connect(course.target.url.removeprefix("sqlite:///"))) as connection:
        connection.execute("DROP TABLE there")
    assert len(beside.up()) == 2
    assert beside.standing() == ["applied"] * 4
