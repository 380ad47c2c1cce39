"""What formatters, linters and strict type checkers say of a generated package, and of code that uses it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TypeAlias

Said: TypeAlias = "list[tuple[str, int, str]]"
"""(file, line, message)."""
RULES = [
    *("check", "--select", "E4,E7,E9,F,I,UP,B,RUF022"),
    *("--config", "lint.isort.known-third-party=['dbdeed', 'sqlalchemy']"),
]


def mypy(folder: Path) -> Said:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-pretty", "--cache-dir=mypy", "."],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert "source files" in done.stdout, done.stdout + done.stderr
    lines = (line.split(":", 2) for line in done.stdout.splitlines() if ": error:" in line)
    return [(path, int(number), rest) for path, number, rest in lines]


def pyright(folder: Path) -> Said | None:
    """None where it cannot run: it needs node, and fetches itself."""
    settings = {"typeCheckingMode": "strict", "pythonVersion": "3.11", "include": ["."], "exclude": ["mypy"]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    if not done.stdout.startswith("{"):
        return None
    return [
        (
            Path(one["file"]).relative_to(folder.resolve()).as_posix(),
            one["range"]["start"]["line"] + 1,
            one["message"],
        )
        for one in json.loads(done.stdout)["generalDiagnostics"]
    ]


def formatting(folder: Path) -> str:
    """What ruff would change or complains of; empty where it has nothing to say."""
    ruff = Path(sys.executable).with_name("ruff")
    said = []
    for command in (["format", "--check", "--diff"], RULES):
        done = subprocess.run(
            [ruff, *command, "--isolated", "--no-cache", "--target-version", "py311", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        said += [done.stdout + done.stderr] if done.returncode else []
    return "\n".join(said)


def wrong_lines(code: str, said: Said, name: str) -> tuple[set[int], set[int]]:
    """(lines marked `# wrong` that were not found so, other lines that were)."""
    marked = {number for number, line in enumerate(code.splitlines(), 1) if line.endswith("# wrong")}
    found = {line for path, line, _ in said if path == name}
    return marked - found, found - marked
