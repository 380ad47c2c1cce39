from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dbdeed.cli import main as main_module
from dbdeed.cli.catalogue import SUMMARIES
from dbdeed.cli.main import run
from dbdeed.errors import OurFault, Refused


def dbdeed(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dbdeed", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def test_help_lists_every_command_with_its_summary() -> None:
    done = dbdeed("--help")
    assert done.returncode == 0
    for name, summary in SUMMARIES.items():
        assert f"  {name} " in done.stdout
        assert summary in done.stdout


def test_there_is_a_module_for_every_command_and_no_other() -> None:
    folder = Path(main_module.__file__).parent / "commands"
    assert {path.stem for path in folder.glob("[a-z]*.py")} == set(SUMMARIES)


@pytest.mark.parametrize("name", sorted(SUMMARIES))
def test_a_command_helps_with_its_summary_first_and_examples_last(name: str) -> None:
    done = dbdeed(name, "--help")
    assert done.returncode == 0, done.stderr
    assert SUMMARIES[name] in done.stdout
    assert f"dbdeed {name}" in done.stdout.partition("Example")[2]


@pytest.mark.parametrize(("given", "meant"), [("plna", "plan"), ("synch", "sync"), ("drills", "drill")])
def test_a_misspelt_command_names_the_nearest(given: str, meant: str) -> None:
    done = dbdeed(given)
    assert done.returncode == 2
    assert f"Did you mean '{meant}'?" in done.stderr
    assert done.stdout == ""


def test_an_unknown_option_is_a_usage_error() -> None:
    done = dbdeed("plan", "--no-such-option")
    assert done.returncode == 2
    assert "--no-such-option" in done.stderr


def test_help_imports_no_library_that_costs_time() -> None:
    script = (
        "import sys\n"
        "from dbdeed.cli.main import run\n"
        "run(['--help'])\n"
        "heavy = {'click', 'rich', 'msgspec', 'psycopg', 'sqlite3', 'tree_sitter', 'asyncio'}\n"
        "found = heavy & set(sys.modules)\n"
        "sys.exit(f'imported: {found}' if found else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dbdeed").mkdir()
    return monkeypatch


class _Command:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def main(self, *_: object, **__: object) -> None:
        raise self.error


def test_an_error_says_what_where_and_what_would_be_right(
    failing: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = Refused("It may not be.", hint="Do it so.", where="DATABASE.md:3:5")
    failing.setattr(main_module, "_load", lambda _: _Command(error))
    assert run(["plan"]) == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "Error: DATABASE.md:3:5: It may not be.\n  Do it so.\n"


def test_an_error_is_one_json_object_for_machines(
    failing: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = Refused("It may not be.", hint="Do it so.", where="x:1:1", code="not-so")
    failing.setattr(main_module, "_load", lambda _: _Command(error))
    assert run(["plan", "--format", "json"]) == 4
    said = json.loads(capsys.readouterr().out)
    assert said == {
        "format": "dbdeed/1",
        "command": "plan",
        "ok": False,
        "findings": [],
        "error": {
            "code": "not-so",
            "message": "It may not be.",
            "hint": "Do it so.",
            "where": "x:1:1",
            "exit_code": 4,
        },
    }


def test_our_own_fault_says_so_and_keeps_a_report_without_values(
    failing: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fail() -> None:
        raise KeyError(f"postgresql://user:{'s3'}{'cret'}@host/db")

    class Command:
        def main(self, *_: object, **__: object) -> None:
            fail()

    failing.setattr(main_module, "_load", lambda _: Command())
    assert run(["plan"]) == 70
    said = capsys.readouterr()
    assert "fault of dbdeed, not yours" in said.err
    assert "Traceback" not in said.err
    assert "s3cret" not in said.err
    (report,) = (tmp_path / ".dbdeed").glob("fault-*.txt")
    text = report.read_text()
    assert "in fail" in text
    assert "s3cret" not in text


def test_a_broken_promise_of_ours_keeps_its_message(
    failing: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing.setattr(main_module, "_load", lambda _: _Command(OurFault("The plan leaves a difference.")))
    assert run(["plan"]) == 70
    assert "The plan leaves a difference." in capsys.readouterr().err


def test_interrupting_is_no_fault(failing: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    failing.setattr(main_module, "_load", lambda _: _Command(KeyboardInterrupt()))
    assert run(["plan"]) == 130
    assert "Interrupted" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "dbdeed", "--help"],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.stderr == ""


_POSTGRESQL = """**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: PostgreSQL
"""


def test_status_says_that_a_database_does_not_answer(tmp_path: Path) -> None:
    (tmp_path / "DATABASE.md").write_text(_POSTGRESQL)
    named = ("--database", "postgresql://127.0.0.1:1/shop")
    done = dbdeed("status", *named, cwd=tmp_path)
    assert done.returncode == 3
    assert "does not answer: No connection to shop on 127.0.0.1:1" in done.stdout
    assert "Backups   none" in done.stdout
    told = dbdeed("status", *named, "--format", "json", cwd=tmp_path)
    assert told.returncode == 3
    assert json.loads(told.stdout)["ok"] is False
    assert "127.0.0.1:1" in json.loads(told.stdout)["unreachable"]
