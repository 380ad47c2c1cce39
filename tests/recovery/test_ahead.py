"""What is looked at while it is being written is right in the end."""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dbdeed import watching
from dbdeed.progress import SILENT, settled, took
from dbdeed.recovery import ahead
from dbdeed.recovery.ahead import looking_ahead
from dbdeed.recovery.files import Seen, survey

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from dbdeed.progress import Task


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_STILL", 0.05)
    monkeypatch.setattr(watching, "_PAUSE", 0.02)


def test_what_changes_after_it_was_seen_is_looked_at_again(tmp_path: Path) -> None:
    seen: dict[str, Seen] = {}
    (tmp_path / "sub").mkdir()
    files = [tmp_path / "sub" / str(number) for number in range(5)]
    with looking_ahead(tmp_path, seen):
        for one in files:
            one.write_bytes(os.urandom(5000))
        (tmp_path / "link").symlink_to("sub/0")
        deadline = time.monotonic() + 20
        while len(seen) < 5:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        files[1].write_bytes(b"other")
        data = files[2].read_bytes()
        files[2].write_bytes(data[::-1])  # as long as before
        files[3].unlink()
    found, folders = survey(tmp_path, seen)
    plain, _ = survey(tmp_path)
    assert found == plain
    assert folders == ("sub",)
    assert {"sub/0", "sub/4"} <= seen.keys()


def test_what_was_seen_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"a" * 3000)
    seen: dict[str, Seen] = {}
    with looking_ahead(tmp_path, seen):
        deadline = time.monotonic() + 20
        while not seen:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    expected, _ = survey(tmp_path)

    def read(path: Path) -> None:
        raise AssertionError(path)

    monkeypatch.setattr("dbdeed.recovery.files.digest", read)
    assert survey(tmp_path, seen)[0] == expected


def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is synced from now on."""
    told: list[str] = []
    original = os.fsync

    def watch(descriptor: int) -> None:
        told.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        original(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    return told


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_what_has_settled_is_synced_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a", "sub/b", "c"):
        (tmp_path / name).write_bytes(name.encode())
    told = synced(monkeypatch)
    seen: dict[str, Seen] = {}
    durable: dict[str, tuple[int, int]] = {}
    with looking_ahead(tmp_path, seen, durable=durable) as ahead:
        assert told == []
        settled(ahead)
        settled(ahead)
    assert sorted(told) == ["a", "b", "c"]
    told.clear()
    (tmp_path / "c").write_bytes(b"another")
    (tmp_path / "new").write_bytes(b"new")
    found, _ = survey(tmp_path, seen, durable)
    assert sorted(told) == sorted(["c", "new", "sub", tmp_path.name])
    assert found == survey(tmp_path)[0]


def test_what_does_not_reach_the_disk_is_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"a")

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"), looking_ahead(tmp_path, {}) as ahead:
        settled(ahead)


def test_who_tells_of_itself_is_still_heard(tmp_path: Path) -> None:
    heard: list[str] = []

    class Clock:
        def step(self, name: str, *, total: int | None = None) -> AbstractContextManager[Task]:
            heard.append(name)
            return SILENT.step(name, total=total)

        def took(self, name: str, seconds: float, rest: str) -> None:
            heard.append(f"{name} {seconds} {rest}")

    with looking_ahead(tmp_path, {}, Clock()) as ahead, ahead.step("Copy"):
        took(ahead, "Replay", 1.5, rest="Start")
    assert heard == ["Copy", "Replay 1.5 Start"]
