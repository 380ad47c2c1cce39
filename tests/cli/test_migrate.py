"""`dbdeed migrate` as it is typed: what it prints, and with which code it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.app.test_migrate import DOCUMENT, ONE, THREE

from dbdeed.cli.main import run


class Terminal:
    """A project's folder; commands run in this process."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.capsys = root, capsys

    def describe(self, sql: str) -> None:
        text = DOCUMENT.format(sql=sql, strategy="Manual, maintenance window")
        (self.root / "DATABASE.md").write_text(text, encoding="utf-8")

    def text(self, *words: str, code: int = 0) -> str:
        found = run(["migrate", *words])
        said = self.capsys.readouterr()
        assert found == code, said.out + said.err
        return said.out if code in (0, 1) else said.err

    def json(self, *words: str, code: int = 0) -> dict[str, Any]:
        found = run(["migrate", *words, "--format", "json"])
        said = self.capsys.readouterr()
        assert found == code, said.out + said.err
        body: dict[str, Any] = json.loads(said.out)
        assert body["command"] == f"migrate {words[0]}"
        assert body["ok"] is (code == 0)
        return body


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAMPS_URL", f"sqlite:///{tmp_path}/live.db")
    made = Terminal(tmp_path, capsys)
    made.describe(ONE)
    return made


def test_for_people(terminal: Terminal) -> None:
    assert "There are no migrations" in terminal.text("status")
    said = terminal.text("new", "first tables")
    assert "+ table lamps" in said
    assert "_first_tables.sql, proven in a scratch database." in said
    assert "pending" in terminal.text("status")
    assert "Nothing to write" in terminal.text("new", "again")
    assert "--yes" in terminal.text("up", code=4)
    assert "Ran 1 migration" in terminal.text("up", "--yes")
    assert "Nothing to do" in terminal.text("up", "--yes")
    assert "1 applied, 0 pending" in terminal.text("status")
    assert "1 migration lead" in terminal.text("verify").replace("leads", "lead")
    assert "up, back and up again" in terminal.text("test")
    assert "The files are in order" in terminal.text(
        "rebase", "*_first_tables.sql".replace("*", _version(terminal))
    )
    assert "Nothing to repair" in terminal.text("repair")
    assert "Took back 1 migration" in terminal.text("down", "--yes")
    assert "CREATE TABLE" in terminal.text("explain", _version(terminal))
    terminal.describe(THREE)
    assert "do not lead to the document" in terminal.text("verify", code=1)
    assert "is not where the files lead" in terminal.text("baseline", "--yes", code=1)


def _version(terminal: Terminal) -> str:
    (path,) = (terminal.root / "migrations").glob("*.sql")
    return path.name.partition("_")[0]


def test_for_machines(terminal: Terminal) -> None:
    new = terminal.json("new", "first tables")
    assert new["proven"] is True
    assert len(new["files"]) == 1
    assert [one["kind"] for one in new["changes"]] == ["table"]
    (pending,) = terminal.json("status")["migrations"]
    assert (pending["state"], pending["applied"]) == ("pending", None)
    version = _version(terminal)
    assert [one["version"] for one in terminal.json("up", "--yes")["migrations"]] == [version]
    assert terminal.json("verify")["differences"] == []
    assert terminal.json("baseline", "--yes")["known"] == 1
    assert terminal.json("test")["migrations"][0]["back"] is True
    assert terminal.json("explain", version)["migrations"][0]["statements"][0]["lock"] == "none"
    assert terminal.json("repair")["done"] == []
    assert terminal.json("rebase", version)["moved"] == []
    assert terminal.json("to", version, "--yes")["direction"] == "down"
    assert terminal.json("down", "--yes")["migrations"][0]["version"] == version
    (terminal.root / "migrations" / "dbdeed.sum").write_text("nonsense\n")
    assert terminal.json("verify", code=2)["error"]["code"] == "sum-unreadable"
    assert terminal.json("repair", "--sum")["sum"]
    with (next((terminal.root / "migrations").glob("*.sql"))).open("a") as file:
        file.write("-- edited\n")
    body = terminal.json("verify", code=1)
    assert len(body["problems"]) == 1
