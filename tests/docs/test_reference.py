from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("page", "module"), [("commands.md", "dbdeed.cli.reference"), ("rules.md", "dbdeed.rules.document")]
)
def test_a_page_made_of_the_code_is_up_to_date(page: str, module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module], capture_output=True, text=True, check=True)
    assert (DOCS / page).read_text() == done.stdout, "run `make docs`"
