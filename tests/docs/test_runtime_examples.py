"""The examples of docs/access-runtime.md are run, in their order, on the shop's database."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import textwrap
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.codegen.places import Places, make

from dbdeed import access
from dbdeed.access import errors
from dbdeed.access.pool_metrics import Reason
from dbdeed.app.generate import generate_for

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/access-runtime.md"
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.postgresql
@pytest.mark.parametrize("place", ["postgresql-15", "postgresql-18"])
def test_the_examples_run(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "DATABASE.md"
    shutil.copy(ROOT / "examples/shop/DATABASE.md", path)
    generate_for(path)
    python = "\n".join(FENCE.findall(PAGE.read_text()))
    assert python.count("async with") > 5
    # What stands at the top of a module there stands within a function here.
    python = python.replace("    global attempts\n", "    nonlocal attempts\n")
    source = f"async def page():\n{textwrap.indent(python, '    ')}"
    monkeypatch.syspath_prepend(tmp_path / "src")
    monkeypatch.setenv("REPLICA_URL", "")
    with ExitStack() as stack, Places(stack).database(place, tmp_path) as address:
        make(path, address, "")
        monkeypatch.setenv("DATABASE_URL", address)
        try:
            names: dict[str, Any] = {"connect": import_module("repositories").connect, "os": os}
            exec(compile(source.replace("    import os\n", ""), PAGE.name, "exec"), names)
            asyncio.run(names["page"]())
        finally:
            for module in [one for one in sys.modules if one.split(".")[0] == "repositories"]:
                del sys.modules[module]


def test_the_page_names_every_error_and_every_reason() -> None:
    text = PAGE.read_text()
    public = [name for name, one in vars(errors).items() if isinstance(one, type) and name in access.__all__]
    general = {"AccessError", "ConstraintViolation", "FormatMismatch", "StatementFailed", "PoolClosed"}
    assert [name for name in public if f"`{name}`" not in text and name not in general] == []
    assert [reason for reason in Reason.__args__ if f"`{reason}`" not in text] == []  # type: ignore[attr-defined]


def test_the_page_says_what_the_settings_are() -> None:
    text = PAGE.read_text()
    assert f"budget={access.RetryPolicy().budget}" in text
    assert "a reserve of\nten and one a second" in text
    from dbdeed.access import budget, postgresql_prepared, routing, sqlite

    assert (budget._RESERVE, budget._PER_SECOND, budget._RESERVE_FOR_CONFLICTS) == (10, 1, 100)
    assert "at most every 50 ms" in text
    assert routing._ASK_EVERY == 0.05
    assert "at most 256 prepared statements" in text
    assert postgresql_prepared.LIMIT == 256
    assert "every 2,000 steps" in text
    assert sqlite._STEPS_BETWEEN_LOOKS == 2000
