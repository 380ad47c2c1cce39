"""Places for whole objects: what a folder and an object store do alike."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from dbdeed.errors import InvalidInput, Unavailable
from dbdeed.recovery.objects import FolderObjects, NoObject, Objects, StoreLocked

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["folder", "s3"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "s3":
        place: Objects = request.getfixturevalue("bucket")()
        return place
    return FolderObjects(tmp_path / "place")


def test_what_was_put_comes_back(objects: Objects) -> None:
    assert objects.listing() == []
    objects.put("wal/1/a", b"one")
    objects.put("wal/1/a", b"other")
    objects.put("wal/b", b"")
    assert objects.get("wal/1/a") == b"other"
    assert [(one.name, one.size) for one in objects.listing("wal/")] == [("wal/1/a", 5), ("wal/b", 0)]
    assert [one.name for one in objects.listing("wal/1")] == ["wal/1/a"]
    assert objects.listing("none/") == []


def test_what_was_deleted_is_gone(objects: Objects) -> None:
    objects.put("deep/er/a", b"one")
    objects.delete("deep/er/a")
    objects.delete("deep/er/a")
    assert objects.listing() == []
    with pytest.raises(NoObject):
        objects.get("deep/er/a")


def test_of_two_that_create_one_name_one_wins(objects: Objects) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: objects.create("one", b"%d" % number), range(12)))
    assert won.count(True) == 1
    assert objects.get("one") == b"%d" % won.index(True)


def test_names_lead_nowhere_else(objects: Objects) -> None:
    for name in ("../a", "/etc/passwd", "a/../b", "", "a//b", ".hidden", "a/.b", "a\nb", "a\0b"):
        with pytest.raises(InvalidInput):
            objects.put(name, b"")
        with pytest.raises(InvalidInput):
            objects.get(name)


def test_one_excludes_others_and_readers_share(objects: Objects) -> None:
    with objects.exclusive("lock") as held:
        held.check()
        with pytest.raises(StoreLocked), objects.exclusive("lock"):
            pass
        with pytest.raises(StoreLocked), objects.shared("lock"):
            pass
        with objects.exclusive("another"):
            pass
    readers = objects.shared("lock"), objects.shared("lock")
    with readers[0], readers[1], pytest.raises(StoreLocked), objects.exclusive("lock"):
        pass
    with objects.exclusive("lock"):
        pass


def test_putting_and_deleting_beside_each_other(objects: Objects) -> None:
    def churn(number: int) -> None:
        for _ in range(4):
            objects.put(f"same/{number}", b"x")
            objects.delete(f"same/{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(churn, range(4)))
    assert objects.listing() == []


def test_a_killed_put_is_not_listed_and_is_swept(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    script = (
        "import os, sys; from pathlib import Path; from dbdeed.recovery.objects import FolderObjects;"
        "os.fsync = lambda _: os._exit(9); FolderObjects(Path(sys.argv[1])).put('wal/a', b'x' * 1000)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert done.returncode == 9
    assert objects.listing() == []
    assert len(list((tmp_path / "wal").iterdir())) == 1
    objects.sweep("wal", older=60)
    assert len(list((tmp_path / "wal").iterdir())) == 1  # it might be under way
    objects.sweep("wal", older=0)
    assert list((tmp_path / "wal").iterdir()) == []


def test_a_folder_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot be used"):
        FolderObjects(tmp_path / "file").put("a", b"")
