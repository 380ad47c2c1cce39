"""What every change runs of the sweeps over pairs of schemas, and what only `pytest -m slow` runs."""

from __future__ import annotations

import re
import zlib

import pytest

_SWEEPS = (
    "engines/postgresql/test_cases.py",
    "engines/postgresql/test_every_attribute.py",
    "engines/postgresql/test_found_by_chance.py",
    "engines/postgresql/test_inheritance.py",
    "engines/postgresql/test_kinds_pairs.py",
    "engines/postgresql/test_pull_postgresql.py",
    "engines/postgresql/test_superuser_pairs.py",
    "planning/test_backfill.py",
    "planning/test_locks.py",
    "planning/test_online.py",
    "planning/test_phases.py",
    "planning/test_renames_postgresql.py",
    "planning/test_retype.py",
    "planning/test_reverse.py",
)
"""The same cases on every major version at hand: of those on older ones a sixth runs always."""

_MAJOR = re.compile(r"\[(?:.*-)?(?:pg|postgresql-)(\d+)[-\]]")
_ONE_OF = 6


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    found = [(item, match) for item in items if (match := _MAJOR.search(item.nodeid))]
    newest = max((int(match[1]) for _, match in found), default=0)
    for item, match in found:
        sweep = item.nodeid.partition("::")[0].endswith(_SWEEPS)
        if sweep and int(match[1]) < newest and zlib.crc32(item.nodeid.encode()) % _ONE_OF:
            item.add_marker(pytest.mark.slow)
