"""Knex's history and its lock: tables `knex_migrations` and `knex_migrations_lock`.

Learned from Knex 3's `Migrator.js` and `table-creator.js`, and from what they leave in real databases.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dbdeed.engines.faults import LockTimeout
from dbdeed.errors import Unavailable
from dbdeed.migrations.formats.history_table import HistoryTable
from dbdeed.migrations.seam import Applied

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.seam import Engine, Session
    from dbdeed.migrations.formats.knex.settings import Settings
    from dbdeed.migrations.seam import Migration, State

OURS = 2
"""`is_locked` while we hold Knex's lock. Knex sets 1, and takes everything but 0 for locked."""

_UNLOCK = "`npx knex migrate:unlock`"
_ROWS_IN_POSTGRESQL = """CREATE TABLE {table}
    ("id" serial PRIMARY KEY, "name" varchar(255), "batch" integer, "migration_time" timestamptz)"""
_LOCK_IN_POSTGRESQL = 'CREATE TABLE {table} ("index" serial PRIMARY KEY, "is_locked" integer)'
_ROWS_IN_SQLITE = """CREATE TABLE {table} (`id` integer not null primary key autoincrement,
    `name` varchar(255), `batch` integer, `migration_time` datetime)"""
_LOCK_IN_SQLITE = """CREATE TABLE {table}
    (`index` integer not null primary key autoincrement, `is_locked` integer)"""
_HOLDER = """
    SELECT coalesce(nullif(a.application_name, ''), 'a connection'), a.usename, a.pid,
        to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
    WHERE l.relation = to_regclass($1) AND l.mode = 'RowExclusiveLock' AND l.granted
        AND l.pid <> pg_backend_pid()
    ORDER BY a.xact_start LIMIT 1
"""


class KnexHistory:
    """The seam's `History`.

    Knex gives what one command runs one number, the batch, and takes a whole batch back with `rollback`; all
    that is recorded while the lock is held is one.
    """

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._rows = HistoryTable(engine, settings.table, settings.schema)
        self._lock = HistoryTable(engine, f"{settings.table}_lock", settings.schema)
        self._batch = 0

    @property
    def tables(self) -> frozenset[str]:
        return frozenset({self._rows.shown, self._lock.shown})

    def exists(self, session: Session) -> bool:
        return self._rows.exists(session) and self._lock.exists(session)

    def create(self, session: Session) -> None:
        self._rows.make_schema(session)
        server = self._rows.has_schemas
        forms = (
            (self._rows, _ROWS_IN_POSTGRESQL if server else _ROWS_IN_SQLITE),
            (self._lock, _LOCK_IN_POSTGRESQL if server else _LOCK_IN_SQLITE),
        )
        for table, form in forms:
            if not table.exists(session):
                session.execute(form.format(table=table.full(session)))
        if not session.fetch(f"SELECT 1 FROM {self._lock.full(session)}"):
            session.execute(f"INSERT INTO {self._lock.full(session)} (is_locked) VALUES (0)")

    def applied(self, session: Session) -> Sequence[Applied]:
        if not self._rows.exists(session):
            return ()
        rows = session.fetch(f"SELECT name, migration_time FROM {self._rows.full(session)} ORDER BY id")
        return tuple(Applied(name, *parts_of(name), "", _moment(moment)) for name, moment in rows)

    def record(
        self,
        session: Session,
        migration: Migration,
        *,
        state: State,  # noqa: ARG002 - Knex knows only what it has run
        seconds: float,  # noqa: ARG002
    ) -> None:
        table = self._rows.full(session)
        batch = self._batch or session.fetch(f"SELECT coalesce(max(batch), 0) + 1 FROM {table}")[0][0]
        now: Any = datetime.now(UTC)
        if not self._rows.has_schemas:
            now = int(now.timestamp() * 1000)
        session.fetch(
            f"INSERT INTO {table} (name, batch, migration_time) VALUES ($1, $2, $3)",
            migration.key,
            batch,
            now,
        )
        self._batch = batch

    def forget(self, session: Session, migration: Migration) -> None:
        session.fetch(f"DELETE FROM {self._rows.full(session)} WHERE name = $1", migration.key)

    def correct(self, session: Session, migration: Migration) -> None:
        """Knex records neither checksum nor description, and no failures."""

    @contextmanager
    def locked(self, session: Session) -> Iterator[None]:
        """Hold the row that Knex locks by.

        The caller holds dbdeed's own lock, which ends with its session: a row that says `OURS` was left by
        one of us that is gone, and is taken over.
        """
        lock = self._lock.full(session)
        try:
            with session.transaction():
                self._take(session, lock)
        except LockTimeout:
            if not self._lock.has_schemas:  # somebody writes the file; nothing says who
                raise
            raise Unavailable(
                f"Knex is running migrations in this database{self._holder(session, lock)}.",
                hint="Wait until it is done.",
                code="migration-locked",
            ) from None
        self._batch = 0
        try:
            yield
        finally:
            self._batch = 0
            with suppress(Unavailable):  # the connection is gone; the next of us takes the lock over
                session.execute(f"UPDATE {lock} SET is_locked = 0 WHERE is_locked = {OURS}")

    def _take(self, session: Session, lock: str) -> None:
        """Knex holds its row's lock through a transaction, and where it runs without one sets it to 1."""
        wait = " FOR UPDATE NOWAIT" if self._lock.has_schemas else ""
        held = [row[0] for row in session.fetch(f"SELECT is_locked FROM {lock}{wait}")]
        if any(value not in (0, OURS) for value in held):
            raise Unavailable(
                f"Knex's lock {self._lock.shown} is taken (is_locked is {held[0]}): Knex is running "
                "migrations, or was stopped while it was. It does not say who, or since when.",
                hint=f"Wait until it is done. If it is sure that nobody runs any, release it with {_UNLOCK}.",
                code="migration-locked",
            )
        if held:
            session.execute(f"UPDATE {lock} SET is_locked = {OURS}")
        else:  # somebody emptied it; Knex puts a row there too
            session.execute(f"INSERT INTO {lock} (is_locked) VALUES ({OURS})")

    def _holder(self, session: Session, lock: str) -> str:
        found = session.fetch(_HOLDER, lock) if self._lock.has_schemas else []
        if not found:
            return ""
        name, user, process, since = found[0]
        return f": {name} of {user} (process {process}) since {since} UTC"


def parts_of(name: str) -> tuple[str, str]:
    """Version and description in a file's name: what stands before its first underscore, and after."""
    stem = name.rpartition(".")[0] or name
    version, _, words = stem.partition("_")
    return (version, words.replace("_", " ")) if version.isdigit() else (stem, stem.replace("_", " "))


def _moment(value: Any) -> datetime | None:
    """PostgreSQL gives a moment, SQLite milliseconds since 1970."""
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromtimestamp(float(value) / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
