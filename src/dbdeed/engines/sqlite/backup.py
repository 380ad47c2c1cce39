"""Backups of a SQLite database: a copy of its pages, or its SQL text.

Both are taken in one read transaction, so they hold one moment's state, and their facts are counted in the
same transaction. In WAL mode nobody waits meanwhile; in the other journal modes writers do.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.document.values.types import Method
from dbdeed.engines.faults import RestoreFailed
from dbdeed.engines.recovering import BackupFacts, Stage
from dbdeed.engines.seam import Target
from dbdeed.engines.sqlite import backup_file, replacing
from dbdeed.engines.sqlite.digests import one_moment, table_digests
from dbdeed.engines.sqlite.dump import PRAGMAS, dumped, read_back
from dbdeed.engines.sqlite.dump_file import DUMPS, commands_to_read, find_dump, reading, writing
from dbdeed.engines.sqlite.examine import examine
from dbdeed.engines.sqlite.faults import RAISED, translated
from dbdeed.engines.sqlite.guard import Guard
from dbdeed.engines.sqlite.session import SqliteSession
from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dbdeed.engines.recovering import BackupMethod, Examined
    from dbdeed.engines.seam import Session
    from dbdeed.progress import Progress, Task

_COPY = "database.db"
_PAGES = 1000  # copied between two reports: 4 MB


class _Either:
    """What the two methods share: everything but how a database is written down and read back."""

    def take(self, target: Target, folder: Path, progress: Progress) -> BackupFacts:
        """Write one backup into the empty `folder`."""
        started = _now()
        with closing(_opened(target)) as session, one_moment(session.connection):
            session.fetch("SELECT count(*) FROM sqlite_schema")  # from here on the state does not change
            consistent_at = _now()
            with progress.step("Count the rows"):
                tables = table_digests(session)
            with progress.step("Copy the database") as task:
                self._write(session, folder, task)
        return BackupFacts(
            started=started,
            finished=_now(),
            consistent_at=consistent_at,
            position="",
            size=sum(one.stat().st_size for one in folder.iterdir()),
            engine_version=sqlite3.sqlite_version_info,
            tables=tables,
        )

    def _write(self, session: SqliteSession, folder: Path, task: Task) -> None:
        raise NotImplementedError

    def _read(self, folder: Path, into: Path) -> None:
        raise NotImplementedError

    def restore(
        self,
        folder: Path,
        into: Target | Path,
        progress: Progress,
        *,
        spend: bool = False,  # noqa: ARG002 - the seam's
    ) -> None:
        """Bring it back as a new file, which appears only when it is whole."""
        file = backup_file.place_of(into)
        with progress.step("Restore"), backup_file.making(file) as draft:
            self._read(folder, draft)
            backup_file.require_sound(draft)

    @contextmanager
    def restored(
        self,
        folder: Path,
        work: Path,
        progress: Progress,
        *,
        spend: bool = False,  # noqa: ARG002 - the seam's
    ) -> Iterator[Session]:
        """A copy in the folder `work`, opened so that nothing in it can reach out."""
        file = work / "restored.db"
        self.restore(folder, file, progress)
        with closing(SqliteSession.of(Target(f"sqlite:///{file}", "the restored copy"))) as session:
            session.guarded(Guard(seconds=float("inf")))
            yield session

    def examine(self, session: Session) -> Sequence[Examined]:
        """Pages, foreign keys, counters."""
        return examine(session)

    def replace(self, folder: Path, target: Target, progress: Progress) -> str:
        """Bring it back in place of a live database."""
        return replacing.replace(lambda into: self.restore(folder, into, progress), target, _now())


class Online(_Either):
    """SQLite's own online backup ("SQLite Backup API"): a copy of every page."""

    method = Method.SNAPSHOTS
    name = "online"

    def _write(self, session: SqliteSession, folder: Path, task: Task) -> None:
        with _our_errors("the backup"), closing(sqlite3.connect(folder / _COPY)) as copy:
            session.connection.backup(copy, pages=_PAGES, progress=_reported(task))
        backup_file.require_sound(folder / _COPY)

    def _read(self, folder: Path, into: Path) -> None:
        try:
            shutil.copyfile(folder / _COPY, into)
        except FileNotFoundError as error:
            raise RestoreFailed(f"The backup holds no {_COPY}.") from error

    def verify(self, folder: Path, facts: BackupFacts) -> list[str]:
        """Check every page, and every row against what was counted."""
        file = folder / _COPY
        if not file.is_file():
            return [f"{_COPY} is missing."]
        return backup_file.sound(file) or _differences(file, facts)

    def commands(self, target: Target) -> list[str]:  # noqa: ARG002 - the seam has it
        """`BACKUP` stands for the backup's folder, `DATABASE` for the database file."""
        return [f'cp "$BACKUP/{_COPY}" "$DATABASE.restored"', *_PUT_IN_PLACE]

    @contextmanager
    def stage(self, data: Path, work: Path) -> Iterator[Stage]:  # noqa: ARG002 - the seam has it
        """Where the commands are tried out: a file is all there is."""
        folder = work / "steps"
        folder.mkdir(mode=0o700)
        yield Stage(
            folder=folder,
            environment={
                "PATH": f"/usr/local/bin:/usr/bin:/bin:{Path(sys.executable).parent}",
                "LC_ALL": "C",
            },
            adopt=lambda: None,
            step=lambda command: command,
            after=(),
            last="",
            argv=list,
            shares=True,
        )


class Logical(_Either):
    """SQL text: bigger and slower, and readable by any version of SQLite and by people."""

    method = Method.LOGICAL_DUMPS
    name = "logical"

    def _write(self, session: SqliteSession, folder: Path, task: Task) -> None:
        with _our_errors("the database"), writing(folder) as stream:
            for statement in dumped(session):
                stream.write(statement)
                task.advance(len(statement))

    def _read(self, folder: Path, into: Path) -> None:
        dump = find_dump(folder)
        if dump is None:
            raise RestoreFailed(f"The backup holds none of {', '.join(DUMPS)}.")
        with closing(sqlite3.connect(into, isolation_level=None)) as connection:
            connection.set_authorizer(Guard(seconds=float("inf"), pragmas=PRAGMAS))
            try:
                with reading(dump) as stream:
                    read_back(connection, stream)
            except (*RAISED, EOFError) as error:
                raise RestoreFailed(f"The dump could not be read back: {error}.") from error

    def verify(self, folder: Path, facts: BackupFacts) -> list[str]:
        """Read the dump back beside itself, and every row against what was counted."""
        import tempfile
        from pathlib import Path

        with tempfile.TemporaryDirectory(prefix="dbdeed-verify-") as work:
            file = Path(work) / "verified.db"
            try:
                self._read(folder, file)
            except RestoreFailed as error:
                return [error.message]
            return backup_file.sound(file) or _differences(file, facts)

    def commands(self, target: Target) -> list[str]:  # noqa: ARG002 - the seam has it
        """`BACKUP` stands for the backup's folder, `DATABASE` for the database file."""
        return [*commands_to_read(), *_PUT_IN_PLACE]


METHODS: tuple[BackupMethod, ...] = (Online(), Logical())

# Some versions see NULL where none is (`integrity.problems_of`); the steps that people type stay short.
_LOOK = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
    "unsure = (3, 40) <= sqlite3.sqlite_version_info <= (3, 41, 0); "
    'said = [one for one, in c.execute("PRAGMA integrity_check(1000000)") if one != "ok"]; '
    'found = [one for one in said if not (unsure and one.startswith("NULL value in "))]; '
    'found += c.execute("PRAGMA foreign_key_check"); '
    "sys.exit(str(found[:20]) if found else None)"
)
_PUT_IN_PLACE = (
    f"python3 -c '{_LOOK}' \"$DATABASE.restored\"",
    'for f in "$DATABASE" "$DATABASE"-wal "$DATABASE"-journal; do [ ! -e "$f" ] || mv "$f" "$f.before"; done',
    'mv "$DATABASE.restored" "$DATABASE"',
)


def _opened(target: Target) -> SqliteSession:
    session = SqliteSession.of(target)
    if session.absent:
        session.close()
        raise Unavailable(f"{target.label} does not exist, so there is nothing to back up.")
    return session


def _now() -> datetime:
    return datetime.now(UTC)


def _reported(task: Task) -> Callable[[int, int, int], None]:
    """`advance` wants what is new since the last report; SQLite tells what remains."""
    done = 0

    def report(_status: int, remaining: int, total: int) -> None:
        nonlocal done
        task.advance(total - remaining - done, total)
        done = total - remaining

    return report


@contextmanager
def _our_errors(label: str) -> Iterator[None]:
    try:
        yield
    except RAISED as error:
        raise translated(error, label) from error
    except OSError as error:
        raise Unavailable(f"{label.capitalize()} cannot be written: {error.strerror}.") from error


def _differences(file: Path, facts: BackupFacts) -> list[str]:
    """Tables whose rows are not those of the facts."""
    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
    with closing(SqliteSession(connection, file.name)) as session:
        found = table_digests(session)
    names = sorted(facts.tables.keys() | found.keys()) if facts.tables else ()
    return [
        f"Table {name} does not hold the rows that were counted when the backup was taken."
        for name in names
        if found.get(name) != facts.tables.get(name)
    ]
