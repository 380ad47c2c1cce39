"""`drill`: what was measured stands in the document, and the generated steps work as they are."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from dbdeed.app.backup import run_backup
from dbdeed.app.drill import last_drill, run_drill
from dbdeed.document.load import load
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
- **Method**: Snapshots

**Recovery Plan**:
- **RPO (Recovery Point Objective)**: 1 day
- **RTO (Recovery Time Objective)**: 1 hour
- **Procedure**: [Steps to restore from backup]

## After

Words of a person.
"""
PROSE = "1. Call Ada.\n2. Wait."


class Project:
    def __init__(self, folder: Path, text: str = DOCUMENT) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.document = folder / "DATABASE.md"
        self.document.write_bytes(text.encode())
        self.file = folder / "live.db"
        self.environment = {"DATABASE_URL": f"sqlite:///{self.file}"}
        with closing(sqlite3.connect(self.file)) as live, live:
            live.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
            live.execute("INSERT INTO notes VALUES (1, 'hello')")

    def backup(self) -> None:
        run_backup(self.document, environment=self.environment)

    @property
    def text(self) -> str:
        return self.document.read_bytes().decode()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    one = Project(tmp_path)
    one.backup()
    return one


def test_measured_stands_beside_declared(project: Project) -> None:
    result = run_drill(project.document, environment=project.environment)
    assert result.ok
    assert result.written
    assert result.notes == ()
    assert "| RTO | 1 hour | " in project.text
    assert f"with backup `{result.proof.backup}`" in project.text
    assert "\n## After\n\nWords of a person.\n" in project.text
    assert project.text.startswith(DOCUMENT[: DOCUMENT.index("- **Procedure**")])
    assert last_drill(project.document, environment=project.environment) == result.proof


def test_the_document_reads_as_before_but_for_the_procedure(project: Project) -> None:
    before = load(project.document)
    run_drill(project.document, environment=project.environment)
    after = load(project.document)
    assert after.recovery.rpo.value == before.recovery.rpo.value
    assert after.recovery.rto.value == before.recovery.rto.value
    assert before.recovery.procedure.unfilled
    assert not after.recovery.procedure.unfilled
    assert not after.problems
    assert not after.unknown_keys
    assert {block.name for block in after.generated if not block.edited} == {"recovery", "procedure"}


def test_a_second_drill_rewrites_its_blocks_and_nothing_else(project: Project) -> None:
    run_drill(project.document, environment=project.environment)
    first = project.text
    run_drill(project.document, environment=project.environment)
    second = project.text
    assert [line for line in first.splitlines() if "drill of" not in line and "sum=" not in line and "| at most" not in line
            and "| RTO" not in line] == [
        line for line in second.splitlines() if "drill of" not in line and "sum=" not in line and "| at most" not in line
        and "| RTO" not in line]  # fmt: skip
    assert first.count("<!-- dbdeed:") == second.count("<!-- dbdeed:") == 2


def test_a_persons_words_are_never_overwritten(tmp_path: Path) -> None:
    project = Project(tmp_path, DOCUMENT.replace("[Steps to restore from backup]", f"\n{PROSE}"))
    project.backup()
    run_drill(project.document, environment=project.environment)
    assert PROSE in project.text
    assert "dbdeed:procedure" not in project.text
    edited = project.text.replace("| RTO | 1 hour |", "| RTO | one hour, says Ada |")
    project.document.write_bytes(edited.encode())
    result = run_drill(project.document, environment=project.environment)
    assert result.ok
    assert not result.written
    assert "recovery" in " ".join(result.notes)
    assert project.text == edited


def test_line_endings_stay(tmp_path: Path) -> None:
    project = Project(tmp_path, DOCUMENT.replace("\n", "\r\n"))
    project.backup()
    assert run_drill(project.document, environment=project.environment).written
    assert project.text.count("\n") == project.text.count("\r\n")


def test_without_a_backup_the_drill_says_so_and_is_no_success(tmp_path: Path) -> None:
    project = Project(tmp_path)
    result = run_drill(project.document, environment=project.environment)
    assert result.proof.verdict is Verdict.NOT_VERIFIED
    assert not result.ok
    assert "There is no backup yet." in project.text
    assert "dbdeed:procedure" not in project.text


def test_a_document_without_a_recovery_section_is_drilled_all_the_same(tmp_path: Path) -> None:
    project = Project(tmp_path, DOCUMENT[: DOCUMENT.index("## Backup and Recovery")])
    project.backup()
    result = run_drill(project.document, environment=project.environment)
    assert result.ok
    assert not result.written
    assert result.notes


def test_a_document_that_changed_since_the_backup_fails_by_name(project: Project) -> None:
    project.document.write_bytes(project.text.replace("text TEXT NOT NULL", "text TEXT").encode())
    result = run_drill(project.document, environment=project.environment)
    assert result.proof.verdict is Verdict.FAILED
    assert "notes" in " ".join(problem for check in result.proof.checks for problem in check.problems)
    assert not any(one.name == "tables" and one.problems for one in result.proof.checks)


def test_the_live_database_is_neither_needed_nor_touched(project: Project) -> None:
    project.file.unlink()
    assert run_drill(project.document, environment=project.environment).ok
    assert not project.file.exists()


def steps(document: Path) -> list[str]:
    """The commands in the generated block, as a person would copy them."""
    [block] = [one for one in load(document).generated if one.name == "procedure"]
    lines = block.content.source.text(block.content.span).splitlines()
    return [line.partition(". ")[2].strip("`") for line in lines if line.strip()]


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="sqlite3's command line is not installed")
def test_the_generated_steps_bring_the_database_back(project: Project) -> None:
    run_drill(project.document, environment=project.environment)
    commands = steps(project.document)
    assert len(commands) >= 3
    project.file.unlink()
    done = subprocess.run(
        ["sh", "-e"],
        input="\n".join(commands),
        cwd=project.folder,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(project.folder / "restored.db")) as restored:
        assert restored.execute("SELECT text FROM notes").fetchall() == [("hello",)]


def test_the_procedure_is_tried_out_and_a_persons_own_is_said_not_to_be(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.backup()
    first = run_drill(project.document, environment=project.environment)
    assert any(one.name == "procedure" and one.verdict is Verdict.PROVEN for one in first.proof.checks)
    assert "| Procedure | | 6 steps run as they stand there" in project.text
    project.document.write_bytes(project.text.replace("cp ", "cp -v ").encode())
    changed = run_drill(project.document, environment=project.environment)
    assert "edited by hand, from" in " ".join(changed.notes)
    assert "cp -v" in project.text
    theirs = Project(tmp_path / "own", DOCUMENT.replace("[Steps to restore from backup]", f"\n{PROSE}"))
    theirs.backup()
    assert "a person's own" in " ".join(run_drill(theirs.document, environment=theirs.environment).notes)
