"""Where a tool's history table is, in databases with schemas and without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput
from dbdeed.migrations.formats.search_path import first_schema

if TYPE_CHECKING:
    from dbdeed.engines.seam import Engine, Session


@dataclass(frozen=True, slots=True)
class HistoryTable:
    """One table of a tool's.

    Attributes:
        schema: that the tool's configuration names; "" for the one where its connections look first.
    """

    engine: Engine
    name: str
    schema: str = ""

    @property
    def has_schemas(self) -> bool:
        """Whether the database system has schemas."""
        return self.engine.name == "postgresql"

    @property
    def shown(self) -> str:
        """As a catalog names it: unquoted."""
        return f"{self.schema}.{self.name}" if self.has_schemas and self.schema else self.name

    def full(self, session: Session) -> str:
        """Its name in SQL, which means the same whatever a file has set."""
        return f"{quoted(self._place(session))}.{quoted(self.name)}"

    def exists(self, session: Session) -> bool:
        if self.has_schemas:
            return bool(session.fetch("SELECT to_regclass($1) IS NOT NULL", self.full(session))[0][0])
        wanted = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND lower(name) = lower($1)"
        return bool(session.fetch(wanted, self.name))

    def make_schema(self, session: Session) -> None:
        """Make the schema that the configuration names, where it is not there."""
        if self.has_schemas and self.schema:
            session.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(self.schema)}")

    def _place(self, session: Session) -> str:
        if not self.has_schemas:
            return "main"
        if self.schema:
            return self.schema
        return first_schema(session)


def require_known(engine: Engine, tool: str) -> None:
    """Raises `InvalidInput` where it is not known what a tool's history looks like in this system."""
    if engine.name not in ("postgresql", "sqlite"):
        raise InvalidInput(f"{tool}'s history in {engine.name} is not known here.")


def quoted(name: str) -> str:
    """An identifier as standard SQL has it."""
    return '"' + name.replace('"', '""') + '"'
