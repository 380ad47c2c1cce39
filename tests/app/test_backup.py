"""`backup run|list|verify|prune` as a person uses them: a document, a database, a folder of backups."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from dbdeed.app.backup import list_backups, run_backup, verify_backups
from dbdeed.app.drill import run_drill
from dbdeed.app.prune import prune_backups
from dbdeed.engines.faults import NotYet
from dbdeed.errors import InvalidInput, Unavailable
from dbdeed.recovery.manifest import Verdict

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

**Backup Strategy**:
- **Frequency**: Daily
- **Method**: Snapshots
- **Retention**: 2 backups

**Recovery Plan**:
- **RPO (Recovery Point Objective)**: 1 day
- **RTO (Recovery Time Objective)**: 1 hour
- **Procedure**: [Steps to restore from backup]
"""


class Project:
    def __init__(self, folder: Path, text: str = DOCUMENT) -> None:
        self.folder = folder
        self.document = folder / "DATABASE.md"
        self.document.write_text(text)
        self.file = folder / "live.db"
        self.environment = {"DATABASE_URL": f"sqlite:///{self.file}"}
        with closing(sqlite3.connect(self.file)) as live, live:
            live.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
            live.execute("INSERT INTO notes VALUES (1, 'hello')")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_run_list_and_verify(project: Project) -> None:
    run = run_backup(project.document, environment=project.environment)
    [manifest] = run.made
    assert run.store == str(project.folder / "backups")
    assert manifest.facts.tables["notes"][0] == 1
    listed = list_backups(project.document, environment=project.environment)
    assert [one.backup for one in listed.backups] == [manifest]
    assert listed.backups[0].proof is None
    assert listed.due is not None
    assert listed.due > manifest.started
    [proof] = verify_backups(project.document, environment=project.environment)
    assert proof.verdict is Verdict.PROVEN
    again = list_backups(project.document, environment=project.environment)
    assert again.backups[0].proof == proof


def test_verify_says_what_is_damaged(project: Project) -> None:
    [first] = run_backup(project.document, environment=project.environment).made
    [second] = run_backup(project.document, environment=project.environment).made
    (project.folder / "backups" / first.id / "data" / "database.db").write_bytes(b"")
    (project.folder / "backups" / second.id / "manifest.json").write_bytes(b"{}")
    found = {one.backup: one for one in verify_backups(project.document, environment=project.environment)}
    assert found[first.id].verdict is Verdict.FAILED
    assert found[second.id].verdict is Verdict.FAILED
    with pytest.raises(InvalidInput):
        verify_backups(project.document, backup="nonsense", environment=project.environment)


def test_every_method_of_the_document_is_used(tmp_path: Path) -> None:
    project = Project(
        tmp_path, DOCUMENT.replace("Snapshots", "Snapshots, Logical dumps, Continuous archiving")
    )
    run = run_backup(project.document, environment=project.environment)
    assert [one.method for one in run.made] == ["online", "logical"]
    assert run.missing == ("Continuous archiving of sqlite is not built yet.",)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("Snapshots", "Continuous archiving", NotYet),
        ("Snapshots", "carrier pigeons", InvalidInput),
        ("- **Retention**", "- **Encryption**: key in `BACKUP_KEY`\n- **Retention**", InvalidInput),
        ("- **Retention**", "- **Destination**: `../elsewhere/`\n- **Retention**", InvalidInput),
        ("- **Retention**", "- **Destination**: `BACKUP_STORE`\n- **Retention**", InvalidInput),
    ],
)
def test_what_cannot_be_done_as_written_is_refused(
    tmp_path: Path, old: str, new: str, error: type[Exception]
) -> None:
    project = Project(tmp_path, DOCUMENT.replace(old, new))
    with pytest.raises(error):
        run_backup(project.document, environment={**project.environment, "BACKUP_KEY": "k"})
    assert not (tmp_path / "backups").exists()


def test_prune_keeps_what_the_document_says_and_tells_why(project: Project) -> None:
    made = [run_backup(project.document, environment=project.environment).made[0].id for _ in range(2)]
    assert run_drill(project.document, backup=made[0], environment=project.environment).ok
    made += [run_backup(project.document, environment=project.environment).made[0].id for _ in range(3)]
    ids = [one.backup.id for one in list_backups(project.document, environment=project.environment).backups]
    planned = prune_backups(project.document, dry_run=True, environment=project.environment)
    assert planned.removed == ()
    gone = sorted(one.id for one in planned.decisions if not one.kept)
    assert len(gone) == 2
    reasons = {one.id: one.reasons for one in planned.decisions}
    assert "the newest proven backup" in reasons[made[0]]
    pruned = prune_backups(project.document, environment=project.environment)
    assert sorted(pruned.removed) == gone
    left = list_backups(project.document, environment=project.environment).backups
    assert sorted(one.backup.id for one in left) == sorted(set(ids) - set(gone))


def test_a_shared_store_is_pruned_for_its_own_project_only(tmp_path: Path) -> None:
    text = DOCUMENT.replace("- **Retention**", "- **Destination**: `BACKUP_STORE`\n- **Retention**")
    projects = []
    for name in "ab":
        (tmp_path / name).mkdir()
        project = Project(tmp_path / name, text)
        project.environment["BACKUP_STORE"] = str(tmp_path / "store")
        projects.append(project)
        for _ in range(3):
            run_backup(project.document, environment=project.environment)
    first, second = projects
    assert len(prune_backups(first.document, environment=first.environment).removed) == 1
    assert len(list_backups(first.document, environment=first.environment).backups) == 2
    assert len(list_backups(second.document, environment=second.environment).backups) == 3


def test_a_database_that_is_not_there_gives_no_backup(project: Project) -> None:
    project.file.unlink()
    with pytest.raises(Unavailable):
        run_backup(project.document, environment=project.environment)
    assert list_backups(project.document, environment=project.environment).backups == ()


LOOP = """
import sys
from pathlib import Path
from dbdeed.app.backup import run_backup
from dbdeed.app.drill import run_drill
from dbdeed.app.prune import prune_backups

document, environment = Path(sys.argv[1]), {"DATABASE_URL": sys.argv[2]}
print("ready", flush=True)
while True:
    run_backup(document, environment=environment)
    run_drill(document, environment=environment)
    prune_backups(document, environment=environment)
"""


@pytest.mark.parametrize("seed", range(5))
def test_kill_at_any_moment_then_again(project: Project, seed: int) -> None:
    kill_after(project, random.Random(seed).uniform(0.0, 1.2))
    listed = list_backups(project.document, environment=project.environment)
    assert not listed.damaged
    proofs = verify_backups(project.document, environment=project.environment)
    assert all(proof.verdict is Verdict.PROVEN for proof in proofs)
    run_backup(project.document, environment=project.environment)
    assert run_drill(project.document, environment=project.environment).ok
    leftovers = [one for one in (project.folder / "backups").iterdir() if one.name.startswith((".p", ".t"))]
    assert leftovers == []
    assert [one.name for one in (project.folder / ".dbdeed" / "work").iterdir()] == [".lock"]
    assert project.document.read_text().startswith(DOCUMENT[:400])


def kill_after(project: Project, seconds: float) -> None:
    command = [sys.executable, "-c", LOOP, str(project.document), project.environment["DATABASE_URL"]]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(seconds)
    assert process.poll() is None, "the loop ended by itself"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
