"""Plan and apply as use cases: a document, its database, and what stands between them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dbdeed.app.apply import Consent, apply
from dbdeed.app.facts import engine_facts
from dbdeed.app.plan import plan
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.sound import DocumentUnsound
from dbdeed.document.findings import Severity
from dbdeed.errors import InvalidInput, Refused, Unavailable
from dbdeed.planning.apply import StateChanged
from dbdeed.planning.artifact import dump_plan
from dbdeed.planning.plan import Plan

DOCUMENT = """# Lamps

**Last Updated**: 2026-01-02
**Status**: {status}
**Target State**: {target_state}

## Overview

**Database System**: SQLite
**Version**: >=3.37
**Hosting**: Embedded

## Data Models

### Lamp
- **Description**: A lamp.

## Schema Design

### Table: `lamps`
```sql
{sql}
```

## Data Access Layer

**Pattern**: Repository Pattern

### Repository Pattern (if used)
- **Repositories**: `src/repositories/`

### Database Connection Management
- **Connection Pool**: max 1
- **Connection String**: `LAMPS_URL`
- **Retry Logic**: 3 retries with exponential backoff

## Query Strategy

- **ORM Usage**: None.
- **Transaction Management**: Serializable.
- **Query Optimization**: Index every foreign key.

## Migrations

**Tool**: dbdeed
**Strategy**: {strategy}

## Backup and Recovery

**Backup Strategy**:
- **Frequency**: Daily
- **Method**: Snapshots
- **Retention**: 7 daily

**Recovery Plan**:
- **RPO (Recovery Point Objective)**: 24 hours
- **RTO (Recovery Time Objective)**: 4 hours
- **Procedure**: Restore the newest.
"""
LAMPS = "CREATE TABLE lamps (id INTEGER PRIMARY KEY, name TEXT NOT NULL, note TEXT) STRICT;"
SLIM = LAMPS.replace(", note TEXT", "")
YES = Consent(yes=True)


def write(
    folder: Path,
    sql: str = LAMPS,
    *,
    status: str = "Active",
    target_state: str = "As-To-Be",
    strategy: str = "Manual, maintenance window",
) -> Path:
    path = folder / "DATABASE.md"
    path.write_text(DOCUMENT.format(sql=sql, status=status, target_state=target_state, strategy=strategy))
    return path


def url(folder: Path) -> dict[str, str]:
    return {"LAMPS_URL": f"sqlite:///{folder}/lamps.db"}  # four slashes: an absolute path


def fill(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "lamps.db")) as connection, connection:
        connection.execute("INSERT INTO lamps VALUES (1, 'desk', 'bright')")


def test_plan_changes_nothing_and_apply_makes_it_true(tmp_path: Path) -> None:
    document, environment = write(tmp_path), url(tmp_path)
    planned = plan(document, environment=environment)
    assert not planned.plan.empty
    assert planned.plan.proven
    assert planned.database == f"env:LAMPS_URL ({tmp_path}/lamps.db)"
    assert not (tmp_path / "lamps.db").exists()
    done = apply(document, consent=YES, environment=environment)
    assert done.applied.steps == len(planned.plan.steps)
    assert plan(document, environment=environment).plan.empty
    before = (tmp_path / "lamps.db").read_bytes()
    assert apply(document, consent=Consent(), environment=environment).plan.empty
    assert (tmp_path / "lamps.db").read_bytes() == before


def test_without_a_url_the_embedded_database_is_meant_and_nobody_is_asked(tmp_path: Path) -> None:
    document = write(tmp_path, status="Draft")
    done = apply(document, consent=Consent(), environment={})
    assert done.applied.steps
    assert plan(document, environment={}).plan.empty
    assert (tmp_path / ".dbdeed" / ".gitignore").read_text() == "*\n"


def test_a_flag_wins_over_the_environment(tmp_path: Path) -> None:
    document = write(tmp_path)
    other = tmp_path / "other.db"
    apply(document, consent=YES, database=f"sqlite:///{other}", environment=url(tmp_path))
    assert other.exists()
    assert not (tmp_path / "lamps.db").exists()
    environment = {**url(tmp_path), "ELSE": f"sqlite:///{other}"}
    assert plan(document, database="env:ELSE", environment=environment).plan.empty


def test_away_from_an_embedded_database_somebody_must_say_yes(tmp_path: Path) -> None:
    document, environment = write(tmp_path), url(tmp_path)
    for consent in (Consent(), Consent(confirm=lambda _: False)):
        with pytest.raises(Refused) as caught:
            apply(document, consent=consent, environment=environment)
        assert caught.value.exit_code == 4
    assert not (tmp_path / "lamps.db").exists()
    asked: list[Plan] = []

    def confirm(shown: Plan) -> bool:
        asked.append(shown)
        return True

    apply(document, consent=Consent(confirm=confirm), environment=environment)
    assert len(asked) == 1


def test_what_is_destroyed_must_be_named(tmp_path: Path) -> None:
    environment = url(tmp_path)
    apply(write(tmp_path), consent=YES, environment=environment)
    fill(tmp_path)
    document = write(tmp_path, SLIM)
    destroyed = plan(document, environment=environment).plan.destroys
    assert destroyed
    with pytest.raises(Refused, match="nobody allowed it"):
        apply(document, consent=YES, environment=environment)
    with pytest.raises(InvalidInput):
        apply(document, consent=Consent(yes=True, allow=("customers",)), environment=environment)
    allow = tuple(".".join(one.name) for one in destroyed)
    apply(document, consent=Consent(yes=True, allow=allow), environment=environment)
    with closing(sqlite3.connect(tmp_path / "lamps.db")) as connection:
        assert connection.execute("SELECT * FROM lamps").fetchall() == [(1, "desk")]


@pytest.mark.parametrize(
    ("status", "target_state", "draft", "allowed"),
    [
        ("Active", "As-To-Be", False, True),
        ("Draft", "As-To-Be", False, False),
        ("Draft", "As-To-Be", True, True),
        ("Deprecated", "As-To-Be", True, False),
        ("Active", "As-Is", True, False),
    ],
)
def test_status_and_target_state_decide_before_anything_is_opened(
    tmp_path: Path, status: str, target_state: str, draft: bool, allowed: bool
) -> None:
    document = write(tmp_path, status=status, target_state=target_state)
    consent = Consent(yes=True, draft=draft)
    if allowed:
        apply(document, consent=consent, environment=url(tmp_path))
        return
    with pytest.raises(Refused):
        apply(document, consent=consent, environment=url(tmp_path))
    assert not (tmp_path / "lamps.db").exists()
    assert not (tmp_path / ".dbdeed").exists()


def test_missing_words_never_mean_yes(tmp_path: Path) -> None:
    document = write(tmp_path)
    text = document.read_text()
    document.write_text(text.replace("**Target State**: As-To-Be\n", ""))
    with pytest.raises((Refused, DocumentUnsound)):
        apply(document, consent=YES, environment={})
    document.write_text(text.replace("**Status**: Active\n", ""))
    with pytest.raises((Refused, DocumentUnsound)):
        apply(document, consent=YES, environment=url(tmp_path))


def test_a_plan_file_runs_on_the_state_it_was_made_for_and_no_other(tmp_path: Path) -> None:
    document, environment = write(tmp_path), url(tmp_path)
    planned = plan(document, environment=environment)
    file = tmp_path / "plan.json"
    file.write_bytes(dump_plan(planned.plan, planned.terms))
    done = apply(file, consent=YES, document=document, environment=environment)
    assert done.applied.steps == len(planned.plan.steps)
    with pytest.raises(StateChanged):
        apply(file, consent=YES, document=document, environment=environment)


def test_a_plan_file_needs_no_document_where_the_database_is_named(tmp_path: Path) -> None:
    planned = plan(write(tmp_path), environment=url(tmp_path))
    file = tmp_path / "plan.json"
    file.write_bytes(dump_plan(planned.plan, planned.terms))
    nowhere = tmp_path / "nowhere.md"
    with pytest.raises(Unavailable, match="not known which database"):
        apply(file, consent=YES, document=nowhere, environment={})
    apply(file, consent=YES, document=nowhere, environment={"DATABASE_URL": f"sqlite:///{tmp_path}/lamps.db"})
    with pytest.raises(InvalidInput, match="is for sqlite"):
        apply(file, consent=YES, document=nowhere, database="postgresql:///x", environment={})


def test_a_plan_file_keeps_the_documents_terms(tmp_path: Path) -> None:
    planned = plan(write(tmp_path, status="Draft"), environment=url(tmp_path))
    file = tmp_path / "plan.json"
    file.write_bytes(dump_plan(planned.plan, planned.terms))
    with pytest.raises(Refused, match="Draft"):
        apply(file, consent=YES, document=tmp_path / "DATABASE.md", environment=url(tmp_path))
    file.write_bytes(dump_plan(planned.plan))
    with pytest.raises(Refused):
        apply(file, consent=YES, document=tmp_path / "DATABASE.md", environment=url(tmp_path))


def test_an_edited_plan_file_is_refused(tmp_path: Path) -> None:
    planned = plan(write(tmp_path), environment=url(tmp_path))
    data = json.loads(dump_plan(planned.plan, planned.terms))
    data["groups"][0]["steps"][0]["sql"] += " "
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(data))
    with pytest.raises(InvalidInput, match="changed after it was made"):
        apply(file, consent=YES, document=tmp_path / "DATABASE.md", environment=url(tmp_path))


def test_rejected_sql_is_told_at_the_documents_line(tmp_path: Path) -> None:
    document = write(tmp_path, LAMPS + "\nCREATE TABEL more (id INTEGER);")
    with pytest.raises(InvalidInput) as caught:
        plan(document, environment=url(tmp_path))
    line = document.read_text().splitlines().index("CREATE TABEL more (id INTEGER);") + 1
    assert f":{line}:" in caught.value.where


def test_error_findings_stop_plan_and_apply(tmp_path: Path) -> None:
    document = write(tmp_path, status="Perhaps")
    with pytest.raises(DocumentUnsound):
        plan(document, environment=url(tmp_path))
    with pytest.raises(DocumentUnsound):
        apply(document, consent=YES, environment=url(tmp_path))


def test_a_url_of_another_system_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="SQLite"):
        plan(write(tmp_path), database="postgresql:///shop", environment={})


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ada:hunter2@db/shop",
        "postgresql://db/shop?user=ada&password=hunter2",
        "postgresql://db/shop?sslpassword=hunter2",
        "postgresql://ada:hunter2@[::1/shop",
    ],
)
def test_a_password_on_the_command_line_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        plan(write(tmp_path), database=text, environment={})
    assert "env:NAME" in caught.value.hint
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


def test_facts_come_from_the_cache_without_an_engine_and_move_with_the_text(tmp_path: Path) -> None:
    document = write(tmp_path, LAMPS.replace("INTEGER PRIMARY", "SERIAL PRIMARY").replace(" STRICT", ""))
    project = open_project(document)
    assert engine_facts(project, read_architecture(project), start=False) is None
    first = engine_facts(project, read_architecture(project), start=True)
    assert first is not None
    assert first.findings
    document.write_text(document.read_text().replace("# Lamps", "# Lamps\n\nAnd a paragraph more."))
    again = engine_facts(project, read_architecture(project), start=False)
    assert again is not None
    assert again.model == first.model
    assert again.catalog is not None
    assert first.catalog is not None
    assert again.catalog.same_as(first.catalog)
    places = [(one.place.start.line if one.place else 0) for one in first.findings]
    assert [(one.place.start.line if one.place else 0) for one in again.findings] == [
        line + 2 for line in places
    ]
    document.write_text(document.read_text().replace("name TEXT", "title TEXT"))
    assert engine_facts(project, read_architecture(project), start=False) is None


def test_damaged_caches_are_no_error(tmp_path: Path) -> None:
    document, environment = write(tmp_path), url(tmp_path)
    wanted = plan(document, environment=environment)
    for path in (tmp_path / ".dbdeed" / "cache").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-3] + b"xyz")
    assert plan(document, environment=environment).plan == wanted.plan


SAMPLES = "\n```\n\n### Sample Rows\n\n```sql\n"


def test_sample_rows_must_survive_and_stay_out_of_the_live_database(tmp_path: Path) -> None:
    environment = url(tmp_path)
    rows = f"{SAMPLES}INSERT INTO lamps (id, name) VALUES (7, 'hall');"
    apply(write(tmp_path, LAMPS + rows), consent=YES, environment=environment)
    fill(tmp_path)
    asking = LAMPS.replace("note TEXT", "note TEXT NOT NULL DEFAULT 'plain'")
    with pytest.raises(Refused, match="sample rows do not survive"):
        plan(write(tmp_path, asking + rows), environment=environment)
    with closing(sqlite3.connect(tmp_path / "lamps.db")) as connection:
        assert connection.execute("SELECT id FROM lamps").fetchall() == [(1,)]


def test_a_sample_row_that_the_schema_does_not_take_is_an_error_at_its_line(tmp_path: Path) -> None:
    document = write(
        tmp_path, f"{LAMPS}{SAMPLES}INSERT INTO lamps VALUES (1, 'a', 'b');\nINSERT INTO lamp VALUES (1);"
    )
    with pytest.raises(DocumentUnsound) as caught:
        plan(document, environment=url(tmp_path))
    (finding,) = [one for one in caught.value.findings if one.severity is Severity.ERROR]
    line = document.read_text().split("INSERT INTO lamp VALUES")[0].count("\n") + 1
    assert str(finding.place).split(":")[1] == str(line)


def test_a_sample_row_reads_nothing(tmp_path: Path) -> None:
    document = write(tmp_path, f"{LAMPS}{SAMPLES}INSERT INTO lamps SELECT 1, 'a', 'b';")
    with pytest.raises(DocumentUnsound, match="spell out their values"):
        plan(document, environment=url(tmp_path))
