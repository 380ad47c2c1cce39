"""SQLite, through the standard library.

Each connection works in write-ahead mode with foreign keys enforced. Within the process writers queue for one
lock instead of polling the file's; between processes SQLite's own busy timeout decides.
"""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dbdeed.access.errors import ConnectionFailed, InvalidValue, LockTimeout, StatementFailed
from dbdeed.access.lock import Lock
from dbdeed.access.sqlite_errors import translated
from dbdeed.access.sqlite_json import CONTAINS, json_contains
from dbdeed.access.sqlite_values import all_to_sqlite, in_a_row, to_sqlite
from dbdeed.access.sqlite_worker import LOOKS, RESTING_WAIT, Worker
from dbdeed.access.statements import Result, Row, Statement, first_word

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence

    from dbdeed.access.connection import Connection
    from dbdeed.access.settings import PoolSettings, TransactionSettings

T = TypeVar("T")

_QUOTED = re.compile(r'"(?:[^"]|"")*"')  # a name, which may hold commas
BUSY_TIMEOUT = 5.0
_ROWS_AT_ONCE, _PARAMETERS_AT_ONCE = 64, 960  # SQLite before 3.32 took 999 of these
_STEPS_BETWEEN_LOOKS = 2000  # of SQLite's machine, from one look to the next; some 20 to 100 µs
_LEAVES_SESSION = frozenset({"SELECT", "VALUES", "WITH", "INSERT", "UPDATE", "DELETE", "REPLACE", "EXPLAIN"})
_READS = frozenset({"SELECT", "VALUES", "EXPLAIN"})


class SqliteConnection:
    """One session with a file."""

    def __init__(self, raw: sqlite3.Connection, worker: Worker, writer: Lock, settings: PoolSettings) -> None:
        self._raw = raw
        self._worker = worker
        self._writer = writer
        self._statement_timeout = settings.statement_timeout
        self._timeout = settings.statement_timeout
        self._in_transaction = False
        self._writing = False
        self._closed = False
        self._undo: list[str] = []  # what brings the session back after a transaction
        self._long: set[str] = set()  # what took too long for the caller's own thread
        self._looks: int | None = None  # how often a call on that thread may still be looked at
        self._until = float("inf")
        self._left = False  # its caller was cancelled
        self._watched = False
        self._looked_at = LOOKS is not None or self._timeout is not None
        self._waits = RESTING_WAIT  # seconds that it waits for other processes, as it is set now
        self._cursor = raw.cursor()  # for what is fetched whole: a new one for each call would cost a tenth
        self.changed = False
        self.server = ""

    def ready(self) -> bool:
        return not (self._closed or self._in_transaction or self._writing or self._raw.in_transaction)

    def alive(self) -> bool:
        return not self._closed

    async def run(self, statement: Statement, parameters: Sequence[object]) -> Result:
        found = None
        if statement.trusted:
            if not statement.writes:
                if statement.text not in self._long:
                    found = self._at_once(statement.text, parameters)
            elif LOOKS is None and (self._in_transaction or self._writer.take()):
                try:
                    found = self._at_once(statement.text, parameters)
                finally:
                    if not self._in_transaction:
                        self._writer.release()
        return await self._run_apart(statement, parameters) if found is None else found

    async def _run_apart(self, statement: Statement, parameters: Sequence[object]) -> Result:
        """Where it may take long. A lambda within `run` itself would cost each call a cell for each name."""
        word = "" if statement.trusted else first_word(statement.text)
        if not statement.trusted:
            self.changed = self.changed or word not in _LEAVES_SESSION
        own = not self._in_transaction and statement.writes and word not in _READS
        if own:
            await self._take_writer(BUSY_TIMEOUT)
        try:
            self._hold()
            values = to_sqlite(parameters)
            return await self._call(lambda: self._fetch(statement.text, values))
        finally:
            if own:
                self._free_writer()

    async def stream(
        self, statement: Statement, parameters: Sequence[object], batch: int
    ) -> AsyncGenerator[list[Row]]:
        own = statement.writes and not self._in_transaction
        if own:
            await self._take_writer(BUSY_TIMEOUT)
        try:
            values = to_sqlite(parameters)
            cursor = self._raw.cursor()
            try:
                await self._call(lambda: self._open(cursor, statement.text, values))
                while rows := await self._call(lambda: self._next(cursor, batch)):
                    yield rows
            finally:
                if not self._closed:
                    cursor.close()  # before anything else: while it is open, an interrupt stays in force
        finally:
            if own:
                self._free_writer()

    async def many(self, statement: Statement, parameters: Sequence[Sequence[object]]) -> int:
        values = [*all_to_sqlite(parameters)]
        return await self._together(lambda: self._each(statement.text, values))

    async def copy_in(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> int:
        width = _QUOTED.sub("", columns).count(",") + 1
        head = f"INSERT INTO {table} ({columns}) VALUES "
        return await self._together(lambda: self._insert(head, width, rows))

    async def begin(self, settings: TransactionSettings) -> None:
        self._timeout = settings.statement_timeout or self._statement_timeout
        self._looked_at = LOOKS is not None or self._timeout is not None
        if settings.read_only:
            self._undo = ["PRAGMA query_only = OFF"]
            await self._command("PRAGMA query_only = ON", "BEGIN")
        else:
            self._undo = []
            wait = settings.lock_timeout or BUSY_TIMEOUT
            await self._take_writer(wait)
            # A transaction that reads first and writes later could fail when it turns to writing: SQLite lets
            # no other writer wait for it. So it says at once that it will write.
            await self._call(lambda: self._fetch("BEGIN IMMEDIATE", ()), wait)
        self._in_transaction = True

    async def commit(self) -> None:
        if not self._raw.in_transaction:
            await self.rollback()
            raise StatementFailed("an earlier statement of the transaction failed: it was rolled back")
        await self._command("COMMIT", *self._undo)
        self._end()

    async def rollback(self) -> None:
        await self._command(*(["ROLLBACK"] if self._raw.in_transaction else []), *self._undo)
        self._end()

    async def savepoint(self, name: str) -> None:
        await self._command(f"SAVEPOINT {name}")

    async def release_savepoint(self, name: str) -> None:
        await self._command(f"RELEASE {name}")

    async def rollback_to_savepoint(self, name: str) -> None:
        await self._command(f"ROLLBACK TO {name}", f"RELEASE {name}")

    async def reset(self) -> bool:
        return False  # opening a file anew is cheaper than knowing what may have changed

    def terminate(self) -> None:
        if not self._closed:
            self._closed = True
            self._worker.finish(self._raw.close)
            self._end()

    def _end(self) -> None:
        self._in_transaction = False
        self._timeout = self._statement_timeout
        self._looked_at = LOOKS is not None or self._timeout is not None
        self._free_writer()

    async def _take_writer(self, wait: float) -> None:
        if not await self._writer.acquire(wait):
            raise LockTimeout(f"another writer of this process kept the database for {wait:g} s")
        self._writing = True

    def _free_writer(self) -> None:
        if self._writing:
            self._writing = False
            self._writer.release()

    def _at_once(self, text: str, parameters: Sequence[object]) -> Result | None:
        """On the caller's own thread; None where it must not be kept so long."""
        if self._in_transaction:
            self._hold()
        if self._looked_at:
            self._watch()
            self._looks = LOOKS
        if self._waits != RESTING_WAIT:
            self._wait_for_others(RESTING_WAIT)
        cursor = self._cursor
        try:
            cursor.execute(text, to_sqlite(parameters))
            rows = cursor.fetchall()
        except UnicodeEncodeError as error:
            raise _not_utf8() from error
        except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
            self._looks = None
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if LOOKS is None or code not in (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY):
                raise translated(error) from error
            if code == sqlite3.SQLITE_INTERRUPT:
                self._long.add(text)
            return None
        if self._looked_at:
            self._looks = None
        return Result(rows, len(rows) if rows else max(cursor.rowcount, 0))

    def _hold(self) -> None:
        if self._in_transaction and not self._raw.in_transaction:
            raise StatementFailed("an earlier statement of the transaction failed: it was rolled back")

    async def _command(self, *texts: str) -> None:
        def run() -> None:
            for text in texts:
                self._fetch(text, ())

        await self._call(run)

    async def _call(self, work: Callable[[], T], wait: float = BUSY_TIMEOUT) -> T:
        """Do `work` where it may take long; it waits up to `wait` seconds for other processes."""
        self._left = False
        if wait == self._waits:
            return await self._worker.call(work, self._leave)

        def patiently() -> T:
            self._wait_for_others(wait)
            return work()

        return await self._worker.call(patiently, self._leave)

    def _wait_for_others(self, seconds: float) -> None:
        with _translated():
            self._raw.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
        self._waits = seconds

    def _leave(self) -> None:
        self._left = True  # where it has not begun yet, an interrupt would go unnoticed
        self._raw.interrupt()

    async def _together(self, work: Callable[[], int]) -> int:
        """Do `work` all or nothing."""
        if self._in_transaction:
            self._hold()
            return await self._call(lambda: self._within("dbdeed_together", work))
        await self._take_writer(BUSY_TIMEOUT)
        try:
            return await self._call(lambda: self._within("", work))
        finally:
            self._free_writer()

    def _within(self, savepoint: str, work: Callable[[], int]) -> int:
        self._fetch(f"SAVEPOINT {savepoint}" if savepoint else "BEGIN IMMEDIATE", ())
        try:
            count = work()
            self._fetch(f"RELEASE {savepoint}" if savepoint else "COMMIT", ())
        except BaseException:
            self._left = False  # what undoes it is not to be stopped too
            if self._raw.in_transaction:  # some failures roll back by themselves
                for undo in (
                    [f"ROLLBACK TO {savepoint}", f"RELEASE {savepoint}"] if savepoint else ["ROLLBACK"]
                ):
                    self._fetch(undo, ())
            raise
        return count

    def _each(self, text: str, values: Iterable[Sequence[object]]) -> int:
        self._watch()
        with _translated():
            return max(self._raw.executemany(text, values).rowcount, 0)

    def _insert(self, head: str, width: int, rows: Iterable[Sequence[object]]) -> int:
        """Several rows by each statement, which takes half the time of one statement for each."""
        row = f"({', '.join('?' * width)})"
        several = max(1, min(_ROWS_AT_ONCE, _PARAMETERS_AT_ONCE // width))
        text = head + ", ".join([row] * several)
        count = 0
        self._watch()
        with _translated():
            for size, values in in_a_row(rows, width, several):
                if size < several:
                    text = head + ", ".join([row] * size)
                count += self._raw.execute(text, values).rowcount
        return count

    def _open(self, cursor: sqlite3.Cursor, text: str, values: Sequence[object]) -> None:
        self._watch()
        with _translated():
            cursor.execute(text, values)

    def _next(self, cursor: sqlite3.Cursor, batch: int) -> list[Row]:
        self._watch()
        with _translated():
            return cursor.fetchmany(batch)

    def _fetch(self, text: str, values: Sequence[object]) -> Result:
        self._watch()
        try:
            cursor = self._raw.execute(text, values)
            rows = cursor.fetchall()
        except UnicodeEncodeError as error:
            raise _not_utf8() from error
        except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
            raise translated(error) from error
        return Result(rows, max(cursor.rowcount, len(rows)))

    def _watch(self) -> None:
        """Have what runs looked at, where there is something to look for."""
        self._until = float("inf") if self._timeout is None else time.monotonic() + self._timeout
        if not self._watched and (self._timeout is not None or LOOKS is not None):
            self._watched = True
            self._raw.set_progress_handler(self._look, _STEPS_BETWEEN_LOOKS)

    def _look(self) -> bool:
        """Whether what runs is to be stopped; SQLite asks it every so many steps."""
        if self._looks is not None:
            self._looks -= 1
            return self._looks < 0
        return self._left or time.monotonic() > self._until


class SqliteConnector:
    """Opens sessions with one file, or with one database in memory."""

    dialect = "sqlite"

    def __init__(self, path: str, settings: PoolSettings) -> None:
        self._path = path
        self.database = Path(path).name
        self._settings = settings
        self._writer = Lock()

    def __repr__(self) -> str:
        return f"<SQLite {self._path!r}>"

    async def connect(self) -> Connection:
        worker = Worker("dbdeed-sqlite")
        try:
            raw = await worker.call(self._open, lambda: None)
        except BaseException:
            worker.finish(lambda: None)
            raise
        return SqliteConnection(raw, worker, self._writer, self._settings)

    def _open(self) -> sqlite3.Connection:
        # mode=rw: a missing file is an error, and not a new, empty database.
        address = f"{Path(self._path).absolute().as_uri()}?mode=rw"
        try:
            raw = sqlite3.connect(
                address, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise ConnectionFailed(f"cannot open {self!r}: {error}") from error
        try:
            raw.create_function(CONTAINS, 2, json_contains, deterministic=True)
            raw.execute("PRAGMA foreign_keys = ON")
            raw.execute("PRAGMA journal_mode = WAL")
            raw.execute(f"PRAGMA busy_timeout = {round(RESTING_WAIT * 1000)}")
        except sqlite3.Error as error:
            raw.close()
            raise ConnectionFailed(f"cannot open {self!r}: {error}") from error
        return raw


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except UnicodeEncodeError as error:
        raise _not_utf8() from error
    except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
        raise translated(error) from error


def _not_utf8() -> InvalidValue:
    return InvalidValue("a text holds characters that UTF-8 cannot express")
