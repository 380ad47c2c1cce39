"""Starting is quick: held as multiples of a bare interpreter in the same minute, never as seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.startup import BARE, CHECK, EXAMPLE, HELP, medians, prepare


@pytest.mark.postgresql
def test_help_and_a_cached_check_start_quickly(tmp_path: Path) -> None:
    prepare(tmp_path)
    found = medians(tmp_path)
    assert found[HELP] <= 10 * found[BARE]
    assert found[CHECK] <= 40 * found[BARE]


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--help"], {"click", "msgspec", "tree_sitter", "dataclasses"}),
        (["check", "--help"], {"msgspec", "tree_sitter", "psycopg", "rich", "dbdeed.document.read"}),
        (["check"], {"psycopg", "sqlite3", "rich", "jinja2", "asyncio", "difflib"}),
    ],
)
def test_a_command_imports_only_what_it_needs(
    arguments: list[str], unwanted: set[str], tmp_path: Path
) -> None:
    (tmp_path / "DATABASE.md").write_bytes(EXAMPLE.read_bytes())
    script = f"import sys\nfrom dbdeed.cli.main import run\nrun({arguments!r})\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120
    )
    assert not unwanted & set(done.stderr.split())
