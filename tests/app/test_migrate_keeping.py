"""Verify, baseline and repair, as use cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.app.test_migrate import ONE, THREE, YES, Lamps

from dbdeed.app.migrate_baseline import migrate_baseline
from dbdeed.app.migrate_explain import migrate_explain
from dbdeed.app.migrate_repair import migrate_repair, write_sums
from dbdeed.app.migrate_verify import migrate_verify
from dbdeed.errors import InvalidInput, Refused
from dbdeed.migrations.running import MigrationFailed


@pytest.fixture
def lamps(tmp_path: Path) -> Lamps:
    made = Lamps(tmp_path)
    made.new(ONE, "one")
    made.new(THREE, "three")
    return made


def verified(lamps: Lamps, **options: Any) -> tuple[bool, list[str], list[str]]:
    result = migrate_verify(lamps.document, environment=options.get("environment", {}))
    return result.ok, list(result.problems), list(result.differences)


def file_of(lamps: Lamps, words: str) -> Path:
    (path,) = (lamps.root / "migrations").glob(f"*_{words}.sql")
    return path


def test_the_sum_of_the_files_is_the_document(lamps: Lamps) -> None:
    assert verified(lamps) == (True, [], [])
    assert verified(lamps, environment=lamps.environment) == (True, [], [])
    text = lamps.document.read_text(encoding="utf-8").replace("watts INTEGER", "watts REAL")
    lamps.document.write_text(text, encoding="utf-8")
    ok, problems, differences = verified(lamps)
    assert (ok, problems) == (False, [])
    assert len(differences) == 1
    assert "lamps" in differences[0]


def test_verify_names_edited_files(lamps: Lamps) -> None:
    lamps.up()
    with file_of(lamps, "three").open("a", encoding="utf-8") as file:
        file.write("-- edited\n")
    ok, problems, _ = verified(lamps)
    assert not ok
    assert len(problems) == 1
    _, problems, _ = verified(lamps, environment=lamps.environment)
    assert len(problems) == 2
    assert "was edited after it was applied" in problems[1]
    write_sums(lamps.document)
    assert verified(lamps) == (True, [], [])


def test_repair_takes_the_files_as_they_are(lamps: Lamps) -> None:
    lamps.up()
    with file_of(lamps, "one").open("a", encoding="utf-8") as file:
        file.write("-- edited\n")
    file_of(lamps, "three").unlink()
    assert lamps.standing() == ["missing", "edited"]
    with pytest.raises(Refused):
        migrate_repair(lamps.document, consent=type(YES)(), environment=lamps.environment)
    result = migrate_repair(lamps.document, consent=YES, environment=lamps.environment)
    assert len(result.done) == 2
    assert result.sum is not None
    assert lamps.standing() == ["applied"]
    again = migrate_repair(lamps.document, consent=YES, environment=lamps.environment)
    assert (again.done, again.sum) == ((), None)


def test_baseline_adopts_a_database_that_has_everything(lamps: Lamps) -> None:
    lamps.rows("CREATE TABLE lamps (id INTEGER PRIMARY KEY, note TEXT, watts INTEGER)")
    before = {path: path.read_bytes() for path in (lamps.root / "migrations").iterdir()}
    result = migrate_baseline(lamps.document, consent=YES, environment=lamps.environment)
    assert result.differences == ()
    assert [one.description for one in result.recorded] == ["one", "three"]
    assert lamps.standing() == ["baseline", "baseline"]
    assert {path: path.read_bytes() for path in (lamps.root / "migrations").iterdir()} == before
    again = migrate_baseline(lamps.document, consent=YES, environment=lamps.environment)
    assert (again.recorded, again.known) == ((), 2)
    assert lamps.up() == []


def test_a_document_that_follows_its_database_can_be_adopted(lamps: Lamps) -> None:
    lamps.rows("CREATE TABLE lamps (id INTEGER PRIMARY KEY, note TEXT, watts INTEGER)")
    text = lamps.document.read_text(encoding="utf-8")
    text = text.replace("As-To-Be", "As-Is").replace("**Status**: Active", "**Status**: Draft")
    lamps.document.write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as error:
        lamps.up()
    assert error.value.code == "target-state-as-is"
    result = migrate_baseline(lamps.document, consent=YES, environment=lamps.environment)
    assert len(result.recorded) == 2


def test_baseline_records_nothing_where_something_differs(lamps: Lamps) -> None:
    lamps.rows("CREATE TABLE lamps (id INTEGER PRIMARY KEY, note TEXT)")
    result = migrate_baseline(lamps.document, consent=YES, environment=lamps.environment)
    assert result.recorded == ()
    assert result.differences
    first = migrate_baseline(
        lamps.document, consent=YES, version="20260102T000000", environment=lamps.environment
    )
    assert [one.description for one in first.recorded] == ["one"]
    assert lamps.standing() == ["baseline", "pending"]
    assert lamps.up() == ["three"]
    with pytest.raises(InvalidInput):
        migrate_baseline(lamps.document, consent=YES, version="7", environment=lamps.environment)


def test_a_person_says_how_it_goes_on(lamps: Lamps) -> None:
    lamps.up()
    path = lamps.root / "migrations" / "20270101T000000_hard.sql"
    path.write_text(
        "-- dbdeed: outside of transactions\nCREATE TABLE a (x);\nINSERT INTO nowhere VALUES (1);\n"
        "INSERT INTO a VALUES (3);\n",
        encoding="utf-8",
    )
    with pytest.raises(MigrationFailed):
        lamps.up()
    assert lamps.standing() == ["applied", "applied", "begun"]
    with pytest.raises(InvalidInput):
        migrate_repair(lamps.document, consent=YES, done="20270101T000000:9", environment=lamps.environment)
    with pytest.raises(InvalidInput):
        migrate_repair(lamps.document, consent=YES, again="20260102T000000:1", environment=lamps.environment)
    migrate_repair(lamps.document, consent=YES, done="20270101T000000:2", environment=lamps.environment)
    assert lamps.up() == ["hard"]
    assert lamps.rows("SELECT x FROM a") == [(3,)]


def test_a_file_by_hand_that_breaks_the_strategy_is_refused(lamps: Lamps) -> None:
    lamps.strategy = "Manual, online"
    lamps.new(THREE, "nothing left")
    lamps.up()
    path = lamps.root / "migrations" / "20270101T000000_by_hand.sql"
    path.write_text("ALTER TABLE lamps DROP COLUMN note;\n", encoding="utf-8")
    lamps.rows("INSERT INTO lamps (id) VALUES (1)")
    with pytest.raises(Refused) as error:
        lamps.up()
    assert error.value.code == "strategy"
    assert "Instead," in error.value.message
    explained = migrate_explain(lamps.document, path.name, environment=lamps.environment)
    assert [one.name for one in explained.explanations[0].destroys] == [("lamps", "note")]
    assert explained.refusals
    lamps.rows("DELETE FROM lamps")  # of an empty table nobody has to wait for
    assert lamps.up() == ["by hand"]
