"""What a statement locks, reads and rewrites. In SQLite one writes at a time, and readers go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.seam import Touch
from dbdeed.engines.sql_text import name_of, split, words
from dbdeed.engines.sqlite.files import run_in_scratch
from dbdeed.engines.sqlite.names import PRIVATE_PREFIX, fold, written
from dbdeed.engines.sqlite.text import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.engines.seam import Session, Statement

_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
_READ_ALL = frozenset({("create", "index"), ("create", "unique"), ("update",), ("delete",)})


def touches(session: Session, statement: Statement) -> tuple[Touch, ...]:
    """Run it, and tell by its words which table it is about (the manual's "ALTER TABLE": what rewrites)."""
    before = {fold(name): name for (name,) in session.fetch(_TABLES)}
    run_in_scratch(session, statement)
    parts = split(statement.sql, RULES)
    if not parts:
        return ()
    found = parts[0].tokens
    opening = words(statement.sql, found, 2)
    named = (name_of(statement.sql, token, fold=True) for token in found)
    table = next((before[name] for name in named if name in before), None)
    if table is None or opening[:1] in (("select",), ("pragma",)):
        return ()
    rewrites = opening == ("alter", "table") and _drops_column(statement.sql)
    scans = rewrites or opening in _READ_ALL or opening[:1] in _READ_ALL
    return (Touch(ObjectId("table", (table,)), LockLevel.EXCLUSIVE, rewrites, scans),)


def _drops_column(sql: str) -> bool:
    return "drop" in words(sql, split(sql, RULES)[0].tokens, 6)


def table_sizes(session: Session) -> Mapping[ObjectId, int]:
    """Bytes where SQLite was built to tell (`dbstat`); else 100 for each row."""
    names = [name for (name,) in session.fetch(_TABLES) if not fold(name).startswith(PRIVATE_PREFIX)]
    try:
        rows = session.fetch(
            "SELECT s.tbl_name, sum(d.pgsize) FROM dbstat d JOIN sqlite_schema s ON s.name = d.name "
            "GROUP BY s.tbl_name"
        )
    except SqlRejected:
        rows = [(name, 100 * session.fetch(f"SELECT count(*) FROM {written(name)}")[0][0]) for name in names]
    sizes = {name: int(size) for name, size in rows}
    return {ObjectId("table", (name,)): sizes.get(name, 0) for name in names}
