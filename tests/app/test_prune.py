"""What pruning leaves: chains, and the archived log that a kept backup needs. No server is needed for this."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.app.test_backup import DOCUMENT

from dbdeed.app.prune import prune_backups
from dbdeed.app.vault import utc_now
from dbdeed.engines.recovering import BackupFacts, LogRange
from dbdeed.recovery.manifest import Check, Manifest, Proof, Verdict
from dbdeed.recovery.store import FolderStore, new_id

SYSTEM, OTHER = "7301234567890123456", "7309999999999999999"
UNIT = 16 << 20


class Project:
    """Backups made of nothing, one a day before today, and a log of one segment a day."""

    def __init__(self, folder: Path, retention: str) -> None:
        text = DOCUMENT.replace("SQLite", "PostgreSQL 18").replace("2 backups", retention)
        self.document = folder / "DATABASE.md"
        self.document.write_text(text)
        self.store = FolderStore(folder / "backups")
        self.now = utc_now()

    def backup(
        self, days: int, *, needs: tuple[str, ...] = (), system: str = SYSTEM, method: str = "physical"
    ) -> Manifest:
        at = self.now - timedelta(days=days)
        number = 100 - days
        log = LogRange(system, 1, f"0/{number * UNIT + 40:X}", f"0/{number * UNIT + 900:X}", UNIT)
        facts = BackupFacts(at, at, at, log.end, 0, (18, 1), log=log)
        with self.store.writing(), self.store.draft(new_id(at, method, f"{days:08x}")) as draft:
            (draft.data / "file").write_text("x")
            return self.store.publish(
                draft, facts, project="me", engine="postgresql", method=method, needs=needs
            )

    def archive(self, *, system: str = SYSTEM) -> None:
        for number in range(80, 101):
            self.store.shelf.put(f"wal/{system}/00000001/00000001{0:08X}{number:08X}", b"segment")
        self.store.shelf.put(f"wal/{system}/00000002/00000002.history", b"")
        self.store.shelf.put(f"wal/{system}/00000001/00000001{0:08X}{101:08X}.partial", b"begun")

    def segments(self, system: str = SYSTEM) -> list[int]:
        names = [one.name.rpartition("/")[2] for one in self.store.shelf.listing(f"wal/{system}/")]
        return [int(name[16:24], 16) for name in names if not name.endswith(".history")]

    def record(self, manifest: Manifest, kind: str, verdict: Verdict, name: str = "tables") -> None:
        proof = Proof(
            backup=manifest.id,
            kind=kind,
            at=self.now,
            verdict=verdict,
            checks=(Check(name, verdict, problems=() if verdict is Verdict.PROVEN else ("gone",)),),
        )
        self.store.record(proof, "00000001")

    def ids(self) -> list[str]:
        return [one.id for one in self.store.listing().backups]


def test_a_chain_stays_as_long_as_one_link_is_kept(tmp_path: Path) -> None:
    project = Project(tmp_path, "2 backups")
    full = project.backup(9)
    first = project.backup(8, needs=(full.id,))
    second = project.backup(7, needs=(full.id, first.id))
    third = project.backup(6, needs=(full.id, first.id, second.id))
    done = prune_backups(project.document)
    assert done.removed == ()
    reasons = {one.id: one.reasons for one in done.decisions}
    assert f"needed by {third.id}" in reasons[full.id]
    fresh = project.backup(1)
    project.backup(0, needs=(fresh.id,))
    done = prune_backups(project.document)
    assert done.removed == (third.id, second.id, first.id, full.id)  # never one without what it needs
    assert len(project.ids()) == 2


def test_what_a_backup_that_is_being_read_needs_stays_too(tmp_path: Path) -> None:
    project = Project(tmp_path, "1 backup")
    full = project.backup(9)
    link = project.backup(8, needs=(full.id,))
    project.backup(0)
    with project.store.reading(link):
        done = prune_backups(project.document)
        assert done.removed == ()
        assert done.busy == (link.id, full.id)
    assert prune_backups(project.document).removed == (link.id, full.id)


def test_a_chain_with_an_unsound_link_takes_no_sound_ones_place(tmp_path: Path) -> None:
    project = Project(tmp_path, "1 backup")
    sound, bad = project.backup(9), project.backup(5)
    project.record(bad, "verify", Verdict.FAILED)
    project.backup(1, needs=(bad.id,))
    done = prune_backups(project.document)
    assert sound.id not in done.removed
    assert "the newest sound backup" in next(one.reasons for one in done.decisions if one.id == sound.id)


def test_the_newest_proven_stays_with_its_chain_and_its_log(tmp_path: Path) -> None:
    project = Project(tmp_path, "1 backup")
    full = project.backup(15)
    proven = project.backup(14, needs=(full.id,))
    project.record(proven, "drill", Verdict.PROVEN)
    old, newest = project.backup(9), project.backup(1)
    project.archive()
    done = prune_backups(project.document)
    assert done.removed == (old.id,)
    assert project.ids() == [full.id, proven.id, newest.id]
    assert project.segments() == list(range(85, 102))


@pytest.mark.parametrize("dry_run", [True, False])
def test_the_log_is_kept_from_the_oldest_kept_backup_on(tmp_path: Path, dry_run: bool) -> None:
    project = Project(tmp_path, "3 backups")
    for days in (19, 12, 8, 5, 1):
        project.backup(days)
    project.backup(3, system=OTHER, method="logical")
    project.archive()
    project.archive(system=OTHER)
    project.archive(system="7300000000000000000")  # of a server of which there is no backup: nobody can tell
    done = prune_backups(project.document, dry_run=dry_run)
    log = {one.system: one for one in done.log}
    assert log.keys() == {SYSTEM, OTHER}
    assert (log[SYSTEM].files, log[OTHER].files) == (12, 17)
    assert log[SYSTEM].needed_by == new_id(project.now - timedelta(days=8), "physical", f"{8:08x}")
    expected = {SYSTEM: range(92, 102), OTHER: range(97, 102), "7300000000000000000": range(80, 102)}
    for system, numbers in expected.items():
        assert project.segments(system) == list(range(80, 102) if dry_run else numbers)
    assert project.store.shelf.get(f"wal/{SYSTEM}/00000002/00000002.history") == b""
    again = prune_backups(project.document, dry_run=dry_run)
    assert [one.files for one in again.log] == ([12, 17] if dry_run else [0, 0])


def test_others_backups_in_a_shared_store_keep_their_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE", str(tmp_path / "shared"))
    (tmp_path / "mine").mkdir()
    project = Project(tmp_path / "mine", "1 backup")
    text = project.document.read_text()
    project.document.write_text(
        text.replace("- **Retention**", "- **Destination**: `STORE`\n- **Retention**")
    )
    project.store = FolderStore(tmp_path / "shared")
    (tmp_path / "mine" / ".dbdeed").mkdir()
    (tmp_path / "mine" / ".dbdeed" / "id").write_text("somebody-else\n")
    theirs = project.backup(15)
    project.archive()
    prune_backups(project.document)
    assert project.ids() == [theirs.id]
    assert project.segments() == list(range(85, 102))


def test_who_has_no_backup_yet_prunes_nobody_elses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE", str(tmp_path / "shared"))
    (tmp_path / "mine").mkdir()
    project = Project(tmp_path / "mine", "1 backup")
    text = project.document.read_text()
    project.document.write_text(
        text.replace("- **Retention**", "- **Destination**: `STORE`\n- **Retention**")
    )
    project.store = FolderStore(tmp_path / "shared")
    theirs = [project.backup(15).id, project.backup(9).id, project.backup(1).id]
    for dry_run in (True, False):
        assert prune_backups(project.document, dry_run=dry_run).decisions == ()
    assert project.ids() == theirs


def test_an_unreadable_record_keeps_all_of_the_log(tmp_path: Path) -> None:
    project = Project(tmp_path, "1 backup")
    broken, _ = project.backup(15), project.backup(1)
    project.archive()
    (project.store.root / broken.id / "manifest.json").write_text("{}")
    done = prune_backups(project.document)
    assert done.log == ()
    assert broken.id in done.log_kept
    assert project.segments() == list(range(80, 102))


def test_the_dry_run_says_why_in_words(tmp_path: Path) -> None:
    project = Project(tmp_path, "1 backup")
    project.backup(9), project.backup(1)
    project.archive()
    done = subprocess.run(
        [sys.executable, "-m", "dbdeed", "backup", "prune", "--dry-run", str(project.document)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "kept: the newest backup" in done.stdout
    assert f"Log of {SYSTEM}: kept from 0/63000028" in done.stdout
    assert "19 earlier files" in done.stdout
    assert "would be removed" in done.stdout
    assert datetime.now(UTC) - project.now < timedelta(minutes=5)
