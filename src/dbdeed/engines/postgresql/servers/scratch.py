"""Throwaway databases in which a document's SQL is run, hostile as it may be.

A private server has no network, no superuser session for the SQL, and ends with us. Roles that the SQL names
are made there without login and vanish with it. On a server that is named (`--scratch URL` or `live`), a
database of a unique name is made and dropped, and the SQL runs as a role that is no superuser there either.
"""

from __future__ import annotations

import secrets
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from dbdeed.engines.faults import NEEDS_SUPERUSER
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.servers import elevation, member_rights, subscribing
from dbdeed.engines.postgresql.servers.account import account
from dbdeed.engines.postgresql.servers.likeness import Likeness, clauses, likeness
from dbdeed.engines.postgresql.servers.programs import find
from dbdeed.engines.postgresql.servers.room import room
from dbdeed.engines.postgresql.servers.server import throwaway
from dbdeed.engines.postgresql.servers.template import SUPERUSER, copy, template
from dbdeed.engines.postgresql.servers.watchdog import Watchdog
from dbdeed.engines.postgresql.session import PostgresqlRejected, Session, connect, connection, settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg

    from dbdeed.engines.postgresql.servers.server import Server
    from dbdeed.engines.seam import Scratch, ScratchNeeds, Target
    from dbdeed.progress import Progress

STATEMENT_SECONDS = 120
"""The longest that one statement may run in a scratch, in which every table is nearly empty."""

_GRACE_SECONDS = 5

_NO_SUPERUSER = (
    "A document's SQL may come from anybody, so a scratch database runs it without a superuser's rights. "
    "What is made of C functions belongs in an extension, which a document may name."
)

# Said of an aggregate to whoever is no superuser; there is no code for it.
_SUPERUSERS_ONLY = "transition data type cannot be internal"

_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "jit": "off",
    "max_connections": "10",
    "superuser_reserved_connections": "3",
    "max_locks_per_transaction": "6400",  # a plan of thousands of tables runs in one transaction
    "max_worker_processes": "0",
    "max_parallel_workers": "0",
    "max_logical_replication_workers": "0",  # no subscription ever reaches out
    "shared_preload_libraries": "",
    "shared_buffers": "32MB",
    "temp_file_limit": "1GB",
    "lc_messages": "C",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    "client_connection_check_interval": "1s",
}


_PRIVATE = {"options": "", "target_session_attrs": "any", "sslmode": "disable"}
"""Connection parameters that the caller's environment must not set."""


@contextmanager
def open_scratch(needs: ScratchNeeds, progress: Progress) -> Iterator[Scratch]:
    """A place for throwaway databases.

    Raises:
        Unavailable: no programs of the needed major version, or no connection to the place that is named.
        Refused: the SQL would run as superuser there.
    """
    if needs.place:
        from dbdeed.engines.postgresql.servers.guest import open_guest

        with open_guest(needs) as guest:
            yield guest
        return
    like = likeness(needs.target) if needs.target is not None else Likeness()
    wanted = needs.version[0] if needs.version else like.major or None
    programs, who = find(wanted), account()
    with ExitStack() as stack:
        with progress.step(f"Starting a scratch PostgreSQL {programs.major}"):
            folder = stack.enter_context(room("scratch"))
            source = template(programs, needs.cache, who)
            copy(source, folder / "data", who)
            settings = _supported(programs.major)
            server = stack.enter_context(
                throwaway(programs, folder / "data", folder / "s", settings, who=who)
            )
            admin = stack.enter_context(closing(_admin(server, source.password, "postgres")))
        yield PrivateScratch(server, source.password, admin, like)


def _supported(major: int) -> dict[str, str]:
    added = {"io_method": "sync"} if major >= 18 else {}
    without = {"client_connection_check_interval"} if major < 14 else set()
    return {name: value for name, value in (_SETTINGS | added).items() if name not in without}


def _admin(server: Server, password: str, database: str) -> Session:
    target = server.target(database, user=SUPERUSER, label="the scratch server")
    return connect(target, password=password, **_PRIVATE)


@dataclass
class PrivateScratch:
    """A private server's databases; the seam's `Scratch`."""

    server: Server
    password: str = field(repr=False)
    admin: Session
    like: Likeness
    roles: set[str] = field(default_factory=set)

    @property
    def version(self) -> tuple[int, ...]:
        return self.admin.version

    @contextmanager
    def database(self, *, reachable: bool = False) -> Iterator[Session]:
        """A new empty database; the session's role owns it and is no superuser."""
        name = f"scratch_{secrets.token_hex(4)}"
        self._ensure_owner()
        self._create(name)
        key = secrets.token_hex(32)
        try:
            with closing(_admin(self.server, self.password, name)) as owner:
                for statement in elevation.setup(key, self.version[0]):
                    owner.execute(statement)
                if self.version[0] < 15:
                    owner.execute(f"ALTER SCHEMA public OWNER TO {ident(self.like.role)}")
            with closing(self._session(name, key)) as session:
                if reachable:
                    session.reachable = self._target(name)
                yield session
        finally:
            self.admin.execute(subscribing.forget(name))
            self.admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _session(self, name: str, key: str) -> Session:
        target = self._target(name)
        session = settled(ScratchSession(connection(target, **_PRIVATE), target.label, self, key))
        session.execute(f"SET statement_timeout = '{STATEMENT_SECONDS}s'")
        return session

    def _target(self, name: str) -> Target:
        return self.server.target(name, user=self.like.role, label="the scratch database")

    def _ensure_owner(self) -> None:
        if self.like.role not in self.roles:
            sees_all = " BYPASSRLS" if self.like.sees_all else ""
            self.admin.execute(f"CREATE ROLE {ident(self.like.role)} LOGIN NOSUPERUSER{sees_all}")
            self.roles.add(self.like.role)

    def _create(self, name: str) -> None:
        *better, last = clauses(self.like, self.version[0])
        make = f"CREATE DATABASE {name} OWNER {ident(self.like.role)} TEMPLATE template0"
        for clause in better:
            try:
                self.admin.execute(f"{make} {clause}")
            except PostgresqlRejected:
                continue
            return
        self.admin.execute(f"{make} {last}")

    def ensure_role(self, name: str) -> None:
        """Make a role without login, of which the session's role is a member."""
        if name not in self.roles and len(self.roles) < 1000:
            self.admin.execute(f"CREATE ROLE {ident(name)} NOLOGIN")
            self.admin.execute(f"GRANT {ident(name)} TO {ident(self.like.role)}")
            self.roles.add(name)

    def terminate(self, process_id: int) -> None:
        """End a session that does not obey."""
        self.admin.fetch("SELECT pg_catalog.pg_terminate_backend($1)", process_id)


class ScratchSession(Session):
    """A session of the scratch's ordinary role that knows how to run what needs a superuser."""

    def __init__(
        self, connection: psycopg.Connection[Any], label: str, scratch: PrivateScratch, key: str
    ) -> None:
        super().__init__(connection, label)
        self._scratch = scratch
        self._key = key
        self._watchdog = Watchdog(lambda: scratch.terminate(self.process_id))

    def execute(self, sql: str) -> None:
        try:
            self._execute(sql)
        except PostgresqlRejected as error:
            if error.sqlstate == "42501" or _SUPERUSERS_ONLY in error.message:  # insufficient_privilege
                error.code, error.hint = NEEDS_SUPERUSER, error.hint or _NO_SUPERUSER
            raise

    def _execute(self, sql: str) -> None:
        if elevation.ordinary(sql):
            self._send(sql)
            return
        for name in elevation.roles_named(sql):
            self._scratch.ensure_role(name)
        statement = elevation.elevated(sql, self._scratch.like.role)
        if statement is None and member_rights.needs_superuser(self, sql):
            statement = sql
        owner = elevation.new_owner(sql)
        if owner is not None and owner in self._scratch.roles:
            statement = elevation.given(sql, owner) or statement
        if statement is not None:
            self._elevate(statement)
        elif owner is not None and owner != self._scratch.like.role:
            self._give(sql, owner)
        else:
            self._send(sql)

    def execute_all(self, statements: Sequence[str]) -> None:
        for ordinary, some in groupby(statements, elevation.ordinary):
            if ordinary:
                super().execute_all(list(some))
            else:
                for sql in some:
                    self.execute(sql)

    def execute_together(self, statements: Sequence[str]) -> None:
        if all(map(elevation.ordinary, statements)):
            super().execute_together(statements)
            return
        with self.transaction():
            self.execute_all(statements)

    def close(self) -> None:
        self._watchdog.close()
        super().close()

    def _send(self, sql: str) -> None:
        with self._watchdog.watching(STATEMENT_SECONDS + _GRACE_SECONDS):
            super()._send(sql)

    def _give(self, sql: str, owner: str) -> None:
        """Run an ALTER … OWNER TO as a superuser could: the new owner needs no right on the schema."""
        with self.transaction():
            self._elevate(elevation.opened_to(owner))
            self._send(sql)
            self._elevate(elevation.CLOSED_AGAIN)

    def _elevate(self, statement: str) -> None:
        sealed = elevation.seal(self._key, statement)
        try:
            with self._watchdog.watching(STATEMENT_SECONDS + _GRACE_SECONDS):
                self.fetch("SELECT pg_catalog.dbdeed_elevate($1, $2)", statement, sealed)
        except PostgresqlRejected as error:
            if error.internal and error.internal[0] == statement:
                error.offset, error.located = error.internal[1], True
            else:
                error.offset, error.located = 0, False
            raise
