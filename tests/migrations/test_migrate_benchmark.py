"""The benchmark of migrations runs from end to end: a few files, without the peers."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.migrate import BEGIN, END, main

pytestmark = pytest.mark.postgresql


def test_a_small_benchmark_measures_and_writes_its_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{BEGIN}\nold\n{END}\n\nThe end.\n")
    main(["--sizes", "3", "--peers", "", "--rounds", "0", "--cache", str(tmp_path), "--page", str(page)])
    text = page.read_text()
    assert text.endswith(f"{END}\n\nThe end.\n")
    assert [line.split(" | ")[1] for line in text.splitlines() if line.startswith("| 3 ")] == [
        "status",
        "up",
        "verify",
    ]
