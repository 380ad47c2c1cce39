"""The store: nothing is listed until it is whole, and whatever is listed says when it is no longer so."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.recovery.disks import small_disk

from dbdeed.engines.recovering import BackupFacts
from dbdeed.errors import DbdeedError, InvalidInput, Unavailable
from dbdeed.recovery.manifest import Check, Damaged, Manifest, Proof, Verdict, decode, encode
from dbdeed.recovery.objects import StoreLocked
from dbdeed.recovery.store import FolderStore, new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Add = Callable[..., Manifest]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FACTS = BackupFacts(NOON, NOON, NOON, "", 0, (18, 1))


def test_what_was_published_comes_back_as_it_was(store: FolderStore, add: Add) -> None:
    manifest = add()
    assert store.find(manifest.id) == manifest
    assert store.listing().backups == (manifest,)
    assert manifest.facts.tables == {"public.a": (2, "ff")}
    assert manifest.size == 3_000_001
    assert store.damages(manifest) == []


def test_an_empty_or_missing_store_lists_nothing(store: FolderStore) -> None:
    assert store.listing().backups == ()
    with pytest.raises(InvalidInput, match="no backup"):
        store.find("20260301T120000Z-physical-00000000")
    with pytest.raises(InvalidInput, match="no backup"):
        store.find("../../etc")


def test_a_draft_that_fails_leaves_nothing(store: FolderStore) -> None:
    def fail() -> None:
        with store.writing(), store.draft(new_id(NOON, "physical", "00000001")) as draft:
            (draft.data / "file").write_text("half")
            raise Unavailable("the server is gone")

    with pytest.raises(Unavailable, match="server is gone"):
        fail()
    assert store.listing().backups == ()
    assert {one.name for one in store.root.iterdir()} == {"lock", "proofs", ".gitignore"}


def test_leftovers_of_a_crash_are_swept_and_strangers_left_alone(store: FolderStore, add: Add) -> None:
    kept = add()
    for name in (".partial-20260301T120000Z-physical-aaaaaaaa", ".trash-20260301T120000Z-logical-bbbbbbbb"):
        (store.root / name / "data").mkdir(parents=True)
    (store.root / ".partial-mine").mkdir()
    (store.root / "letters").mkdir()
    with store.writing():
        pass
    names = {one.name for one in store.root.iterdir()}
    assert names == {"lock", "proofs", ".gitignore", kept.id, ".partial-mine", "letters"}
    assert store.listing().backups == (kept,)


def test_two_runs_at_once_are_refused(store: FolderStore) -> None:
    other = FolderStore(store.root)
    with store.writing():
        with pytest.raises(StoreLocked, match="Another run"), other.writing():
            pass
        assert store.listing().backups == ()  # looking is always allowed
    with other.writing():
        pass


def test_the_store_keeps_itself_out_of_the_repository(store: FolderStore, add: Add) -> None:
    add()
    assert (store.root / ".gitignore").read_text().endswith("*\n")
    assert store.root.stat().st_mode & 0o077 == 0


def every_file(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file() and not one.is_symlink())


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


def noticed(store: FolderStore, id_: str) -> bool:
    """Whether the damage is reported, by the listing or by looking at the files."""
    listing = store.listing()
    if id_ in listing.damaged:
        return True
    [manifest] = [one for one in listing.backups if one.id == id_]
    return bool(store.damages(manifest))


@pytest.mark.parametrize("seed", range(12))
def test_a_flipped_bit_anywhere_is_noticed(store: FolderStore, add: Add, seed: int) -> None:
    manifest, rng = add(), random.Random(seed)
    path = rng.choice(every_file(store.root / manifest.id))
    flip(path, rng.randrange(path.stat().st_size))
    assert noticed(store, manifest.id)


def test_every_byte_of_a_record_counts(add: Add) -> None:
    data = encode(add())
    for at in range(0, len(data) - 1, 7):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises(Damaged):
            decode(bytes(changed), Manifest, "here")


@pytest.mark.parametrize("name", ["deep/file", "ünïcode name", "manifest.json", "link", "deep/empty"])
def test_a_missing_part_is_noticed(store: FolderStore, add: Add, name: str) -> None:
    manifest = add()
    folder = store.root / manifest.id
    path = folder / name if name == "manifest.json" else folder / "data" / name
    path.rmdir() if path.is_dir() else path.unlink()
    assert noticed(store, manifest.id)


def test_truncated_foreign_and_redirected_files_are_noticed(store: FolderStore, add: Add) -> None:
    manifest = add()
    data = store.root / manifest.id / "data"
    os.truncate(data / "deep" / "file", 5)
    (data / "extra").write_text("?")
    (data / "link").unlink()
    (data / "link").symlink_to("/etc/passwd")
    problems = " ".join(store.damages(manifest))
    assert "deep/file has 5 bytes in place of 3000000" in problems
    assert "extra does not belong" in problems
    assert "link link points elsewhere" in problems


def test_a_record_under_another_name_is_not_believed(store: FolderStore, add: Add) -> None:
    first, second = add(0), add(1)
    (store.root / second.id / "manifest.json").write_bytes(
        (store.root / first.id / "manifest.json").read_bytes()
    )
    assert second.id in store.listing().damaged
    assert [one.id for one in store.listing().backups] == [first.id]


def test_projects_that_share_a_store_see_their_own(store: FolderStore, add: Add) -> None:
    mine, theirs = add(0, project="me"), add(1, project="you")
    assert store.listing("me").backups == (mine,)
    assert store.listing("you").backups == (theirs,)
    assert store.listing().backups == (mine, theirs)


def test_a_backup_that_is_being_read_is_not_removed(store: FolderStore, add: Add) -> None:
    manifest = add()
    with store.writing():
        with store.reading(manifest) as data:
            assert not store.remove(manifest.id)
            assert (data / "deep" / "file").exists()
        assert store.remove(manifest.id)
    assert store.listing().backups == ()
    with pytest.raises(Unavailable, match="is gone"), store.reading(manifest):
        pass


def test_proofs_are_kept_in_order(store: FolderStore, add: Add) -> None:
    manifest = add()
    proofs = [
        Proof(
            backup=manifest.id,
            kind="drill",
            at=NOON.replace(minute=minute),
            verdict=Verdict.FAILED,
            checks=(Check("files", Verdict.FAILED, problems=("gone",)),),
        )
        for minute in (5, 1)
    ]
    for number, proof in enumerate(proofs):
        store.record(proof, f"{number:08x}")
    assert store.listing().proofs == (proofs[1], proofs[0])
    [file] = (store.root / "proofs").glob("*T120100Z*")
    flip(file, 100)
    assert store.listing().proofs == (proofs[0],)
    assert file.name in store.listing().damaged


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "2m") as place:
        yield place


def test_a_full_disk_is_said_and_nothing_is_listed(disk: Path) -> None:
    store = FolderStore(disk / "backups")

    def fill() -> None:
        with store.writing(), store.draft(new_id(NOON, "physical", "00000001")) as draft:
            (draft.data / "file").write_bytes(b"x" * 4_000_000)
            store.publish(draft, FACTS, project="me", engine="x", method="physical")

    with pytest.raises(Unavailable, match="No space is left"):
        fill()
    assert store.listing().backups == ()
    assert not list(store.root.glob(".partial-*"))


def test_a_place_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = FolderStore(tmp_path / "file" / "backups")
    with pytest.raises(DbdeedError, match="cannot be used"), store.writing():
        pass


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from dbdeed.engines.recovering import BackupFacts
from dbdeed.recovery.store import FolderStore, new_id

store, now = FolderStore(Path(sys.argv[1])), datetime.now(UTC)
facts = BackupFacts(now, now, now, "", 0, (18, 1))
print("ready", flush=True)
for number in range(1000):
    with store.writing():
        with store.draft(new_id(now, "physical", f"{number:08x}")) as draft:
            for name in "abc":
                (draft.data / name).write_bytes(name.encode() * 200_000)
            store.publish(draft, facts, project="me", engine="x", method="physical")
        old = [one.id for one in store.listing().backups][:-2]
        for id_ in old:
            store.remove(id_)
"""


@pytest.mark.parametrize("seed", range(6))
def test_kill_at_any_moment_loses_and_invents_nothing(tmp_path: Path, seed: int) -> None:
    root = tmp_path / "backups"
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(root)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(random.Random(seed).uniform(0.05, 0.6))
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    store = FolderStore(root)
    for manifest in store.listing().backups:
        assert store.damages(manifest) == []
    assert not store.listing().damaged
    with store.writing():  # the lock is free, and leftovers go
        pass
    assert not [one for one in root.iterdir() if one.name.startswith((".partial", ".trash"))]
