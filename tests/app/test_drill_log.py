"""Drills of a continuously archived database: nothing that was acknowledged is missing, or it is said."""

from __future__ import annotations

import re
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql.clusters import MAJORS, cluster

from dbdeed.app.drill import run_drill
from dbdeed.app.ledger import ledger_folder, run_ledger
from dbdeed.app.project import open_project
from dbdeed.app.receive import receive
from dbdeed.recovery.ledger import read_beats
from dbdeed.recovery.manifest import Check, Proof, Verdict
from dbdeed.recovery.receiving import Health

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engines.postgresql.clusters import Cluster

pytestmark = pytest.mark.postgresql

DOCUMENT = """\
# Database Architecture

**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: PostgreSQL

## Schema Design

### Table: `notes`
```sql
CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL);
```

## Backup and Recovery

- **Method**: Snapshots, Continuous archiving

**Recovery Plan**:
- **RPO**: 1 minute
- **RTO**: 1 hour
"""
BEAT = timedelta(seconds=0.1)


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster(MAJORS[-1], segment=1) as one:
        one.run("CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL)")
        yield one


class Archived:
    """A document's database with a receiver at work beside the test."""

    def __init__(self, folder: Path, server: Cluster) -> None:
        self.document, self.server = folder / "DATABASE.md", server
        self.document.write_text(DOCUMENT)
        self.environment = {"DATABASE_URL": server.target.url}
        self.health: Health | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._receive)
        self._thread.start()

    def _receive(self) -> None:
        def told(health: Health) -> None:
            self.health = health

        receive(
            self.document, stopped=lambda _: self._stop.wait(0.1), told=told, environment=self.environment
        )

    def caught_up(self) -> None:
        """All that is committed now is in the store, and a backup that it leads on from."""
        now = self.server.fetch("SELECT clock_timestamp()")[0][0]
        deadline = time.monotonic() + 60
        while not (self.health and self.health.reached and self.health.reached > now and self.backups):
            assert time.monotonic() < deadline, self.health
            time.sleep(0.1)

    @property
    def backups(self) -> list[Path]:
        return list((self.document.parent / "backups").glob("*-physical-*"))

    @property
    def parts(self) -> list[Path]:
        """The whole files of the log, in order."""
        log = (self.document.parent / "backups" / "wal").rglob("*")
        return sorted(one for one in log if re.match(r"[0-9A-F]{24}(?!.*partial)", one.name))

    def beats(self, seconds: float) -> None:
        made = run_ledger(
            self.document, every=BEAT, lasting=timedelta(seconds=seconds), environment=self.environment
        )
        assert made.made
        assert not made.missed

    def drill(self, to: str = "") -> Proof:
        return run_drill(self.document, to=to, environment=self.environment).proof

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def archived(tmp_path: Path, server: Cluster) -> Iterator[Archived]:
    one = Archived(tmp_path, server)
    try:
        yield one
    finally:
        one.stop()


def check(proof: Proof, name: str) -> Check:
    return next(one for one in proof.checks if one.name == name)


def test_what_was_acknowledged_is_there_and_what_is_missing_is_said(archived: Archived) -> None:
    archived.caught_up()
    archived.server.run("INSERT INTO notes (text) SELECT repeat('x', 900) FROM generate_series(1, 3000)")
    archived.beats(1)
    archived.caught_up()
    proof = archived.drill()
    assert proof.verdict is Verdict.PROVEN, proof.checks
    assert (proof.beats_lost, proof.loss_seconds) == (0, 0.0)
    assert proof.phases[0].name == "Find the backup"
    assert {"Fetch the log", "Restore the files", "First right answer"} <= {one.name for one in proof.phases}
    assert check(proof, "ledger").detail.startswith("the copy has beat ")
    assert proof.worst_seconds is not None  # the ledger kept account of how far the archive was
    assert 0 <= proof.worst_seconds < 60
    [(moment,)] = archived.server.fetch("SELECT clock_timestamp()")
    archived.beats(0.5)
    archived.caught_up()
    at = archived.drill(to=moment.isoformat())
    assert at.verdict is Verdict.PROVEN, at.checks
    assert "acknowledged by then" in check(at, "ledger").detail
    assert check(at, "schema").verdict is Verdict.PROVEN
    assert check(at, "readable").detail.startswith("1 table, 3,000 rows")
    assert check(at, "pages").verdict is Verdict.PROVEN
    early = archived.drill(to="2020-01-01")
    assert early.verdict is Verdict.NOT_VERIFIED
    assert early.backup == ""
    archived.stop()
    archived.beats(1)  # while nobody receives
    after = archived.drill()
    assert after.verdict is Verdict.PROVEN  # of what is archived nothing is missing
    known = read_beats(ledger_folder(open_project(archived.document))).beats
    assert after.beats_lost is not None
    assert 1 <= after.beats_lost < len(known)
    assert after.loss_seconds is not None
    assert 0 < after.loss_seconds < 60
    lost = archived.parts[-2]
    lost.rename(archived.document.parent / lost.name)
    lacking = archived.drill()
    assert lacking.verdict is Verdict.FAILED
    assert check(lacking, "log").verdict is Verdict.FAILED
    assert "missing" in " ".join(check(lacking, "log").problems)


@pytest.mark.slow
def test_a_schema_that_has_changed_since_a_moment_is_not_verified_there(archived: Archived) -> None:
    archived.caught_up()
    archived.beats(0.3)
    [(moment,)] = archived.server.fetch("SELECT clock_timestamp()")
    archived.beats(0.3)
    archived.server.run("ALTER TABLE notes ADD COLUMN extra int")
    archived.caught_up()
    latest = archived.drill(to="latest")
    assert check(latest, "schema").verdict is Verdict.FAILED, "the document does not have it"
    assert not latest.damages, "the backup is as good as before, and still leads there"
    text = archived.document.read_text()
    archived.document.write_text(text.replace("text text NOT NULL", "text text NOT NULL, extra int"))
    assert archived.drill(to="latest").verdict is Verdict.PROVEN
    at = archived.drill(to=moment.isoformat())
    assert at.verdict is Verdict.NOT_VERIFIED
    [found] = [one for one in at.checks if one.verdict is not Verdict.PROVEN]
    assert found.name == "schema"
    assert "what the document said at that moment is not known" in found.problems[0]
    assert "extra" in found.problems[1]
    archived.server.run("ALTER TABLE notes DROP COLUMN extra")
