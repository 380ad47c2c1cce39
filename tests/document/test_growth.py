"""Reading grows linearly: ten times the document costs about ten times, whatever it is made of."""

from __future__ import annotations

import gc
import time

import pytest

from dbdeed.document.read import read
from dbdeed.document.source import Source
from dbdeed.document.template import template

SHAPES = {
    "template": (b"", template() + b"\n\n", 60),
    "models": (b"## Data Models\n", b"### Order\n- **Attributes**:\n    - `id`: int\n", 600),
    "one list": (b"## Data Models\n### A\n- **Attributes**:\n", b"    - `id`: int\n", 2000),
    "tables": (b"## Schema Design\n", b"### Table: `a`\n```sql\nCREATE TABLE a (id int);\n```\n", 500),
    "one fence": (b"## Schema Design\n```sql\n", b"CREATE TABLE a (id int, b text[]);\n", 8000),
    "one line": (b"## Overview\n**Version**: ", b"word [x] `y` **z** <!-- c --> ", 2000),
    "one paragraph": (b"## Overview\n**Version**: 1\n", b"words go on\n", 4000),
    "one quote": (b"## Overview\n", b"> **Version**: 1\n", 2000),
    "one table": (b"## Overview\n| Key | Value |\n|---|---|\n", b"| Version | 15 |\n", 1500),
    "queries": (b"## Query Strategy\n", b"### Query: `q`\nReturns one. Budget 5 ms.\n```sql\nSELECT 1;\n```\n", 300),
    "generated": (b"", b"<!-- dbdeed:a -->\nx\n<!-- /dbdeed:a -->\n\n", 600),
    "lone CR": (b"## Overview\r", b"- **Version**: 1\r\r```\rx\r```\r", 600),
    "backticks": (b"", b"`a ``b ```c ", 3000),
    "brackets": (b"", b"[![(<", 6000),
    "stars": (b"", b"**a*_", 6000),
    "comments": (b"x ", b"<!-- ", 6000),
    "sections": (b"", b"## Data Models\n### Migrations\n#### Overview\n", 800),
    "NUL": (b"", b"\0a\n", 8000),
}


def seconds(data: bytes) -> float:
    source = Source("d.md", data)
    gc.collect()
    start = time.process_time()
    read(source)
    return time.process_time() - start


@pytest.mark.parametrize("shape", SHAPES)
def test_ten_times_as_much_costs_about_ten_times(shape: str) -> None:
    head, piece, count = SHAPES[shape]
    small = min(seconds(head + piece * count) for _ in range(3))
    large = seconds(head + piece * count * 10)
    assert large / max(small, 0.002) < 30  # quadratic growth would be a hundred


@pytest.mark.slow
def test_five_megabytes(template_bytes: bytes) -> None:
    count = 5_000_000 // len(template_bytes) + 1
    architecture = read(Source("d.md", (template_bytes + b"\n\n") * count))
    assert len(architecture.placeholders) == 34 * count
