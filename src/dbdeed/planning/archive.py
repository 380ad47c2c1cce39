"""What a plan destroys is kept first: a dropped table's rows, a dropped column's values with their keys.

Each is copied into a table of its own in the engine's private place, in the transaction that destroys it, and
listed in the table `archive`. The copy is plain SQL that every engine here understands; a table that no model
describes (one without a primary key, or of a special kind) is kept whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.planning.shown import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.seam import Engine, Session
    from dbdeed.models.model import DataModel

TABLES = frozenset({"table", "virtual_table", "materialized view", "foreign table"})
"""Kinds whose rows can be selected."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing in the archive: its name for people, where it is, when it went (ISO 8601, UTC), the plan."""

    name: str
    place: str
    kept: str
    plan: str


@dataclass(frozen=True, slots=True)
class Archive:
    """The archive of one database; `current` is its catalog before the plan."""

    engine: Engine
    session: Session
    current: Catalog

    def keep(self, one: ObjectId, plan: str, number: int, now: datetime) -> None:
        """Copy what `one` holds, before step `number` of a plan destroys it; inside an open transaction."""
        selected = self._selection(one)
        if selected is None:
            return
        place = self.engine.private_name(f"archive_{plan[:12]}_{number}_{_slug(one)}")
        self._set_up()
        self.session.execute(f"CREATE TABLE {place} AS {selected}")
        self.session.fetch(
            f"INSERT INTO {self.engine.private_name('archive')} (plan, step, name, place, kept) "
            "VALUES ($1, $2, $3, $4, $5)",
            plan,
            number,
            shown(one),
            place,
            now.isoformat(timespec="seconds"),
        )

    def _selection(self, one: ObjectId) -> str | None:
        """The query for what is destroyed; None for what holds no rows (a sequence's number)."""
        if one.kind in TABLES:
            return f"SELECT * FROM {_quoted(one.name)}"
        if one.kind == "column":
            table, column = one.name[:-1], one.name[-1]
            key = _key(self.engine.describe(self.current), table)
            columns = (
                "*" if not key else ", ".join(_quoted((name,)) for name in dict.fromkeys((*key, column)))
            )
            return f"SELECT {columns} FROM {_quoted(table)}"
        return None

    def _set_up(self) -> None:
        self.session.execute(
            f"CREATE TABLE IF NOT EXISTS {self.engine.private_name('archive')} (plan text NOT NULL, "
            "step integer NOT NULL, name text NOT NULL, place text NOT NULL, kept text NOT NULL)"
        )


def kept(engine: Engine, session: Session) -> list[Kept]:
    """What the archive holds, oldest first; never writes."""
    from dbdeed.engines.seam import SqlRejected

    try:
        rows = session.fetch(
            f"SELECT name, place, kept, plan FROM {engine.private_name('archive')} "
            "ORDER BY kept, plan, step, name"
        )
    except SqlRejected:
        return []  # nothing was ever destroyed here
    return [Kept(*row) for row in rows]


def _key(model: DataModel, table: Sequence[str]) -> tuple[str, ...]:
    """The primary key's columns of a table; () where none is known."""
    for one in model.models:
        if one.table == table[-1] and (len(table) == 1 or one.schema in ("", table[0])):
            return one.primary_key.columns if one.primary_key is not None else ()
    return ()


def _quoted(name: Sequence[str]) -> str:
    """A name in standard SQL's quotes, which both engines here take."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name)


def _slug(one: ObjectId) -> str:
    """A part of a table's name that tells people what is in it: short, and safe in any engine."""
    plain = "_".join(one.name[-2:] if one.kind == "column" else one.name[-1:])
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in plain.lower())[:24]
