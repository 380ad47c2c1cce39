"""Liquibase's two tables, as Liquibase 4 makes and reads them: what ran, and who is at work.

Learned from `StandardChangeLogHistoryService`, `MarkChangeSetRanGenerator` and `StandardLockService`, and
from what they leave in real databases; tests hold ours against theirs.
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dbdeed.errors import Unavailable
from dbdeed.migrations.formats.liquibase.changelog import read_changesets, runs_here
from dbdeed.migrations.formats.liquibase.versions import versions_of
from dbdeed.migrations.formats.search_path import first_schema, require_public
from dbdeed.migrations.seam import Applied, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.seam import Engine, Session
    from dbdeed.migrations.formats.liquibase.changeset import ChangeSet
    from dbdeed.migrations.formats.liquibase.configuration import Configuration
    from dbdeed.migrations.seam import Layout, Migration

_US = "dbdeed"
_CURRENT = "9:"
_ANY = frozenset({"any", "1:any"})
_COLUMNS = (
    "ID VARCHAR(255) NOT NULL, AUTHOR VARCHAR(255) NOT NULL, FILENAME VARCHAR(255) NOT NULL, "
    "DATEEXECUTED {moment} NOT NULL, ORDEREXECUTED INTEGER NOT NULL, EXECTYPE VARCHAR(10) NOT NULL, "
    "MD5SUM VARCHAR(35), DESCRIPTION VARCHAR(255), COMMENTS VARCHAR(255), TAG VARCHAR(255), "
    "LIQUIBASE VARCHAR(20), CONTEXTS VARCHAR(255), LABELS VARCHAR(255), DEPLOYMENT_ID VARCHAR(10)"
)
_LOCK_COLUMNS = (
    "ID INTEGER NOT NULL, LOCKED BOOLEAN NOT NULL, LOCKGRANTED {moment}, LOCKEDBY VARCHAR(255), "
    "CONSTRAINT {key} PRIMARY KEY (ID)"
)


def _deployment() -> str:
    """What all rows of one run share, as Liquibase makes it: the last ten digits of the milliseconds."""
    return str(time.time_ns() // 1_000_000)[-10:]


@dataclass(frozen=True, slots=True)
class LiquibaseHistory:
    """The seam's `History`."""

    engine: Engine
    layout: Layout
    configuration: Configuration
    deployment: str = field(default_factory=_deployment)
    read: dict[str, ChangeSet] = field(default_factory=dict, repr=False)

    @property
    def tables(self) -> frozenset[str]:
        """In any schema, where the configuration leaves that to the connection."""
        names = (self.configuration.table, self.configuration.lock_table)
        if not self._schemas:
            return frozenset((*names, *(name.lower() for name in names)))
        schema = self.configuration.schema
        return frozenset(f"{schema}.{_folded(name)}" if schema else _folded(name) for name in names)

    @property
    def _schemas(self) -> bool:
        """Whether the database has schemas."""
        return self.engine.name == "postgresql"

    def _qualified(self, session: Session, name: str) -> str:
        if not self._schemas:
            return name if name.replace("_", "").isalnum() else f'"{name}"'
        schema = self.configuration.schema or first_schema(session)
        return ".".join('"' + one.replace('"', '""') + '"' for one in (schema, _folded(name)))

    def _table(self, session: Session) -> str:
        return self._qualified(session, self.configuration.table)

    def _lock_table(self, session: Session) -> str:
        return self._qualified(session, self.configuration.lock_table)

    def _there(self, session: Session, table: str, name: str) -> bool:
        if self._schemas:
            return bool(session.fetch("SELECT to_regclass($1) IS NOT NULL", table)[0][0])
        found = session.fetch(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND lower(name) = lower($1)", name
        )
        return bool(found)

    def _has_table(self, session: Session) -> bool:
        return self._there(session, self._table(session), self.configuration.table)

    def _has_lock_table(self, session: Session) -> bool:
        return self._there(session, self._lock_table(session), self.configuration.lock_table)

    def exists(self, session: Session) -> bool:
        if not self._has_table(session) or not self._has_lock_table(session):
            return False
        return bool(session.fetch(f"SELECT 1 FROM {self._lock_table(session)} WHERE ID = 1"))

    def create(self, session: Session) -> None:
        moment = "TIMESTAMP WITHOUT TIME ZONE" if self._schemas else "TEXT"
        lock = self._lock_table(session)
        if not self._has_lock_table(session):
            name = self.configuration.lock_table
            key = f"{_folded(name)}_pkey" if self._schemas else f"PK_{name}".upper()
            session.execute(f"CREATE TABLE {lock} ({_LOCK_COLUMNS.format(moment=moment, key=key)})")
        if not session.fetch(f"SELECT 1 FROM {lock} WHERE ID = 1"):
            session.execute(f"INSERT INTO {lock} (ID, LOCKED) VALUES (1, {self._no})")
        if not self._has_table(session):
            session.execute(f"CREATE TABLE {self._table(session)} ({_COLUMNS.format(moment=moment)})")

    @property
    def _no(self) -> str:
        return "FALSE" if self._schemas else "0"

    @property
    def _yes(self) -> str:
        return "TRUE" if self._schemas else "1"

    @property
    def _now(self) -> str:
        return "NOW()" if self._schemas else "DATETIME('NOW')"

    def applied(self, session: Session) -> Sequence[Applied]:
        if not self._has_table(session):
            return ()
        rows = session.fetch(
            "SELECT ID, AUTHOR, FILENAME, DATEEXECUTED, MD5SUM, COMMENTS "
            f"FROM {self._table(session)} ORDER BY DATEEXECUTED, ORDEREXECUTED"
        )
        files = self._read()
        versions = versions_of(list(files.values()))
        found: dict[str, Applied] = {}
        for id_, author, filename, moment, checksum, comments in rows:
            key = f"{_normalised(filename)}::{id_}::{author}"
            one = files.get(key)
            if one is not None and not runs_here(one, self.configuration, self.engine.name):
                continue  # it ran for other contexts or labels
            found[key] = Applied(
                key,
                versions.get(key, str(id_)),
                comments or filename.rpartition("/")[2],
                _known(checksum or "", one),
                _moment(moment),
            )
        return tuple(found.values())

    def _read(self) -> dict[str, ChangeSet]:
        """The project's changesets by key, kept for those that are recorded next."""
        found = read_changesets(self.configuration, self.layout.root, self.engine.name)
        self.read.clear()
        self.read.update({one.key: one for one in found})
        return self.read

    def record(self, session: Session, migration: Migration, *, state: State, seconds: float) -> None:  # noqa: ARG002
        """Liquibase writes down no failure: a changeset that failed is one that has not run."""
        if state is State.FAILED:
            return
        one = self.read.get(migration.key) or self._read()[migration.key]
        table = self._table(session)
        order = f"(SELECT coalesce(max(ORDEREXECUTED), 0) + 1 FROM {table})"
        values = (
            one.checksum or None,
            one.described[:250],
            one.comment.strip()[:250],
            _US,
            _contexts(one),
            one.all_labels or None,
            self.deployment,
        )
        place = (one.id, one.author, one.filename)
        where = "ID = $8 AND AUTHOR = $9 AND FILENAME = $10"
        if session.fetch(f"SELECT 1 FROM {table} WHERE {_numbered(where, 1)}", *place):
            session.fetch(
                f"UPDATE {table} SET DATEEXECUTED = {self._now}, ORDEREXECUTED = {order}, "
                "EXECTYPE = 'RERAN', MD5SUM = $1, DESCRIPTION = $2, COMMENTS = $3, LIQUIBASE = $4, "
                "CONTEXTS = $5, LABELS = $6, "
                f"DEPLOYMENT_ID = $7 WHERE {where}",
                *values,
                *place,
            )
            return
        session.fetch(
            f"INSERT INTO {table} (DATEEXECUTED, ORDEREXECUTED, EXECTYPE, MD5SUM, DESCRIPTION, COMMENTS, "
            "LIQUIBASE, CONTEXTS, LABELS, DEPLOYMENT_ID, ID, AUTHOR, FILENAME) "
            f"VALUES ({self._now}, {order}, 'EXECUTED', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            *values,
            *place,
        )

    def forget(self, session: Session, migration: Migration) -> None:
        session.fetch(
            f"DELETE FROM {self._table(session)} WHERE ID = $1 AND AUTHOR = $2 AND FILENAME = $3",
            *_parts(migration),
        )

    def correct(self, session: Session, migration: Migration) -> None:
        session.fetch(
            f"UPDATE {self._table(session)} SET MD5SUM = $1 WHERE ID = $2 AND AUTHOR = $3 AND FILENAME = $4",
            migration.checksum or None,
            *_parts(migration),
        )

    @contextmanager
    def locked(self, session: Session) -> Iterator[None]:
        """Liquibase's lock is a row that stays when its holder dies.

        One that we left is taken over: we are called with the lock of whoever changes the database, so no
        other dbdeed lives. One of Liquibase's own is for a person to release.
        """
        if self._schemas and not self.configuration.default_schema:
            require_public(session, "defaultSchemaName")
        table = self._lock_table(session)
        who = f"{_US} on {socket.gethostname()} (process {os.getpid()})"[:255]
        got = session.fetch(
            f"UPDATE {table} SET LOCKED = {self._yes}, LOCKGRANTED = {self._now}, LOCKEDBY = $1 "
            f"WHERE ID = 1 AND (LOCKED = {self._no} OR LOCKEDBY LIKE '{_US} on %') RETURNING ID",
            who,
        )
        if not got:
            raise _held(session, table)
        try:
            yield
        finally:
            with suppress(Unavailable):  # the connection is gone; the row stays, and is ours to take over
                session.fetch(
                    f"UPDATE {table} SET LOCKED = {self._no}, LOCKGRANTED = NULL, LOCKEDBY = NULL "
                    "WHERE ID = 1 AND LOCKEDBY = $1",
                    who,
                )


def _held(session: Session, table: str) -> Unavailable:
    holder, since = session.fetch(f"SELECT LOCKEDBY, LOCKGRANTED FROM {table} WHERE ID = 1")[0]
    moment = f" since {str(since)[:19]}" if since else ""
    return Unavailable(
        f"Liquibase is at work in this database: {holder or 'nobody that is named'} holds its lock{moment}.",
        hint="Wait until it is done. Where it is gone, its lock is left over: `liquibase release-locks`.",
        code="migration-locked",
    )


def _numbered(where: str, first: int) -> str:
    """The condition with its parameters counted from `first` instead of from 8."""
    for number in (8, 9, 10):
        where = where.replace(f"${number}", f"${number - 8 + first}")
    return where


def _folded(name: str) -> str:
    """As PostgreSQL has an unquoted name; Liquibase quotes one of mixed case."""
    return name.lower() if name in (name.upper(), name.lower()) else name


def _normalised(filename: str) -> str:
    return filename.removeprefix("classpath:").lstrip("/").replace("\\", "/")


def _known(checksum: str, one: ChangeSet | None) -> str:
    """The recorded checksum as far as it can be held against the file's."""
    if one is not None and one.always:
        return "to run always"
    if not checksum.startswith(_CURRENT) or (one is not None and not one.checksum):
        return ""
    if one is not None and any(valid == checksum or valid.lower() in _ANY for valid in one.valid):
        return one.checksum
    return checksum


def _contexts(one: ChangeSet) -> str | None:
    """Of all around it, and its own."""
    texts = [text for each in one.scopes if (text := each.context.strip())]
    return " AND ".join(f"({text})" if "," in text or " " in text else text for text in texts) or None


def _parts(migration: Migration) -> tuple[str, str, str]:
    filename, id_, author = migration.key.split("::", 2)
    return id_, author, filename


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC)
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=UTC)
    except ValueError:
        return None
