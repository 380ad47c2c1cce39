"""A document that asks for increments, on its embedded database: chains are made, listed, drilled, restored."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql.clusters import MAJORS, cluster

from dbdeed.app import backup as app_backup
from dbdeed.app.backup import list_backups, run_backup
from dbdeed.app.drill import run_drill
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.restore import OverLive, restore_backup
from dbdeed.app.server import stop
from dbdeed.app.site import engine_of, open_target
from dbdeed.engines.postgresql.session import connect
from dbdeed.errors import Refused
from dbdeed.progress import SILENT
from dbdeed.recovery.manifest import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dbdeed.engines.postgresql.session import Session

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(not MAJORS or MAJORS[-1] < 17, reason="no PostgreSQL 17 or later on this machine"),
]

DOCUMENT = """\
# Database Architecture

**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: PostgreSQL

## Schema Design

### Table: `notes`
```sql
CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL);
```

## Backup and Recovery

- **Frequency**: Weekly full, daily incremental
- **Method**: Snapshots
"""


class Project:
    def __init__(self, folder: Path) -> None:
        self.document = folder / "DATABASE.md"
        self.document.write_text(DOCUMENT)
        project = open_project(self.document)
        architecture = read_architecture(project)
        self._opened = open_target(
            project, architecture, engine_of(architecture), database="", environment={}, progress=SILENT,
            keep_running=True,
        )  # fmt: skip
        self.target = self._opened.__enter__()

    def open(self) -> Session:
        return connect(self.target)

    def run(self, statement: str) -> None:
        with closing(self.open()) as session:
            session.execute(statement)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path)
    made.run("CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL)")
    made.run("INSERT INTO notes (text) SELECT repeat('x', 500) FROM generate_series(1, 3000)")
    yield made
    stop(made.document)


def test_chains_are_made_drilled_and_restored(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*, full: bool = False) -> app_backup.BackupRun:
        return run_backup(project.document, full=full, environment={})

    [first] = run().made
    assert first.needs == ()
    project.run("INSERT INTO notes (text) VALUES ('two')")
    result = run()
    [second] = result.made
    assert second.needs == (first.id,), result.notes
    assert second.size < first.size
    project.run("INSERT INTO notes (text) VALUES ('three')")
    [third] = run().made
    assert third.needs == (first.id, second.id)

    drilled = run_drill(project.document, environment={})
    wrong = [one for one in drilled.proof.checks if one.verdict is not Verdict.PROVEN]
    assert wrong == []
    assert drilled.proof.backup == third.id
    into = restore_backup(project.document, into=str(tmp_path / "copy"), environment={})
    assert (tmp_path / "copy" / "PG_VERSION").exists()
    assert not any((tmp_path / "copy").rglob("INCREMENTAL.*"))
    assert into.backup == third

    [forced] = run(full=True).made
    assert forced.needs == ()
    week = timedelta(days=8)
    monkeypatch.setattr(app_backup, "utc_now", lambda: third.started + week)
    [due] = run().made
    assert due.needs == ()

    back = restore_backup(
        project.document, backup=second.id, over_live=OverLive(yes=True, safety=False), environment={}
    )
    assert back.compared is not None
    assert back.compared.verdict is Verdict.PROVEN
    listed = list_backups(project.document, environment={})
    assert [one.backup.id for one in listed.backups][:1] == [due.id]

    victim = next((tmp_path / "backups" / first.id / "data" / "cluster" / "base").rglob("*_fsm"))
    with victim.open("r+b") as file:
        file.seek(100)
        file.write(os.urandom(8))
    with pytest.raises(Refused, match=f"{first.id}, on which it builds"):
        restore_backup(project.document, backup=third.id, into=str(tmp_path / "no"), environment={})


def test_where_there_are_none_a_full_backup_is_made_and_why(tmp_path: Path) -> None:
    document = tmp_path / "DATABASE.md"
    document.write_text(DOCUMENT)
    with cluster(MAJORS[0]) as server:
        environment = {"DATABASE_URL": server.target.url}
        run_backup(document, environment=environment)
        result = run_backup(document, environment=environment)
    assert result.made[0].needs == ()
    assert result.notes[0].startswith("A full backup was made, since no increment could be: ")
