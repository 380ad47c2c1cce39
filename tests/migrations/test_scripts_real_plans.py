"""The shop's plans as files of Knex.js, Alembic and dbmate, run by these themselves on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.app.test_migrate_scripts import PROJECTS
from tests.migrations.alembic_project import AlembicProject
from tests.migrations.conftest import Course
from tests.migrations.knex_project import KnexProject
from tests.planning.conftest import Place

from dbdeed.app.migrate_new import migrate_new
from dbdeed.document.values.types import Tool
from dbdeed.migrations.runner import down, up

ROOT = Path(__file__).parents[2]
SHOP = (ROOT / "examples/shop/DATABASE.md").read_text(encoding="utf-8")
TABLE = "    label text NOT NULL DEFAULT 'home',"
MORE = f"{TABLE}\n    floor integer NOT NULL CHECK (floor > -9), -- backfill: 0\n    note text,"


def everything(course: Course) -> object:
    return course.place.engine.inspect(course.session).objects


@pytest.mark.slow
@pytest.mark.parametrize("tool", list(PROJECTS), ids=str)
@pytest.mark.parametrize("postgresql", ["postgresql-18"], indirect=True)
def test_real_plans_run_there_too(
    postgresql: Place, tool: Tool, tmp_path: Path, courses: Callable[..., Course]
) -> None:
    ours, theirs = courses(postgresql, tool), courses(postgresql, tool)
    project = PROJECTS[tool](tmp_path, theirs.target)
    document = tmp_path / "DATABASE.md"
    environment = {"PATH": os.environ["PATH"]}
    text = SHOP.replace("**Tool**: dbdeed", f"**Tool**: {tool}").replace(", expand and contract", "")
    for number, changed in enumerate((text, text.replace(TABLE, MORE))):
        document.write_text(changed, encoding="utf-8")
        moment = datetime(2026, 1, 1 + number, tzinfo=UTC)
        paths = migrate_new(document, "x", environment=environment, now=moment).paths
        assert len(paths) == 1
        if isinstance(project, KnexProject):
            project.ask("migrate:latest")
        elif isinstance(project, AlembicProject):
            project.ask("upgrade", "head")
        else:
            project.ask("up")
        up(ours.desk, ours.files, postgresql.scratch)
        assert {str(one.standing) for one in theirs.lines()} == {"applied"}
        assert everything(ours) == everything(theirs)
    down(theirs.desk, theirs.files, postgresql.scratch)
    if isinstance(project, KnexProject):
        project.ask("migrate:down")
    elif isinstance(project, AlembicProject):
        project.ask("downgrade", "base")
    else:
        project.ask("rollback")
    down(ours.desk, ours.files, postgresql.scratch, count=2)
    assert everything(ours) == everything(theirs)
