"""Filling a column in parts: by ranges of pages, so that each part is found without reading the rest.

A part changes only rows that have no value yet, so that it can be repeated, and whoever is stopped goes on.
A row that somebody else changes meanwhile may move behind us, still without a value: that is why all parts
are gone through again until nothing is left. (Ranges of `ctid` are read directly: manual, "TID Range Scan".)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dbdeed.engines.change import LockLevel, Step
from dbdeed.engines.postgresql.quoting import dollars, ident, literal, qualified

if TYPE_CHECKING:
    from dbdeed.engines.change import Hazard
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.session import Session as PostgresqlSession
    from dbdeed.engines.seam import Session

_RANGE = " AND ctid >= format('(%s,0)', $1)::tid AND ctid < format('(%s,0)', $2)::tid"
_SCRIPT_PAGES = 256  # of a part in a script, 2 MB

# The largest of a table's partitions counts: each is read in the same ranges.
_PAGES = """
    SELECT coalesce(max(pg_catalog.pg_relation_size(c.oid)
        / pg_catalog.current_setting('block_size')::bigint), 0)
    FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'm') AND (c.oid = {0}::pg_catalog.regclass
        OR c.oid IN (SELECT relid FROM pg_catalog.pg_partition_tree({0}))
        OR c.oid IN (SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = {0}::pg_catalog.regclass))
"""


def filling(column: Column, expression: str, *hazards: Hazard, where: str = "") -> Step:
    """Give a value to rows that have none in this column; `where` says which of these can get one."""
    name = ident(column.name)
    which = f"{name} IS NULL AND {where}" if where else f"{name} IS NULL"
    sql = f"UPDATE {column.table_sql} SET {name} = ({expression}) WHERE {which}{_RANGE}"
    return Step(
        sql,
        column.id,
        LockLevel.ROW_EXCLUSIVE,
        scans=True,
        transactional=False,
        hazards=hazards,
        batched=True,
    )


def parts(session: Session, step: Step) -> int:
    """How many pages there are to go through."""
    table = literal(qualified(*step.object.name[:2]))
    return int(session.fetch(_PAGES.format(table))[0][0])


def fill(session: Session, step: Step, first: int, last: int) -> int:
    """Fill the rows from page `first` to before page `last`; gives how many there were."""
    return cast("PostgresqlSession", session).change(step.sql, first, last)


def script(step: Step) -> str:
    """The same for psql: a block that commits after each part."""
    bounds = _RANGE.replace("$1", "page").replace("$2", f"page + {_SCRIPT_PAGES}")
    statement = step.sql.removesuffix(_RANGE) + bounds
    pages = " ".join(_PAGES.format(literal(qualified(*step.object.name[:2]))).split())
    path = "SET search_path = public;\n"
    tag = dollars(statement, "fill")
    return path + _BLOCK.format(tag=tag, pages=pages, size=_SCRIPT_PAGES, statement=statement)


_BLOCK = """DO {tag}
DECLARE
    page bigint; pages bigint; part bigint; filled bigint; before bigint;
BEGIN
    LOOP
        page := 0; filled := 0;
        {pages} INTO pages;
        WHILE page < pages LOOP
            {statement};
            GET DIAGNOSTICS part = ROW_COUNT;
            COMMIT;
            filled := filled + part; page := page + {size};
        END LOOP;
        EXIT WHEN filled = 0 OR filled >= before;
        before := filled;
    END LOOP;
END {tag}"""
