"""`archive` and `undo` on the command line: what they print, and the codes they end with."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dbdeed.cli.main import run

DOCUMENT = """# Lamps

**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: SQLite

## Schema Design

### Table: `lamps`
```sql
{sql}
```

## Data Access Layer

### Database Connection Management
- **Connection String**: `LAMPS_URL`

## Migrations

**Strategy**: Manual, maintenance window
"""
LAMPS = "CREATE TABLE lamps (id INTEGER PRIMARY KEY, note TEXT);"
SLIM = "CREATE TABLE lamps (id INTEGER PRIMARY KEY);"


@pytest.fixture
def lamps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose database has just lost a column with a value in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAMPS_URL", f"sqlite:///{tmp_path}/lamps.db")
    document = tmp_path / "DATABASE.md"
    document.write_text(DOCUMENT.format(sql=LAMPS))
    assert run(["apply", "--yes", "-q"]) == 0
    with closing(sqlite3.connect("lamps.db")) as connection, connection:
        connection.execute("INSERT INTO lamps VALUES (1, 'bright')")
    document.write_text(DOCUMENT.format(sql=SLIM))
    assert run(["apply", "--yes", "--allow", "note", "-q"]) == 0
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    capsys.readouterr()
    assert run(list(arguments)) == code
    return capsys.readouterr().out


def test_the_archive_says_what_there_is(lamps: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "archive", "-q")
    assert "column lamps.note" in text
    assert "dbdeed_archive_2_1_lamps_note" in text
    found = json.loads(said(capsys, "archive", "--format", "json", "-q"))
    (one,) = found["archive"]
    assert (one["kind"], one["name"], one["rows"], one["form"]) == ("column", ["lamps", "note"], 1, "values")
    assert one["plan"] == found["plans"][0]["id"]
    assert found["ok"]


def test_undo_shows_and_does_and_tells(lamps: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = said(capsys, "undo", "--dry-run", "-q")
    assert "ADD COLUMN note" in shown
    assert "column lamps.note: data returns, but for what was written since" in shown
    assert said(capsys, "undo", "-q", code=4) == ""  # nobody is there to confirm it
    done = json.loads(said(capsys, "undo", "--yes", "--format", "json", "-q"))
    assert done["undone"][0]["applied"]
    with closing(sqlite3.connect("lamps.db")) as connection:
        assert connection.execute("SELECT * FROM lamps").fetchall() == [(1, "bright")]
    assert said(capsys, "undo", "--plan", "zzz", "--yes", "-q", code=2) == ""


def test_purge_asks_and_takes_what_is_old(lamps: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Nothing" in said(capsys, "archive", "purge", "--yes", "-q")
    said(capsys, "archive", "purge", "--older-than", "0", "-q", code=4)
    said(capsys, "archive", "purge", "--older-than", "soon", "--yes", "-q", code=2)
    assert "column lamps.note" in said(capsys, "archive", "purge", "--older-than", "0", "--yes", "-q")
    assert "empty" in said(capsys, "archive", "-q")


def test_plan_has_its_reverse(lamps: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = lamps / "DATABASE.md"
    document.write_text(DOCUMENT.format(sql=SLIM + "\nCREATE TABLE shades (id INTEGER PRIMARY KEY);"))
    assert "Reverse: proven; it removes table shades." in said(capsys, "plan", "-q", code=1)
    assert "RENAME TO dbdeed_archive_" in said(capsys, "plan", "--reverse", "-q", code=1)
    written = json.loads(said(capsys, "plan", "--format", "json", "-q", code=1))
    assert written["plan"]["reverse"]["groups"]


def test_an_interruption_is_named_until_it_is_dealt_with(
    lamps: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = lamps / "DATABASE.md"
    document.write_text(DOCUMENT.format(sql=SLIM + "\nCREATE TABLE shades (id INTEGER PRIMARY KEY);"))

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("dbdeed.planning.apply._execute", interrupted)
        said(capsys, "apply", "--yes", "-q", code=130)
    assert "interrupted: plan " in said(capsys, "status")
    assert json.loads(said(capsys, "status", "--format", "json"))["interrupted"]
    assert run(["plan", "-q"]) == 1
    assert "Interrupted: plan " in capsys.readouterr().err
    said(capsys, "undo", "--yes", "-q")
    assert "interrupted" not in said(capsys, "status")
    said(capsys, "apply", "--yes", "-q")
    assert run(["plan", "-q"]) == 0
