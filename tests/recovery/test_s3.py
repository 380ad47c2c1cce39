"""Backups in an object store, on a real S3 server."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.recovery import gateway

from dbdeed.engines.recovering import BackupFacts
from dbdeed.errors import Unavailable
from dbdeed.recovery import cloud
from dbdeed.recovery.keys import Keyring, read_keys
from dbdeed.recovery.objects import StoreLocked
from dbdeed.recovery.packed import PackedStore
from dbdeed.recovery.packs import plan_packs
from dbdeed.recovery.store import new_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dbdeed.recovery.cloud import CloudObjects
    from dbdeed.recovery.manifest import Manifest

    Bucket = Callable[..., CloudObjects]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "ab" * 32
CONTENT = random.Random(5).randbytes(900_000)


@pytest.fixture(autouse=True)
def small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_packs, "__defaults__", (100_000,))


def open_packed(objects: CloudObjects, spool: Path) -> PackedStore:
    return PackedStore(objects, spool, Keyring(objects, read_keys("KEY", {"KEY": KEY})))


def publish(store: PackedStore, hour: int = 0) -> Manifest:
    moment = NOON + timedelta(hours=hour)
    facts = BackupFacts(moment, moment, moment, "0/1", 0, (18, 1))
    with store.writing(), store.draft(new_id(moment, "physical", f"{hour:08x}")) as draft:
        (draft.data / "file").write_bytes(CONTENT)
        return store.publish(draft, facts, project="me", engine="postgresql", method="physical")


def test_a_backup_goes_there_and_comes_back(bucket: Bucket, tmp_path: Path) -> None:
    store = open_packed(bucket(), tmp_path / "spool")
    manifest = publish(store)
    assert len(manifest.packs) == 9
    again = open_packed(bucket(), tmp_path / "another machine's")
    assert again.listing().backups == (manifest,)
    assert again.damages(manifest) == []
    with again.reading(manifest) as data:
        assert (data / "file").read_bytes() == CONTENT
    with store.writing():
        with again.reading(manifest):
            assert not store.remove(manifest.id)
        assert store.remove(manifest.id)
    assert again.listing().backups == ()
    assert not [one for one in bucket().listing() if manifest.id in one.name]


def test_of_two_schedulers_one_works_and_the_other_is_told(bucket: Bucket, tmp_path: Path) -> None:
    one, other = open_packed(bucket(), tmp_path / "1"), open_packed(bucket(), tmp_path / "2")
    with one.writing(), pytest.raises(StoreLocked, match="Another run is at work"), other.writing():
        pass
    publish(other)


def test_a_lease_outlives_its_time_only_while_it_is_renewed(bucket: Bucket) -> None:
    with bucket(lease=5).exclusive("lock") as held:
        time.sleep(7)
        held.check()
        with pytest.raises(StoreLocked), bucket(lease=5).exclusive("lock"):
            pass


def test_who_slept_through_its_lease_is_told(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    from dbdeed.recovery import leases

    monkeypatch.setattr(leases._Lease, "_keep", lambda *_: None)
    with bucket(lease=2).exclusive("lock") as held:
        time.sleep(3.1)
        with bucket(lease=2).exclusive("lock") as other:
            with pytest.raises(StoreLocked, match="took over"):
                held.check()
            other.check()


def test_a_store_that_ignores_conditions_is_refused(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(self: CloudObjects, name: str, data: bytes) -> bool:
        self.put(name, data)
        return True

    monkeypatch.setattr(cloud.CloudObjects, "create", careless)
    with pytest.raises(Unavailable, match="ignores the condition"), bucket().exclusive("lock"):
        pass


def test_a_store_that_is_away_is_said_and_what_was_sent_is_not_sent_again(
    bucket: Bucket, s3: gateway.Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud, "_PAUSES", (0.05,))
    objects = bucket(lease=2)
    store = open_packed(objects, tmp_path / "spool")
    put, sent = objects.put, list[str]()

    def counted(name: str, data: bytes) -> None:
        put(name, data)
        sent.append(name)

    def until_it_stops(name: str, data: bytes) -> None:
        if len([one for one in sent if "/data/" in one]) >= 4:
            s3.stop()
        counted(name, data)

    monkeypatch.setattr(objects, "put", until_it_stops)
    try:
        with pytest.raises(Unavailable, match="cannot be used"):
            publish(store)
    finally:
        s3.start()
    arrived = [one for one in sent if "/data/" in one]
    monkeypatch.setattr(objects, "put", counted)
    assert store.listing().backups == ()
    time.sleep(3.1)  # the lease of the run that could not give it back
    with store.writing():
        pass
    [manifest] = store.listing().backups
    assert store.damages(manifest) == []
    again = [one for one in sent if "/data/" in one]
    assert len(arrived) >= 4
    assert len(again) == len(set(again)) == 9


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from dbdeed.engines.recovering import BackupFacts
from dbdeed.recovery import packs
from dbdeed.recovery.cloud import open_cloud
from dbdeed.recovery.keys import Keyring, read_keys
from dbdeed.recovery.packed import PackedStore
from dbdeed.recovery.store import new_id

packs.plan_packs.__defaults__ = (100_000,)
objects = open_cloud(sys.argv[1], "STORE", lease=2)
keyring = Keyring(objects, read_keys("KEY", {"KEY": "ab" * 32}))
store, now = PackedStore(objects, Path(sys.argv[2]), keyring), datetime.now(UTC)
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


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 9))])
def test_kill_at_any_moment_loses_and_invents_nothing(bucket: Bucket, tmp_path: Path, seed: int) -> None:
    objects = bucket(lease=2)
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, objects.label, str(tmp_path / "spool")],
        stdout=subprocess.PIPE,
        env={**os.environ},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(random.Random(seed).uniform(0.5, 3))
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    store = open_packed(objects, tmp_path / "spool")
    before = store.listing()
    assert not before.damaged
    time.sleep(3.5)
    with store.writing():
        pass
    after = store.listing()
    assert {one.id for one in before.backups} <= {one.id for one in after.backups}
    for manifest in after.backups:
        assert store.damages(manifest) == []
    ids = {one.id for one in after.backups}
    packed = {one.name.split("/")[1] for one in objects.listing("packed/")}
    assert packed == ids


def test_a_person_is_told_in_a_sentence_that_the_store_is_away(tmp_path: Path) -> None:
    from tests.app.test_backup import DOCUMENT

    text = DOCUMENT.replace("- **Retention**", "- **Destination**: `STORE`\n- **Retention**")
    (tmp_path / "DATABASE.md").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "dbdeed", "backup", "list"],
        cwd=tmp_path,
        env={
            **os.environ,
            **gateway.Gateway(tmp_path).environment,  # nobody listens there
            "STORE": "s3://bucket/prefix",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "s3://bucket/prefix cannot be used" in done.stderr
    assert gateway.SECRET not in done.stderr
    assert "Traceback" not in done.stderr


def test_an_object_that_the_store_itself_finds_changed_is_damaged(
    bucket: Bucket, s3: gateway.Gateway, tmp_path: Path
) -> None:
    store = open_packed(bucket(), tmp_path / "spool")
    sound, spoilt = publish(store, 0), publish(store, 1)
    [path] = s3.folder.rglob(f"packed/{spoilt.id}/manifest.sealed")
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    again = open_packed(bucket(), tmp_path / "spool")
    started = time.monotonic()
    assert again.listing().backups == (sound,)
    assert spoilt.id in again.listing().damaged
    assert time.monotonic() - started < 20
