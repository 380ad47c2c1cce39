"""What every change runs of the sweeps over pairs of schemas, and what only `pytest -m slow` runs."""

from __future__ import annotations

import re
import signal
import zlib

import hypothesis
import pytest

# How long one example takes is the machine's affair.
hypothesis.settings.register_profile("dbdeed", deadline=None)
hypothesis.settings.load_profile("dbdeed")

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
"""Small cases by the hundred on each major version: a tenth of them runs always, all by `-m slow`."""

_LONG = (
    "docs/test_commands_shown.py",
    "engines/postgresql/test_found_by_chance.py",
    "engines/postgresql/test_every_attribute.py",
    "engines/postgresql/test_cases.py",
    "cli/test_killed.py",
    "engines/postgresql/test_random_schemas.py",
    "app/test_drill_postgresql.py",
    "cli/test_secrets.py",
    "cli/test_hostile_documents.py",
    "recovery/faults/",
    "app/test_drill_log.py",
)
"""Where single files take minutes: begun first, so that no process ends alone with one of them."""

_MAJOR = re.compile(r"\[(?:.*-)?(?:pg|postgresql-)\d+[-\]]")
_ONE_OF = 10


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        sweep = item.nodeid.partition("::")[0].endswith(_SWEEPS) and _MAJOR.search(item.nodeid)
        if sweep and zlib.crc32(item.nodeid.encode()) % _ONE_OF:
            item.add_marker(pytest.mark.slow)


class _LongFirst:
    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=_place)  # keeps the order within a file


def _place(item: pytest.Item) -> int:
    return next((at for at, one in enumerate(_LONG) if f"tests/{one}" in item.nodeid), len(_LONG))


def pytest_configure(config: pytest.Config) -> None:
    _listen_as_usual()
    config.pluginmanager.register(_LongFirst())


def pytest_runtest_teardown() -> None:
    _listen_as_usual()


def _listen_as_usual() -> None:
    """Signals that are ignored here would be ignored by every program under test.

    A shell has what it runs in the background ignore some; a command that was run in this very process, all.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGQUIT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
