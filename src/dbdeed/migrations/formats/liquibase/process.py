"""Liquibase's own program, for changesets that are not plain SQL."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbdeed.errors import Unavailable
from dbdeed.migrations.formats.jdbc import jdbc_of
from dbdeed.migrations.formats.liquibase.changelog import read_changesets, runs_here
from dbdeed.migrations.formats.liquibase.foreseen import foreseen
from dbdeed.migrations.formats.loopback import by_tcp
from dbdeed.migrations.seam import Foreseen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.engines.seam import Target
    from dbdeed.migrations.formats.jdbc import Jdbc
    from dbdeed.migrations.formats.liquibase.changeset import ChangeSet
    from dbdeed.migrations.formats.liquibase.configuration import Configuration
    from dbdeed.migrations.seam import Layout, Migration

_LINES = 15
_ROLLS_BACK = re.compile(r"^-- Rolling Back ChangeSet: (.*?)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LiquibaseProcess:
    """The seam's `Process`."""

    layout: Layout
    configuration: Configuration
    environment: Mapping[str, str] = field(repr=False)

    @property
    def _program(self) -> str | None:
        return shutil.which("liquibase", path=self.environment.get("PATH"))

    @property
    def missing(self) -> str:
        if self._program:
            return ""
        return "Its command line (`liquibase`) is not on the PATH; npm's and Maven's packages have it."

    def up(self, target: Target, migrations: Sequence[Migration]) -> None:
        """The next changesets that have not run, which are these: all before them have."""
        count = f"--count={self._count(target, migrations)}"
        self._run(target, migrations[-1], "update-count", count)

    def foresee(self, target: Target, migrations: Sequence[Migration]) -> Sequence[Foreseen]:
        """By `update-count-sql`, which makes the SQL that `update-count` would run."""
        count = f"--count={self._count(target, migrations)}"
        said = self._run(target, migrations[-1], "update-count-sql", count)
        found = foreseen(said, self.configuration.table, {one.key for one in migrations})
        alone = {one.key for one in self._changesets(target) if not one.in_transaction}
        return [Foreseen(found.get(one.key, ""), one.key not in alone) for one in migrations]

    def _changesets(self, target: Target) -> list[ChangeSet]:
        engine = "sqlite" if target.url.startswith("sqlite") else "postgresql"
        return [
            one
            for one in read_changesets(self.configuration, self.layout.root, engine)
            if runs_here(one, self.configuration, engine)
        ]

    def _count(self, target: Target, migrations: Sequence[Migration]) -> int:
        """How many Liquibase counts up to the last: those that run always count as not having run."""
        wanted = {one.key for one in migrations}
        count = 0
        for one in self._changesets(target):
            count += one.key in wanted or one.always
            if one.key == migrations[-1].key:
                break
        return count

    def down(self, target: Target, migration: Migration) -> None:
        """The last that ran, which must be this one: Liquibase is asked first what it would roll back."""
        said = self._run(target, migration, "rollback-count-sql", "--count=1")
        last = _ROLLS_BACK.findall(said)
        if last != [migration.key]:
            raise Unavailable(
                f"Liquibase would roll back {', '.join(last) or 'nothing'} first.",
                where=migration.key,
                hint="Roll that back, or this one, with Liquibase itself.",
                code="migration-foreign",
            )
        self._run(target, migration, "rollback-count", "--count=1")

    def _run(self, target: Target, migration: Migration, *words: str) -> str:
        """The database and its password go by the environment, which no list of processes shows."""
        with by_tcp(target) as reached:
            return self._run_in(jdbc_of(reached), migration, *words)

    def _run_in(self, database: Jdbc, migration: Migration, *words: str) -> str:
        known = {
            "LIQUIBASE_COMMAND_URL": database.url,
            "LIQUIBASE_COMMAND_USERNAME": database.user,
            "LIQUIBASE_COMMAND_PASSWORD": database.password,
            "LIQUIBASE_COMMAND_CHANGELOG_FILE": self.configuration.changelog,
            "LIQUIBASE_SEARCH_PATH": ",".join(map(str, self.configuration.search)),
        }
        environment = {**self.environment, **{name: value for name, value in known.items() if value}}
        done = subprocess.run(
            [self._program or "liquibase", *words],
            cwd=self.layout.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
            raise Unavailable(
                f"Liquibase ended with {done.returncode}: " + database.hidden("\n".join(said[-_LINES:])),
                where=migration.key,
                code="migration-foreign",
            )
        return done.stdout
