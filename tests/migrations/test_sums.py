"""`dbdeed.sum`: what it finds, and that two branches conflict in it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dbdeed.errors import InvalidInput
from dbdeed.migrations import sums


def written(folder: Path, *names: str) -> dict[str, str]:
    for name in names:
        (folder / name).write_text(f"-- {name}\n", encoding="utf-8")
    found = sums.checksums_of(folder, sorted(folder.glob("*.sql")))
    (folder / sums.NAME).write_text(sums.text_of(found), encoding="utf-8")
    return found


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert sums.read(tmp_path) is None
    found = written(tmp_path, "a.sql", "b.sql")
    assert sums.read(tmp_path) == found
    assert sums.mismatches(found, found) == []


def test_each_difference_is_named(tmp_path: Path) -> None:
    listed = written(tmp_path, "a.sql", "b.sql", "c.sql")
    (tmp_path / "a.sql").write_text("-- edited\n", encoding="utf-8")
    (tmp_path / "b.sql").unlink()
    (tmp_path / "d.sql").write_text("-- new\n", encoding="utf-8")
    there = sums.checksums_of(tmp_path, sorted(tmp_path.glob("*.sql")))
    found = {(one.name, one.problem) for one in sums.mismatches(listed, there)}
    assert found == {("a.sql", "edited"), ("b.sql", "missing"), ("d.sql", "not listed")}


def test_a_line_that_somebody_edited_does_not_add_up(tmp_path: Path) -> None:
    written(tmp_path, "a.sql", "b.sql")
    path = tmp_path / sums.NAME
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]), encoding="utf-8")
    with pytest.raises(InvalidInput) as error:
        sums.read(tmp_path)
    assert error.value.code == "sum-total"


def test_two_branches_that_add_migrations_conflict_in_git(tmp_path: Path) -> None:
    def git(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        return subprocess.run(
            ["git", *who, *words], cwd=tmp_path, check=check, capture_output=True, text=True
        )

    git("init", "-q", "-b", "main")
    written(tmp_path, "20260101_first.sql", "20260601_last.sql")
    git("add", "."), git("commit", "-qm", "first")
    git("checkout", "-qb", "other")
    written(tmp_path, "20260201_theirs.sql")
    git("add", "."), git("commit", "-qm", "theirs")
    git("checkout", "-q", "main")
    written(tmp_path, "20260701_ours.sql")
    git("add", "."), git("commit", "-qm", "ours")
    merged = git("merge", "other", check=False)
    assert merged.returncode != 0
    assert "dbdeed.sum" in merged.stdout
    with pytest.raises(InvalidInput) as error:
        sums.read(tmp_path)
    assert error.value.code == "sum-conflict"
