"""A document whose embedded PostgreSQL is backed up, and its log archived, under the hands of writers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.recovery.writers import TABLE

from dbdeed.app.backup import list_backups
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.receive import receive, receiver_health
from dbdeed.app.server import stop
from dbdeed.app.site import engine_of, open_target
from dbdeed.engines.postgresql.session import connect
from dbdeed.progress import SILENT
from dbdeed.recovery.receiving import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.postgresql.session import Session
    from dbdeed.recovery.receiving import Health

DOCUMENT = """\
# Database Architecture

**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: PostgreSQL
**Version**: VERSION

## Schema Design

### Table: `written`
```sql
CREATE TABLE written (writer int, number int, at timestamptz DEFAULT clock_timestamp(), pad text);
```

## Backup and Recovery

- **Frequency**: FREQUENCY
- **Method**: METHOD
"""


class Archived:
    """A document's embedded database, its writers and its receiver."""

    def __init__(
        self,
        folder: Path,
        major: int,
        method: str = "Snapshots, Continuous archiving",
        environment: dict[str, str] | None = None,
        *,
        frequency: str = "Weekly full, daily incremental, continuous",
    ) -> None:
        self.environment = environment or {}
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.document = folder / "DATABASE.md"
        text = DOCUMENT.replace("VERSION", str(major)).replace("METHOD", method)
        text = text.replace("FREQUENCY", frequency)
        self.document.write_text(
            text + "".join(f"- **Encryption**: key in `{key}`\n" for key in self.environment)
        )
        with self.opened():
            self.run("DROP TABLE IF EXISTS written", TABLE)
        self.ending = threading.Event()
        self.health: list[Health] = []
        self._thread: threading.Thread | None = None

    @contextmanager
    def opened(self) -> Iterator[None]:
        project = open_project(self.document)
        architecture = read_architecture(project)
        with open_target(
            project, architecture, engine_of(architecture), database="", environment={}, progress=SILENT,
            keep_running=True,
        ) as target:  # fmt: skip
            self.target = target
            yield

    def session(self) -> Session:
        return connect(self.target)

    def run(self, *statements: str) -> None:
        with closing(self.session()) as session:
            for statement in statements:
                session.execute(statement)

    @property
    def data(self) -> Path:
        with closing(self.session()) as session:
            return Path(session.fetch("SHOW data_directory")[0][0])

    def receive(self, *, synchronous: bool) -> None:
        self._thread = threading.Thread(
            target=receive,
            args=(self.document,),
            kwargs={
                "stopped": self.ending.wait, "told": self.health.append, "synchronous": synchronous,
                "environment": self.environment,
            },
        )  # fmt: skip
        self._thread.start()
        deadline = time.monotonic() + 60
        while not (
            self.health
            and self.health[-1].reached
            and self.health[-1].synchronous == synchronous
            and list_backups(self.document, environment=self.environment).spans  # a base was taken
        ):
            assert time.monotonic() < deadline, self.health[-1:]
            time.sleep(0.1)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A command under way, in a process of its own, which can be killed."""
        return subprocess.Popen(
            [sys.executable, "-m", "dbdeed", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def receive_apart(self, *, synchronous: bool) -> subprocess.Popen[bytes]:
        """The same in a process of its own, once it receives."""
        process = self.start("backup", "receive", *(["--synchronous"] if synchronous else []))
        self.wait_until_receiving(process, synchronous=synchronous)
        return process

    def wait_until_receiving(self, process: subprocess.Popen[bytes], *, synchronous: bool) -> None:
        """Until that process has a connection of its own, and something to lead on from."""
        project = open_project(self.document)
        deadline = time.monotonic() + 120
        while True:
            health = receiver_health(project)
            if health is not None and health.process == process.pid and health.state is State.RECEIVING:
                with closing(self.session()) as session:
                    seen = session.fetch(
                        "SELECT sync_state IN ('sync', 'quorum') FROM pg_stat_replication "
                        "WHERE application_name LIKE 'dbdeed%' AND state = 'streaming'"
                    )
                if seen == [(synchronous,)] and list_backups(self.document, environment={}).spans:
                    return
            assert process.poll() is None, process.returncode
            assert time.monotonic() < deadline, health
            time.sleep(0.1)

    def end(self) -> None:
        """Have the receiver send what has come, and stop."""
        self.ending.set()
        if self._thread is not None:
            self._thread.join()

    def lose_spool(self) -> None:
        """What the dead receiver had not sent is gone too."""
        shutil.rmtree(self.folder / "backups" / "receiving")

    @staticmethod
    def lose_disk(data: Path) -> None:
        """What the dead server had is gone; its folder is what a new disk would be mounted at."""
        shutil.rmtree(data)

    def rows(self) -> set[tuple[int, int]]:
        with closing(self.session()) as session:
            return set(session.fetch("SELECT writer, number FROM written"))

    def close(self) -> None:
        self.end()
        stop(self.document)
