"""A server of the benchmark's own, through the project's machinery, and databases on it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from dbdeed.engines.postgresql.servers.account import account, own
from dbdeed.engines.postgresql.servers.processes import members
from dbdeed.engines.postgresql.servers.programs import find
from dbdeed.engines.postgresql.servers.room import room
from dbdeed.engines.postgresql.servers.server import initialise, socket_url, start, stop

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dbdeed.engines.postgresql.servers.programs import Programs

USER = "bench"

_SETTINGS = {
    "fsync": "off",
    "max_locks_per_transaction": "8000",
    "shared_buffers": "128MB",
    "autovacuum": "off",
}
"""The defaults but for what makes building the schemas quick; statistics are taken once they stand."""


@dataclass
class Server:
    """A running server.

    Attributes:
        programs: its programs.
        folder: where its data and its socket are.
    """

    programs: Programs
    folder: Path

    def url(self, database: str) -> str:
        """A database's URL, in libpq's form."""
        return socket_url(self.folder / "s", database, USER)

    def start(self) -> None:
        start(
            self.programs,
            self.folder / "data",
            self.folder / "s",
            _SETTINGS,
            log=self.folder / "log",
            who=account(),
        )

    def restart(self) -> None:
        """Empty its caches."""
        stop(self.folder / "data")
        self.start()

    def create(self, database: str, statements: Iterable[str], template: str = "template0") -> None:
        """Make a database and run statements in it, in one transaction; then take statistics."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database} TEMPLATE {template}")
        with psycopg.connect(self.url(database)) as connection:
            for statement in statements:
                connection.execute(statement)
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def seconds(self) -> float:
        """Processor seconds that its processes have used, those that are gone included."""
        return used_by(self.folder / "data")


@contextmanager
def server(major: int | None) -> Iterator[Server]:
    """A new server of this major version, or the newest found; gone afterwards."""
    programs, who = find(major), account()
    with room("benchmark") as folder:
        own(folder / "data", who)
        initialise(programs, folder / "data", who, superuser=USER, options=("--locale=C", "--auth=trust"))
        one = Server(programs, folder)
        one.start()
        try:
            yield one
        finally:
            stop(folder / "data")


def used_by(data: Path) -> float:
    """Processor seconds of the server of a data folder."""
    return sum(_used(pid) for pid in members(data))


def _used(pid: int) -> float:
    """User and system seconds of a process and of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    ticks = os.sysconf("SC_CLK_TCK")
    return sum(int(field) for field in fields[11:15]) / ticks
