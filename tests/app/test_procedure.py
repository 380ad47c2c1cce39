"""The Procedure of what only dbdeed can read: it works from the document and the named variables alone."""

from __future__ import annotations

import base64
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from dbdeed.app.backup import run_backup
from dbdeed.app.drill import run_drill
from dbdeed.app.restore import restore_backup
from dbdeed.document.load import load
from dbdeed.errors import InvalidInput

DOCUMENT = """\
# Database Architecture

**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: SQLite

## Schema Design

### Table: `notes`
```sql
CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
```

## Backup and Recovery

- **Method**: Snapshots
- **Destination**: `STORE`
- **Encryption**: key in `BACKUP_KEY`

**Recovery Plan**:
- **RPO**: 1 day
- **RTO**: 1 hour
- **Procedure**: [Steps to restore from backup]
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(tmp_path / "live.db")) as live, live:
        live.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
        live.execute("INSERT INTO notes VALUES (1, 'hello')")
    return {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'live.db'}",
        "STORE": str(tmp_path / "store"),
        "BACKUP_KEY": base64.b64encode(os.urandom(32)).decode(),
    }


def backed_up(folder: Path, environment: dict[str, str]) -> Path:
    folder.mkdir()
    document = folder / "DATABASE.md"
    document.write_text(DOCUMENT)
    run_backup(document, environment=environment)
    return document


def steps(document: Path) -> list[str]:
    [block] = [one for one in load(document).generated if one.name == "procedure"]
    lines = block.content.source.text(block.content.span).splitlines()
    return [line.partition(". ")[2].strip("`").strip() for line in lines if line.strip()]


def test_a_bare_machine_needs_the_document_and_the_variables_alone(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    document = backed_up(tmp_path / "project", environment)
    result = run_drill(document, environment=environment)
    assert result.ok, result.proof.checks
    assert environment["BACKUP_KEY"] not in document.read_text()
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(document, bare)
    commands = steps(bare / "DATABASE.md")
    assert any("pip install" in one for one in commands)
    tool = bare / ".recovery" / "bin" / "dbdeed"  # as those steps would make it
    tool.parent.mkdir(parents=True)
    tool.write_text(f'#!/bin/sh\nexec {sys.executable} -m dbdeed "$@"\n')
    tool.chmod(0o755)
    rest = [one for one in commands if not one.startswith("command -v")]

    def run(**variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-e"], input="\n".join(rest), cwd=bare, text=True, capture_output=True, check=False,
            env={"PATH": "/usr/bin:/bin", **variables},
        )  # fmt: skip

    lacking = run(STORE=environment["STORE"])
    assert lacking.returncode != 0
    assert "BACKUP_KEY: is the key" in lacking.stderr
    done = run(STORE=environment["STORE"], BACKUP_KEY=environment["BACKUP_KEY"])
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(bare / "restored.db")) as restored:
        assert restored.execute("SELECT text FROM notes").fetchall() == [("hello",)]


def test_of_several_projects_none_is_taken_for_ours(tmp_path: Path, environment: dict[str, str]) -> None:
    backed_up(tmp_path / "one", environment)
    backed_up(tmp_path / "two", environment)
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(tmp_path / "one" / "DATABASE.md", bare)
    with pytest.raises(InvalidInput, match="no backup"):
        restore_backup(bare / "DATABASE.md", into=str(bare / "x.db"), environment=environment)
