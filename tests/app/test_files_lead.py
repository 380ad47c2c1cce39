"""Where a project has migrations as files, nothing changes its database past them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pytest
from tests.app.test_migrate import DOCUMENT, ONE, THREE

from dbdeed.app.apply import Consent, apply
from dbdeed.app.migrate_new import migrate_new
from dbdeed.app.up import up
from dbdeed.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STRATEGY = "Manual, maintenance window"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "DATABASE.md"
    write(path, ONE)
    return path


def write(document: Path, sql: str) -> None:
    document.write_text(DOCUMENT.format(sql=sql, strategy=STRATEGY), encoding="utf-8")


def environment(document: Path) -> dict[str, str]:
    return {"LAMPS_URL": f"sqlite:///{document.parent}/live.db"}


def columns(document: Path) -> list[str]:
    with closing(sqlite3.connect(document.parent / "live.db")) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM pragma_table_info('lamps')")]


def test_up_runs_the_pending_files_and_then_finds_nothing_to_do(document: Path) -> None:
    migrate_new(document, "first tables", environment=environment(document))
    first = up(document, consent=Consent(yes=True), today=date(2026, 1, 2), environment=environment(document))
    assert [one.description for one in first.ran] == ["first tables"]
    assert first.applied.plan.empty
    assert columns(document) == ["id", "note"]
    again = up(document, consent=Consent(yes=True), today=date(2026, 1, 2), environment=environment(document))
    assert again.ran == ()


def test_up_runs_no_file_that_nobody_said_yes_to(document: Path) -> None:
    migrate_new(document, "first tables", environment=environment(document))
    with pytest.raises(Refused, match="nobody confirmed"):
        up(document, consent=Consent(), today=date(2026, 1, 2), environment=environment(document))
    assert columns(document) == []


def run_up(document: Path) -> None:
    up(document, consent=Consent(yes=True), today=date(2026, 1, 2), environment=environment(document))


def run_apply(document: Path) -> None:
    apply(document, consent=Consent(yes=True), environment=environment(document))


@pytest.mark.parametrize("command", [run_up, run_apply])
def test_what_no_file_says_is_not_done(document: Path, command: Callable[[Path], None]) -> None:
    migrate_new(document, "first tables", environment=environment(document))
    run_up(document)
    write(document, THREE)
    with pytest.raises(Refused, match=r"1 migration in migrations\. Changing") as refused:
        command(document)
    assert "migrate new" in refused.value.hint
    assert columns(document) == ["id", "note"]


def test_without_files_the_difference_is_made(document: Path) -> None:
    apply(document, consent=Consent(yes=True), environment=environment(document))
    assert columns(document) == ["id", "note"]
