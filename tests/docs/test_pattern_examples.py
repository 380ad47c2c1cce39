"""The examples of the pages on queries and patterns are run, page by page, on the shop's database.

What a page shows as Markdown is put under the document's Query Strategy.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
import textwrap
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.codegen.places import Places, make

from dbdeed.app.generate import generate_for

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = ("queries", "query-builder", "active-record", "sqlalchemy")
FENCE = re.compile(r"^(`{3,})(\w+)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)


def shown(page: str, language: str) -> str:
    found = FENCE.findall((ROOT / "docs" / f"{page}.md").read_text())
    return "\n".join(text for _, one, text in found if one == language)


@pytest.fixture(scope="module")
def servers() -> Iterator[Places]:
    with ExitStack() as stack:
        yield Places(stack)


@pytest.mark.postgresql
@pytest.mark.parametrize("page", PAGES)
def test_the_examples_run(
    page: str, servers: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "DATABASE.md"
    shutil.copy(ROOT / "examples/shop/DATABASE.md", path)
    text = path.read_text().replace(
        "**Pattern**: Repository Pattern", "**Pattern**: Active Record, Query Builder, Raw SQL"
    )
    text = text.replace("- **ORM Usage**: None.", "- **ORM Usage**: SQLAlchemy.")
    path.write_text(text.replace("## Migrations", f"{shown(page, 'markdown')}\n## Migrations"))
    generate_for(path)
    python = shown(page, "python")
    assert python
    names: dict[str, Any] = {}
    monkeypatch.syspath_prepend(tmp_path / "src")
    with servers.database("postgresql-18", tmp_path) as address:
        make(path, address, "")
        monkeypatch.setenv("DATABASE_URL", address)
        if page == "sqlalchemy":
            sqlalchemy = pytest.importorskip("sqlalchemy")
            names["engine"] = sqlalchemy.create_engine(
                address.replace("postgresql://", "postgresql+psycopg://")
            )
        exec(
            compile(f"async def page():\n{textwrap.indent(python, '    ')}", f"docs/{page}.md", "exec"), names
        )
        try:
            asyncio.run(names["page"]())
        finally:
            if "engine" in names:
                names["engine"].dispose()
            for module in [one for one in sys.modules if one.split(".")[0] == "repositories"]:
                del sys.modules[module]
