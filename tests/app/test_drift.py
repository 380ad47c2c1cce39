"""Drift: what differs between a document and its database, in the document's terms."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from dbdeed.app.drift import Drift, drift
from dbdeed.app.drift_output import drift_markdown, drift_text
from dbdeed.app.findings_output import findings_github, findings_sarif
from dbdeed.document.findings import Severity
from dbdeed.document.values.types import TargetState
from dbdeed.errors import InvalidInput

DOCUMENT = """\
# Library

**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: SQLite

## Data Models

### Member
- **Table**: `readers`

## Schema Design

### Table: `readers`
```sql
CREATE TABLE readers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);
CREATE INDEX readers_name ON readers (name);
```

### Views

```sql
CREATE VIEW names AS SELECT name FROM readers;
```
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "DATABASE.md"
    path.write_text(DOCUMENT)
    return path


@pytest.fixture
def live(tmp_path: Path) -> str:
    path = tmp_path / "library.db"
    with closing(sqlite3.connect(path)) as connection:
        for sql in re.findall(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL):
            connection.executescript(sql)
    return str(path)


def change(live: str, *statements: str) -> None:
    with closing(sqlite3.connect(live)) as connection:
        for statement in statements:
            connection.execute(statement)


def compared(document: Path, live: str) -> Drift:
    return drift(document, database=live, environment={})


def test_nothing_differs(document: Path, live: str) -> None:
    found = compared(document, live)
    assert found.same
    assert not found.findings
    assert "are in line" in drift_text(found)


def test_each_difference_is_told_at_its_place(document: Path, live: str) -> None:
    change(live, "DROP INDEX readers_name", "DROP VIEW names", "CREATE TABLE loans (id INTEGER PRIMARY KEY)")
    change(live, "CREATE INDEX loans_id ON loans (id)", "ALTER TABLE readers ADD COLUMN born TEXT")
    found = compared(document, live)
    told = {(one.message, one.place.start.line if one.place else 0) for one in found.findings}
    lines = DOCUMENT.splitlines()
    assert told == {
        ("index readers_name of model Member is in the document and not in the database",
         lines.index("CREATE INDEX readers_name ON readers (name);") + 1),
        ("view names is in the document and not in the database",
         lines.index("CREATE VIEW names AS SELECT name FROM readers;") + 1),
        ("table loans (model Loan) is in the database and not in the document",
         lines.index("## Schema Design") + 1),
        ("table readers (model Member) differs: column born is born text in the database, nothing in the document",
         lines.index("CREATE TABLE readers (") + 1),
    }  # fmt: skip
    assert all(one.severity is Severity.ERROR and one.code == "drift" for one in found.findings)
    assert [one.place.span.start for one in found.findings if one.place] == sorted(
        one.place.span.start for one in found.findings if one.place
    )


def test_it_says_who_leads_and_both_ways(document: Path, live: str) -> None:
    change(live, "ALTER TABLE readers ADD COLUMN born TEXT")
    found = compared(document, live)
    assert found.leads is TargetState.AS_TO_BE
    assert "`dbdeed apply`" in found.findings[0].hint
    text = drift_text(found)
    assert text.index("dbdeed apply") < text.index("dbdeed sync")
    assert "DROP COLUMN born" in text
    assert "+    born TEXT\n" in text
    document.write_text(DOCUMENT.replace("As-To-Be", "As-Is"))
    found = compared(document, live)
    assert "`dbdeed sync`" in found.findings[0].hint
    text = drift_text(found)
    assert text.index("(`dbdeed sync`") < text.index("(`dbdeed apply`")


def test_nothing_is_written_on_either_side(document: Path, live: str, tmp_path: Path) -> None:
    change(live, "ALTER TABLE readers ADD COLUMN born TEXT")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    Path(live).chmod(0o400)
    compared(document, live)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_database_that_was_never_made_is_not_made(document: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no database yet"):
        drift(document, environment={})
    assert [path.name for path in tmp_path.iterdir()] == ["DATABASE.md"]


def test_the_comment_for_a_pull_request_holds_what_it_must(document: Path, live: str) -> None:
    change(live, 'CREATE TABLE "a|b <i>@x `c`" (id INTEGER PRIMARY KEY)', "DROP VIEW names")
    text = drift_markdown(compared(document, live))
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 4
    assert all(line.count("|") == 3 for line in rows)
    assert "<i>" not in text.partition("<details>")[0]
    assert "@x" not in text.partition("<details>")[0]
    assert "```sql\nDROP TABLE" in text
    assert "```diff\n--- a/" in text or "````diff\n--- a/" in text


def test_formats_for_ci_are_those_of_check(document: Path, live: str) -> None:
    change(live, "DROP VIEW names")
    found = compared(document, live)
    assert findings_github(found.findings).startswith(f"::error file={document},line=29,")
    log = json.loads(findings_sarif(found.findings))
    (result,) = log["runs"][0]["results"]
    assert result["ruleId"] == "drift"
    rule = log["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert "database" in rule["help"]["text"].lower()


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dbdeed", "diff", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_the_command_knows_what_is_meant(document: Path, live: str, tmp_path: Path) -> None:
    change(live, "DROP VIEW names")
    for arguments in (["--database", live], ["DATABASE.md", "--database", live], [live]):
        done = run(tmp_path, *arguments, "--format", "json", "-q")
        assert done.returncode == 1, done.stderr
        said = json.loads(done.stdout)
        assert said["findings"][0]["line"] == 29
        assert said["leads"] == "As-To-Be"
        assert said["statements"] == ["CREATE VIEW names AS SELECT name FROM readers"]
        assert "-CREATE VIEW names" in said["document_diff"]
    done = run(tmp_path, "DATABASE.md", live, "--format", "github", "-q")
    assert done.returncode == 1
    assert done.stdout.startswith("::error file=DATABASE.md,line=29")
    done = run(tmp_path, "--database", live, "--format", "sql", "-q")
    assert "CREATE VIEW names" in done.stdout
    assert run(tmp_path, "DATABASE.md", "DATABASE.md", "--format", "sarif").returncode == 2
    assert run(tmp_path, "DATABASE.md", live, "--database", live).returncode == 2
