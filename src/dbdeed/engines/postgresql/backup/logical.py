"""Logical dumps: one database by pg_dump, in directory format, and the roles that it speaks of.

    BACKUP/source.json   what it was taken of
    BACKUP/roles.sql     roles and memberships, without passwords
    BACKUP/dump/         pg_dump's directory

Rows are counted under the very snapshot that pg_dump reads: the counts are exact, however busy the
database is.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dbdeed.document.values.types import Method
from dbdeed.engines.faults import RestoreFailed, SqlRejected
from dbdeed.engines.postgresql.backup.digests import digests_in_transaction
from dbdeed.engines.postgresql.backup.examine import examine
from dbdeed.engines.postgresql.backup.isolation import drill_room, isolated, session_of, target_of
from dbdeed.engines.postgresql.backup.rehearsal import stage_database
from dbdeed.engines.postgresql.backup.source import kept_source, read_source, write_source
from dbdeed.engines.postgresql.backup.tools import (
    ToolFailed,
    client_environment,
    connection_of,
    run_tool,
)
from dbdeed.engines.postgresql.quoting import ident, literal
from dbdeed.engines.postgresql.servers.account import account, own, reachable
from dbdeed.engines.postgresql.servers.programs import find
from dbdeed.engines.postgresql.servers.server import initialise
from dbdeed.engines.postgresql.session import connect
from dbdeed.engines.recovering import BackupFacts
from dbdeed.engines.seam import Target
from dbdeed.errors import InvalidInput, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from dbdeed.engines.postgresql.backup.source import Source
    from dbdeed.engines.postgresql.servers.programs import Programs
    from dbdeed.engines.postgresql.session import Session
    from dbdeed.engines.recovering import Examined, Stage
    from dbdeed.engines.seam import Session as AnySession
    from dbdeed.progress import Progress

_DUMP, _ROLES = "dump", "roles.sql"
_ATTEMPTS = 10
_JOBS = str(min(4, os.cpu_count() or 1))

_OBJECTS = """
SELECT count(*) FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'dbdeed')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""


class Logical:
    """One database's contents as statements and rows."""

    method = Method.LOGICAL_DUMPS
    name = "logical"

    def take(self, target: Target, folder: Path, progress: Progress) -> BackupFacts:
        """Dump a database. Raises `Unavailable` where pg_dump does not succeed."""
        started = datetime.now(UTC)
        session = connect(target)
        try:
            source = read_source(session)
            write_source(folder, source)
            programs = find(source.major)
            notes = _dump_roles(programs, target, source, folder / _ROLES)
            with session.transaction():
                session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                moment = datetime.now(UTC)
                [(snapshot,)] = session.fetch("SELECT pg_catalog.pg_export_snapshot()")
                with progress.step("Count the rows"):
                    tables, uncounted = _counted(session)
                with progress.step("Dump the database"):
                    _dump(programs, target, snapshot, folder / _DUMP)
            return BackupFacts(
                started=started,
                finished=datetime.now(UTC),
                consistent_at=moment,
                position="",
                size=sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()),
                engine_version=session.version,
                tables=tables,
                notes=(*uncounted, *notes),
            )
        finally:
            session.close()

    def verify(self, folder: Path, facts: BackupFacts) -> list[str]:  # noqa: ARG002 - the seam's
        """Have pg_restore read the dump's table of contents."""
        source = kept_source(folder)
        program = find(source.major).path("pg_restore")
        try:
            run_tool(program, ["--list", str(folder / _DUMP)], client_environment(os.environ))
        except ToolFailed as error:
            return [error.message]
        return []

    def restore(
        self,
        folder: Path,
        into: Target | Path,
        progress: Progress,
        *,
        spend: bool = False,  # noqa: ARG002 - the seam's
    ) -> None:
        """Fill an empty database. Roles that own what is in the dump must be there: see `roles.sql`."""
        if not isinstance(into, Target):
            raise InvalidInput(
                "A logical dump is restored into an empty database, not into a folder.",
                hint="Give the URL of an empty database, or restore a snapshot.",
            )
        session = connect(into)
        try:
            [(objects,)] = session.fetch(_OBJECTS)
            if objects:
                raise Refused(
                    f"{into.label} is not empty; a restore does not overwrite.",
                    hint="Name an empty database.",
                    code="not-empty",
                )
            major = session.version[0]
        finally:
            session.close()
        with progress.step("Restore the dump"):
            connection = connection_of(into)
            _pg_restore(find(major), folder, connection.conninfo, connection.environment)

    @contextmanager
    def restored(
        self,
        folder: Path,
        work: Path,
        progress: Progress,
        *,
        spend: bool = False,  # noqa: ARG002 - the seam's
    ) -> Iterator[Session]:
        """A new cluster with this database alone, in a throwaway server that reaches nobody."""
        source = kept_source(folder)
        programs = find(source.major)
        superuser = source.superuser or "dbdeed_restore"
        with drill_room(work) as place:
            with progress.step("Start an empty server"):
                _new_cluster(programs, place, superuser)
            with isolated(programs, place, account()) as server:
                with progress.step("Restore the dump"):
                    maintenance = target_of(server, user=superuser, database=_beside(source.database))
                    _make_roles(programs, folder, maintenance)
                    _create(programs, folder, source.database, maintenance)
                with session_of(
                    server, user=superuser, database=source.database, major=source.major
                ) as session:
                    yield session

    def examine(self, session: AnySession) -> Sequence[Examined]:
        """Ask what a restored PostgreSQL database is asked."""
        return examine(session)

    def replace(self, folder: Path, target: Target, progress: Progress) -> str:
        """Put the dump in a live database's place; that one stays beside it under another name."""
        dumped = kept_source(folder).database
        session = connect(target)
        [(name,)] = session.fetch("SELECT current_database()")
        session.close()
        kept = f"{name[:40]}_before_{datetime.now(UTC):%Y%m%dt%H%M%S}"
        admin = connect(target, dbname=_beside(name))
        try:
            if dumped != name and _exists(admin, dumped):
                raise Refused(
                    f"The dump makes a database {dumped!r}, and the server has one already.",
                    hint="Restore it into an empty database instead.",
                )
            _rename(admin, name, kept)
            try:
                with progress.step("Restore the dump"):
                    connection = connection_of(target, database=_beside(name))
                    programs = find(admin.version[0])
                    _pg_restore(programs, folder, connection.conninfo, connection.environment, create=True)
                if dumped != name:
                    _rename(admin, dumped, name)
            except BaseException:
                admin.execute(f"DROP DATABASE IF EXISTS {ident(dumped)} WITH (FORCE)")
                _rename(admin, kept, name)
                raise
        finally:
            admin.close()
        return f"What was there is kept as the database {kept}; drop it when it is no longer wanted."

    def stage(self, data: Path, work: Path) -> AbstractContextManager[Stage]:
        """Where the commands are tried out."""
        return stage_database(data, work)

    def commands(self, target: Target) -> list[str]:  # noqa: ARG002 - the seam's
        """`BACKUP` stands for the backup's folder, `DATABASE` for the new database's name."""
        return [
            "DATABASE=restored",
            'psql -X -d postgres -f "$BACKUP/roles.sql"',
            'createdb --template=template0 "$DATABASE"',
            f'pg_restore --exit-on-error --jobs={_JOBS} --dbname="$DATABASE" "$BACKUP/dump"',
        ]


def _counted(session: Session) -> tuple[Mapping[str, tuple[int, str]], tuple[str, ...]]:
    try:
        with session.transaction():
            return digests_in_transaction(session), ()
    except SqlRejected as error:
        return {}, (f"The rows could not be counted: {error.message}.",)


def _dump(programs: Programs, target: Target, snapshot: str, into: Path) -> None:
    connection = connection_of(target)
    arguments = [
        "--format=directory",
        f"--jobs={_JOBS}",
        f"--snapshot={snapshot}",
        "--no-sync",  # the store makes every file durable
        f"--file={into}",
        f"--dbname={connection.conninfo}",
    ]
    run_tool(programs.path("pg_dump"), arguments, connection.environment)


def _dump_roles(programs: Programs, target: Target, source: Source, into: Path) -> tuple[str, ...]:
    """Roles belong to the cluster, and pg_dump leaves them out. A provider may forbid reading them."""
    connection = connection_of(target)
    arguments = [
        "--roles-only",
        "--no-role-passwords",
        f"--database={source.database}",
        f"--file={into}",
        f"--dbname={connection.conninfo}",
    ]
    try:
        run_tool(programs.path("pg_dumpall"), arguments, connection.environment)
    except ToolFailed as error:
        into.unlink(missing_ok=True)
        return (f"The roles were not saved: {error.message}",)
    return ()


def _new_cluster(programs: Programs, place: Path, superuser: str) -> None:
    who = account()
    data = own(place / "data", who)
    options = ("--locale=C", "--auth=trust", "--no-sync")
    initialise(reachable(programs, who), data, who, superuser=superuser, options=options)


def _make_roles(programs: Programs, folder: Path, maintenance: Target) -> None:
    """The superuser of the new cluster is in the file too; that it exists already is no fault."""
    if (folder / _ROLES).exists():
        connection = connection_of(maintenance)
        arguments = ["-X", "-q", f"--file={folder / _ROLES}", f"--dbname={connection.conninfo}"]
        run_tool(programs.path("psql"), arguments, connection.environment)


def _create(programs: Programs, folder: Path, database: str, maintenance: Target) -> None:
    connection = connection_of(maintenance)
    if database == "postgres":  # a new cluster has one; the dump brings its own
        session = connect(maintenance)
        session.execute("DROP DATABASE postgres")
        session.close()
    try:
        _pg_restore(programs, folder, connection.conninfo, connection.environment, create=True)
    except ToolFailed as error:
        if error.code == "no-space":
            raise
        raise RestoreFailed(error.message) from error


def _pg_restore(
    programs: Programs, folder: Path, conninfo: str, environment: Mapping[str, str], *, create: bool = False
) -> None:
    arguments = [
        "--exit-on-error",
        "--no-tablespaces",
        f"--jobs={_JOBS}",
        *(["--create"] if create else []),
        f"--dbname={conninfo}",
        str(folder / _DUMP),
    ]
    try:
        run_tool(programs.path("pg_restore"), arguments, environment)
    except ToolFailed as error:
        if "role" in error.message and "does not exist" in error.message:
            raise ToolFailed(error.message, hint=f"Make the roles first: {folder / _ROLES}") from error
        raise


def _beside(database: str) -> str:
    """A database that every cluster has, other than this one."""
    return "template1" if database != "template1" else "postgres"


def _exists(admin: Session, database: str) -> bool:
    return bool(admin.fetch("SELECT FROM pg_catalog.pg_database WHERE datname = $1", database))


def _rename(admin: Session, old: str, new: str) -> None:
    """Rename a database, ending the sessions that hold it."""
    for attempt in range(_ATTEMPTS):
        admin.execute(
            "SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity "
            f"WHERE datname = {literal(old)} AND pid <> pg_catalog.pg_backend_pid()"
        )
        try:
            admin.execute(f"ALTER DATABASE {ident(old)} RENAME TO {ident(new)}")
        except SqlRejected:  # somebody came back in between
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return
