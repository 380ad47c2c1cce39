"""The schema that stands first in PostgreSQL's search path: where tools look and make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.seam import Statement
from dbdeed.errors import Refused
from dbdeed.migrations.seam import Batch

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


def first_schema(session: Session) -> str:
    """What `current_schema` is for a connection that sets nothing: such a one is the tool's own."""
    found = session.fetch(_FIRST_SCHEMA)
    return str(found[0][0]) if found else "public"


def require_public(session: Session, setting: str) -> None:
    """Raises `Refused` where the tool, told nothing, would run files in another schema than we do."""
    schema = first_schema(session)
    if schema != "public":
        raise Refused(
            f"The search path of this database begins with {schema}, where the tool would run these files.",
            hint=f"Say so in the project, so that both do: {setting} = {schema}.",
            code="migration-schema",
        )


def in_schema(engine: Engine, schema: str, batches: tuple[Batch, ...] | None) -> tuple[Batch, ...] | None:
    """The batches, with the schema set before the first of them; "" and public need nothing."""
    if not batches or schema in ("", "public") or engine.name != "postgresql":
        return batches
    quoted = schema.replace('"', '""').replace("'", "''")
    first = Statement(f"""SELECT set_config('search_path', '"{quoted}", public', false)""")
    head, *rest = batches
    return (Batch((first, *head.statements), head.transactional), *rest)
