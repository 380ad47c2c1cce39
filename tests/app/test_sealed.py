"""A document whose backups are sealed: taken, looked at, drilled, restored, and given another key."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.app.test_backup import DOCUMENT, Project

from dbdeed.app.backup import list_backups, run_backup, verify_backups
from dbdeed.app.drill import run_drill
from dbdeed.app.prune import prune_backups
from dbdeed.app.rekey import rekey_backups
from dbdeed.app.restore import restore_backup
from dbdeed.errors import InvalidInput
from dbdeed.recovery.keys import WrongKey
from dbdeed.recovery.manifest import Verdict

OLD, NEW = "ab" * 32, "cd" * 32


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(
        tmp_path,
        DOCUMENT.replace("- **Retention**", "- **Encryption**: key in `BACKUP_KEY`\n- **Retention**"),
    )


def test_sealed_from_backup_to_restore_and_under_another_key(project: Project) -> None:
    environment = {**project.environment, "BACKUP_KEY": OLD}
    [manifest] = run_backup(project.document, environment=environment).made
    assert [one.backup.id for one in list_backups(project.document, environment=environment).backups] == [
        manifest.id
    ]
    [proof] = verify_backups(project.document, environment=environment)
    assert proof.verdict is Verdict.PROVEN
    drilled = run_drill(project.document, environment=environment)
    assert drilled.proof.verdict is Verdict.PROVEN, drilled.proof
    into = project.folder / "restored.db"
    restore_backup(project.document, into=str(into), environment=environment)
    assert into.exists()
    assert not prune_backups(project.document, environment=environment).removed
    both = {**project.environment, "BACKUP_KEY": NEW, "BACKUP_KEY_OLD": OLD}
    assert rekey_backups(project.document, environment=both) == 2
    new = {**project.environment, "BACKUP_KEY": NEW}
    assert run_drill(project.document, environment=new).proof.verdict is Verdict.PROVEN
    assert run_drill(project.document, environment=environment).proof.verdict is not Verdict.PROVEN
    with pytest.raises(WrongKey):
        run_backup(project.document, environment=environment)
    with pytest.raises(InvalidInput, match="BACKUP_KEY is not set"):
        list_backups(project.document, environment=project.environment)


def test_the_procedure_of_a_sealed_store_brings_the_database_back(project: Project) -> None:
    environment = {**os.environ, **project.environment, "BACKUP_KEY": OLD}
    run_backup(project.document, environment=environment)
    assert run_drill(project.document, environment=environment).proof.verdict is Verdict.PROVEN
    steps = re.findall(r"^\d+\. `+ ?(.*?) ?`+$", project.document.read_text(), re.MULTILINE)
    assert any("dbdeed backup fetch" in one for one in steps)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", "\n".join(steps)],
        cwd=project.folder,
        env={**environment, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(project.folder / "restored.db")) as restored:
        assert restored.execute("SELECT count(*) FROM notes").fetchone() == (1,)


def test_a_bare_machine_gets_everything_back_from_a_shared_store(tmp_path: Path) -> None:
    """The document and the store alone: the Procedure says whose backups are meant."""
    lines = "- **Destination**: `STORE`\n- **Encryption**: key in `BACKUP_KEY`\n- **Retention**"
    (tmp_path / "lost").mkdir()
    lost = Project(tmp_path / "lost", DOCUMENT.replace("- **Retention**", lines))
    shared = {**os.environ, "STORE": str(tmp_path / "shared"), "BACKUP_KEY": OLD}
    environment = {**shared, **lost.environment}
    run_backup(lost.document, environment=environment)
    assert run_drill(lost.document, environment=environment).proof.verdict is Verdict.PROVEN
    (tmp_path / "other").mkdir()
    other = Project(tmp_path / "other", DOCUMENT.replace("- **Retention**", lines))
    run_backup(other.document, environment={**shared, **other.environment})
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "DATABASE.md").write_text(lost.document.read_text())
    shutil.rmtree(lost.folder)
    with pytest.raises(InvalidInput, match="no backup of this project") as caught:
        restore_backup(bare / "DATABASE.md", into=str(bare / "x.db"), environment=shared)
    assert "does not know its own id" in caught.value.hint
    steps = re.findall(r"^\d+\. `+ ?(.*?) ?`+$", (bare / "DATABASE.md").read_text(), re.MULTILINE)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", "\n".join(steps)],
        cwd=bare,
        env={**shared, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(bare / "restored.db")) as restored:
        assert restored.execute("SELECT count(*) FROM notes").fetchone() == (1,)


def test_only_sealed_backups_have_keys_to_change(tmp_path: Path) -> None:
    project = Project(tmp_path, DOCUMENT)
    with pytest.raises(InvalidInput, match="not sealed"):
        rekey_backups(project.document, environment=project.environment)
