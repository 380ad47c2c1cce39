"""How many rows each table has, and a digest of them that does not depend on their order.

A row's digest is the server's own 64-bit hash of the row's text; a table's is their sum modulo 2^64: a change
that nobody intended goes unnoticed once in 2^64 times. (A second hash would double the time, since the server
makes the text anew for it.) Text output depends on settings, so those are pinned. The hash is the one that
hash partitioning rests on, and so the same in every version from 11 on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.quoting import ident, qualified

if TYPE_CHECKING:
    from dbdeed.engines.seam import Session

PINNED = (
    "SET LOCAL search_path = pg_catalog",
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'postgres'",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL xmloption = 'content'",
    "SET LOCAL lc_monetary = 'C'",
    "SET LOCAL row_security = off",  # an error is better than a part of the rows
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL lock_timeout = 0",
    # Large tables are read by as many workers as the server has to give.
    "SET LOCAL max_parallel_workers_per_gather = 4",
    "SET LOCAL parallel_setup_cost = 0",
    "SET LOCAL parallel_tuple_cost = 0",
    "SET LOCAL jit = off",
)

LARGE_OBJECTS = "pg_catalog.pg_largeobject"

# Ordinary tables of this database: no temporary ones, nothing of the system, of an extension (its own script
# makes those again) or of dbdeed.
_TABLES = """
SELECT n.nspname, c.relname, c.relpersistence = 'u'
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'dbdeed')
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2
"""

_ROWS = "SELECT ROW(t.*)::text FROM ONLY {} t"
_SUMS = "count(*), coalesce(sum(hashtextextended(r, 0)), 0)"


def table_digests(session: Session) -> dict[str, tuple[int, str]]:
    """Per table, as `schema.table`: rows and digest, all of one moment. Large objects count as one table."""
    with session.transaction():
        session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return digests_in_transaction(session)


def digests_in_transaction(session: Session, *, unlogged: bool = True) -> dict[str, tuple[int, str]]:
    """The same inside the transaction that the session has begun; it decides which moment is seen.

    `unlogged` false leaves out tables that a physical copy brings back empty.
    """
    for statement in PINNED:
        session.execute(statement)
    found = {
        table_name(schema, table): _digest(session, _ROWS.format(qualified(schema, table)))
        for schema, table, is_unlogged in session.fetch(_TABLES)
        if unlogged or not is_unlogged
    }
    rows = "SELECT ROW(oid, lo_get(oid))::text FROM pg_largeobject_metadata"
    objects = _digest(session, rows)
    return found | ({LARGE_OBJECTS: objects} if objects[0] else {})


def lockable(session: Session) -> tuple[set[str], list[str]]:
    """The names of all tables whose rows are counted, large objects included, and the tables in SQL."""
    tables = session.fetch(_TABLES)
    names = {table_name(schema, table) for schema, table, _ in tables}
    return {*names, LARGE_OBJECTS}, [qualified(schema, table) for schema, table, _ in tables]


def unlogged_tables(session: Session) -> tuple[str, ...]:
    """Tables that a physical copy brings back empty."""
    return tuple(table_name(schema, table) for schema, table, unlogged in session.fetch(_TABLES) if unlogged)


def table_name(schema: str, table: str) -> str:
    """`schema.table`; a part that holds a dot or a quote is quoted, so that no two tables share a name."""
    return ".".join(ident(one) if set(one) & {".", '"'} else one for one in (schema, table))


def _digest(session: Session, rows: str) -> tuple[int, str]:
    query = f'SELECT {_SUMS} FROM (SELECT r COLLATE "C" AS r FROM ({rows}) AS x (r)) AS y'
    [(count, total)] = session.fetch(query)
    return int(count), f"{int(total) % 2**64:016x}"
