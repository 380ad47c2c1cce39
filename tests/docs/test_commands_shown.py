"""Every command that the README and the pages under docs/ show is run, page by page, in the order shown.

A page's `console` blocks are one session in a folder that holds the shop's document. A command that ends with
another code than 0 says so behind it: `$ dbdeed plan  # exits 1`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)

# What a test cannot run, and why.
NOT_RUN = {
    "make": "sets up the environment that this test runs in; CI runs it",
    "pip": "installs into the environment that this test runs in",
    "git": "fetches the project itself",
    "apt-get": "changes the machine",
}


@dataclass(frozen=True)
class Shown:
    """One command of a page; `line` counts in its file."""

    text: str
    exits: int
    line: int


def commands(page: Path) -> list[Shown]:
    text = page.read_text()
    found = []
    for fence in FENCE.finditer(text):
        if fence[1] != "console":
            continue
        first = text.count("\n", 0, fence.start(2)) + 1
        for number, line in enumerate(fence[2].splitlines()):
            if line.startswith("$ "):
                command, _, note = line[2:].partition("  # ")
                exits = re.fullmatch(r"exits (\d+)", note)
                found.append(Shown(command, int(exits[1]) if exits else 0, first + number))
    return found


def runnable(shown: Shown) -> bool:
    words = shlex.split(shown.text)
    program = next(word for word in words if "=" not in word)
    return program not in NOT_RUN


def test_commands_stand_only_in_console_blocks() -> None:
    for page in PAGES:
        for fence in FENCE.finditer(page.read_text()):
            if fence[1] in ("sh", "bash", "shell"):
                pytest.fail(f"{page.name}: use a `console` block, which is run: {fence[2][:60]!r}")


@pytest.mark.postgresql
@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_commands_of(page: Path, tmp_path: Path) -> None:
    project = tmp_path / "shop"
    project.mkdir()
    shutil.copy(ROOT / "examples/shop/DATABASE.md", project)
    (project / "examples").symlink_to(ROOT / "examples")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"} | {"PATH": path}
    try:
        for shown in filter(runnable, commands(page)):
            done = subprocess.run(
                ["bash", "-c", shown.text],
                cwd=project,
                env=environment,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=300,
                check=False,
            )
            assert done.returncode == shown.exits, (
                f"{page.name}:{shown.line}: {shown.text}\n{done.stdout}\n{done.stderr}"
            )
        if page.name == "drills.md":  # as `make demo` leaves it: declared and measured side by side
            text = (project / "DATABASE.md").read_text()
            for promise in (r"RPO \| 6 hours", r"RTO \| 30 minutes"):
                assert re.search(rf"^\| {promise} \| [^|]*\d[^|]* \| met \|$", text, re.MULTILINE)
    finally:
        subprocess.run(
            [sys.executable, "-m", "dbdeed", "stop"],
            cwd=project,
            env=environment,
            capture_output=True,
            check=False,
        )


def test_every_command_has_a_place_in_the_docs() -> None:
    from dbdeed.cli.catalogue import SUMMARIES

    text = "\n".join(page.read_text() for page in PAGES if page.name != "commands.md")
    missing = [name for name in SUMMARIES if f"dbdeed {name}" not in text]
    assert not missing
