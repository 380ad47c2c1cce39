"""How far a migration came that is not one transaction: kept in the database, beside what it did.

A line says how many statements are done, and which one began outside of transactions and has not ended. It is
written with the statements where these commit together, so that it and the database never disagree.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dbdeed.engines.faults import SqlRejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.seam import Engine, Session, Statement


class Direction(StrEnum):
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Where a migration stands.

    Attributes:
        key: of the migration.
        direction: in which it was under way.
        done: how many statements are done.
        open: the number of one whose end was not seen, from 1; 0 for none.
        failed: that one's end was seen: it failed.
        prefix: of the statements that are done (`prefix_of`).
        opened: SHA-256 of the open one; "" for none.
    """

    key: str
    direction: Direction
    done: int
    open: int
    failed: bool
    prefix: str
    opened: str = ""


def prefix_of(statements: Sequence[Statement], count: int) -> str:
    """SHA-256 of the first statements: whether a file that was edited is still the one that was begun."""
    digest = hashlib.sha256()
    for one in statements[:count]:
        digest.update(one.sql.encode() + b"\0")
    return digest.hexdigest()


def standpoint(
    key: str,
    direction: Direction,
    statements: Sequence[Statement],
    done: int,
    opened: int = 0,
    *,
    failed: bool = False,
) -> Standpoint:
    """A standpoint among all the statements of a way."""
    prefix = prefix_of(statements, done)
    mark = prefix_of(statements[opened - 1 :], 1) if opened else ""
    return Standpoint(key, direction, done, opened, failed, prefix, mark)


@dataclass(frozen=True, slots=True)
class ProgressTable:
    """The table, through one session; `tool` is the format's name."""

    engine: Engine
    tool: str

    @property
    def _table(self) -> str:
        return self.engine.private_name("migration_progress")

    def create(self, session: Session) -> None:
        for statement in self.engine.private_setup():
            session.execute(statement)
        session.execute(
            f"CREATE TABLE IF NOT EXISTS {self._table} (tool text NOT NULL, key text NOT NULL, "
            "direction text NOT NULL, done integer NOT NULL, open integer NOT NULL, failed integer NOT NULL, "
            "prefix text NOT NULL, opened text NOT NULL, PRIMARY KEY (tool, key))"
        )

    def all(self, session: Session) -> dict[str, Standpoint]:
        """By key; never writes, and is asked outside of transactions."""
        try:
            rows = session.fetch(
                f"SELECT key, direction, done, open, failed, prefix, opened FROM {self._table} "
                "WHERE tool = $1 ORDER BY key",
                self.tool,
            )
        except SqlRejected:
            return {}
        return {
            key: Standpoint(key, Direction(direction), done, number, bool(failed), prefix, opened)
            for key, direction, done, number, failed, prefix, opened in rows
        }

    def set(self, session: Session, standpoint: Standpoint) -> None:
        """Inside whatever transaction is open."""
        session.fetch(
            f"INSERT INTO {self._table} (tool, key, direction, done, open, failed, prefix, opened) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tool, key) DO UPDATE SET "
            "direction = excluded.direction, done = excluded.done, open = excluded.open, "
            "failed = excluded.failed, prefix = excluded.prefix, opened = excluded.opened",
            self.tool,
            standpoint.key,
            standpoint.direction.value,
            standpoint.done,
            standpoint.open,
            int(standpoint.failed),
            standpoint.prefix,
            standpoint.opened,
        )

    def remove(self, session: Session, key: str) -> None:
        session.fetch(f"DELETE FROM {self._table} WHERE tool = $1 AND key = $2", self.tool, key)
