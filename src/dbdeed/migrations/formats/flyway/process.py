"""Flyway's own program, for scripts, Java classes and what only it can fill in."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbdeed.errors import Unavailable
from dbdeed.migrations.formats.jdbc import jdbc_of
from dbdeed.migrations.formats.loopback import by_tcp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.engines.seam import Target
    from dbdeed.migrations.formats.jdbc import Jdbc
    from dbdeed.migrations.seam import Layout, Migration

_LINES = 15


@dataclass(frozen=True, slots=True)
class FlywayProcess:
    """The seam's `Process`."""

    layout: Layout
    environment: Mapping[str, str] = field(repr=False)

    @property
    def _program(self) -> str | None:
        return shutil.which("flyway", path=self.environment.get("PATH"))

    @property
    def missing(self) -> str:
        if self._program:
            return ""
        return "Flyway's command line (`flyway`) is not on the PATH; Redgate and Maven Central have it."

    def up(self, target: Target, migrations: Sequence[Migration]) -> None:
        """Have it migrate up to the last version; it finds those before the first applied."""
        until = migrations[-1].version or "current"
        self._run(target, f"-target={until}", "-outOfOrder=true", "migrate")

    def down(self, target: Target, migration: Migration) -> None:
        self._run(target, f"-target={migration.version}", "undo")

    def _run(self, target: Target, *words: str) -> None:
        """The database and its password go by the environment, which no list of processes shows."""
        with by_tcp(target) as reached:
            self._run_in(jdbc_of(reached), *words)

    def _run_in(self, database: Jdbc, *words: str) -> None:
        known = {
            "FLYWAY_URL": database.url,
            "FLYWAY_USER": database.user,
            "FLYWAY_PASSWORD": database.password,
        }
        environment = {**self.environment, **{name: value for name, value in known.items() if value}}
        command = [self._program or "flyway", f"-workingDirectory={self.layout.root}", *words]
        done = subprocess.run(
            command,
            cwd=self.layout.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            words_of_it = database.hidden("\n".join(said[-_LINES:]))
            raise Unavailable(f"Flyway ended with {done.returncode}: {words_of_it}", code="migration-foreign")
