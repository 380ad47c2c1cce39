"""The system is told of every byte of a large file that grows, once and in order."""

from __future__ import annotations

import ctypes
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dbdeed import watching, writeback
from dbdeed.writeback import writing_back

MB = 1 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_what_grows_is_begun_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int, int]] = []

    def begin(descriptor: int, start: Any, length: Any, _: int) -> int:
        told.append((str(Path(f"/proc/self/fd/{descriptor}").readlink()), start.value, length.value))
        return 0

    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(sync_file_range=begin))
    monkeypatch.setattr(watching, "_PAUSE", 0.01)
    monkeypatch.setattr(writeback, "_PART", 2 * MB)
    (tmp_path / "sub").mkdir()
    large, small = tmp_path / "sub" / "large", tmp_path / "small"
    (tmp_path / "link").symlink_to(large)
    small.write_bytes(b"x" * 1000)
    with writing_back(tmp_path):
        for length in (3, 5):
            with large.open("ab") as file:
                file.write(b"x" * (length * MB))
            deadline = time.monotonic() + 20
            while sum(one[2] for one in told) < large.stat().st_size:
                assert time.monotonic() < deadline
                time.sleep(0.01)
    reached = 0
    for path, start, count in told:
        assert (path, start) == (str(large), reached)
        assert count <= 2 * MB
        reached += count
    assert reached == 8 * MB


def test_where_the_system_takes_no_word_nothing_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())
    with writing_back(tmp_path):
        (tmp_path / "a").write_bytes(b"x" * (2 * MB))
    assert (tmp_path / "a").stat().st_size == 2 * MB
