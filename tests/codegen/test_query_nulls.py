"""A column that a query's type calls never null is never null: tried with rows that are missing everywhere."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from tests.codegen.places import PLACES, Places

from dbdeed.document.read import read
from dbdeed.document.source import Source
from dbdeed.engines.registry import engine_for, system_of_url
from dbdeed.engines.seam import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.models.query import QueryShape

SCHEMA = """
CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY, x INTEGER NOT NULL, n INTEGER);
CREATE TABLE b (id INTEGER NOT NULL PRIMARY KEY, a_id INTEGER NOT NULL, y INTEGER NOT NULL);
CREATE TABLE c (id INTEGER NOT NULL PRIMARY KEY, b_id INTEGER NOT NULL, z INTEGER NOT NULL);
CREATE VIEW ab AS SELECT a.id, a.x, b.y FROM a LEFT JOIN b ON b.a_id = a.id;
CREATE VIEW plain AS SELECT id, x FROM a;
INSERT INTO a VALUES (1, 10, NULL), (2, 20, 5), (3, 30, NULL);
INSERT INTO b VALUES (1, 1, 100), (2, 99, 200);
INSERT INTO c VALUES (1, 1, 1000), (2, 77, 2000);
"""
# (SQL, columns that must be known as never null: the rule is worth something; others may be either)
BOTH = [
    ("SELECT id, x, n FROM a", "id x"),
    ("SELECT a.id, b.y FROM a JOIN b ON b.a_id = a.id", "id y"),
    ("SELECT a.id, b.y FROM a LEFT JOIN b ON b.a_id = a.id", "id"),
    ("SELECT a.id, b.y FROM a LEFT JOIN b ON b.a_id = a.id ORDER BY a.x, b.y DESC", "id"),
    ("SELECT a.id, b.y, c.z FROM a LEFT JOIN b ON b.a_id = a.id LEFT JOIN c ON c.b_id = b.id", "id"),
    ("SELECT a.id, b.y FROM a LEFT JOIN b ON b.a_id = a.id WHERE b.id IS NULL", "id"),
    ("SELECT a.id, b.y FROM a LEFT JOIN b ON b.a_id = a.id WHERE b.y > 0", "id"),
    ("SELECT a.id, bc.y, bc.z FROM a LEFT JOIN (SELECT b.a_id, b.y, c.z FROM b JOIN c ON c.b_id = b.id) bc ON bc.a_id = a.id", ""),
    ("SELECT a.id, b.y FROM (a LEFT JOIN b ON b.a_id = a.id) JOIN c ON c.id = a.id", "id"),
    ("SELECT id, x, y FROM ab", ""),
    ("SELECT a.id, ab.y FROM a JOIN ab ON ab.id = a.id", ""),
    ("SELECT id, x FROM plain", ""),
    ("SELECT a.id, p.x FROM a LEFT JOIN plain p ON p.id = a.id + 1", ""),
    ("WITH w AS (SELECT a.id, b.y FROM a LEFT JOIN b ON b.a_id = a.id) SELECT id, y FROM w", ""),
    ("WITH w AS (SELECT id, x FROM a) SELECT a.id, w.x FROM a LEFT JOIN w ON w.id = a.id + 1", ""),
    ("SELECT x FROM a UNION SELECT n FROM a", ""),
    ("SELECT x FROM a UNION ALL SELECT n FROM a", ""),
    ("SELECT s.x FROM (SELECT x FROM a UNION ALL SELECT n FROM a) s", ""),
    ("SELECT a.id, (SELECT b.y FROM b WHERE b.a_id = a.id) AS y FROM a", "id"),
    ("SELECT a.*, (SELECT b.y FROM b WHERE b.a_id = a.id) AS y FROM a", ""),
    ("WITH w AS (SELECT a.id, (SELECT b.y FROM b WHERE b.a_id = a.id) AS y FROM a) SELECT id, y FROM w", ""),
    ("SELECT s.y FROM (SELECT (SELECT b.y FROM b WHERE b.a_id = a.id) AS y FROM a) s", ""),
    ("SELECT x FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.a_id = a.id)", "x"),
    ("SELECT x FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.a_id = a.id)", "x"),
    ("SELECT x FROM a WHERE id NOT IN (SELECT a_id FROM b)", "x"),
    ("SELECT count(*) AS k, max(x) AS m FROM a WHERE id > 99", "k"),
    ("SELECT a.id, count(b.id) AS k, max(b.y) AS m FROM a LEFT JOIN b ON b.a_id = a.id GROUP BY a.id", "id k"),
    ("SELECT a.id, s.k FROM a LEFT JOIN (SELECT a_id, count(*) AS k FROM b GROUP BY a_id) s ON s.a_id = a.id", ""),
    ("SELECT s.k, count(*) AS j FROM a LEFT JOIN (SELECT a_id, count(*) AS k FROM b GROUP BY a_id) s ON s.a_id = a.id GROUP BY s.k", "j"),
    ("SELECT e.id, m.x FROM a e LEFT JOIN a m ON m.id = e.n", ""),
    ("SELECT DISTINCT b.y FROM a LEFT JOIN b ON b.a_id = a.id", ""),
    ("SELECT x FROM a ORDER BY n LIMIT 2", "x"),
    ("SELECT CASE WHEN x > 15 THEN x END AS big FROM a", ""),
    ("SELECT a.x, b.y FROM a, b", "x y"),
    ("SELECT a.x, b.y FROM a CROSS JOIN b", "x y"),
    ("SELECT a.id, b.y FROM b RIGHT JOIN a ON b.a_id = a.id", ""),
    ("SELECT a.x, b.y FROM a FULL JOIN b ON b.a_id = a.id", ""),
    ("SELECT id, a.x, b.y FROM a LEFT JOIN b USING (id)", ""),
    ("SELECT id FROM a FULL JOIN b USING (id)", ""),
    ("UPDATE a SET x = x WHERE id = 1 RETURNING id, x, n", "id x"),
    ("DELETE FROM c WHERE id = 77 RETURNING z", "z"),
    ("INSERT INTO c (id, b_id, z) VALUES (5, 5, 5) RETURNING id, z + 1 AS more", "id"),
]  # fmt: skip
POSTGRESQL = [
    ("SELECT x, count(*) AS k FROM a GROUP BY ROLLUP (x)", ""),
    ("SELECT x, id FROM a GROUP BY GROUPING SETS ((x), (id))", ""),
    ("SELECT a.id, l.y FROM a LEFT JOIN LATERAL (SELECT b.y FROM b WHERE b.a_id = a.id LIMIT 1) l ON true", ""),
    ("SELECT a.id, l.y FROM a CROSS JOIN LATERAL (SELECT b.y FROM b WHERE b.a_id = a.id LIMIT 1) l", "id y"),
    ("SELECT coalesce(sum(n), 0) AS s, sum(n) AS t FROM a WHERE id = 1", "s"),
    ("SELECT coalesce(n, x) AS s, coalesce(n, NULL, 3) AS t FROM a", "t"),
    ("SELECT a.id, coalesce(s.k, 0) AS k FROM a LEFT JOIN (SELECT a_id, count(*) AS k FROM b GROUP BY 1) s ON s.a_id = a.id", "id k"),
    ("SELECT a.id, s.k FROM a LEFT JOIN (SELECT a_id, coalesce(y, 0) AS k FROM b OFFSET 0) s ON s.a_id = a.id", ""),
    ("SELECT id, row_number() OVER (ORDER BY x) AS r, lag(x) OVER (ORDER BY x) AS before FROM a", "id r"),
    ("WITH RECURSIVE r AS (SELECT id, x FROM a UNION ALL SELECT r.id, NULL FROM r WHERE r.x IS NOT NULL) SELECT id, x FROM r", ""),
    ("WITH w AS MATERIALIZED (SELECT a.id, b.y FROM a LEFT JOIN b ON b.a_id = a.id) SELECT id, y FROM w", ""),
    ("WITH w AS MATERIALIZED (SELECT id, x FROM a) SELECT c.id, w.x FROM c LEFT JOIN w ON w.id = c.id + 5", ""),
    ("SELECT (a).x, n FROM (SELECT a FROM a) s(a), LATERAL (SELECT n FROM a LIMIT 1) t", ""),
    ("SELECT u.v FROM unnest(ARRAY[1, NULL]) u(v)", ""),
    ("SELECT a.x FROM a TABLESAMPLE SYSTEM (100)", "x"),
    ("SELECT a.x FROM a FOR UPDATE", "x"),
    ("WITH gone AS (DELETE FROM c WHERE id = 77 RETURNING z) SELECT a.id, gone.z FROM a LEFT JOIN gone ON true", ""),
    ("TABLE a", "id x"),
    ("VALUES (1, NULL), (2, 3)", ""),
    ("SELECT count(*) FILTER (WHERE n > 0) AS k, n IS NULL AS b FROM a GROUP BY n", "k"),
    ("SELECT b.y, count(*) AS k FROM a LEFT JOIN b ON b.a_id = a.id GROUP BY b.y HAVING count(*) > 0", "k"),
    ("SELECT exists(SELECT FROM b WHERE b.a_id = a.id) AS e, a.id FROM a", "id"),
]  # fmt: skip
FROM_18 = [
    ("INSERT INTO c (id, b_id, z) VALUES (6, 5, 5) RETURNING old.z AS before, new.z AS after, c.z", ""),
    ("UPDATE c SET z = 6 WHERE id = 2 RETURNING old.z AS before, new.z AS after", ""),
]


@pytest.fixture(scope="module", params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture(scope="module")
def address(place: str, places: Places, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with places.database(place, tmp_path_factory.mktemp("nulls")) as found:
        if place == "sqlite":
            connection = sqlite3.connect(found.removeprefix("sqlite:///"))
            connection.executescript(SCHEMA)
            connection.close()
        else:
            with psycopg.connect(found, autocommit=True) as session:
                session.execute(SCHEMA.encode())
        yield found


def described(address: str, sql: str, name: str = "q") -> QueryShape:
    system = system_of_url(address)
    assert system is not None
    engine = engine_for(system)
    text = f"## Query Strategy\n\n### Query: `{name}`\n\n```sql\n{sql}\n```\n"
    (query,) = read(Source("DATABASE.md", text.encode())).queries.queries
    session = engine.connect(Target(address, "test"))
    try:
        catalog = engine.inspect(session)
        shape = engine.describe_query(session, catalog, engine.describe(catalog), query)
    finally:
        session.close()
    assert shape is not None
    return shape


def rows(address: str, sql: str) -> list[Any]:
    """What it gives, undone at once."""
    if address.startswith("sqlite"):
        connection = sqlite3.connect(address.removeprefix("sqlite:///"))
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()
    with psycopg.connect(address) as session:
        found = session.execute(sql.encode()).fetchall()
        session.rollback()
        return found


def every(place: str) -> list[tuple[str, str]]:
    if place == "sqlite":
        return BOTH
    return [*BOTH, *POSTGRESQL, *(FROM_18 if place == "postgresql-18" else [])]


def test_never_null_is_never_null(place: str, address: str) -> None:
    wrong: list[str] = []
    for sql, sure in every(place):
        if (
            place == "sqlite"
            and sqlite3.sqlite_version_info < (3, 39)
            and (" RIGHT " in sql or " FULL " in sql)
        ):
            continue
        shape = described(address, sql)
        found = rows(address, "".join(shape.lines))
        for at, column in enumerate(shape.columns):
            name, nullable = column.attribute.name, column.attribute.nullable
            if (
                not nullable
                and column.attribute.python.expression != "typing.Any"
                and any(row[at] is None for row in found)
            ):
                wrong.append(f"{sql}: {name} is null, and its type says never")
            if nullable and name in sure.split():
                wrong.append(f"{sql}: {name} is never null, and its type says it may be")
    assert wrong == []


def test_reading_is_known_from_writing(place: str, address: str) -> None:
    for sql, writes in (
        ("SELECT x FROM a", False),
        ("WITH w AS (SELECT 1) SELECT * FROM w", False),
        ("UPDATE a SET x = 1", True),
        ("WITH w AS (SELECT 1 AS one) DELETE FROM c WHERE id IN (SELECT one + 500 FROM w)", True),
    ):
        assert described(address, sql).writes is writes


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ('SELECT :a, \':b\', ":c", x::text, :a -- :d\n/* :e */ FROM a WHERE ":c" = 1', None),
        ("SELECT id FROM a WHERE x = :x AND n = :y OR x = :x", ["x", "y"]),
    ],
)
def test_parameters_are_found_by_a_lexer(place: str, address: str, sql: str, names: list[str] | None) -> None:
    if names is not None:
        shape = described(address, sql)
        assert [one.name for one in shape.parameters] == names
        marks = ("$1", "$2", "$1") if place != "sqlite" else ("?1", "?2", "?1")
        text = "".join(shape.lines)
        assert [text.index(mark) for mark in marks]
        return
    from dbdeed.engines.postgresql.sql.lexer import RULES
    from dbdeed.engines.query_text import named_query

    (query,) = read(
        Source("D.md", f"## Query Strategy\n\n### Query: `q`\n\n```sql\n{sql}\n```\n".encode())
    ).queries.queries
    found = named_query(query, RULES)
    assert found is not None
    assert found.names == ("a",)
    assert len(found.markers) == 2


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT (ARRAY[:a, :b])[1:x] FROM t", ("a", "b")),
        ("SELECT arr[:i] FROM t", ("i",)),
        ("SELECT arr[lo:hi] FROM t", ()),
        ("SELECT arr[1 : :i] FROM t", ("i",)),
        ("SELECT arr[f(x):hi] FROM t", ()),
        ("SELECT ARRAY[CASE WHEN a THEN :b ELSE :c END]", ("b", "c")),
        ("SELECT $$ :no $$, $tag$ :no $tag$, E'\\' :no', U&\"x:no\", 'it''s :no' , :yes", ("yes",)),
        ("SELECT f(a := 1, b => :b), x :: date, :c :: date, a::b::c", ("b", "c")),
        ("SELECT '{\"a\": 1}'::jsonb ->> :key /* nested /* :no */ */ , 1 -- :no", ("key",)),
        ("SELECT :ünïcode", ("ünïcode",)),
    ],
)
def test_colons_that_are_no_parameters(sql: str, names: tuple[str, ...]) -> None:
    from dbdeed.engines.postgresql.sql.lexer import RULES
    from dbdeed.engines.query_text import named_query

    text = f"## Query Strategy\n\n### Query: `q`\n\n```sql\n{sql}\n```\n"
    (query,) = read(Source("DATABASE.md", text.encode())).queries.queries
    found = named_query(query, RULES)
    assert found is not None
    assert found.names == names
