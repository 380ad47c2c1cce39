"""`restore`: into an empty place by default, over a live database only with consent and a safety backup."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dbdeed.app.backup import list_backups, run_backup
from dbdeed.app.restore import OverLive, restore_backup
from dbdeed.errors import InvalidInput, Refused
from dbdeed.recovery.manifest import Verdict

DOCUMENT = """\
# Database Architecture

**Status**: Active
**Target State**: As-Is

## Overview

**Database System**: SQLite

## Backup and Recovery

- **Method**: Snapshots, Logical dumps
"""


class Project:
    def __init__(self, folder: Path, text: str = DOCUMENT) -> None:
        self.folder = folder
        self.document = folder / "DATABASE.md"
        self.document.write_text(text)
        self.file = folder / "live.db"
        self.environment = {"DATABASE_URL": f"sqlite:///{self.file}"}
        self.run("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
        self.run("INSERT INTO notes VALUES (1, 'hello')")

    def run(self, statement: str) -> None:
        with closing(sqlite3.connect(self.file)) as live, live:
            live.execute(statement)

    def notes(self, file: Path | None = None) -> list[str]:
        with closing(sqlite3.connect(file or self.file)) as live:
            return [text for (text,) in live.execute("SELECT text FROM notes ORDER BY id")]


@pytest.fixture(params=["online", "logical"])
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def taken(project: Project, method: str) -> str:
    made = run_backup(project.document, environment=project.environment).made
    return next(one.id for one in made if one.method == method)


def test_into_a_new_place(project: Project, method: str) -> None:
    backup = taken(project, method)
    into = project.folder / "elsewhere" / "copy.db"
    result = restore_backup(project.document, backup=backup, into=str(into), environment=project.environment)
    assert result.place == str(into)
    assert project.notes(into) == ["hello"]


def test_into_a_database_by_url_it_is_compared(project: Project, method: str) -> None:
    backup = taken(project, method)
    url = f"sqlite:///{project.folder}/copy.db"
    result = restore_backup(project.document, backup=backup, into=url, environment=project.environment)
    assert result.compared is not None
    assert result.compared.verdict is Verdict.PROVEN


def test_by_default_beside_the_document(project: Project, method: str) -> None:
    backup = taken(project, method)
    result = restore_backup(project.document, backup=backup, environment=project.environment)
    assert Path(result.place).is_relative_to(project.folder / "restored")
    assert project.notes(Path(result.place)) == ["hello"]


def test_nothing_is_overwritten(project: Project, method: str) -> None:
    backup = taken(project, method)
    project.run("INSERT INTO notes VALUES (2, 'new')")
    for into in (str(project.file), f"sqlite:///{project.file}"):
        with pytest.raises(Refused, match="overwrite"):
            restore_backup(project.document, backup=backup, into=into, environment=project.environment)
    assert project.notes() == ["hello", "new"]


def test_over_the_live_database_only_with_consent(project: Project, method: str) -> None:
    backup = taken(project, method)
    project.run("INSERT INTO notes VALUES (2, 'new')")
    asked: list[str] = []

    def refuse(question: str) -> bool:
        asked.append(question)
        return False

    for agreed in (OverLive(), OverLive(confirm=refuse)):
        with pytest.raises(Refused, match="nobody agreed"):
            restore_backup(project.document, backup=backup, over_live=agreed, environment=project.environment)
    assert backup in asked[0]
    assert project.notes() == ["hello", "new"]


def test_over_the_live_database_after_a_safety_backup(project: Project, method: str) -> None:
    backup = taken(project, method)
    project.run("INSERT INTO notes VALUES (2, 'new')")
    result = restore_backup(
        project.document, backup=backup, over_live=OverLive(yes=True), environment=project.environment
    )
    assert project.notes() == ["hello"]
    assert result.compared is not None
    assert result.compared.verdict is Verdict.PROVEN
    assert result.safety is not None
    assert result.kept
    back = restore_backup(
        project.document,
        backup=result.safety.id,
        into=str(project.folder / "back.db"),
        environment=project.environment,
    )
    assert project.notes(Path(back.place)) == ["hello", "new"]


def test_a_live_database_beyond_a_safety_backup_needs_to_be_said(project: Project) -> None:
    backup = taken(project, "online")
    project.file.write_bytes(b"not a database at all" * 100)
    with pytest.raises(Refused, match="No safety backup"):
        restore_backup(
            project.document, backup=backup, over_live=OverLive(yes=True), environment=project.environment
        )
    restore_backup(
        project.document,
        backup=backup,
        over_live=OverLive(yes=True, safety=False),
        environment=project.environment,
    )
    assert project.notes() == ["hello"]


@pytest.mark.parametrize("status", ["Deprecated", "Draft"])
def test_the_documents_status_holds(tmp_path: Path, status: str) -> None:
    project = Project(tmp_path, DOCUMENT.replace("Active", status))
    backup = taken(project, "online")
    with pytest.raises(Refused, match=status):
        restore_backup(
            project.document, backup=backup, over_live=OverLive(yes=True), environment=project.environment
        )


def test_a_damaged_backup_is_not_restored(project: Project, method: str) -> None:
    backup = taken(project, method)
    [file] = (project.folder / "backups" / backup / "data").iterdir()
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(Refused, match="damaged"):
        restore_backup(
            project.document,
            backup=backup,
            into=str(project.folder / "x.db"),
            environment=project.environment,
        )
    with pytest.raises(Refused, match="damaged"):
        restore_backup(
            project.document, backup=backup, over_live=OverLive(yes=True), environment=project.environment
        )
    assert not (project.folder / "x.db").exists()
    assert project.notes() == ["hello"]


def test_without_a_backup_there_is_nothing_to_restore(project: Project) -> None:
    with pytest.raises(InvalidInput, match="no backup"):
        restore_backup(project.document, environment=project.environment)
    assert list_backups(project.document, environment=project.environment).backups == ()
