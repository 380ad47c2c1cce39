"""Single tables out of a restored copy into a file of SQL or another database."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

from dbdeed.engines.seam import Target
from dbdeed.engines.sqlite.digests import one_moment
from dbdeed.engines.sqlite.dump import TABLES, dumped_tables, encoding_of
from dbdeed.engines.sqlite.inspect import inspect_all
from dbdeed.engines.sqlite.names import fold, written
from dbdeed.engines.sqlite.session import SqliteSession
from dbdeed.errors import InvalidInput, Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dbdeed.engines.seam import Session
    from dbdeed.progress import Progress


class Carrier:
    """The seam's `TableCarrier`. A table brings its rows, indexes and triggers; views stay as they are."""

    def found(self, session: Session, names: Sequence[str]) -> tuple[str, ...]:
        """The tables as they are spelled there. Raises `InvalidInput` for one that is not there."""
        there = _tables(session)
        for name in names:
            if fold(name) not in there:
                raise InvalidInput(
                    f"There is no table {name} in what was restored.",
                    hint=f"It has: {', '.join(there.values()) or 'none'}.",
                )
        return tuple(dict.fromkeys(there[fold(name)] for name in names))

    def present(self, target: Target, tables: Sequence[str]) -> tuple[str, ...]:
        """Those of the tables that a database has already; without any named, all that it has."""
        with closing(SqliteSession.of(target)) as session:
            there = _tables(session)
        return (
            tuple(there[fold(one)] for one in tables if fold(one) in there) if tables else (*there.values(),)
        )

    def write(self, copy: Session, tables: Sequence[str], file: Path, progress: Progress) -> None:
        """Write tables of a restored copy to a new file of SQL."""
        self.keep(_place(copy), tables, file, progress)

    def keep(self, source: Target, tables: Sequence[str], file: Path, progress: Progress) -> None:
        """Write tables of a database to a new file of SQL, which `sqlite3 FILE < …` reads as it is."""
        with progress.step("Write the tables"), closing(SqliteSession.of(source)) as session:
            encoding = encoding_of(session.connection)
            try:
                with file.open("x", encoding="utf-8", newline="") as stream, one_moment(session.connection):
                    stream.write("PRAGMA foreign_keys=OFF;\nPRAGMA ignore_check_constraints=ON;\n")
                    stream.write("BEGIN TRANSACTION;\n")
                    stream.writelines(dumped_tables(session, tables, encoding))
                    stream.write("COMMIT;\n")
                    stream.flush()
                    os.fsync(stream.fileno())
            except FileExistsError as error:
                message = f"{file} is there already; a restore does not overwrite."
                raise Refused(message, code="not-empty") from error
            except OSError as error:
                raise Unavailable(f"{file} cannot be written: {error.strerror}.") from error

    def carry(
        self,
        copy: Session,
        tables: Sequence[str],
        into: Target,
        work: Path,  # noqa: ARG002 - the seam has it
        progress: Progress,
        *,
        replace: bool,
    ) -> None:
        """Bring tables into another database in one transaction.

        `replace` drops tables of these names first. Raises `SqlRejected` where rows would then refer to what
        is not there, and changes nothing.
        """
        with (
            progress.step("Bring them into the database"),
            closing(SqliteSession.of(_place(copy))) as source,
            closing(SqliteSession.of(into)) as session,
            one_moment(source.connection),
        ):
            session.execute("PRAGMA ignore_check_constraints=ON")  # what was kept stays as it was
            encoding = encoding_of(session.connection)
            with session.transaction():
                there = _tables(session)
                for one in tables if replace else ():
                    if fold(one) in there:
                        session.execute(f"DROP TABLE {written(there[fold(one)])}")
                for statement in dumped_tables(source, tables, encoding):
                    session.execute(statement)


def _tables(session: Session) -> dict[str, str]:
    """Folded name: as it is spelled."""
    assert isinstance(session, SqliteSession)
    return {
        fold(one.name): one.name for one in inspect_all(session).objects.values() if isinstance(one, TABLES)
    }


def _place(session: Session) -> Target:
    """The file of a restored copy."""
    assert isinstance(session, SqliteSession)
    return Target(f"sqlite:///{session.file}", "the restored copy")
