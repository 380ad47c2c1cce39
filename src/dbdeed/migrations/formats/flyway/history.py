"""Flyway's history table and its lock, as Flyway 13 makes, reads and holds them.

Learned from `PostgreSQLDatabase`, `SQLiteDatabase`, `JdbcTableSchemaHistory` and
`PostgreSQLAdvisoryLockTemplate`, and from what they leave in real databases; tests hold ours against theirs.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dbdeed.errors import Unavailable
from dbdeed.migrations.formats.flyway.files import find_files, key_of, script_of
from dbdeed.migrations.formats.flyway.names import Role, Version, version_of
from dbdeed.migrations.formats.flyway.tables import HOLDS_SOMETHING, POSTGRESQL, SQLITE
from dbdeed.migrations.formats.lock_holder import java_hash, who_holds
from dbdeed.migrations.formats.search_path import first_schema, require_public
from dbdeed.migrations.seam import Applied, Kind, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.seam import Engine, Session
    from dbdeed.migrations.formats.flyway.configuration import Configuration
    from dbdeed.migrations.formats.flyway.files import Found
    from dbdeed.migrations.seam import Layout, Migration

_LOCK = 77431708279161
_SCHEMA_MARK = "<< Flyway Schema Creation >>"
_UNDONE = frozenset({"UNDO_SQL", "UNDO_JDBC", "UNDO_SCRIPT", "DELETE"})
_BASELINES = frozenset({"BASELINE", "SQL_BASELINE", "JDBC_BASELINE"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the history table."""

    rank: int
    version: str | None
    description: str
    type: str
    script: str
    checksum: int | None
    installed_on: Any
    success: Any  # SQLite's are numbers

    @property
    def key(self) -> str:
        """Of its migration."""
        role = Role.BASELINE if self.type in _BASELINES else Role.VERSIONED
        return key_of(role, _version(self.version), self.description)


def _version(text: str | None) -> Version | None:
    return version_of(text) if text is not None else None


@dataclass(frozen=True, slots=True)
class FlywayHistory:
    """The seam's `History`."""

    engine: Engine
    layout: Layout
    configuration: Configuration

    @property
    def tables(self) -> frozenset[str]:
        """In any schema, where the configuration leaves that to the connection."""
        name = self.configuration.table
        schema = self.configuration.schema if self._schemas else ""
        return frozenset({f"{schema}.{name}" if schema else name})

    @property
    def _schemas(self) -> bool:
        """Whether the database has schemas."""
        return self.engine.name == "postgresql"

    def _schema(self, session: Session) -> str:
        if not self._schemas:
            return "main"
        if self.configuration.schema:
            return self.configuration.schema
        return first_schema(session)

    def _table(self, session: Session) -> str:
        """As Flyway writes it: its lock's number is made of this very text."""
        return f"{_quoted(self._schema(session))}.{_quoted(self.configuration.table)}"

    def exists(self, session: Session) -> bool:
        if self._schemas:
            return bool(session.fetch("SELECT to_regclass($1) IS NOT NULL", self._table(session))[0][0])
        name = self.configuration.table
        return bool(session.fetch("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1", name))

    def create(self, session: Session) -> None:
        table, name = self._table(session), self.configuration.table
        full = self.configuration.baseline_on_migrate and self._holds_something(session)
        if not self._schemas:
            session.execute(SQLITE.format(table=table))
            session.execute(f'CREATE INDEX "main".{_quoted(f"{name}_s_idx")} ON {_quoted(name)} ("success")')
        else:
            self._create_in_postgresql(session, table, name)
        if full:
            words, version = self.configuration.baseline_description, self.configuration.baseline_version
            self._insert(session, self._next_rank(session), version, words, "BASELINE", words, None, 0)

    def _create_in_postgresql(self, session: Session, table: str, name: str) -> None:
        space = (
            f" TABLESPACE {_quoted(self.configuration.tablespace)}" if self.configuration.tablespace else ""
        )
        made = self._make_schemas(session)
        session.execute(POSTGRESQL.format(table=table, space=space))
        key = f'{_quoted(f"{name}_pk")} PRIMARY KEY ("installed_rank")'
        session.execute(f"ALTER TABLE {table} ADD CONSTRAINT {key}{f' USING INDEX{space}' if space else ''}")
        session.execute(f'CREATE INDEX {_quoted(f"{name}_s_idx")} ON {table} ("success"){space}')
        if made:
            self._insert(session, 0, None, _SCHEMA_MARK, "SCHEMA", ",".join(map(_quoted, made)), None, 0)

    def _holds_something(self, session: Session) -> bool:
        """What Flyway's `baselineOnMigrate` asks; what dbdeed keeps there for itself is nothing."""
        if self._schemas:
            return bool(session.fetch(HOLDS_SOMETHING, self._schema(session))[0][0])
        there = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        return bool(session.fetch(f"{there} AND name NOT LIKE 'dbdeed!_%' ESCAPE '!'"))

    def _make_schemas(self, session: Session) -> list[str]:
        """Schemas that the configuration names and that are not there."""
        wanted = dict.fromkeys((*self.configuration.schemas, self.configuration.schema))
        made = []
        for schema in wanted if self.configuration.create_schemas else ():
            if schema and not session.fetch(
                "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", schema
            ):
                session.execute(f"CREATE SCHEMA {_quoted(schema)}")
                made.append(schema)
        return made

    def applied(self, session: Session) -> Sequence[Applied]:
        if not self.exists(session):
            return ()
        current: dict[str, Row] = {}
        for row in self._rows(session):
            if row.type == "SCHEMA":
                continue
            if row.type in _UNDONE:
                if row.success:
                    current.pop(row.key, None)
                continue
            current.pop(row.key, None)
            current[row.key] = row
        baselined = any(row.type in _BASELINES for row in current.values())
        files = find_files(self.layout, self.configuration) if baselined else []
        return tuple(_applied(row, files) for row in current.values())

    def record(self, session: Session, migration: Migration, *, state: State, seconds: float) -> None:
        self._drop_failed(session, migration)
        if state is State.BASELINE and migration.kind is not Kind.REPEATABLE:
            self._baseline(session, migration)
            return
        self._insert(
            session,
            self._next_rank(session),
            migration.version or None,
            migration.description,
            self._type(migration),
            self._script(migration),
            _number(migration.checksum),
            round(seconds * 1000),
            success=state is not State.FAILED,
        )

    def _baseline(self, session: Session, migration: Migration) -> None:
        """One row stands for all versions up to its own; a later one takes its place."""
        words = self.configuration.baseline_description
        old = self._rows(session, "\"type\" = 'BASELINE'")
        if not old:
            rank = self._next_rank(session)
            self._insert(session, rank, migration.version, words, "BASELINE", words, None, 0)
            return
        before, after = _version(old[-1].version), version_of(migration.version)
        if before is None or (after is not None and after.parts > before.parts):
            session.fetch(
                f'UPDATE {self._table(session)} SET "version" = $1 WHERE "installed_rank" = $2',
                migration.version,
                old[-1].rank,
            )

    def forget(self, session: Session, migration: Migration) -> None:
        """Write down that it was taken back.

        Only editions that are paid for know UNDO_SQL; Flyway's open one refuses a history that has such a
        row. DELETE is what all of them know, and `repair` of theirs writes: the version is pending again.
        """
        rows = [one for one in self._rows(session) if one.type not in _UNDONE or one.type.startswith("UNDO_")]
        row = next((one for one in reversed(rows) if one.key == migration.key), None)
        if row is None:
            return
        kind, script = "DELETE", row.script
        if any(one.type.startswith("UNDO_") for one in rows):
            files = find_files(self.layout, self.configuration)
            undo = (one.script for one in files if one.name.role is Role.UNDO and one.key == row.key)
            kind, script = "UNDO_SQL", next(undo, row.script)
        rank = self._next_rank(session)
        self._insert(session, rank, row.version, row.description, kind, script, row.checksum, 0)

    def correct(self, session: Session, migration: Migration) -> None:
        self._drop_failed(session, migration)
        rows = [one for one in self._rows(session) if one.key == migration.key and one.type not in _UNDONE]
        if rows and rows[-1].type != "BASELINE":
            session.fetch(
                f'UPDATE {self._table(session)} SET "description" = $1, "type" = $2, "checksum" = $3 '
                'WHERE "installed_rank" = $4',
                migration.description,
                self._type(migration),
                _number(migration.checksum),
                rows[-1].rank,
            )

    @contextmanager
    def locked(self, session: Session) -> Iterator[None]:
        """Flyway's advisory lock on PostgreSQL; on SQLite it has none."""
        if not self._schemas:
            yield
            return
        if not self.configuration.schema:
            require_public(session, "flyway.defaultSchema")
        number = _LOCK + java_hash(self._table(session))
        if not session.fetch("SELECT pg_catalog.pg_try_advisory_lock($1::bigint)", number)[0][0]:
            raise Unavailable(
                f"Flyway is at work in this database: {who_holds(session, number)}.",
                hint="Wait until it is done; its lock goes when its connection ends.",
                code="migration-locked",
            )
        try:
            yield
        finally:
            with suppress(Unavailable):  # the connection is gone, and the lock with it
                session.fetch("SELECT pg_catalog.pg_advisory_unlock($1::bigint)", number)

    def _rows(self, session: Session, where: str = "true") -> list[Row]:
        found = session.fetch(
            'SELECT "installed_rank", "version", "description", "type", "script", "checksum", '
            f'"installed_on", "success" FROM {self._table(session)} WHERE {where} ORDER BY "installed_rank"'
        )
        return [Row(*values) for values in found]

    def _next_rank(self, session: Session) -> int:
        rank = f'SELECT coalesce(max("installed_rank"), 0) + 1 FROM {self._table(session)}'
        return int(session.fetch(rank)[0][0])

    def _drop_failed(self, session: Session, migration: Migration) -> None:
        for row in self._rows(session, 'NOT "success"'):
            if row.key == migration.key:
                session.fetch(f'DELETE FROM {self._table(session)} WHERE "installed_rank" = $1', row.rank)

    def _script(self, migration: Migration) -> str:
        script = script_of(self.configuration, migration.path)
        return script if len(script) <= 1000 else f"...{script[3:1000]}"

    def _type(self, migration: Migration) -> str:
        if migration.path.suffix in (".java", ".kt"):
            return "JDBC"
        if migration.needs and not migration.checksum:
            return "SCRIPT"
        return "SQL_BASELINE" if migration.kind is Kind.BASELINE else "SQL"

    def _insert(
        self,
        session: Session,
        rank: int,
        version: str | None,
        description: str,
        kind: str,
        script: str,
        checksum: int | None,
        milliseconds: int,
        *,
        success: bool = True,
    ) -> None:
        who = "current_user" if self._schemas else "''"
        if self.configuration.installed_by:
            who = "'" + self.configuration.installed_by.replace("'", "''") + "'"
        words = description if len(description) <= 200 else f"{description[:197]}..."
        session.fetch(
            f'INSERT INTO {self._table(session)} ("installed_rank", "version", "description", "type", '
            '"script", "checksum", "installed_by", "execution_time", "success") '
            f"VALUES ($1, $2, $3, $4, $5, $6, {who}, $7, $8)",
            rank,
            version,
            words,
            kind,
            script,
            checksum,
            milliseconds,
            success,
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _number(checksum: str) -> int | None:
    return int(checksum) if checksum else None


def _applied(row: Row, files: Sequence[Found]) -> Applied:
    state = State.BASELINE if row.type in _BASELINES else State.DONE
    version = row.version or ""
    if state is State.BASELINE:
        version = _reached(row, files)
    return Applied(
        key=row.key,
        version=version,
        description=row.description,
        checksum="" if row.checksum is None else str(row.checksum),
        moment=_moment(row.installed_on),
        state=state if row.success else State.FAILED,
    )


def _reached(row: Row, files: Sequence[Found]) -> str:
    """The last version of the project that a baseline covers, which may be of a number between two."""
    limit = _version(row.version)
    covered = [
        one.name.version
        for one in files
        if one.name.version is not None and limit is not None and one.name.version.parts <= limit.parts
    ]
    return max(covered, key=lambda one: one.parts).text if covered else row.version or ""


def _moment(value: Any) -> datetime | None:
    """Without a time zone: taken as UTC, which is what ours writes."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC)
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=UTC)
    except ValueError:
        return None
