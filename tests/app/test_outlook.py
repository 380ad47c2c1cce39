"""The forecast in the document, and proofs that expire."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from dbdeed.app import status as statuses
from dbdeed.app.backup import run_backup
from dbdeed.app.drill import run_drill
from dbdeed.app.evidence import history_file
from dbdeed.app.project import open_project
from dbdeed.cli.main import run
from dbdeed.recovery.evidence import Account, make_evidence
from dbdeed.recovery.history import append
from dbdeed.recovery.manifest import Check, Proof, Verdict

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
- **RPO**: 1 day
- **RTO**: 1 hour
"""
GB = 10**9


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    one = tmp_path / "DATABASE.md"
    one.write_text(DOCUMENT)
    sqlite3.connect(tmp_path / "live.db").close()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'live.db'}")
    run_backup(one)
    return one


def remembered(document: Path, days_ago: float, size: int, seconds: float) -> None:
    """A drill of a backup that was pruned since."""
    at = datetime.now(UTC) - timedelta(days=days_ago)
    proof = Proof(
        backup=f"{at:%Y%m%dT%H%M%SZ}-online-00000000", kind="drill", at=at, verdict=Verdict.PROVEN,
        checks=(Check("tables", Verdict.PROVEN),), method="online", recovery_seconds=seconds,
    )  # fmt: skip

    def make(previous: str) -> object:
        return make_evidence(
            Account(
                program="1", project="", document=("DATABASE.md", ""), manifest="", size=size, rpo=None,
                rto=None, proof=proof, previous=previous,
            )
        )  # fmt: skip

    append(history_file(open_project(document)), make)  # type: ignore[arg-type]


def test_what_the_history_remembers_makes_the_forecast(
    document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "too short" in run_drill(document).outlook
    assert "too short" not in document.read_text()  # the document tells what is known
    history_file(open_project(document)).unlink()
    for days in range(20, 0, -1):
        remembered(document, days, (100 - days) * GB, (100 - days) * 20)
    result = run_drill(document)
    assert result.outlook.startswith("At 1 GB a day the RTO breaks on ")
    assert result.outlook in document.read_text().replace("\\", "").replace("-\u200b-", "--")
    assert run(["drill", str(document), "--format", "json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["outlook"].startswith("At 1 GB a day")


def test_status_says_when_a_proof_has_expired(
    document: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_drill(document)
    assert run(["status", str(document)]) == 0
    assert "expired" not in capsys.readouterr().out
    monkeypatch.setattr(statuses, "utc_now", lambda: datetime.now(UTC) + timedelta(days=9))
    assert run(["status", str(document)]) == 0
    assert ", expired 2" in capsys.readouterr().out
    assert run(["status", str(document), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["drill_expired"] is True
