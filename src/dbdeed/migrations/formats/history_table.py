"""Where a tool's history table is, in databases with schemas and without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbdeed.engines.seam import Engine, Session

_FIRST_SCHEMA = """
    SELECT n.nspname FROM pg_catalog.pg_settings s,
        pg_catalog.unnest(pg_catalog.string_to_array(s.reset_val, ',')) WITH ORDINALITY AS u(entry, place),
        pg_catalog.pg_namespace n
    WHERE s.name = 'search_path'
        AND n.nspname = CASE pg_catalog.btrim(u.entry, ' "') WHEN '$user' THEN current_user
            ELSE pg_catalog.btrim(u.entry, ' "') END
        AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    ORDER BY u.place LIMIT 1
"""
"""What `current_schema` is for a connection that sets nothing, as the tools' own are."""


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
        found = session.fetch(_FIRST_SCHEMA)
        return str(found[0][0]) if found else "public"


def quoted(name: str) -> str:
    """An identifier as standard SQL has it."""
    return '"' + name.replace('"', '""') + '"'
