"""Reading grows linearly: ten times the document costs about ten times, whatever it is made of."""

from __future__ import annotations

import gc
import time

import pytest

from dbdeed.document.read import read
from dbdeed.document.source import Source
from dbdeed.document.template import template

SHAPES = {
    "template": (b"", template() + b"\n\n", 20),
    "models": (b"## Data Models\n", b"### Order\n- **Attributes**:\n    - `id`: int\n", 200),
    "one list": (b"## Data Models\n### A\n- **Attributes**:\n", b"    - `id`: int\n", 666),
    "tables": (b"## Schema Design\n", b"### Table: `a`\n```sql\nCREATE TABLE a (id int);\n```\n", 166),
    "one fence": (b"## Schema Design\n```sql\n", b"CREATE TABLE a (id int, b text[]);\n", 2666),
    "one line": (b"## Overview\n**Version**: ", b"word [x] `y` **z** <!-- c --> ", 666),
    "one paragraph": (b"## Overview\n**Version**: 1\n", b"words go on\n", 1333),
    "one quote": (b"## Overview\n", b"> **Version**: 1\n", 666),
    "one table": (b"## Overview\n| Key | Value |\n|---|---|\n", b"| Version | 15 |\n", 500),
    "queries": (
        b"## Query Strategy\n",
        b"### Query: `q`\nReturns one. Budget 5 ms.\n```sql\nSELECT 1;\n```\n",
        100,
    ),
    "generated": (b"", b"<!-- dbdeed:a -->\nx\n<!-- /dbdeed:a -->\n\n", 200),
    "lone CR": (b"## Overview\r", b"- **Version**: 1\r\r```\rx\r```\r", 200),
    "backticks": (b"", b"`a ``b ```c ", 1000),
    "brackets": (b"", b"[![(<", 2000),
    "stars": (b"", b"**a*_", 2000),
    "comments": (b"x ", b"<!-- ", 2000),
    "sections": (b"", b"## Data Models\n### Migrations\n#### Overview\n", 266),
    "NUL": (b"", b"\0a\n", 2666),
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
    # A text is parsed once and its blocks are kept: no two are the same.
    small = min(seconds(head + piece * count + b"\n" * turn) for turn in range(3))
    large = seconds(head + piece * count * 10)
    assert large / max(small, 0.002) < 30  # quadratic growth would be a hundred


@pytest.mark.slow
def test_five_megabytes(template_bytes: bytes) -> None:
    count = 5_000_000 // len(template_bytes) + 1
    architecture = read(Source("d.md", (template_bytes + b"\n\n") * count))
    assert len(architecture.placeholders) == 34 * count
