"""The page on PostgreSQL names every kind of object that a catalog holds."""

from __future__ import annotations

import re
from pathlib import Path

from dbdeed.engines.postgresql.listing import KINDS

PAGE = Path(__file__).parents[2] / "docs" / "postgresql.md"


def test_each_kind_is_on_the_page() -> None:
    rows = [
        line.split("|")[1] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")
    ]
    named = {name.strip() for row in rows for name in re.split(",| on ", row)}
    named |= {f"text search {name}" for name in named}  # "text search parser, template"
    assert {kind.name for kind in KINDS} - named == set()
