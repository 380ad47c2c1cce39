"""The synchronous form of code, and that what is committed is what the tool writes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from dbdeed.codegen.unasync import to_sync

_TOOL = Path(__file__).resolve().parents[2] / "tools" / "derive_sync.py"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("async def f():\n    await g()\n", "def f():\n    g()\n"),
        ("async def f():\n    async with a, b:\n        pass\n", "def f():\n    with a, b:\n        pass\n"),
        ("async def f():\n    return (await g(await h())).x\n", "def f():\n    return (g(h())).x\n"),
        (
            "async def f():\n    async for x in y:\n        pass\n",
            "def f():\n    for x in y:\n        pass\n",
        ),
        ("async def __aenter__(self): ...\n", "def __enter__(self): ...\n"),
        ("x: Callable[[T], Awaitable[T]]\n", "x: Callable[[T], T]\n"),
        ("x = 'await async'  # await async\n", "x = 'await async'  # await async\n"),
        ("awaited = asynchronous = 1\n", "awaited = asynchronous = 1\n"),
        ('"""Use `async with x:`."""\n', '"""Use `with x:`."""\n'),
    ],
)
def test_to_sync(before: str, after: str) -> None:
    assert to_sync(before) == after


def _tool() -> Any:
    spec = importlib.util.spec_from_file_location("derive_sync", _TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_runtimes_sync_half_is_what_the_tool_writes() -> None:
    tool = _tool()
    for name in tool.DERIVED:
        assert (tool.ACCESS / "sync" / f"{name}.py").read_text() == tool.derived(name), name


def test_nothing_of_the_sync_half_is_derived_by_hand() -> None:
    tool = _tool()
    by_hand = {path.stem for path in (tool.ACCESS / "sync").glob("*.py")} - set(tool.DERIVED)
    assert by_hand == {"__init__", "sockets", "sqlite_worker", "waiting"}
