"""dbmate's history: table `schema_migrations`, of versions only; and its advisory lock on PostgreSQL.

Learned from dbmate 2.37, and from what it leaves in real databases.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dbdeed.errors import Unavailable
from dbdeed.migrations.formats.history_table import HistoryTable
from dbdeed.migrations.formats.lock_holder import who_holds
from dbdeed.migrations.seam import Applied

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.seam import Engine, Session
    from dbdeed.migrations.formats.dbmate.settings import Settings
    from dbdeed.migrations.seam import Migration, State

LOCK = 48372615
"""The number of its lock in every database; it takes it only with `--migration-lock`."""


class DbmateHistory:
    """The seam's `History`."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._table = HistoryTable(engine, settings.table, settings.schema)

    @property
    def tables(self) -> frozenset[str]:
        return frozenset({self._table.shown})

    def exists(self, session: Session) -> bool:
        return self._table.exists(session)

    def create(self, session: Session) -> None:
        self._table.make_schema(session)
        kind = "varchar" if self._table.has_schemas else "varchar(128)"
        session.execute(f"CREATE TABLE {self._table.full(session)} (version {kind} primary key)")

    def applied(self, session: Session) -> Sequence[Applied]:
        """In the order of their versions, which is all that dbmate knows."""
        if not self._table.exists(session):
            return ()
        rows = session.fetch(f"SELECT version FROM {self._table.full(session)}")
        versions = sorted((row[0] for row in rows), key=lambda one: one.encode())
        return tuple(Applied(one, one, "", "", None) for one in versions)

    def record(
        self,
        session: Session,
        migration: Migration,
        *,
        state: State,  # noqa: ARG002 - a version is there, or it is not
        seconds: float,  # noqa: ARG002
    ) -> None:
        session.fetch(f"INSERT INTO {self._table.full(session)} (version) VALUES ($1)", migration.key)

    def forget(self, session: Session, migration: Migration) -> None:
        session.fetch(f"DELETE FROM {self._table.full(session)} WHERE version = $1", migration.key)

    def correct(self, session: Session, migration: Migration) -> None:
        """Nothing: dbmate records neither checksum nor description, and no failures."""

    @contextmanager
    def locked(self, session: Session) -> Iterator[None]:
        """Its advisory lock on PostgreSQL; on SQLite it has none."""
        if not self._table.has_schemas:
            yield
            return
        if not session.fetch("SELECT pg_catalog.pg_try_advisory_lock($1::bigint)", LOCK)[0][0]:
            raise Unavailable(
                f"dbmate is at work in this database: {who_holds(session, LOCK)}.",
                hint="Wait until it is done; its lock goes when its connection ends.",
                code="migration-locked",
            )
        try:
            yield
        finally:
            with suppress(Unavailable):  # the connection is gone, and the lock with it
                session.fetch("SELECT pg_catalog.pg_advisory_unlock($1::bigint)", LOCK)
