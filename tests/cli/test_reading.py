"""What only looks leaves nothing behind, and what was looked at long ago is not taken for what is there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from dbdeed.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = """# Lamps

**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: SQLite

## Schema Design

### Table: `lamps`
```sql
CREATE TABLE lamps (id INTEGER PRIMARY KEY, note TEXT);
```

## Data Access Layer

### Database Connection Management
- **Connection String**: `LAMPS_URL`

## Migrations

**Tool**: dbdeed
**Strategy**: Manual, maintenance window
"""


@pytest.fixture
def lamps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a document, and no database yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAMPS_URL", raising=False)
    (tmp_path / "DATABASE.md").write_text(DOCUMENT)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["plan"], 1),
        (["archive"], 0),
        (["archive", "purge", "--yes"], 0),
        (["undo", "--dry-run"], 2),
        (["migrate", "status"], 0),
        (["migrate", "verify"], 1),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_no_embedded_database_is_made_by_looking(lamps: Path, command: list[str], code: int) -> None:
    assert run([*command, "-q"]) == code
    assert not list(lamps.rglob("*.db"))
    assert not (lamps / ".dbdeed" / "sqlite").exists()


def test_a_stale_plan_is_refused(lamps: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever it would do, and if it is nothing at all."""

    def planned(name: str, sql: str, *, code: int) -> str:
        (lamps / "DATABASE.md").write_text(DOCUMENT.replace("note TEXT", sql))
        capsys.readouterr()
        assert run(["plan", "--format", "json", "-q"]) == code
        (lamps / name).write_text(capsys.readouterr().out)
        return name

    first = planned("first.json", "note TEXT", code=1)
    assert run(["apply", first, "--yes", "-q"]) == 0
    assert run(["apply", first, "--yes", "-q"]) == 4
    nothing = planned("nothing.json", "note TEXT", code=0)
    without = planned("without.json", "size TEXT", code=1)
    assert run(["apply", nothing, "-q"]) == 0
    with closing(sqlite3.connect(next(lamps.rglob("*.db")))) as connection, connection:
        connection.execute("CREATE TABLE shades (id INTEGER PRIMARY KEY)")
    for command in ([first], [nothing], [without, "--allow", "note"]):
        assert run(["apply", *command, "--yes", "-q"]) == 4
        assert "state that this plan was made for" in capsys.readouterr().err


def test_a_query_of_which_nothing_is_generated_is_named(
    lamps: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stray = "### Query: `bright`\n\nReturns many Lamp. Budget 5 ms.\n\n```sql\nSELECT id FROM lamps;\n```\n"
    (lamps / "DATABASE.md").write_text(DOCUMENT + "\n" + stray)
    assert run(["generate", "-q"]) == 0
    said = capsys.readouterr().err
    line = (DOCUMENT + "\n" + stray).splitlines().index("### Query: `bright`") + 1
    assert f"DATABASE.md:{line}:5: warning query-outside-section" in said


def test_status_says_whether_the_database_is_what_the_document_says(
    lamps: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said() -> str:
        capsys.readouterr()
        assert run(["status"]) == 0
        return capsys.readouterr().out

    assert "Schema" not in said()  # there is no database
    assert run(["apply", "--yes", "-q"]) == 0
    assert "Schema    in sync\n" in said()
    with closing(sqlite3.connect(next(lamps.rglob("*.db")))) as connection, connection:
        connection.execute("CREATE TABLE shades (id INTEGER PRIMARY KEY)")
    assert "Schema    differs from the document in one place: `dbdeed diff`\n" in said()
    (lamps / "DATABASE.md").write_text(DOCUMENT.replace("note TEXT", "size TEXT"))
    assert "Schema" not in said()  # what the engine makes of that is not known yet
    assert run(["plan", "-q"]) == 1
    assert "Schema    differs from the document in 2 places: `dbdeed diff`\n" in said()
