"""`backup verify` over an archived log: whole, with a hole, with a changed byte. No server is needed for this."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.app.test_backup import DOCUMENT
from tests.engines.postgresql.test_log_files import MB, SYSTEM, a_file

from dbdeed.app.backup import verify_backups
from dbdeed.app.vault import utc_now
from dbdeed.engines.postgresql.log.positions import Segment
from dbdeed.engines.recovering import BackupFacts, LogRange
from dbdeed.recovery.manifest import Verdict
from dbdeed.recovery.store import FolderStore, new_id

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.recovery.manifest import Proof


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """One backup that ends in the 5th file of the log, and the log up to the 9th."""
    (tmp_path / "DATABASE.md").write_text(DOCUMENT.replace("SQLite", "PostgreSQL 18"))
    store, now = FolderStore(tmp_path / "backups"), utc_now()
    log = LogRange(SYSTEM, 1, f"0/{5 * MB + 40:X}", f"0/{5 * MB + 900:X}", MB)
    facts = BackupFacts(now, now, now, log.end, 0, (18, 1), log=log)
    with store.writing(), store.draft(new_id(now, "physical", "00000001")) as draft:
        (draft.data / "file").write_text("x")
        store.publish(draft, facts, project="me", engine="postgresql", method="physical")
    for number in range(5, 10):
        store.shelf.put(name(number), a_file(Segment(1, number)))
    return store


def name(number: int) -> str:
    return f"wal/{SYSTEM}/00000001/{Segment(1, number).name(MB)}"


def log_proof(folder: Path) -> Proof:
    [proof] = [one for one in verify_backups(folder / "DATABASE.md") if one.backup == f"log of {SYSTEM}"]
    return proof


def test_a_whole_log_is_proven(store: FolderStore, tmp_path: Path) -> None:
    assert log_proof(tmp_path).verdict is Verdict.PROVEN


def test_a_hole_is_said(store: FolderStore, tmp_path: Path) -> None:
    store.shelf.delete(name(7))
    proof = log_proof(tmp_path)
    assert proof.verdict is Verdict.FAILED
    assert "has a gap" in proof.checks[0].problems[0]


def test_a_changed_byte_and_a_foreign_file_are_said(store: FolderStore, tmp_path: Path) -> None:
    stored = bytearray(store.shelf.objects.get(name(6)))
    stored[len(stored) // 2] ^= 1
    store.shelf.objects.put(name(6), bytes(stored))
    store.shelf.put(name(8), a_file(Segment(1, 4)))
    problems = log_proof(tmp_path).checks[0].problems
    assert any(name(6) in one for one in problems)
    assert len(problems) == 2


def test_a_backup_from_before_archiving_began_is_no_hole(store: FolderStore, tmp_path: Path) -> None:
    now = utc_now() - timedelta(days=1)
    log = LogRange(SYSTEM, 1, f"0/{2 * MB + 40:X}", f"0/{2 * MB + 900:X}", MB)
    facts = BackupFacts(now, now, now, log.end, 0, (18, 1), log=log)
    with store.writing(), store.draft(new_id(now, "physical", "00000002")) as draft:
        (draft.data / "file").write_text("x")
        store.publish(draft, facts, project="me", engine="postgresql", method="physical")
    assert log_proof(tmp_path).verdict is Verdict.PROVEN
    for number in range(5, 10):
        store.shelf.delete(name(number))
    store.shelf.put(name(11), a_file(Segment(1, 11)))
    assert log_proof(tmp_path).verdict is Verdict.NOT_VERIFIED


def test_where_no_log_is_archived_nothing_is_said_of_it(store: FolderStore, tmp_path: Path) -> None:
    for number in range(5, 10):
        store.shelf.delete(name(number))
    assert not [one for one in verify_backups(tmp_path / "DATABASE.md") if one.backup.startswith("log")]
