"""Single files beside the backups, compressed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from dbdeed.recovery.manifest import Damaged
from dbdeed.recovery.objects import NoObject

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.recovery.store import FolderStore

SEGMENT = random.Random(7).randbytes(100_000) + bytes(1_000_000)


def test_a_file_comes_back_as_it_was(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "segment").write_bytes(SEGMENT)
    store.shelf.put_file("wal/1", tmp_path / "segment")
    store.shelf.get_file("wal/1", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == SEGMENT
    [entry] = store.shelf.listing("wal/")
    assert entry.size < 110_000
    store.shelf.delete("wal/1")
    with pytest.raises(NoObject):
        store.shelf.get_file("wal/1", tmp_path / "back")


def test_any_changed_byte_is_noticed_and_nothing_is_written(store: FolderStore, tmp_path: Path) -> None:
    store.shelf.put("wal/1", SEGMENT)
    stored = store.shelf.objects.get("wal/1")
    rng = random.Random(1)
    for _ in range(40):
        at = rng.randrange(len(stored))
        damaged = stored[:at] + bytes([stored[at] ^ (1 << rng.randrange(8))]) + stored[at + 1 :]
        store.shelf.objects.put("wal/1", damaged)
        with pytest.raises(Damaged):
            store.shelf.get_file("wal/1", tmp_path / "back")
    for damaged in (stored[:-1], stored[: len(stored) // 2], b"", stored + b"x", stored + stored):
        store.shelf.objects.put("wal/1", damaged)
        with pytest.raises(Damaged):
            store.shelf.get_file("wal/1", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_the_shelf_is_no_backup_and_survives_the_next_run(store: FolderStore) -> None:
    store.shelf.put("wal/1", b"x")
    with store.writing():
        pass
    assert store.listing().backups == ()
    assert store.shelf.get("wal/1") == b"x"
