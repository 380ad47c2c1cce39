"""Whatever is given as a document, every command answers in words, and writes nothing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pwd
import random
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dbdeed.document.template import template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


EXAMPLE = Path(__file__).parents[2] / "examples" / "reading-list" / "DATABASE.md"

COMMANDS = (
    ("check",),
    ("check", "--engine"),
    ("check", "--fix"),
    ("sync",),
    ("sync", "--check"),
    ("up",),
    ("plan",),
    ("apply",),
    ("generate",),
    ("erd",),
    ("status",),
    ("stop",),
    ("backup", "run"),
    ("backup", "list"),
    ("backup", "verify"),
    ("backup", "prune"),
    ("drill",),
    ("restore",),
    ("diff", "other.sql"),
    ("init",),
)

FEW = (("check",), ("sync",), ("up",), ("diff", "other.sql"), ("init",))


def _binary(size: int) -> bytes:
    return random.Random(7).randbytes(size)


def _regular(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def _directory(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere.md")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _device(path: Path) -> None:
    path.symlink_to("/dev/null")


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


# What stands there, and whether it can be read as a document at all.
GIVEN: dict[str, tuple[Callable[[Path], object], bool]] = {
    "binary": (_regular(b"\xff\xfe" + _binary(100_000)), False),
    "an SQLite file": (_regular(b"SQLite format 3\0" + _binary(5000)), False),
    "UTF-16": (_regular(template().decode().encode("utf-16")), False),
    "a directory": (_directory, False),
    "a pipe": (_pipe, False),
    "a dangling link": (_dangling, False),
    "a link to itself": (_loop, False),
    "/dev/null": (_device, False),
    "/dev/zero": (_endless, False),
    "nothing": (lambda _: None, False),
    "the template": (_regular(template()), True),
    "an empty file": (_regular(b""), True),
    "a byte order mark": (_regular(b"\xef\xbb\xbf"), True),
    "NULs": (_regular(b"\0" * 3000), True),
    "NULs in an example": (_regular(EXAMPLE.read_bytes().replace(b"title", b"ti\0tle")), True),
    "the template with lone CRs": (_regular(template().replace(b"\n", b"\r")), True),
    "one long line": (_regular(b"# x `" * 20_000), True),
    "prose": (_regular(b"Dear Sir,\n\nno database here.\n"), True),
}

# These go through every command, the others through a few.
LISTED = (
    "the template",
    "an empty file",
    "binary",
    "a directory",
    "a pipe",
    "a dangling link",
    "/dev/null",
    "NULs",
)


class Commands:
    """Runs commands in a folder by `forked.py`."""

    def __init__(self, folder: Path, user: int | None = None) -> None:
        self.folder = folder
        names = ("DATABASE_URL", "READING_LIST_DATABASE")
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forked.py")), *([str(user)] if user else [])],
            cwd=folder,
            env={k: v for k, v in os.environ.items() if k not in names},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(arguments) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], 300)
        assert ready, f"{arguments} does not end"
        said = json.loads(self.process.stdout.readline())
        assert isinstance(said, dict)
        return said

    def close(self) -> None:
        """End it, and what of it hangs."""
        for one in offspring(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        self.process.communicate(timeout=60)


def offspring(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [*(int(one) for one in children.read_text().split()), pid] if children.exists() else [pid]


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    there = Commands(tmp_path_factory.mktemp("hostile"))
    yield there
    there.close()


@pytest.fixture
def folder(commands: Commands) -> Iterator[Path]:
    """The folder in which they run, emptied but for something to compare with."""
    (commands.folder / "other.sql").write_text("CREATE TABLE a (id int);\n")
    yield commands.folder
    for left in commands.folder.iterdir():
        shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()


def _there(folder: Path) -> dict[str, str]:
    """Everything in a folder but what dbdeed keeps for itself: contents of regular files, targets of links, kinds of the rest."""
    seen = {}
    for path in sorted(folder.rglob("*")):
        if ".dbdeed" in path.parts:
            continue
        if path.is_symlink():
            seen[str(path)] = f"link to {path.readlink()}"
        elif path.is_file():
            seen[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            seen[str(path)] = "directory" if path.is_dir() else "special"
    return seen


def _expected(command: tuple[str, ...], given: str, *, readable: bool) -> set[int]:
    if command[0] == "init":
        return {0} if given == "nothing" else {2}
    if not readable:
        # What begins as a SQLite database does is taken for one, and is none that can be opened.
        return {3} if command[0] == "diff" and given == "an SQLite file" else {2}
    if command[0] == "check":
        # What is wrong with the SQL is the engine's to say.
        return {1} if given != "NULs in an example" or "--engine" in command else {0}
    # Without any SQL there is nothing to bring in line; without backups there is nothing to look at.
    return {0, 2} if command[0] in ("sync", "status", "backup", "drill") else {2}


def _answers(commands: Commands, given: str, command: tuple[str, ...], *, readable: bool) -> None:
    """Run one command on DATABASE.md: it says what is wrong, names the file, and leaves all as it was."""
    before = _there(commands.folder)
    diff = command[0] == "diff"
    said = commands.run(*([command[0], "DATABASE.md", *command[1:]] if diff else [*command, "DATABASE.md"]))
    text = said["out"] + said["err"]
    assert "Traceback" not in text
    assert said["code"] in _expected(command, given, readable=readable), said
    assert text.strip()
    if said["code"] in (2, 3):
        assert "DATABASE.md" in text, text
        assert said["out"] == ""
    if command[0] != "init":
        assert _there(commands.folder) == before
    # Only a document of which an engine is asked something gets a place for the answer.
    assert given == "NULs in an example" or not (commands.folder / ".dbdeed").exists()


@pytest.mark.parametrize("given", GIVEN)
def test_every_command_answers_in_words(given: str, commands: Commands, folder: Path) -> None:
    make, readable = GIVEN[given]
    make(folder / "DATABASE.md")
    for command in COMMANDS if given in LISTED else FEW:
        _answers(commands, given, command, readable=readable)


_TABLE = b"### Table: `t`\n```sql\nCREATE TABLE t ();\n```\n"
LARGE = {
    "letters": b"x" * 5_000_000,
    "bytes": b"\xff" * 5_000_000,
    "lines": b"a line of prose, [not a link](nor this\n" * 125_000,
    "templates": template() * 2300,
    "tables": b"# A\n\n## Schema Design\n\n" + _TABLE * 110_000,
    "keys": b"## Overview\n\n" + b"- **Version**: [\n" * 300_000,
}


@pytest.mark.parametrize(
    "given",
    [pytest.param(name, marks=[pytest.mark.slow] if number > 1 else []) for number, name in enumerate(LARGE)],
)
def test_five_megabytes(given: str, commands: Commands, folder: Path) -> None:
    (folder / "DATABASE.md").write_bytes(LARGE[given])
    for command in (("check",), ("sync",), ("up",), ("generate",)):
        _answers(commands, given, command, readable=given != "bytes")


def _reachable(path: Path) -> bool:
    """Whether other users than root may run a program."""
    real = path.resolve()
    return all(parent.stat().st_mode & 0o001 for parent in (real, *real.parents))


def test_without_permission(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("forbidden")
    user = None
    if os.geteuid() == 0:
        if not _reachable(Path(sys.executable)):
            pytest.skip("the interpreter stands where only root can read it, and root reads everything")
        user = pwd.getpwnam("nobody").pw_uid
        folder.parent.chmod(0o711)
        folder.parent.parent.chmod(0o711)
        os.chown(folder, user, -1)
    (folder / "other.sql").write_text("CREATE TABLE a (id int);\n")
    (folder / "DATABASE.md").write_bytes(EXAMPLE.read_bytes())
    (folder / "DATABASE.md").chmod(0)
    there = Commands(folder, user)
    try:
        for command in COMMANDS:
            (folder / "DATABASE.md").chmod(0o600)  # to compare what is there, if we are its owner
            before = _there(folder)
            (folder / "DATABASE.md").chmod(0)
            diff = command[0] == "diff"
            said = there.run(
                *([command[0], "DATABASE.md", *command[1:]] if diff else [*command, "DATABASE.md"])
            )
            assert said["code"] == 2, said
            assert "DATABASE.md" in said["err"]
            assert "permission" in said["err"] or "not readable" in said["err"] or command[0] == "init"
            (folder / "DATABASE.md").chmod(0o600)
            assert _there(folder) == before
    finally:
        there.close()
