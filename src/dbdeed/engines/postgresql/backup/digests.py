"""How many rows each table has, and a digest of them that does not depend on their order.

A row's digest is the server's own 64-bit hash of its values; a table's is their sum modulo 2^64: a change
that nobody intended goes unnoticed once in 2^64 times. The hash is the one that hash partitioning rests on,
and so the same in every version.

A type's own hash is taken where it tells apart whatever the type can hold. It folds eight bytes into four,
and takes 1.0 for 1.00 and -0 for 0: such types are hashed in their binary form, and all others in the text
that a row of them has. That text depends on settings, so those are pinned. (All as text takes twice as long,
and more the fewer texts there are.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.quoting import ident, qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

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
SELECT n.nspname, c.relname, c.relpersistence = 'u', ARRAY(
  SELECT ARRAY[a.attname, CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN t.typname END]::text[]
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attnum)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'dbdeed')
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2
"""

# How a column of a type of the system's own enters its row's hash; all others enter as text.
_AS_IS = "{}"
_FORMS = {
    **dict.fromkeys(("bool", "char", "int2", "int4", "oid", "date", "uuid", "bytea", "macaddr"), _AS_IS),
    **dict.fromkeys(("text", "varchar", "name"), '{} COLLATE "C"'),
    **{name: f"{name}send({{}})" for name in ("bpchar", "int8", "float4", "float8")},
    **{
        name: f"{name}_send({{}})"
        for name in ("numeric", "timestamp", "timestamptz", "time", "timetz", "interval", "inet", "cidr")
    },
}
# The hash of a record is a sum over its columns, so that two rows which exchange a value would cancel out. It
# is made the seed of another hash, which is no sum.
_SUMS = "count(*), coalesce(sum(hashint4extended(0, hash_record_extended({}, 0))), 0)"


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
        table_name(schema, table): _digest(session, _record(columns), f"ONLY {qualified(schema, table)}")
        for schema, table, is_unlogged, columns in session.fetch(_TABLES)
        if unlogged or not is_unlogged
    }
    objects = _digest(session, "ROW(oid, lo_get(oid))", "pg_largeobject_metadata")
    return found | ({LARGE_OBJECTS: objects} if objects[0] else {})


def lockable(session: Session) -> tuple[set[str], list[str]]:
    """The names of all tables whose rows are counted, large objects included, and the tables in SQL."""
    tables = session.fetch(_TABLES)
    names = {table_name(schema, table) for schema, table, *_ in tables}
    return {*names, LARGE_OBJECTS}, [qualified(schema, table) for schema, table, *_ in tables]


def unlogged_tables(session: Session) -> tuple[str, ...]:
    """Tables that a physical copy brings back empty."""
    return tuple(
        table_name(schema, table) for schema, table, unlogged, _ in session.fetch(_TABLES) if unlogged
    )


def table_name(schema: str, table: str) -> str:
    """`schema.table`; a part that holds a dot or a quote is quoted, so that no two tables share a name."""
    return ".".join(ident(one) if set(one) & {".", '"'} else one for one in (schema, table))


def _record(columns: Sequence[tuple[str, str | None]]) -> str:
    """The record whose hash is a row's, from its columns' names and types."""
    known = [_FORMS[kind].format(f"t.{ident(name)}") for name, kind in columns if kind in _FORMS]
    others = [f"t.{ident(name)}" for name, kind in columns if kind not in _FORMS]
    # By way of a record a value's text is its type's own output, whatever casts somebody has declared.
    text = [f'ROW({", ".join(others)})::text COLLATE "C"'] if others else []
    return f"ROW({', '.join([*known, *text])})"


def _digest(session: Session, record: str, rows: str) -> tuple[int, str]:
    [(count, total)] = session.fetch(f"SELECT {_SUMS.format(record)} FROM {rows} AS t")
    return int(count), f"{int(total) % 2**64:016x}"
