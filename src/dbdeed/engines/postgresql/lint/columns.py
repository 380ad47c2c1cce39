"""Where a table's column is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.postgresql.sql.located import place_of
from dbdeed.engines.postgresql.sql.names import made_by
from dbdeed.engines.sql_text import name_of, split, words

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dbdeed.document.source import Place
    from dbdeed.engines.seam import Statement

USER_COLUMNS = """
SELECT c.relname::text, a.attname::text
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND NOT c.relispartition
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped
  AND n.nspname <> 'information_schema' AND n.nspname OPERATOR(pg_catalog.!~) '^pg_'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                  AND d.objid = c.oid AND d.deptype = 'e')
"""
"""Table and column of what a document made; a rule adds its condition."""


def column_places(
    statements: Sequence[Statement], wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Place]:
    """The places of columns, given as (table, column); one that is written nowhere is left out."""
    columns: dict[str, set[str]] = {}
    for table, column in wanted:
        columns.setdefault(table, set()).add(column)
    found: dict[tuple[str, str], Place] = {}
    for statement in statements if columns else ():
        for part in split(statement.sql, RULES)[:1]:
            if "table" not in words(statement.sql, part.tokens, 4):
                continue
            names = [name_of(statement.sql, one, fold=True) for one in part.tokens]
            table = next((one for one in names[2:8] if one and one in columns), "")
            if not table or not (made_by(statement.sql, part.tokens) & {table} or names[0] == "alter"):
                continue
            for token in part.tokens:
                name = name_of(statement.sql, token, fold=True)
                if name and name in columns[table] and (table, name) not in found:
                    place = place_of(statement, token.start, token.end - token.start)
                    if place is not None:
                        found[table, name] = place
    return found
