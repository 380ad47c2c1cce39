"""The examples of docs/code.md on repositories are run, in their order, on the shop's database.

SQL that the page shows is put behind the document's own.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
import textwrap
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.codegen.places import Places, make

from dbdeed.app.generate import generate_for

ROOT = Path(__file__).parents[2]
SECTIONS = (
    "One row",
    "Lists",
    "Pages",
    "What belongs together",
    "Insert or change",
    "Many rows",
    "Columns with a meaning",
    "Errors",
)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    """Languages and texts of the sections' fences."""
    found = []
    for section in (ROOT / "docs/code.md").read_text().split("\n## "):
        title, _, text = section.partition("\n")
        if title in SECTIONS:
            shown = FENCE.findall(text)
            assert any(language == "python" for language, _ in shown), title
            found += shown
    return found


@pytest.mark.postgresql
def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "DATABASE.md"
    shutil.copy(ROOT / "examples/shop/DATABASE.md", path)
    sql = "\n".join(text for language, text in blocks() if language == "sql")
    assert sql
    head, mark, tail = path.read_text().partition("### Views\n")
    path.write_text(f"{head}### More\n\n```sql\n{sql}```\n\n{mark}{tail}")
    generate_for(path)
    python = "\n".join(text for language, text in blocks() if language == "python")
    names: dict[str, Any] = {}
    exec(compile(f"async def page():\n{textwrap.indent(python, '    ')}", "docs/code.md", "exec"), names)
    monkeypatch.syspath_prepend(tmp_path / "src")
    with ExitStack() as stack, Places(stack).database("postgresql-18", tmp_path) as address:
        make(path, address, "")
        monkeypatch.setenv("DATABASE_URL", address)
        try:
            asyncio.run(names["page"]())
        finally:
            for module in [one for one in sys.modules if one.split(".")[0] == "repositories"]:
                del sys.modules[module]


def test_every_condition_is_in_its_table() -> None:
    from dbdeed.access import conditions

    text = (ROOT / "docs/code.md").read_text()
    public = [
        name
        for name, one in vars(conditions).items()
        if callable(one) and getattr(one, "__module__", "") == conditions.__name__ and name[0].islower()
    ]
    assert [name for name in public if f"`{name}`" not in text] == []
