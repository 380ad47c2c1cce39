"""The receiver in the foreground: told to end, it ends, whatever it is at."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql.clusters import MAJORS
from tests.recovery.archived import Archived

from dbdeed.app.backup import list_backups
from dbdeed.app.receive import receive
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dbdeed.progress import Task

pytestmark = pytest.mark.postgresql


class Tells:
    """A `Progress` that has the receiver told to end in the midst of its second step."""

    def __init__(self) -> None:
        self.ending = threading.Event()
        self.steps: list[str] = []

    @contextmanager
    def step(self, name: str, *, total: int | None = None) -> Iterator[Task]:
        self.steps.append(name)
        if len(self.steps) == 2:
            self.ending.set()
        with SILENT.step(name, total=total) as task:
            yield task


@pytest.mark.skipif(not MAJORS, reason="no PostgreSQL on this machine")
def test_a_base_backup_under_way_is_taken_back(tmp_path: Path) -> None:
    box = Archived(tmp_path / "box", MAJORS[-1])
    try:
        tells = Tells()
        ended = receive(box.document, stopped=tells.ending.wait, environment={}, progress=tells)
        assert len(tells.steps) == 2
        assert ended.bases == ()
        assert not list_backups(box.document, environment={}).backups
        assert not [one for one in (box.folder / "backups").rglob("*") if "PG_VERSION" in one.name]

        tells.ending.clear()
        later = threading.Thread(
            target=receive, args=(box.document,), kwargs={"stopped": tells.ending.wait, "environment": {}}
        )
        later.start()  # nothing of it is in the way
        while not list_backups(box.document, environment={}).backups:
            assert later.is_alive()
        tells.ending.set()
        later.join()
    finally:
        box.close()
