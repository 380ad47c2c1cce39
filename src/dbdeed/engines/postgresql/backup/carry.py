"""Tables, or a whole database, out of a restored copy into a file or another database, by pg_dump."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.backup.tools import connection_of, run_tool
from dbdeed.engines.postgresql.quoting import qualified
from dbdeed.engines.postgresql.servers.programs import find
from dbdeed.engines.postgresql.servers.server import socket_url
from dbdeed.engines.postgresql.session import connect
from dbdeed.engines.seam import Target
from dbdeed.errors import InvalidInput, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.seam import Session as AnySession
    from dbdeed.progress import Progress

_RELATION = """
SELECT n.nspname, c.relname FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = pg_catalog.to_regclass($1) AND c.relkind IN ('r', 'p')
UNION ALL
SELECT n.nspname, c.relname FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) AS t
JOIN pg_catalog.pg_class AS c ON c.oid = t.relid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE t.level > 0 AND pg_catalog.to_regclass($1) IS NOT NULL
"""
_OBJECTS = """
SELECT count(*) FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'dbdeed')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""


class Carrier:
    """The seam's `TableCarrier`."""

    def found(self, session: AnySession, names: Sequence[str]) -> tuple[str, ...]:
        """The tables with their partitions, quoted. Raises `InvalidInput` for one that is not there."""
        tables: list[str] = []
        for name in names:
            rows = session.fetch(_RELATION, name)
            if not rows:
                raise InvalidInput(
                    f"There is no table {name} in what was restored.",
                    hint="Name it as SQL does: notes, or sales.orders.",
                )
            tables += [qualified(*row) for row in rows]
        return tuple(dict.fromkeys(tables))

    def present(self, target: Target, tables: Sequence[str]) -> tuple[str, ...]:
        """Those of the tables that a database has already; without any named, whether it has anything."""
        with closing(connect(target)) as session:
            if tables:
                return tuple(one for one in tables if session.fetch(_RELATION, one))
            return ("something",) if session.fetch(_OBJECTS)[0][0] else ()

    def write(self, copy: AnySession, tables: Sequence[str], file: Path, progress: Progress) -> None:
        """Write tables of a restored copy to a new file of SQL."""
        self.keep(_place(copy), tables, file, progress)

    def keep(self, source: Target, tables: Sequence[str], file: Path, progress: Progress) -> None:
        """Write tables of a database to a new file of SQL."""
        if file.exists():
            raise Refused(f"{file} is there already; a restore does not overwrite.", code="not-empty")
        with progress.step("Write the tables"):
            _dump(source, tables, file, "plain")

    def carry(
        self,
        copy: AnySession,
        tables: Sequence[str],
        into: Target,
        work: Path,
        progress: Progress,
        *,
        replace: bool,
    ) -> None:
        """Bring tables, or without any named the whole database, into another one, or nothing of it.

        `replace` drops tables of these names first; where others refer to them it fails and changes nothing.
        """
        file = work / "carried.dump"
        with progress.step("Take the tables out of the copy"):
            _dump(_place(copy), tables, file, "custom")
        connection = connection_of(into)
        with closing(connect(into)) as session:
            programs = find(session.version[0])
        with progress.step("Bring them into the database"):
            arguments = [
                "--exit-on-error",
                "--single-transaction",
                *(["--no-owner", "--no-privileges"] if tables else []),
                *(["--clean", "--if-exists"] if replace else []),
                f"--dbname={connection.conninfo}",
                str(file),
            ]
            run_tool(programs.path("pg_restore"), arguments, connection.environment)
        file.unlink()


def _dump(source: Target, tables: Sequence[str], file: Path, format_: str) -> None:
    connection = connection_of(source)
    with closing(connect(source)) as session:
        programs = find(session.version[0])
    # A name in double quotes is itself and no pattern (psql, "Patterns").
    chosen = [f"--table={one}" for one in tables]
    arguments = [
        f"--format={format_}",
        f"--file={file}",
        "--no-sync",
        *chosen,
        f"--dbname={connection.conninfo}",
    ]
    run_tool(programs.path("pg_dump"), arguments, connection.environment)


def _place(session: AnySession) -> Target:
    """Where a session of a throwaway server is connected, for PostgreSQL's own programs."""
    [(database, user, folder)] = session.fetch(
        "SELECT current_database(), current_user, current_setting('unix_socket_directories')"
    )
    return Target(socket_url(Path(folder), database, user), "the restored copy")
