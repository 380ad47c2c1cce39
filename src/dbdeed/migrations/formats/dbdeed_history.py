"""The history of our own format: one table in the engine's private place."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dbdeed.engines.faults import SqlRejected
from dbdeed.migrations.seam import Applied, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.seam import Engine, Session
    from dbdeed.migrations.seam import Migration


@dataclass(frozen=True, slots=True)
class DbdeedHistory:
    """The seam's `History`."""

    engine: Engine

    @property
    def _table(self) -> str:
        return self.engine.private_name("migrations")

    @property
    def tables(self) -> frozenset[str]:
        """None: the private place is in no catalog."""
        return frozenset()

    def exists(self, session: Session) -> bool:
        try:
            session.fetch(f"SELECT key FROM {self._table} WHERE key = ''")
        except SqlRejected:
            return False
        return True

    def create(self, session: Session) -> None:
        for statement in self.engine.private_setup():
            session.execute(statement)
        session.execute(
            f"CREATE TABLE IF NOT EXISTS {self._table} (number integer NOT NULL UNIQUE, "
            "key text PRIMARY KEY, version text NOT NULL, description text NOT NULL, "
            "checksum text NOT NULL, state text NOT NULL, applied text NOT NULL, "
            "milliseconds bigint NOT NULL)"
        )

    def applied(self, session: Session) -> Sequence[Applied]:
        if not self.exists(session):
            return ()
        rows = session.fetch(
            f"SELECT key, version, description, checksum, applied, state FROM {self._table} ORDER BY number"
        )
        return tuple(
            Applied(key, version, description, checksum, datetime.fromisoformat(moment), State(state))
            for key, version, description, checksum, moment, state in rows
        )

    def record(self, session: Session, migration: Migration, *, state: State, seconds: float) -> None:
        session.fetch(
            f"INSERT INTO {self._table} "
            "(number, key, version, description, checksum, state, applied, milliseconds) "
            f"SELECT coalesce(max(number), 0) + 1, $1, $2, $3, $4, $5, $6, $7 FROM {self._table}",
            migration.key,
            migration.version,
            migration.description,
            migration.checksum,
            state.value,
            datetime.now(UTC).isoformat(timespec="seconds"),
            round(seconds * 1000),
        )

    def forget(self, session: Session, migration: Migration) -> None:
        session.fetch(f"DELETE FROM {self._table} WHERE key = $1", migration.key)

    def correct(self, session: Session, migration: Migration) -> None:
        session.fetch(
            f"UPDATE {self._table} SET checksum = $1, description = $2 WHERE key = $3",
            migration.checksum,
            migration.description,
            migration.key,
        )

    @contextmanager
    def locked(self, session: Session) -> Iterator[None]:  # noqa: ARG002 - the seam has it
        """Our own format has no lock but that of whoever changes the database (`Engine.exclusive`)."""
        yield
