"""The benchmark of planning runs from end to end: a few tables, without the peers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from benchmarks.plan import main
from benchmarks.planning.peers import Absent, Tool, install
from benchmarks.planning.report import BEGIN, END
from benchmarks.planning.schema import changes, statements

pytestmark = pytest.mark.postgresql


def test_a_small_benchmark_measures_and_writes_its_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{BEGIN}\nold\n{END}\n\nThe end.\n")
    main(["--sizes", "12", "--peers", "", "--rounds", "1", "--cache", str(tmp_path), "--page", str(page)])
    said = capsys.readouterr()
    text = page.read_text()
    assert "failed" not in text
    assert "ended with" not in said.err
    assert text.startswith(f"# Title\n\n{BEGIN}\n\nTaken on ")
    assert text.endswith(f"{END}\n\nThe end.\n")
    rows = [line for line in text.splitlines() if line.startswith("| 12 ")]
    assert sum("| dbdeed |" in row for row in rows) == sum("(floor)" in row for row in rows) == 4
    assert sum("proving" in row or "proven" in row for row in rows) == 2


def test_a_peer_that_cannot_be_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = install("pg-delta", tmp_path)
    assert found == Absent("pg-delta", "npm is not installed")


def test_what_is_changed_grows_with_the_share() -> None:
    assert len(list(changes(1000, 0.01))) == 10
    assert len(set(changes(1000, 0.1))) == 100
    assert len(list(statements(20))) > 100


def test_a_tool_puts_the_databases_where_it_wants_them() -> None:
    tool = Tool("x", (sys.executable, "--source"), ("--desired",))
    assert tool.arguments("a", "b") == [sys.executable, "--source", "a", "--desired", "b"]
