"""The floor: what merely reading both databases costs, with plain queries and nothing made of the rows.

Run as a process of its own: `python floor.py URL URL`. Columns, indexes, constraints and views are read as
the server writes them, one database after the other.
"""

from __future__ import annotations

import sys

import psycopg

_OURS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"

_QUERIES = (
    f"""SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
            pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND {_OURS}
        ORDER BY 1, 2, a.attnum""",
    f"""SELECT n.nspname, c.relname, i.relname, pg_get_indexdef(x.indexrelid), x.indisunique
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS} ORDER BY 1, 2, 3""",
    f"""SELECT n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid), k.convalidated
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS} ORDER BY 1, 2, 3""",
    f"""SELECT n.nspname, c.relname, pg_get_viewdef(c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('v', 'm') AND {_OURS} ORDER BY 1, 2""",
)


def read(url: str) -> int:
    """The number of rows in one database's catalogs."""
    with psycopg.connect(url) as connection:
        connection.execute("SET search_path = ''")
        return sum(len(connection.execute(query).fetchall()) for query in _QUERIES)


if __name__ == "__main__":
    print(*(read(url) for url in sys.argv[1:]))
