"""Scratch databases on a server that somebody named: `--scratch URL`, or `--scratch live`."""

from __future__ import annotations

import secrets
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dbdeed.engines.faults import CannotConnect
from dbdeed.engines.postgresql.quoting import ident, literal
from dbdeed.engines.postgresql.servers.likeness import Likeness, clauses, likeness
from dbdeed.engines.postgresql.session import PostgresqlRejected, Session, connect
from dbdeed.engines.seam import Target
from dbdeed.errors import Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.seam import Scratch, ScratchNeeds

PREFIX = "dbdeed_scratch_"
_FORGOTTEN_SECONDS = 600

# Whether the account is a superuser, and whether hostile SQL must not run as it.
_ACCOUNT = """
SELECT r.rolsuper, r.rolsuper OR r.rolcreaterole OR r.rolreplication OR EXISTS (
  SELECT FROM pg_catalog.pg_roles p
  WHERE p.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')
    AND pg_catalog.pg_has_role(r.oid, p.oid, 'MEMBER'))
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
"""


@contextmanager
def open_guest(needs: ScratchNeeds) -> Iterator[Scratch]:
    """Use the server that `needs.place` names.

    Raises:
        Unavailable: another major version than needed, or no connection.
        Refused: "live" without a live database.
    """
    if needs.place == "live":
        if needs.target is None:
            raise Refused("--scratch live needs a live database.", hint="Name one with --database.")
        place = needs.target
    else:
        place = Target(needs.place, "the scratch server")
    like = likeness(needs.target) if needs.target is not None else Likeness()
    wanted = needs.version[0] if needs.version else like.major
    with closing(connect(place)) as session:
        if wanted and session.version[0] != wanted:
            raise Unavailable(
                f"{place.label} is PostgreSQL {session.version[0]}; the scratch must be PostgreSQL {wanted}.",
                hint=f"Name a server of version {wanted}, or install its programs and leave --scratch out.",
                code="wrong-version",
            )
        _sweep(session)
        yield GuestScratch(place, session, like)


@dataclass
class GuestScratch:
    """Databases on somebody's server; the seam's `Scratch`."""

    place: Target
    session: Session
    like: Likeness

    @property
    def version(self) -> tuple[int, ...]:
        return self.session.version

    @contextmanager
    def database(self, *, reachable: bool = False) -> Iterator[Session]:
        """A new empty database, dropped afterwards.

        Raises:
            Refused: the account may not make databases, or is so mighty that hostile SQL must not run as it
                and no lesser one could be made.
        """
        name = f"{PREFIX}{int(time.time()):x}_{secrets.token_hex(4)}"
        ((superuser, dangerous),) = self.session.fetch(_ACCOUNT)
        password = secrets.token_hex(24) if dangerous else ""
        try:
            if dangerous:
                rights = "NOSUPERUSER NOCREATEROLE" + " BYPASSRLS" * (superuser and self.like.sees_all)
                self.session.execute(f"CREATE ROLE {name} LOGIN {rights} PASSWORD {literal(password)}")
            self._create(name, owner=name if dangerous else "")
            with closing(self._open(name, password)) as opened:
                opened.execute("SET statement_timeout = '120s'; SET synchronous_commit = off")
                if reachable:
                    opened.reachable = self._target(name, password)
                yield opened
        finally:
            self.session.execute(f"DROP DATABASE IF EXISTS {name}")
            if dangerous:
                self.session.execute(f"DROP ROLE IF EXISTS {name}")

    def _target(self, name: str, password: str) -> Target:
        """Where it is, as one URL."""
        from psycopg.conninfo import conninfo_to_dict

        scheme, _, rest = self.place.url.partition("://")
        found = conninfo_to_dict(f"{scheme.partition('+')[0]}://{rest}", dbname=name)
        if password:
            found |= {"user": name, "password": password}
        query = urlencode({key: str(value) for key, value in found.items() if value is not None})
        return Target(f"postgresql://?{query}", "the scratch database")

    def _create(self, name: str, *, owner: str) -> None:
        make = f"CREATE DATABASE {name} TEMPLATE template0" + (f" OWNER {ident(owner)}" if owner else "")
        for clause in clauses(self.like, self.version[0]):
            try:
                self.session.execute(f"{make} {clause}")
            except PostgresqlRejected as error:
                if error.sqlstate == "42501":
                    raise Refused(
                        f"The account may not make databases on {self.place.label}.",
                        hint="Give it CREATEDB, or leave --scratch out to use a private server.",
                        code="no-createdb",
                    ) from error
                continue
            return
        raise Unavailable(f"No scratch database could be made on {self.place.label}.", code="no-scratch")

    def _open(self, name: str, password: str) -> Session:
        own = {"user": name, "password": password} if password else {}
        try:
            return connect(Target(self.place.url, "the scratch database"), dbname=name, **own)
        except CannotConnect as error:
            if not password:
                raise
            raise Refused(
                f"The account on {self.place.label} is too mighty to run a document's SQL, and the server "
                f"does not let a lesser one in: {error.message}",
                hint="Use an account without superuser and CREATEROLE, or leave --scratch out.",
                code="mighty-account",
            ) from error


def _sweep(session: Session) -> None:
    """Drop what a killed run left behind: ours, old, and nobody in it."""
    left = session.fetch(
        "SELECT d.datname FROM pg_catalog.pg_database d WHERE d.datname LIKE 'dbdeed\\_scratch\\_%' "
        "AND pg_catalog.pg_has_role(d.datdba, 'MEMBER') AND NOT EXISTS "
        "(SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)"
    )
    for (name,) in left:
        made = name.removeprefix(PREFIX).partition("_")[0]
        with suppress(ValueError, PostgresqlRejected):
            if time.time() - int(made, 16) > _FORGOTTEN_SECONDS:
                session.execute(f"DROP DATABASE IF EXISTS {ident(name)}")
                session.execute(f"DROP ROLE IF EXISTS {ident(name)}")
