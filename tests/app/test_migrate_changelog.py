"""A new migration that a file of the project has to name: Liquibase's root changelog."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.app import test_migrate
from tests.app.test_migrate import ONE, TWO, Lamps

from dbdeed.app import migrate_new as module
from dbdeed.errors import InvalidInput

ROOT = """# what runs
databaseChangeLog:
  - include:
      file: first.sql
      relativeToChangelogFile: true
"""
FIRST = "--liquibase formatted sql\n--changeset a:1\nCREATE TABLE lamps (id INTEGER PRIMARY KEY);\n--rollback DROP TABLE lamps;\n"


@pytest.fixture
def lamps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lamps:
    document = test_migrate.DOCUMENT.replace("**Tool**: dbdeed", "**Tool**: Liquibase")
    monkeypatch.setattr(test_migrate, "DOCUMENT", document)
    folder = tmp_path / "db/changelog"
    folder.mkdir(parents=True)
    (folder / "db.changelog-master.yaml").write_text(ROOT)
    (folder / "first.sql").write_text(FIRST)
    return Lamps(tmp_path)


def test_the_root_gets_an_include_and_keeps_all_that_it_had(lamps: Lamps) -> None:
    result = lamps.new(ONE, "add a note")
    root = lamps.root / "db/changelog/db.changelog-master.yaml"
    assert root.read_text() == (
        ROOT
        + "  - include:\n      file: 20260102000000_add_a_note.sql\n      relativeToChangelogFile: true\n"
    )
    assert [path.name for path in result.paths] == [
        "20260102000000_add_a_note.sql",
        "db.changelog-master.yaml",
    ]
    assert lamps.up() == ["first.sql", "add a note"]
    assert lamps.new(ONE, "nothing").paths == ()


def test_where_the_proof_fails_all_is_as_it_was(lamps: Lamps, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuted(*_: object) -> None:
        raise InvalidInput("refuted")

    monkeypatch.setattr(module, "_prove", refuted)
    with pytest.raises(InvalidInput, match="refuted"):
        lamps.new(ONE, "add a note")
    folder = lamps.root / "db/changelog"
    assert sorted(path.name for path in folder.iterdir()) == ["db.changelog-master.yaml", "first.sql"]
    assert (folder / "db.changelog-master.yaml").read_text() == ROOT


def test_a_file_that_is_there_is_never_written_over(lamps: Lamps) -> None:
    (lamps.root / "db/changelog/20260102000000_drop_it.sql").write_text("not ours\n")
    (lamps.root / "db/changelog/first.sql").write_text(FIRST)
    with pytest.raises(InvalidInput, match="There is such a file already"):
        lamps.new(TWO + "\nCREATE TABLE more (id INTEGER PRIMARY KEY);", "drop it")
