"""What the command line refuses, and how it says so to people and to machines."""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Sandbox

STATUS = "**Status**: Active"
TARGET = "**Target State**: As-To-Be"


def _database(box: Sandbox, sql: str = "") -> str:
    """A database that is not the project's own."""
    file = box.root.with_name("own.db")
    with closing(sqlite3.connect(file)) as session:
        session.executescript(sql)
    return f"sqlite:///{file}"


def _tables(url: str) -> set[str]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as session:
        return {name for (name,) in session.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


@pytest.mark.parametrize("command", ["up", "apply"])
@pytest.mark.parametrize(
    ("old", "written", "options", "code"),
    [
        (STATUS, STATUS, (), 4),
        (STATUS, STATUS, ("--yes",), 0),
        (STATUS, "**Status**: Draft", ("--yes",), 4),
        (STATUS, "**Status**: Draft", ("--yes", "--draft"), 0),
        (STATUS, "**Status**: Deprecated", ("--yes", "--draft"), 4),
        (STATUS, "", ("--yes",), 4),
        (TARGET, "**Target State**: As-Is", ("--yes",), 4),
        (TARGET, "", ("--yes",), 4),
    ],
    ids=["no consent", "consent", "draft", "draft allowed", "deprecated", "no status", "as is", "no target"],
)
def test_a_database_of_ones_own_is_changed_only_with_consent(
    new: Callable[..., Sandbox], command: str, old: str, written: str, options: tuple[str, ...], code: int
) -> None:
    box = new("reading-list")
    url = _database(box)
    box.edit((old, written))
    before = box.document.read_bytes()
    said = box.json(command, *options, "--database", url, code=code)
    assert said["ok"] is (code == 0)
    if code:
        assert said["error"]["exit_code"] == code
        assert _tables(url) == set()
    else:
        assert "books" in _tables(url)
    if command == "apply":
        assert box.document.read_bytes() == before


@pytest.mark.parametrize(
    ("old", "written", "code"),
    [
        (STATUS, "**Status**: Draft", 0),
        (STATUS, "", 0),
        (STATUS, "**Status**: Deprecated", 4),
        (TARGET, "**Target State**: As-Is", 4),
        (TARGET, "", 4),
    ],
    ids=["draft", "no status", "deprecated", "as is", "no target"],
)
def test_the_embedded_database_is_free_to_a_draft(
    new: Callable[..., Sandbox], old: str, written: str, code: int
) -> None:
    box = new("reading-list")
    box.edit((old, written))
    before = box.files()
    done = box.run("up")
    assert done.returncode == code, done.stdout + done.stderr
    if code:
        assert done.stderr.startswith("Error: ")
        assert box.files() == before


def test_what_is_destroyed_must_be_named(new: Callable[..., Sandbox]) -> None:
    box = new("reading-list")
    url = _database(
        box, "CREATE TABLE letters (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO letters VALUES (1, 'a');"
    )
    refused = box.json("apply", "--yes", "--database", url, code=4)
    assert "letters" in refused["error"]["message"] + refused["error"]["hint"]
    assert box.run("apply", "--yes", "--allow", "books", "--database", url).returncode in (2, 4)
    assert _tables(url) == {"letters"}
    assert box.run("apply", "--allow", "letters", "--database", url).returncode == 4
    assert _tables(url) == {"letters"}
    box.good("apply", "--yes", "--allow", "letters", "--database", url)
    assert "letters" not in _tables(url)
    assert "books" in _tables(url)


def test_whoever_sits_at_a_terminal_is_asked(new: Callable[..., Sandbox]) -> None:
    box = new("reading-list")
    url = _database(box)
    assert _typed(box, "n\n", "apply", "--database", url)[0] == 4
    assert _tables(url) == set()
    assert _typed(box, "", "apply", "--database", url)[0] in (4, 130)
    assert _tables(url) == set()
    code, said = _typed(box, "y\n", "apply", "--database", url)
    assert code == 0, said
    assert "books" in _tables(url)


def _typed(box: Sandbox, keys: str, *arguments: str, **more: str) -> tuple[int, str]:
    """Run a command on a terminal at which this is typed."""
    ours, theirs = pty.openpty()
    os.write(ours, keys.encode() or b"\x04")
    process = subprocess.Popen(
        [sys.executable, "-m", "dbdeed", *arguments],
        cwd=box.root,
        env={
            **{k: v for k, v in os.environ.items() if not k.endswith("DATABASE_URL")},
            "TERM": "xterm",
            **more,
        },
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said = b""
    with suppress(OSError):  # the terminal is gone with its last user
        while part := os.read(ours, 4096):
            said += part
    os.close(ours)
    return process.wait(60), said.decode("utf-8", "replace")


def test_colour_is_for_terminals_that_want_it(new: Callable[..., Sandbox]) -> None:
    box = new("reading-list")
    box.edit(("**Version**: >=3.38", "**Version**: soon"))
    assert "\x1b[" in _typed(box, "", "check")[1]
    assert "\x1b[" not in _typed(box, "", "check", NO_COLOR="1")[1]
    assert "\x1b[" not in _typed(box, "", "check", TERM="dumb")[1]
    done = box.run("check")
    assert done.returncode == 1
    assert "\x1b[" not in done.stdout + done.stderr


COMMANDS = (
    ("check",),
    ("sync",),
    ("up",),
    ("plan",),
    ("apply",),
    ("generate",),
    ("status",),
    ("backup", "run"),
    ("backup", "list"),
    ("backup", "verify"),
    ("backup", "prune"),
    ("drill",),
    ("restore",),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_machines_get_one_object_whatever_happens(
    new: Callable[..., Sandbox], command: tuple[str, ...]
) -> None:
    example, broken = new("reading-list"), new(text=b"\xff\xfe")
    for box, more in ((example, ()), (example, ("--no-such-option",)), (broken, ())):
        done = box.run(*command, *more, "--format", "json")
        assert done.returncode in range(5), done.stdout + done.stderr
        said = json.loads(done.stdout)
        assert said["format"] == "dbdeed/1"
        assert said["command"] == " ".join(command)
        assert said["ok"] is (done.returncode == 0)
        assert isinstance(said["findings"], list)


@pytest.mark.parametrize("system", ["MySQL", "MariaDB", "MongoDB"])
def test_what_needs_an_engine_that_is_not_there_yet_says_so(new: Callable[..., Sandbox], system: str) -> None:
    box = new(text="")
    box.document.unlink()
    box.good("init", "--system", system, "--model", "Reader", "--model", "Book")
    check = box.json("check")
    assert {one["code"] for one in check["findings"]} == {"unfilled"}
    for command in (("sync",), ("erd",)):
        done = box.run(*command)
        assert done.returncode in (0, 3), done.stdout + done.stderr
    refused: list[tuple[str, ...]] = [("up", "--yes"), ("plan",), ("apply", "--yes"), ("backup", "run")]
    for arguments in refused:
        said = box.json(*arguments, code=3)
        assert system in said["error"]["message"]
    assert not (box.root / "src").exists()
