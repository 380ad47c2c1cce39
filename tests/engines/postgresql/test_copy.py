"""A file comes over whole, however much of it the system copies by itself."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from dbdeed.engines.postgresql.backup.copy import copy_cluster, size_of
from dbdeed.engines.postgresql.servers.account import ourselves

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 3_000_001


@pytest.mark.parametrize("able", [None, 0, 1_000_000], ids=["whole", "refused", "in part"])
def test_every_byte_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, able: int | None) -> None:
    source, target = tmp_path / "cluster", tmp_path / "data"
    (source / "base").mkdir(parents=True)
    (source / "pg_tblspc").mkdir()
    content = os.urandom(SIZE)
    (source / "base" / "1").write_bytes(content)
    (source / "base" / "empty").write_bytes(b"")
    done = 0

    def limited(source: int, target: int, count: int) -> int:
        nonlocal done
        if done >= (able or 0):
            raise OSError(errno.EXDEV, "another file system")
        done += os.write(target, os.read(source, min(count, 400_000)))
        return 400_000

    if able is not None:
        monkeypatch.setattr(os, "copy_file_range", limited)
    copy_cluster(source, tmp_path / "tablespaces", target, ourselves())
    assert (target / "base" / "1").read_bytes() == content
    assert (target / "base" / "empty").read_bytes() == b""
    assert size_of(target) == size_of(source) == SIZE
