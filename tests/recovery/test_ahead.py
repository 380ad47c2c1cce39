"""What is looked at while it is being written is right in the end."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dbdeed import watching
from dbdeed.recovery import ahead
from dbdeed.recovery.ahead import looking_ahead
from dbdeed.recovery.files import Seen, survey


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
