"""What a restored database is asked: do references hold, are sequences ahead, are indexes and pages sound.

The questions run only the system's own operators and functions, never the restored database's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.postgresql.backup.digests import table_name
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.recovering import Examined

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.engines.seam import Session

_OURS = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'dbdeed')"

# Validated foreign keys, each column pair with the operator that compares it. Partitions' own copies are left
# to their parents; keys over periods (18) are compared by their type's own rules and left out.
_FOREIGN_KEYS = """
SELECT k.conname, n.nspname, c.relname, rn.nspname, rc.relname,
       array_agg(a.attname::text ORDER BY u.ord), array_agg(ra.attname::text ORDER BY u.ord),
       array_agg(quote_ident(opn.nspname) || '.' || op.oprname ORDER BY u.ord),
       c.relkind = 'p', rc.relkind = 'p'
FROM pg_constraint AS k
JOIN pg_class AS c ON c.oid = k.conrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_class AS rc ON rc.oid = k.confrelid
JOIN pg_namespace AS rn ON rn.oid = rc.relnamespace
CROSS JOIN LATERAL unnest(k.conkey, k.confkey, k.conpfeqop) WITH ORDINALITY AS u (att, refatt, eq, ord)
JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.att
JOIN pg_attribute AS ra ON ra.attrelid = k.confrelid AND ra.attnum = u.refatt
JOIN pg_operator AS op ON op.oid = u.eq
JOIN pg_namespace AS opn ON opn.oid = op.oprnamespace
WHERE k.contype = 'f' AND k.convalidated AND k.conparentid = 0 AND {ours} {timeless}
GROUP BY k.oid, k.conname, n.nspname, c.relname, rn.nspname, rc.relname, c.relkind, rc.relkind
HAVING bool_and(opn.nspname = 'pg_catalog')
ORDER BY 2, 3, 1
"""

# Sequences of serial and identity columns, where the column is unique by itself: only there must they be
# ahead.
_SEQUENCES = f"""
SELECT n.nspname, c.relname, a.attname, sn.nspname, sc.relname, s.seqincrement
FROM pg_sequence AS s
JOIN pg_class AS sc ON sc.oid = s.seqrelid
JOIN pg_namespace AS sn ON sn.oid = sc.relnamespace
JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid
  AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
JOIN pg_class AS c ON c.oid = d.refobjid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
WHERE {_OURS} AND NOT s.seqcycle AND c.relpersistence = 'p'
  AND EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisunique AND i.indnkeyatts = 1
              AND i.indkey[0] = a.attnum AND i.indpred IS NULL)
ORDER BY 1, 2, 3
"""

_INDEXES = f"""
SELECT n.nspname, c.relname, c.oid
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_am AS am ON am.oid = c.relam
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE am.amname = 'btree' AND c.relkind = 'i' AND c.relpersistence = 'p' AND i.indisvalid AND i.indisready
  AND {_OURS}
ORDER BY 1, 2
"""

_HEAPS = f"""
SELECT n.nspname, c.relname, c.oid
FROM pg_class AS c
JOIN pg_am AS am ON am.oid = c.relam
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE am.amname = 'heap' AND c.relkind = 'r' AND c.relpersistence = 'p' AND {_OURS}
ORDER BY 1, 2
"""


def examine(session: Session) -> list[Examined]:
    """Ask everything."""
    with session.transaction():
        session.execute("SET LOCAL search_path = pg_catalog")
        session.execute("SET LOCAL row_security = off")
        return [_references(session), _sequences(session), *_pages(session)]


def _references(session: Session) -> Examined:
    timeless = "AND NOT k.conperiod AND k.conenforced" if session.version >= (18,) else ""
    keys = session.fetch(_FOREIGN_KEYS.format(ours=_OURS, timeless=timeless))
    problems = []
    for name, schema, table, *rest in keys:
        [(orphans,)] = session.fetch(_orphans(schema, table, *rest))
        if orphans:
            rows = _counted(orphans, "row")
            problems.append(f"{rows} of {table_name(schema, table)} without the row that {name} refers to.")
    return Examined("references", _counted(len(keys), "foreign key"), tuple(problems))


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _orphans(
    schema: str,
    table: str,
    ref_schema: str,
    ref_table: str,
    columns: Sequence[str],
    ref_columns: Sequence[str],
    operators: Sequence[str],
    parted: bool,
    ref_parted: bool,
) -> str:
    """Counts rows whose reference leads nowhere; a NULL in it refers to nothing (MATCH SIMPLE)."""
    own = f"{'' if parted else 'ONLY '}{qualified(schema, table)} AS c"
    other = f"{'' if ref_parted else 'ONLY '}{qualified(ref_schema, ref_table)} AS p"
    given = " AND ".join(f"c.{ident(one)} IS NOT NULL" for one in columns)
    pairs = zip(columns, ref_columns, operators, strict=True)
    equal = " AND ".join(f"p.{ident(ref)} OPERATOR({eq}) c.{ident(one)}" for one, ref, eq in pairs)
    return f"SELECT count(*) FROM {own} WHERE {given} AND NOT EXISTS (SELECT FROM {other} WHERE {equal})"


def _sequences(session: Session) -> Examined:
    found = session.fetch(_SEQUENCES)
    problems = []
    for schema, table, column, seq_schema, sequence, step in found:
        extreme = "max" if step > 0 else "min"
        [(used, last, called)] = session.fetch(
            f"SELECT (SELECT {extreme}({ident(column)})::numeric FROM {qualified(schema, table)}), "
            f"last_value, is_called FROM {qualified(seq_schema, sequence)}"
        )
        upcoming = last + step if called else last
        if used is not None and (upcoming <= used if step > 0 else upcoming >= used):
            problems.append(
                f"The sequence {table_name(seq_schema, sequence)} gives {upcoming} next, and "
                f"{table_name(schema, table)}.{column} is at {used}."
            )
    return Examined("sequences", _counted(len(found), "sequence"), tuple(problems))


def _pages(session: Session) -> Iterable[Examined]:
    """Indexes and tables page by page, by the extension amcheck where the server has it."""
    if not session.fetch("SELECT FROM pg_available_extensions WHERE name = 'amcheck'"):
        yield Examined("pages", skipped="The extension amcheck is not installed on this machine.")
        return
    if not (
        there := session.fetch(
            "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
            "WHERE e.extname = 'amcheck'"
        )
    ):
        session.execute("CREATE SCHEMA dbdeed_amcheck")
        session.execute("CREATE EXTENSION amcheck WITH SCHEMA dbdeed_amcheck")
    place = ident(there[0][0] if there else "dbdeed_amcheck")
    indexes, heaps = session.fetch(_INDEXES), session.fetch(_HEAPS)
    problems = [
        *_corrupt(session, indexes, f"SELECT {place}.bt_index_check($1::oid::regclass, true)"),
        *_corrupt(session, heaps, f"SELECT msg FROM {place}.verify_heapam($1::oid::regclass) LIMIT 1"),
    ]
    yield Examined(
        "pages",
        f"{_counted(len(heaps), 'table')}, {_counted(len(indexes), 'tree index', 'tree indexes')}",
        tuple(problems),
    )


def _corrupt(session: Session, relations: Sequence[tuple[str, str, int]], query: str) -> Iterable[str]:
    for schema, name, oid in relations:
        try:
            with session.transaction():
                rows = session.fetch(query, oid)
        except SqlRejected as error:
            yield f"{table_name(schema, name)}: {error.message}"
            continue
        if rows and rows[0][0]:
            yield f"{table_name(schema, name)}: {rows[0][0]}"
