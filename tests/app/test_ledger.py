"""`ledger`: what a restored copy lacks is measured by what was acknowledged."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dbdeed.app.backup import run_backup
from dbdeed.app.drill import run_drill
from dbdeed.app.ledger import run_ledger, show_ledger
from dbdeed.cli.main import run
from dbdeed.engines.postgresql.servers.account import account, own, reachable
from dbdeed.engines.postgresql.servers.programs import find
from dbdeed.engines.postgresql.servers.room import room
from dbdeed.engines.postgresql.servers.server import initialise, throwaway
from dbdeed.engines.postgresql.session import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCUMENT = """\
# Database Architecture

**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: SYSTEM

## Backup and Recovery

- **Method**: Snapshots

**Recovery Plan**:
- **RPO**: 1 hour
- **RTO**: 1 hour
"""
BEAT, LONG = timedelta(seconds=0.05), timedelta(seconds=1)


@pytest.fixture
def sqlite(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    document = tmp_path / "DATABASE.md"
    document.write_text(DOCUMENT.replace("SYSTEM", "SQLite"))
    return document, {"DATABASE_URL": f"sqlite:///{tmp_path / 'live.db'}"}


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    document = tmp_path / "DATABASE.md"
    document.write_text(DOCUMENT.replace("SYSTEM", "PostgreSQL"))
    programs, who = find(), account()
    with room("ledgertest") as place:
        data = own(place / "data", who)
        options = ("--locale=C", "--auth=trust", "--no-sync")
        initialise(reachable(programs, who), data, who, superuser="boss", options=options)
        with throwaway(programs, data, place / "s", {"fsync": "off"}, who=who) as server:
            with closing(connect(server.target("template1", user="boss"))) as admin:
                admin.execute("CREATE DATABASE shop TEMPLATE template0")
            yield document, {"DATABASE_URL": server.target("shop", user="boss").url}


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_the_loss_is_measured_by_what_was_acknowledged(kind: str, request: pytest.FixtureRequest) -> None:
    document, environment = request.getfixturevalue(kind)
    before = run_ledger(document, every=BEAT, lasting=LONG, environment=environment)
    assert before.made >= 1
    assert before.missed == 0
    run_backup(document, environment=environment)
    nothing = run_drill(document, environment=environment).proof
    assert (nothing.beats_lost, nothing.loss_seconds) == (0, 0.0)
    assert nothing.verdict == "PROVEN"
    assert "nothing, by the ledger" in document.read_text()
    after = run_ledger(document, every=BEAT, lasting=LONG, environment=environment)
    proof = run_drill(document, environment=environment).proof
    assert proof.beats_lost == after.made
    assert proof.loss_seconds is not None
    assert proof.worst_seconds is not None
    beats = show_ledger(document, environment=environment)
    assert beats.beats == before.made + after.made
    assert beats.worst is not None
    assert abs(beats.worst.seconds - proof.loss_seconds) < 1 + proof.loss_seconds
    assert "by the ledger" in document.read_text()


def test_a_database_that_does_not_answer_is_tried_again(sqlite: tuple[Path, dict[str, str]]) -> None:
    document, _ = sqlite
    nobody = {"DATABASE_URL": f"sqlite:///{document}/not-a-folder/live.db"}
    tried = run_ledger(document, every=BEAT, lasting=LONG, environment=nobody)
    assert tried.made == 0
    assert tried.missed >= 2
    assert tried.why


def test_what_is_shown(
    sqlite: tuple[Path, dict[str, str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    document, environment = sqlite
    monkeypatch.setenv("DATABASE_URL", environment["DATABASE_URL"])
    assert run(["ledger", "show", str(document)]) == 0
    assert "No beats" in capsys.readouterr().out
    assert run(["ledger", "run", str(document), "--every", "50 ms", "--for", "1 second"]) == 0
    assert "beats acknowledged" in capsys.readouterr().out
    assert run(["ledger", "show", str(document), "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["beats"] >= 1
    assert shown["worst_seconds"] is None
    assert run(["ledger", "run", str(document), "--every", "soon"]) == 2
