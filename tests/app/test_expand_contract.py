"""Expand and contract as files: what `migrate new` writes, where `up` stops, and what `status` says of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.app.test_migrate import ONE, YES, Lamps

from dbdeed.app.migrate import RunResult, migrate_to, migrate_up, status
from dbdeed.document.values.types import System, Tool
from dbdeed.engines.registry import engine_for
from dbdeed.errors import Refused
from dbdeed.migrations.halves import notes_of_contract, waits_of
from dbdeed.migrations.registry import _MODULES, format_for
from dbdeed.migrations.seam import Draft, Origin, WrittenBatch, WrittenStatement
from dbdeed.planning.phases import Phases
from dbdeed.planning.plan import Plan

if TYPE_CHECKING:
    from pathlib import Path

RENAMED = (
    "CREATE TABLE lamps (id INTEGER PRIMARY KEY, remark TEXT -- renamed from: note\n"
    ", watts INTEGER NOT NULL DEFAULT 5);"
)
MORE = RENAMED + "\nCREATE TABLE shades (id INTEGER PRIMARY KEY);"


@pytest.fixture
def lamps(tmp_path: Path) -> Lamps:
    found = Lamps(tmp_path)
    found.strategy = "On deploy, online, expand and contract"
    found.new(ONE, "first")
    found.up()
    found.rows("INSERT INTO lamps VALUES (1, 'green')")
    return found


def up(lamps: Lamps, *, contract: bool = False) -> RunResult:
    return migrate_up(lamps.document, consent=YES, contract=contract, environment=lamps.environment)


def test_what_both_need_comes_first_and_the_rest_waits(lamps: Lamps) -> None:
    result = lamps.new(RENAMED, "remarks")
    assert [one.name.partition("_")[2] for one in result.paths] == [
        "remarks_expand.sql",
        "remarks_contract.sql",
    ]
    assert result.proven
    assert result.contract is not None
    assert result.contract.destroys == ()
    done = up(lamps)
    assert [one.description for one in done.done] == ["remarks expand"]
    assert done.waits is not None
    assert done.waits.description == "remarks contract"
    lamps.rows("INSERT INTO lamps (id, note) VALUES (2, 'old')")
    lamps.rows("INSERT INTO lamps (id, remark) VALUES (3, 'new')")
    both = [(1, "green", "green"), (2, "old", "old"), (3, "new", "new")]
    assert lamps.rows("SELECT id, note, remark FROM lamps ORDER BY id") == both
    assert up(lamps).done == ()
    assert [one.description for one in up(lamps, contract=True).done] == ["remarks contract"]
    assert lamps.rows("SELECT * FROM lamps ORDER BY id") == [(1, "green", 5), (2, "old", 5), (3, "new", 5)]
    assert lamps.down() == ["remarks contract"]
    assert lamps.rows("SELECT id, note, remark FROM lamps ORDER BY id") == both
    assert lamps.down() == ["remarks expand"]
    assert lamps.rows("SELECT * FROM lamps ORDER BY id") == [(1, "green"), (2, "old"), (3, "new")]


def test_status_says_what_the_second_half_waits_for(lamps: Lamps) -> None:
    lamps.new(RENAMED, "remarks")
    up(lamps)
    ((line, waits),) = status(lamps.document, environment=lamps.environment).waiting
    assert line.description == "remarks contract"
    assert any("lamps.note" in one for one in waits)
    up(lamps, contract=True)
    assert status(lamps.document, environment=lamps.environment).waiting == ()


def test_the_next_change_is_not_run_before_the_second_half(lamps: Lamps) -> None:
    lamps.new(RENAMED, "remarks")
    up(lamps)
    lamps.new(MORE, "shades")
    with pytest.raises(Refused) as error:
        up(lamps)
    assert error.value.code == "contract-waits"
    assert "--contract" in error.value.hint
    done = up(lamps, contract=True)
    assert [one.description for one in done.done] == ["remarks contract", "shades"]


def test_a_version_that_is_named_is_meant(lamps: Lamps) -> None:
    result = lamps.new(RENAMED, "remarks")
    last = result.paths[-1].name.partition("_")[0]
    done = migrate_to(lamps.document, last, consent=YES, environment=lamps.environment)
    assert [one.description for one in done.done] == ["remarks expand", "remarks contract"]


def test_a_database_without_any_of_the_files_has_no_application_from_before(lamps: Lamps) -> None:
    lamps.new(RENAMED, "remarks")
    (lamps.root / "live.db").unlink()
    assert lamps.up() == ["first", "remarks expand", "remarks contract"]


def test_what_is_only_added_is_one_file_that_waits_for_nothing(lamps: Lamps) -> None:
    result = lamps.new(f"{ONE}\nCREATE TABLE shades (id INTEGER PRIMARY KEY);", "shades")
    assert [one.name.partition("_")[2] for one in result.paths] == ["shades.sql"]
    assert up(lamps).waits is None


def test_what_only_goes_waits(lamps: Lamps) -> None:
    lamps.strategy = "On deploy, expand and contract"  # SQLite copies what it keeps while nobody can write
    with pytest.raises(Refused) as error:
        lamps.new("CREATE TABLE lamps (id INTEGER PRIMARY KEY);", "no notes")
    assert error.value.code == "destroys"
    lamps.new("CREATE TABLE lamps (id INTEGER PRIMARY KEY);", "no notes", "lamps.note")
    assert up(lamps).done == ()
    assert [one.description for one in up(lamps, contract=True).done] == ["no notes"]


@pytest.mark.parametrize("tool", _MODULES)
def test_a_second_half_is_known_in_every_format(tool: Tool, tmp_path: Path) -> None:
    format_ = format_for(tool)
    nothing = Plan("sqlite", (3,), "a" * 64, "b" * 64, (), ())
    phases = Phases(nothing, nothing, None, (), ("column t.n goes: no application may be left that uses it",))  # type: ignore[arg-type]
    draft = Draft(
        "n goes contract",
        datetime(2026, 1, 2, tzinfo=UTC),
        (WrittenBatch((WrittenStatement("CREATE TABLE t (id INTEGER PRIMARY KEY)"),)),),
        None,
        notes_of_contract(phases),
        Origin("a" * 64, "b" * 64),
    )
    engine = engine_for(System.SQLITE)
    layout = format_.layout(tmp_path)
    for path, text in format_.write(engine, layout, (), draft).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (migration,) = format_.read(engine, layout)
    assert waits_of(migration) == phases.waits
