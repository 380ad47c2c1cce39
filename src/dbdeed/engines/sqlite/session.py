"""A connection to one SQLite database."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from dbdeed.engines.faults import CannotConnect, SqlRejected
from dbdeed.engines.sqlite.faults import RAISED, translated
from dbdeed.engines.sqlite.integrity import problems_of
from dbdeed.engines.sqlite.location import file_of
from dbdeed.engines.sqlite.names import PRIVATE_PREFIX, fold
from dbdeed.errors import OurFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dbdeed.engines.seam import Target
    from dbdeed.engines.sqlite.guard import Guard

OLDEST = (3, 37)
"""STRICT tables and `PRAGMA table_list`, which tells shadow tables apart, came with 3.37 (2021)."""

_WAIT_SECONDS = 5.0
_WRITES = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
_Violations = Counter[tuple[Any, ...]]
_BROKEN = "SELECT rowid, parent FROM pragma_foreign_key_check(?)"
_WITH_KEYS = """
    SELECT DISTINCT s.name FROM sqlite_schema s, pragma_foreign_key_list(s.name)
    WHERE s.type = 'table' AND s.sql NOT LIKE 'CREATE VIRTUAL %'
"""


class SqliteSession:
    """An open connection, in autocommit unless inside `transaction`.

    A file that does not exist yet reads as an empty database and is made by the first statement that is
    executed, so that a mere look leaves nothing behind.
    """

    def __init__(self, connection: sqlite3.Connection, label: str, file: Path | None = None) -> None:
        self._connection = connection
        self._label = label
        self.file = file
        self.left_out: frozenset[str] = frozenset()
        self.reachable: Target | None = None
        self._absent = False
        self._watch: _Watch | None = None
        self._guard: Guard | None = None

    @classmethod
    def of(cls, target: Target, *, wait: float = _WAIT_SECONDS) -> SqliteSession:
        """Connect to a file. Raises `CannotConnect`."""
        file = file_of(target.url)
        if not file.exists() and (file.parent.is_dir() or target.embedded):
            session = cls(_connect(":memory:", wait), target.label, file)
            session._absent = True
            return session
        return cls(_open_file(file, target.label, wait), target.label, file)

    @property
    def absent(self) -> bool:
        """The file does not exist yet."""
        return self._absent

    @property
    def version(self) -> tuple[int, ...]:
        return sqlite3.sqlite_version_info

    @property
    def connection(self) -> sqlite3.Connection:
        """The driver's own connection, for what is SQLite's alone: backups, digests, the authorizer."""
        return self._connection

    def guarded(self, guard: Guard) -> None:
        """From now on ask `guard` before everything, and stop what runs too long."""
        self._guard = guard
        self._connection.set_authorizer(guard)
        self._connection.set_progress_handler(guard.late, guard.OPERATIONS)

    def execute(self, sql: str) -> None:
        """Run one statement. Raises `SqlRejected`, `Unavailable`."""
        self._make()
        self._run(sql, {})

    def execute_all(self, statements: Sequence[str]) -> None:
        """Run statements in order. Raises as `execute`."""
        for sql in statements:
            self.execute(sql)

    def execute_together(self, statements: Sequence[str]) -> None:
        """A transaction of their own. Raises as `execute`."""
        with self.transaction():
            self.execute_all(statements)

    def fetch(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run one statement with parameters written `$1`, `$2`, … and return its rows."""
        if self._absent and not sql.lstrip().lower().startswith(("select", "pragma", "with", "explain")):
            self._make()
        return self._run(sql, {str(number): value for number, value in enumerate(parameters, 1)})

    def problems(self, most: int) -> list[str]:
        """What is wrong with the file's pages and rows. Raises as `execute`."""
        if self._guard is not None:
            self._guard.begin()
        try:
            return problems_of(self._connection, most)
        except RAISED as error:
            raise translated(error, self._label) from error

    def _run(self, sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        if self._guard is not None:
            self._guard.begin()
        try:
            if self._watch is not None and not self._watch.touched:
                self._watch.look(sql, parameters)
            return self._connection.execute(sql, parameters).fetchall()
        except RAISED as error:
            refusal = self._guard.refusal if self._guard is not None else ""
            raise translated(error, self._label, refusal) from error

    @property
    def is_guarded(self) -> bool:
        return self._guard is not None

    @contextmanager
    def temporary_tables(self) -> Iterator[None]:
        """Let the guard allow them: a file of migrations may need one, though no schema holds it."""
        guard = self._guard
        if guard is None:
            yield
            return
        guard.temporary = True
        try:
            yield
        finally:
            guard.temporary = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, with foreign keys enforced at its end and not before.

        This is how SQLite's documentation has schema changes made ("Making Other Kinds Of Table Schema
        Changes"). Raises `SqlRejected` for references that would lead nowhere and did not before.
        """
        if self._watch is not None:
            raise OurFault("A transaction was begun inside another one.")
        self._make()
        self._run("PRAGMA foreign_keys=OFF", {})
        try:
            self._run("BEGIN IMMEDIATE", {})
            self._watch = _Watch(self._connection, self._guard)
            try:
                yield
                self._watch.check()
                self._run("COMMIT", {})
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.rollback()
                raise
        finally:
            self._watch = None
            self._connection.execute("PRAGMA legacy_alter_table=OFF")
            self._connection.execute("PRAGMA foreign_keys=ON")

    def _make(self) -> None:
        """Make the file, now that something is to be written into it."""
        if self._absent and self.file is not None:
            memory, self._connection = self._connection, _open_file(self.file, self._label, _WAIT_SECONDS)
            memory.close()
            self._absent = False

    def close(self) -> None:
        self._connection.close()


class _Watch:
    """Looks out for statements that write more than dbdeed's own tables.

    Checking every reference of a large database takes long. It is done once before the first such statement
    and once at the end, and not at all for a transaction that only writes the journal.
    """

    def __init__(self, connection: sqlite3.Connection, guard: Guard | None) -> None:
        self.touched = False
        self._connection = connection
        self._guard = guard
        self._before: _Violations = Counter()

    def look(self, sql: str, parameters: dict[str, Any]) -> None:
        """Learn from the engine itself, by preparing it, what a statement writes."""
        self._connection.set_authorizer(self._note)
        try:
            self._connection.execute(f"EXPLAIN {sql}", parameters)
        except RAISED:
            self.touched = True  # what is wrong with it is said when it runs
        finally:
            self._connection.set_authorizer(self._guard)
        if self.touched:
            self._before = violations(self._connection)

    def _note(
        self, action: int, first: str | None, second: str | None, database: str | None, inner: str | None
    ) -> int:
        if action in _WRITES and not fold(first or "").startswith(PRIVATE_PREFIX):
            self.touched = True
        return self._guard(action, first, second, database, inner) if self._guard else sqlite3.SQLITE_OK

    def check(self) -> None:
        """Raise `SqlRejected` for the references that lead nowhere only since this transaction."""
        if not self.touched:
            return
        broken = sorted((violations(self._connection) - self._before).items(), key=repr)
        if broken:
            raise SqlRejected(
                f"{len(broken)} rows would refer to rows that do not exist: {_listed(broken)}.",
                hint="Nothing was changed. Correct or remove those rows, then run this again.",
            )


def violations(connection: sqlite3.Connection) -> Counter[tuple[Any, ...]]:
    """(table, rowid, parent) of each row whose foreign key finds no parent, with how many keys do not."""
    found: Counter[tuple[Any, ...]] = Counter()
    for (table,) in connection.execute(_WITH_KEYS).fetchall():
        # A key whose parent has no such unique key cannot be checked, nor can its table be written; the rule
        # `sqlite-foreign-key` speaks of it.
        with suppress(sqlite3.OperationalError):
            rows = connection.execute(_BROKEN, [table])
            found.update((fold(table), rowid, fold(parent)) for rowid, parent in rows)
    return found


def _listed(broken: list[tuple[tuple[Any, ...], int]]) -> str:
    shown = [
        f"{table}{'' if rowid is None else f' row {rowid}'} → {parent}"
        for (table, rowid, parent), _ in broken[:5]
    ]
    return ", ".join(shown) + (", …" if len(broken) > len(shown) else "")


def _open_file(file: Path, label: str, wait: float) -> sqlite3.Connection:
    if file.is_dir():
        raise CannotConnect(f"{label} is a folder.", hint="Name a database file.")
    if not file.parent.is_dir():
        raise CannotConnect(f"The folder {file.parent} does not exist.", hint="Make it, or name another.")
    try:
        connection = _connect(f"{file.as_uri()}?mode=rwc", wait)
    except RAISED as error:
        raise translated(error, label) from error
    try:
        connection.execute("PRAGMA schema_version").fetchall()  # reads the file's header
    except RAISED as error:
        connection.close()
        raise translated(error, label) from error
    return connection


def _connect(place: str, wait: float) -> sqlite3.Connection:
    if sqlite3.sqlite_version_info < OLDEST:
        raise CannotConnect(
            f"Python was built with SQLite {sqlite3.sqlite_version}; 3.37 or newer is needed.",
            hint="Install a newer Python or SQLite.",
        )
    connection = sqlite3.connect(place, uri=True, isolation_level=None, timeout=wait)
    connection.text_factory = _text
    connection.execute("PRAGMA foreign_keys=ON")
    # trusted_schema stays ON: without it 3.38 to 3.40 let no check or view call a JSON function, and no
    # version lets a view read a virtual table. What reaches outside is off in any connection of Python's.
    return connection


def _text(data: bytes) -> str:
    """SQLite does not check that texts are UTF-8."""
    return data.decode("utf-8", "replace")


def memory(label: str) -> SqliteSession:
    """A new empty database in memory."""
    return SqliteSession(_connect(":memory:", _WAIT_SECONDS), label)
