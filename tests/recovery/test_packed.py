"""Backups as compressed and sealed objects."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.recovery.disks import small_disk

from dbdeed.engines.faults import RestoreFailed
from dbdeed.engines.recovering import BackupFacts
from dbdeed.errors import InvalidInput, Unavailable
from dbdeed.recovery import packs
from dbdeed.recovery.keys import Keyring, WrongKey, read_keys
from dbdeed.recovery.manifest import Check, FileFacts, Proof, Verdict, encode
from dbdeed.recovery.objects import FolderObjects, StoreLocked
from dbdeed.recovery.packed import PackedStore
from dbdeed.recovery.packs import plan_packs
from dbdeed.recovery.shelf import Compressed
from dbdeed.recovery.store import FolderStore, new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dbdeed.recovery.manifest import Manifest
    from dbdeed.recovery.objects import Objects
    from dbdeed.recovery.store import Store

    Add = Callable[..., Manifest]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY, OTHER = "ab" * 32, "cd" * 32
CONTENT = random.Random(5).randbytes(300_000) + b"plain words " * 20_000


@pytest.fixture(autouse=True)
def small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "PACK_SIZE", 100_000)
    monkeypatch.setattr(plan_packs, "__defaults__", (100_000,))


@pytest.fixture
def objects(tmp_path: Path) -> FolderObjects:
    return FolderObjects(tmp_path / "place")


def open_packed(objects: Objects, spool: Path, **environment: str) -> PackedStore:
    keyring = Keyring(objects, read_keys("KEY", environment)) if environment else None
    return PackedStore(objects, spool, keyring)


@pytest.fixture(params=["sealed", "unsealed"])
def store(request: pytest.FixtureRequest, objects: FolderObjects, tmp_path: Path) -> PackedStore:
    return open_packed(objects, tmp_path / "spool", **({"KEY": KEY} if request.param == "sealed" else {}))


def publish(store: Store, hour: int = 0, *, project: str = "me") -> Manifest:
    moment = NOON + timedelta(hours=hour)
    facts = BackupFacts(moment, moment, moment, "0/1", 0, (18, 1), {"public.a": (2, "ff")}, ("A note.",))
    with store.writing(), store.draft(new_id(moment, "physical", f"{hour:08x}")) as draft:
        (draft.data / "deep" / "empty").mkdir(parents=True)
        (draft.data / "deep" / "file").write_bytes(CONTENT)
        (draft.data / "ünïcode name").write_text("y")
        (draft.data / "nothing").write_text("")
        (draft.data / "link").symlink_to("deep/file")
        for number in range(20):
            (draft.data / f"small-{number}").write_bytes(b"s" * number * 100)
        return store.publish(draft, facts, project=project, engine="postgresql", method="physical")


def test_what_was_published_comes_back_as_it_was(store: PackedStore, objects: FolderObjects) -> None:
    manifest = publish(store)
    assert store.find(manifest.id) == manifest
    assert store.listing().backups == (manifest,)
    assert store.damages(manifest) == []
    assert sum(pack.size for pack in manifest.packs) < manifest.size
    with store.reading(manifest) as data:
        assert (data / "deep" / "file").read_bytes() == CONTENT
        assert (data / "ünïcode name").read_text() == "y"
        assert (data / "nothing").read_bytes() == b""
        assert (data / "deep" / "empty").is_dir()
        assert str((data / "link").readlink()) == "deep/file"
        assert (data / "small-19").read_bytes() == b"s" * 1900
        assert (data / "small-19").stat().st_mode & 0o077 == 0
    assert not data.exists()
    assert not [one for one in store._spool.iterdir() if one.name != "read"]


def test_a_part_is_fetched_by_itself(store: PackedStore, objects: FolderObjects) -> None:
    manifest, fetched, get = publish(store), [], objects.__class__.get

    def counted(self: FolderObjects, name: str) -> bytes:
        fetched.append(name)
        return get(self, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FolderObjects, "get", counted)
        with store.reading(manifest, only=("small-3", "not there")) as data:
            assert [one.name for one in data.rglob("*")] == ["small-3"]
            assert (data / "small-3").read_bytes() == b"s" * 300
        with store.reading(manifest, only=("deep/file",)) as data:
            assert (data / "deep" / "file").read_bytes() == CONTENT
    assert len([one for one in fetched if "/data/" in one]) < 2 * len(manifest.packs)


def test_nothing_readable_is_in_a_sealed_store(objects: FolderObjects, tmp_path: Path) -> None:
    publish(open_packed(objects, tmp_path / "spool", KEY=KEY))
    stored = b"".join(one.read_bytes() for one in objects.root.rglob("*") if one.is_file())
    for word in (b"plain words", b"public.a", b"A note", b"small-", bytes.fromhex(KEY), KEY.encode()):
        assert word not in stored


def test_packs_are_of_one_size_and_hold_everything_once() -> None:
    files = {"b": FileFacts(25, ""), "a": FileFacts(3, ""), "c": FileFacts(0, ""), "d": FileFacts(12, "")}
    plan = plan_packs(files, 10)
    assert [sum(piece.length for piece in pack) for pack in plan] == [10, 10, 10, 10]
    for path, facts in files.items():
        pieces = [piece for pack in plan for piece in pack if piece.path == path]
        assert sum(piece.length for piece in pieces) == facts.size
        assert [piece.offset for piece in pieces] == sorted({piece.offset for piece in pieces})


@pytest.mark.parametrize("seed", range(10))
def test_a_flipped_bit_or_a_cut_anywhere_is_noticed(
    store: PackedStore, objects: FolderObjects, tmp_path: Path, seed: int
) -> None:
    manifest, rng = publish(store), random.Random(seed)
    path = rng.choice(
        [one for one in objects.listing() if "lock" not in one.name and "readers" not in one.name]
    )
    stored = bytearray(objects.get(path.name))
    if seed % 3:
        stored[rng.randrange(len(stored))] ^= 1 << rng.randrange(8)
    else:
        del stored[rng.randrange(len(stored)) :]
    objects.put(path.name, bytes(stored))
    again = PackedStore(objects, tmp_path / "spool", store._keyring and Keyring(objects, store._keyring.keys))
    listing = again.listing()
    if path.name.startswith("keys/shelf"):
        assert again.damages(manifest) == []
        assert publish(again, 1) in again.listing().backups
    elif manifest.id not in listing.damaged:
        assert listing.backups == (manifest,)
        assert again.damages(manifest)
        with pytest.raises(RestoreFailed, match="damaged"), again.reading(manifest):
            pass


def test_a_missing_or_foreign_object_is_noticed(store: PackedStore, objects: FolderObjects) -> None:
    manifest = publish(store)
    objects.put(f"packed/{manifest.id}/data/999999.zst", b"x")
    assert any("does not belong" in one for one in store.damages(manifest))
    objects.delete(manifest.packs[1].name)
    assert store.listing().backups == ()
    assert "missing" in store.listing().damaged[manifest.id]


def test_exchanged_objects_are_noticed(store: PackedStore, objects: FolderObjects) -> None:
    first, second = publish(store, 0), publish(store, 1)
    one, other = first.packs[0].name, second.packs[0].name
    saved = objects.get(one)
    objects.put(one, objects.get(other))
    objects.put(other, saved)
    assert store._keyring is None or store.damages(first)
    name = "manifest" + store._suffix
    objects.put(f"packed/{first.id}/{name}", objects.get(f"packed/{second.id}/{name}"))
    assert first.id in PackedStore(objects, store._spool, store._keyring).listing().damaged


def test_a_wrong_key_is_said_and_nothing_is_written_with_it(objects: FolderObjects, tmp_path: Path) -> None:
    manifest = publish(open_packed(objects, tmp_path / "spool", KEY=KEY))
    wrong = open_packed(objects, tmp_path / "spool", KEY=OTHER)
    assert "sealed with the key" in wrong.listing().damaged[manifest.id]
    before = objects.listing()
    with pytest.raises(WrongKey):
        publish(wrong, 1)
    assert objects.listing() == before
    with pytest.raises(WrongKey):
        wrong.find(manifest.id)


def test_rotation_reads_with_both_and_after_rekey_with_the_new(
    objects: FolderObjects, tmp_path: Path
) -> None:
    manifest = publish(open_packed(objects, tmp_path / "spool", KEY=KEY))
    both = open_packed(objects, tmp_path / "spool", KEY=OTHER, KEY_OLD=KEY)
    later = publish(both, 1)
    assert both.listing().backups == (manifest, later)
    with both.writing():
        assert both.rekey() == 2  # the first backup's, and the shelf's
        assert both.rekey() == 0
    new = open_packed(objects, tmp_path / "spool", KEY=OTHER)
    assert new.listing().backups == (manifest, later)
    assert new.damages(manifest) == []
    assert manifest.id in open_packed(objects, tmp_path / "spool", KEY=KEY).listing().damaged


def test_an_unsealed_backup_is_not_believed_where_sealed_ones_are_asked_for(
    objects: FolderObjects, tmp_path: Path
) -> None:
    manifest = publish(open_packed(objects, tmp_path / "spool"))
    sealed = open_packed(objects, tmp_path / "spool", KEY=KEY)
    assert "not sealed" in sealed.listing().damaged[manifest.id]
    other = publish(sealed, 1)
    assert "is sealed" in open_packed(objects, tmp_path / "spool").listing().damaged[other.id]


def test_open_and_sealed_backups_in_one_folder_each_say_what_the_other_needs(
    tmp_path: Path,
) -> None:
    plain = FolderStore(tmp_path / "backups")
    opened = publish(plain)
    sealed = open_packed(FolderObjects(plain.root), tmp_path / "spool", KEY=KEY)
    closed = publish(sealed, 1)
    assert sealed.listing().backups == (closed,)
    assert "not sealed" in sealed.listing().damaged[opened.id]
    assert plain.listing().backups == (opened,)
    assert "names no key" in plain.listing().damaged[closed.id]


def test_a_removed_backup_is_gone_with_its_key(store: PackedStore, objects: FolderObjects) -> None:
    manifest, kept = publish(store, 0), publish(store, 1)
    with store.writing():
        with store.reading(manifest):
            assert not store.remove(manifest.id)
        assert store.remove(manifest.id)
    assert store.listing().backups == (kept,)
    assert not [one for one in objects.listing() if manifest.id in one.name]
    with pytest.raises(InvalidInput):
        store.find(manifest.id)


def test_proofs_are_kept_and_a_changed_one_is_said(store: PackedStore, objects: FolderObjects) -> None:
    manifest = publish(store)
    check = Check("files", Verdict.FAILED, problems=("gone",))
    proof = Proof(backup=manifest.id, kind="drill", at=NOON, verdict=Verdict.FAILED, checks=(check,))
    store.record(proof, "00000001")
    assert store.listing().proofs == (proof,)
    [entry] = objects.listing("proofs/")
    objects.put(entry.name, objects.get(entry.name)[:-4] + b"....")
    assert store.listing().proofs == ()
    assert len(store.listing().damaged) == 1


class Flaky(FolderObjects):
    """Answers so many puts, then no more."""

    left = 0
    sent = 0

    def put(self, name: str, data: bytes) -> None:
        if "/data/" in name:
            if Flaky.left <= 0:
                raise Unavailable("The store does not answer.")
            Flaky.left -= 1
            Flaky.sent += 1
        super().put(name, data)


def test_a_store_that_stops_answering_delays_a_backup_and_nothing_is_sent_twice(
    objects: FolderObjects, tmp_path: Path
) -> None:
    whole = len(publish(open_packed(objects, tmp_path / "spool", KEY=KEY), 0).packs)
    flaky = open_packed(Flaky(objects.root), tmp_path / "spool", KEY=KEY)
    Flaky.left, Flaky.sent = 3, 0
    with pytest.raises(Unavailable, match="does not answer"):
        publish(flaky, 1)
    assert len(flaky.listing().backups) == 1
    assert Flaky.sent == 3
    Flaky.left = 100
    with flaky.writing():
        pass
    _, second = flaky.listing().backups
    assert Flaky.sent == whole == len(second.packs)
    assert flaky.damages(second) == []
    assert not [one for one in (tmp_path / "spool").iterdir() if one.name != "read"]


def renamed(manifest: Manifest, path: str) -> Manifest:
    """Its first piece is of another file."""
    pack = manifest.packs[0]
    piece = msgspec.structs.replace(pack.pieces[0], path=path)
    pack = msgspec.structs.replace(pack, pieces=(piece, *pack.pieces[1:]))
    return msgspec.structs.replace(manifest, packs=(pack, *manifest.packs[1:]))


@pytest.mark.parametrize(
    "forge",
    [
        lambda one: renamed(one, "../../etc/passwd"),
        lambda one: renamed(one, "link"),
        lambda one: msgspec.structs.replace(one, packs=one.packs[1:]),
        lambda one: msgspec.structs.replace(one, packs=(one.packs[0], *one.packs)),
        lambda one: msgspec.structs.replace(
            one, packs=tuple(msgspec.structs.replace(pack, name="packed/x/data/1.zst") for pack in one.packs)
        ),
    ],
)
def test_a_forged_record_is_not_believed(
    objects: FolderObjects, tmp_path: Path, forge: Callable[[Manifest], Manifest]
) -> None:
    """Where nothing is sealed, whoever can write there can write records; none of them leads anywhere else."""
    store = open_packed(objects, tmp_path / "spool")
    manifest = publish(store)
    name = f"packed/{manifest.id}/manifest.zst"
    objects.put(name, Compressed().encode(name, encode(forge(manifest))))
    assert store.listing().backups == ()
    assert manifest.id in store.listing().damaged
    with pytest.raises(Unavailable):
        store.find(manifest.id)


@pytest.mark.parametrize("path", ["../out", "/tmp/out", "deep/../../out"])
def test_a_file_that_leads_out_is_not_written(objects: FolderObjects, tmp_path: Path, path: str) -> None:
    store = open_packed(objects, tmp_path / "spool")
    manifest = publish(store)
    forged = msgspec.structs.replace(manifest, files={**manifest.files, path: FileFacts(0, "")})
    with pytest.raises(RestoreFailed, match="leads out"), store.reading(forged):
        pass
    assert not list(tmp_path.rglob("out"))


def test_what_another_run_swept_away_is_sent_again_under_its_new_key(
    objects: FolderObjects, tmp_path: Path
) -> None:
    """A run slept through its lock; the next one swept what it had sent, and its data key, in the middle."""
    other = open_packed(objects, tmp_path / "another spool", KEY=KEY)
    with other.writing():
        pass

    class Interrupted(FolderObjects):
        sent = 0

        def put(self, name: str, data: bytes) -> None:
            super().put(name, data)
            Interrupted.sent += "/data/" in name
            if "/data/" in name and Interrupted.sent == 3:
                other._sweep()

    store = open_packed(Interrupted(objects.root), tmp_path / "spool", KEY=KEY)
    with pytest.raises(StoreLocked, match="took over"):
        publish(store)
    assert other.listing().backups == ()
    again = open_packed(objects, tmp_path / "spool", KEY=KEY)
    with again.writing():
        pass
    [manifest] = again.listing().backups
    assert again.damages(manifest) == []


READER = """
import sys, threading
sys.setswitchinterval(1e-6)
from dbdeed.recovery.manifest import Manifest, decode

data, together = open(sys.argv[1], "rb").read(), threading.Barrier(8)
def read():
    together.wait()
    assert decode(data, Manifest, "here").tables
threads = [threading.Thread(target=read) for _ in range(8)]
for one in threads:
    one.start()
for one in threads:
    one.join()
"""


def test_records_are_read_by_several_threads_from_the_first_on(tmp_path: Path) -> None:
    """msgspec's own laziness crashed the interpreter, one time in five."""
    plain = FolderStore(tmp_path / "backups")
    record = plain.root / publish(plain).id / "manifest.json"
    for _ in range(8):
        subprocess.run([sys.executable, "-c", READER, str(record)], check=True)


def test_two_runs_at_once_are_refused(store: PackedStore, objects: FolderObjects, tmp_path: Path) -> None:
    other = PackedStore(objects, tmp_path / "another spool", store._keyring)
    with store.writing(), pytest.raises(StoreLocked), other.writing():
        pass
    with other.writing():
        pass


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from dbdeed.engines.recovering import BackupFacts
from dbdeed.recovery import packs
from dbdeed.recovery.keys import Keyring, read_keys
from dbdeed.recovery.objects import FolderObjects
from dbdeed.recovery.packed import PackedStore
from dbdeed.recovery.store import FolderStore, new_id

packs.plan_packs.__defaults__ = (100_000,)
objects = FolderObjects(Path(sys.argv[1]) / "place")
keyring = Keyring(objects, read_keys("KEY", {"KEY": "ab" * 32}))
store, now = PackedStore(objects, Path(sys.argv[1]) / "spool", keyring), datetime.now(UTC)
facts = BackupFacts(now, now, now, "", 0, (18, 1))
print("ready", flush=True)
for number in range(1000):
    with store.writing():
        with store.draft(new_id(now, "physical", f"{number:08x}")) as draft:
            for name in "abc":
                (draft.data / name).write_bytes(name.encode() * 200_000)
            store.publish(draft, facts, project="me", engine="x", method="physical")
        for one in store.listing().backups[:-2]:
            store.remove(one.id)
"""


def killed_writer(folder: Path, after: float) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("seed", range(3))
def test_kill_at_any_moment_loses_and_invents_nothing(tmp_path: Path, seed: int) -> None:
    rng, objects = random.Random(seed), FolderObjects(tmp_path / "place")
    killed_writer(tmp_path, rng.uniform(0.2, 2.5))
    store = open_packed(objects, tmp_path / "spool", KEY=KEY)
    before = store.listing()
    assert not before.damaged
    with store.writing():  # the lock is free, what was whole is sent, and leftovers go
        pass
    after = store.listing()
    assert {one.id for one in before.backups} <= {one.id for one in after.backups}
    for manifest in after.backups:
        assert store.damages(manifest) == []
    ids = {one.id for one in after.backups}
    for entry in objects.listing():
        assert entry.name.split("/")[0] in {"lock", "readers", "proofs"} or any(
            one in entry.name for one in (*ids, "keys/shelf-")
        )
    assert not list((objects.root / "packed").rglob(".partial-*"))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "400k") as place:
        yield place


def test_a_full_store_is_said_and_the_backup_arrives_when_there_is_room(disk: Path, tmp_path: Path) -> None:
    store = open_packed(FolderObjects(disk), tmp_path / "spool", KEY=KEY)
    (disk / "ballast").write_bytes(b"x" * 200_000)
    with pytest.raises(Unavailable, match="No space is left"):
        publish(store)
    assert store.listing().backups == ()
    (disk / "ballast").unlink()
    with store.writing():
        pass
    [manifest] = store.listing().backups
    assert store.damages(manifest) == []


def test_a_full_spool_is_said_and_nothing_stays(disk: Path, objects: FolderObjects) -> None:
    store = open_packed(objects, disk / "spool", KEY=KEY)
    with pytest.raises(Unavailable, match="No space is left"):
        publish(store)
    assert store.listing().backups == ()
    with store.writing():
        assert list((disk / "spool").iterdir()) == []
