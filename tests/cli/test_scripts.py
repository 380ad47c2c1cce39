"""What `plan --format sql` prints is run by the engine's own client, and makes the same database."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Engine, Sandbox


@pytest.fixture(scope="module")
def client(engine: Engine) -> Callable[[str, str], None]:
    """Runs a script with psql or sqlite3 on the database of a URL."""
    program = {"postgresql": "psql", "sqlite": "sqlite3"}[engine.name]
    if shutil.which(program) is None:
        pytest.skip(f"no {program} on this machine")

    def run(url: str, script: str) -> None:
        command = {
            "psql": ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", url],
            "sqlite3": ["sqlite3", "-batch", "-bail", url.removeprefix("sqlite:///")],
        }[program]
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""

    return run


def test_a_script_does_what_apply_does(
    engine: Engine, new: Callable[..., Sandbox], client: Callable[[str, str], None]
) -> None:
    """From nothing, and then for a change of a database with rows; the embedded one is there throughout."""
    box = new(engine.example)
    box.good("sync")
    if engine.name == "postgresql":
        header = box.document.read_text("utf-8").partition("## Data Models")[0]
        other = new(text=header)
        url = str(other.json("up")["url"])
    else:
        url = f"sqlite:///{box.root.with_name('own.db')}"
        client(url, "PRAGMA user_version = 1;")
    script = box.run("plan", "--database", url, "--format", "sql")
    assert script.returncode == 1, script.stderr
    client(url, script.stdout)
    box.good("diff", "DATABASE.md", url)

    client(url, engine.rows + ";\n")
    box.edit(*engine.change)
    script = box.run("plan", "--database", url, "--format", "sql")
    assert script.returncode == 1, script.stderr
    client(url, script.stdout)
    box.good("diff", "DATABASE.md", url)
    assert box.run("plan", "--database", url).returncode == 0
