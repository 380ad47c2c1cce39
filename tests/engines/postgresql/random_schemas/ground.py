"""The server that random schemas are loaded into: one for a whole run, with databases made and dropped on it."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engines.postgresql.random_schemas.names import ROLES
from tests.engines.postgresql.random_schemas.shape import quoted

from dbdeed.engines.postgresql.servers.account import account, own
from dbdeed.engines.postgresql.servers.room import room
from dbdeed.engines.postgresql.servers.server import Server, initialise, throwaway
from dbdeed.engines.postgresql.session import Session, connect
from dbdeed.errors import DbdeedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.postgresql.servers.programs import Programs

SUPERUSER = "postgres"


class Passing(Session):
    """A session inside a transaction that is never committed."""

    def __init__(self, session: Session) -> None:
        super().__init__(session._connection, "a transaction that is rolled back")

    def execute(self, sql: str) -> None:
        if not sql.startswith("SET TRANSACTION "):  # inspection's, which only a transaction's beginning takes
            with self.transaction():
                super().execute(sql)


def _forget_subscriptions(session: Session) -> None:
    """A database with one cannot be dropped."""
    rows = session.fetch(
        "SELECT subname FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    for (name,) in rows:
        session.execute(f"ALTER SUBSCRIPTION {quoted(name)} DISABLE")
        session.execute(f"ALTER SUBSCRIPTION {quoted(name)} SET (slot_name = NONE)")
        session.execute(f"DROP SUBSCRIPTION {quoted(name)}")


@dataclass
class Ground:
    """A running server; `scratch` is a session in a database that stays empty."""

    server: Server
    programs: Programs
    major: int
    admin: Session
    scratch: Session
    _numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[tuple[str, Session]]:
        """A database of its own: its name and a session in it."""
        name = f"random_{next(self._numbers)}"
        self.admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            with closing(connect(self.server.target(name, user=SUPERUSER))) as session:
                session.execute("SET client_min_messages = error")
                try:
                    yield name, session
                finally:
                    session.execute("ROLLBACK")
                    _forget_subscriptions(session)
        finally:
            self.admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def passing(self) -> Iterator[Session]:
        """A session whose work is rolled back: much cheaper than a database, where that makes no difference."""
        self.scratch.execute("BEGIN")
        try:
            yield Passing(self.scratch)
        finally:
            self.scratch.execute("ROLLBACK")

    def dump(self, database: str) -> list[str]:
        """The statements of pg_dump, in an order and a form that do not depend on columns' places."""
        command = [
            str(self.programs.path("pg_dump")), "--schema-only", "--host", str(self.server.socket),
            "--username", SUPERUSER, database,
        ]  # fmt: skip
        written = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        lines = [line for line in written.splitlines() if not line.startswith(("--", "\\"))]
        parts = (part.strip() for part in re.split(r";\s*\n\s*\n+", "\n".join(lines)))
        return sorted(one for part in parts for one in _grants_apart(_without_places(part)))


def _grants_apart(statement: str) -> list[str]:
    """Grants on one object stand together, in the order in which they were made."""
    if statement.startswith(("GRANT ", "REVOKE ", "SET SESSION AUTHORIZATION ", "ALTER DEFAULT PRIVILEGES ")):
        return statement.split(";\n")
    return [statement]


def _without_places(statement: str) -> str:
    statement = re.sub(
        r"(?m)^(\)?\s*WITH \()([^\n]*)(\);?)$",
        lambda found: found[1] + ", ".join(sorted(found[2].split(", "))) + found[3],
        statement,
    )
    published = re.fullmatch(
        r"(ALTER PUBLICATION .* ADD TABLE ONLY [^(]*\()([^()]*)(\).*)", statement, re.DOTALL
    )
    if published is not None:
        return published[1] + ", ".join(sorted(published[2].split(", "))) + published[3]
    found = re.match(r"(CREATE (?:UNLOGGED |FOREIGN )?TABLE [^\n]*\(\n)(.*?)(\n\).*)", statement, re.DOTALL)
    if found is None:
        statistics = re.fullmatch(r"(CREATE STATISTICS .* ON )(.*)( FROM .*)", statement, re.DOTALL)
        if statistics is None:
            return statement
        return statistics[1] + ", ".join(sorted(statistics[2].split(", "))) + statistics[3]
    lines = sorted(line.rstrip(",") for line in found[2].split("\n"))
    end, *settings = found[3].split(";\n")  # of single columns
    return ";\n".join((found[1] + "\n".join(lines) + end, *sorted(one.rstrip(";") for one in settings)))


@contextmanager
def ground(programs: Programs) -> Iterator[Ground]:
    memory = Path("/dev/shm")  # making a database is copying one
    with room("random", memory if memory.is_dir() and os.access(memory, os.W_OK) else None) as folder:
        data = own(folder / "data", account())
        options = ["--locale=C.UTF-8", "--auth=trust", "--no-sync"]
        initialise(programs, data, account(), superuser=SUPERUSER, options=options)
        settings = {"fsync": "off", "wal_level": "logical", "autovacuum": "off", "full_page_writes": "off"}
        with (
            throwaway(programs, data, folder / "s", settings) as server,
            closing(connect(server.target("postgres", user=SUPERUSER))) as admin,
        ):
            for role in ROLES:
                admin.execute(f"CREATE ROLE {quoted(role)}")
            admin.execute("CREATE DATABASE passing")
            with closing(connect(server.target("passing", user=SUPERUSER))) as scratch:
                scratch.execute("SET client_min_messages = error")
                yield Ground(server, programs, programs.major, admin, scratch)


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
