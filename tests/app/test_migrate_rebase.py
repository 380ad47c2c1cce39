"""Two branches that both added files: in one order again, and proven."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.app.test_migrate import ONE, Lamps

from dbdeed.app.migrate_rebase import RebaseResult, migrate_rebase
from dbdeed.app.migrate_verify import migrate_verify
from dbdeed.errors import InvalidInput
from dbdeed.migrations.replay import ReplayFailed

OURS = "CREATE TABLE lamps (id INTEGER PRIMARY KEY, note TEXT, watts INTEGER);"
THEIRS = "CREATE TABLE lamps (id INTEGER PRIMARY KEY, note TEXT, color TEXT);"
BOTH = "CREATE TABLE lamps (id INTEGER PRIMARY KEY, note TEXT, color TEXT, watts INTEGER);"
LATER = datetime(2026, 6, 1, tzinfo=UTC)


def git(root: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *who, *words], cwd=root, check=check, capture_output=True, text=True)


def commit(root: Path, words: str) -> None:
    git(root, "add", "DATABASE.md", "migrations")
    git(root, "commit", "-qm", words)


@pytest.fixture
def lamps(tmp_path: Path) -> Lamps:
    """Main has a file that ours does not know, with a later moment than ours."""
    made = Lamps(tmp_path)
    git(tmp_path, "init", "-q", "-b", "main")
    made.new(ONE, "one")
    commit(tmp_path, "one")
    git(tmp_path, "checkout", "-qb", "feature")
    made.new(OURS, "ours")
    commit(tmp_path, "ours")
    git(tmp_path, "checkout", "-q", "main")
    made.new(THEIRS, "theirs")
    commit(tmp_path, "theirs")
    git(tmp_path, "checkout", "-q", "feature")
    return made


def merged(lamps: Lamps) -> None:
    assert git(lamps.root, "merge", "main", check=False).returncode != 0
    text = lamps.document.read_text(encoding="utf-8")
    start, end = text.index("<<<<<<<"), text.index(">>>>>>>")
    text = text[:start] + BOTH + text[text.index("\n", end) :]
    lamps.document.write_text(text, encoding="utf-8")


def rebased(lamps: Lamps, *files: str) -> RebaseResult:
    return migrate_rebase(lamps.document, files, environment={}, now=LATER)


def test_ours_come_after_theirs(lamps: Lamps) -> None:
    merged(lamps)
    with pytest.raises(InvalidInput) as error:
        migrate_verify(lamps.document, environment={})
    assert error.value.code == "sum-conflict"
    result = rebased(lamps)
    assert result.moved == (("20260103T000000_ours.sql", "20260601T000000_ours.sql"),)
    assert result.differences == ()
    assert migrate_verify(lamps.document, environment={}).ok
    text = (lamps.root / "migrations" / "20260601T000000_ours.sql").read_text(encoding="utf-8")
    assert text.count("-- dbdeed: from ") == 1
    assert rebased(lamps, "20260601T000000_ours.sql").moved == ()
    assert lamps.up() == ["one", "theirs", "ours"]


def test_what_does_not_run_after_theirs_leaves_the_files_as_they_were(lamps: Lamps) -> None:
    path = lamps.root / "migrations" / "20260103T000000_ours.sql"
    path.write_text("ALTER TABLE lamps ADD COLUMN color TEXT;\n", encoding="utf-8")
    git(lamps.root, "commit", "-qam", "by hand")
    merged(lamps)
    before = {one.name: one.read_bytes() for one in (lamps.root / "migrations").iterdir()}
    with pytest.raises(ReplayFailed) as error:
        rebased(lamps)
    assert error.value.where.startswith("migrations/20260103T000000_ours.sql:1:")
    assert {one.name: one.read_bytes() for one in (lamps.root / "migrations").iterdir()} == before


def test_without_git_ours_must_be_named(tmp_path: Path) -> None:
    lamps = Lamps(tmp_path)
    lamps.new(ONE, "one")
    with pytest.raises(InvalidInput) as error:
        rebased(lamps)
    assert error.value.code == "rebase-ours"
    assert rebased(lamps, "20260102T000000_one.sql").moved == ()
    with pytest.raises(InvalidInput):
        rebased(lamps, "nothing.sql")
