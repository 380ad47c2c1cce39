"""The server that random schemas are loaded into: one for a whole run, with databases made and dropped on it."""

from __future__ import annotations

import re
import subprocess
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.servers.account import account, own
from dbdeed.engines.postgresql.servers.room import room
from dbdeed.engines.postgresql.servers.server import Server, initialise, throwaway
from dbdeed.engines.postgresql.session import connect
from dbdeed.errors import DbdeedError
from tests.engines.postgresql.random_schemas.names import ROLES
from tests.engines.postgresql.random_schemas.shape import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.postgresql.servers.programs import Programs
    from dbdeed.engines.postgresql.session import Session

SUPERUSER = "postgres"


@dataclass
class Ground:
    """A running server."""

    server: Server
    programs: Programs
    major: int
    admin: Session
    _numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[tuple[str, Session]]:
        """A database of its own: its name and a session in it."""
        name = f"random_{next(self._numbers)}"
        self.admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            with closing(connect(self.server.target(name, user=SUPERUSER))) as session:
                session.execute("SET client_min_messages = error")
                yield name, session
        finally:
            self.admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def dump(self, database: str) -> list[str]:
        """The statements of pg_dump, in an order and a form that do not depend on columns' places."""
        command = [
            str(self.programs.path("pg_dump")), "--schema-only", "--host", str(self.server.socket),
            "--username", SUPERUSER, database,
        ]  # fmt: skip
        written = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        lines = [line for line in written.splitlines() if not line.startswith(("--", "\\"))]
        return sorted(_without_places(part.strip()) for part in re.split(r";\s*\n\s*\n+", "\n".join(lines)))


def _without_places(statement: str) -> str:
    found = re.match(r"(CREATE (?:UNLOGGED |FOREIGN )?TABLE [^\n]*\(\n)(.*?)(\n\).*)", statement, re.DOTALL)
    if found is None:
        return statement
    return found[1] + "\n".join(sorted(line.rstrip(",") for line in found[2].split("\n"))) + found[3]


@contextmanager
def ground(programs: Programs) -> Iterator[Ground]:
    with room("random") as folder:
        data = own(folder / "data", account())
        options = ["--locale=C.UTF-8", "--auth=trust", "--no-sync"]
        initialise(programs, data, account(), superuser=SUPERUSER, options=options)
        settings = {"fsync": "off", "wal_level": "logical", "autovacuum": "off", "full_page_writes": "off"}
        with throwaway(programs, data, folder / "s", settings) as server:
            with closing(connect(server.target("postgres", user=SUPERUSER))) as admin:
                for role in ROLES:
                    admin.execute(f"CREATE ROLE {quoted(role)}")
                yield Ground(server, programs, programs.major, admin)


def load(session: Session, statements: Sequence[str]) -> list[str]:
    """Run what the server accepts, refused ones again after the others; gives those that it took, in order."""
    left, taken = list(statements), []
    while left:
        refused = []
        for sql in left:
            try:
                session.execute(sql)
            except DbdeedError:
                refused.append(sql)
            else:
                taken.append(sql)
        if len(refused) == len(left):
            break
        left = refused
    return taken
