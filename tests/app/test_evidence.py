"""`evidence`: written by a drill, verified elsewhere with nothing but the file, or against the store."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from dbdeed.app.backup import run_backup
from dbdeed.app.evidence import KEY, history_file, make_key
from dbdeed.app.project import open_project
from dbdeed.cli.main import run
from dbdeed.recovery.history import read_history

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = """\
# Database Architecture

**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: SQLite

## Backup and Recovery

- **Method**: Snapshots

**Recovery Plan**:
- **RPO**: 1 hour
- **RTO**: 1 hour
- **Procedure**: [Steps to restore from backup]
"""


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import sqlite3

    one = tmp_path / "project" / "DATABASE.md"
    one.parent.mkdir()
    one.write_text(DOCUMENT)
    sqlite3.connect(tmp_path / "live.db").close()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'live.db'}")
    run_backup(one)
    return one


def test_a_drill_leaves_evidence_that_another_machine_verifies(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    public = make_key(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    monkeypatch.setenv(KEY, (tmp_path / "key").read_text())
    files = [tmp_path / f"{number}.evidence" for number in range(2)]
    for file in files:
        assert (
            run(["drill", str(document), "--evidence", str(file), "--junit", f"{file}.xml", "--quiet"]) == 0
        )
        assert 'failures="0"' in (tmp_path / f"{file}.xml").read_text()
    monkeypatch.delenv(KEY)
    assert len(read_history(history_file(open_project(document))).drills) == 2
    capsys.readouterr()
    both = [str(file) for file in files]
    assert run(["evidence", "verify", *both, "--public-key", public]) == 0
    said = capsys.readouterr().out
    assert "PROVEN by the drill of" in said
    assert "signed by the key that was given" in said
    assert run(["evidence", "verify", both[1], both[0]]) == 1  # one does not follow the other
    other = make_key(tmp_path / "other")
    assert run(["evidence", "verify", both[0], "--public-key", other, "--format", "json"]) == 1
    files[0].write_bytes(files[0].read_bytes().replace(b'"PROVEN"', b'"FAILED"'))
    assert run(["evidence", "verify", both[0]]) == 3
    assert "changed after it was made" in capsys.readouterr().err


def test_it_is_held_against_the_document_and_the_store(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "evidence"
    assert run(["drill", str(document), "--evidence", str(file), "--quiet"]) == 0
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(document.parent, elsewhere, symlinks=True)
    copied = elsewhere / "DATABASE.md"
    verify = ["evidence", "verify", str(file), "--against", str(copied)]
    assert run(verify) == 0
    assert "not signed" in capsys.readouterr().out
    text = copied.read_text()
    copied.write_text(text.replace("1 hour", "2 hours"))
    assert run(verify) == 1
    copied.write_text(text)
    backup = next(
        one for one in (elsewhere / "backups").iterdir() if one.name.endswith("Z") or "-online-" in one.name
    )
    victim = max((one for one in backup.rglob("*") if one.is_file()), key=lambda one: one.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    assert run([*verify, "--format", "json"]) == 1
    shutil.rmtree(backup)
    capsys.readouterr()
    assert run([*verify, "--format", "json"]) == 1
    assert "no backup" in json.loads(capsys.readouterr().out)["evidence"][0]["problems"][0]


def test_a_key_that_cannot_sign_is_said_before_anything_is_restored(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, make_key(tmp_path / "key"))
    assert run(["drill", str(document), "--quiet"]) == 2
    assert run(["evidence", "key", str(tmp_path / "key")]) == 2
    assert run(["evidence", "verify", str(tmp_path / "nothing")]) == 2
