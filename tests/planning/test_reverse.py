"""Every plan leads back: the schema always, and the data that the archive has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from dbdeed.planning.apply import apply_plan
from dbdeed.planning.plan import Data

Place = Any  # tests/planning/conftest.py has it; test modules cannot import each other


@dataclass(frozen=True)
class Case:
    """A schema with rows, and what becomes of it; `rows` are queries whose answers must be the same after."""

    before: str
    after: str
    fill: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


BOTH = {
    "table": Case(
        "CREATE TABLE a (id integer PRIMARY KEY, b text NOT NULL); CREATE INDEX a_b ON a (b);"
        "CREATE TABLE c (id integer PRIMARY KEY, a_id integer REFERENCES a (id));"
        "CREATE VIEW v AS SELECT b FROM a;",
        "CREATE TABLE d (id integer PRIMARY KEY);",
        ("INSERT INTO a VALUES (1, 'x'), (2, 'y')", "INSERT INTO c VALUES (1, 2), (2, NULL)"),
        ("SELECT * FROM a ORDER BY 1", "SELECT * FROM c ORDER BY 1", "SELECT * FROM v ORDER BY 1"),
    ),
    "table made new under its name": Case(
        "CREATE TABLE a (id integer PRIMARY KEY, b text); CREATE VIEW v AS SELECT id FROM a;",
        "CREATE TABLE b (x integer); CREATE VIEW a AS SELECT x AS id FROM b; CREATE VIEW v AS SELECT id FROM a;",
        ("INSERT INTO a VALUES (1, 'x')",),
        ("SELECT * FROM a", "SELECT * FROM v"),
    ),
    "column by key": Case(
        "CREATE TABLE a (id integer PRIMARY KEY, b text NOT NULL, n integer);"
        "CREATE INDEX a_b ON a (b); CREATE VIEW v AS SELECT b FROM a;",
        "CREATE TABLE a (id integer PRIMARY KEY, n integer);",
        ("INSERT INTO a VALUES (1, 'x', 7), (2, 'y', NULL)",),
        ("SELECT id, b, n FROM a ORDER BY 1", "SELECT * FROM v ORDER BY 1"),
    ),
    "column without a key": Case(
        "CREATE TABLE a (n integer, b text, c text);",
        "CREATE TABLE a (n integer, c text);",
        ("INSERT INTO a VALUES (1, 'x', 'c'), (1, 'y', 'c'), (NULL, NULL, 'd'), (NULL, 'z', NULL)",),
        ("SELECT n, b, c FROM a ORDER BY b, c",),
    ),
    "column of the key": Case(
        "CREATE TABLE a (x integer, y integer, z text, PRIMARY KEY (x, y));",
        "CREATE TABLE a (y integer, z text);",
        ("INSERT INTO a VALUES (1, 1, 'p'), (1, 2, 'q'), (2, 3, NULL)",),
        ("SELECT x, y, z FROM a ORDER BY 1, 2",),
    ),
    "two columns and a table": Case(
        "CREATE TABLE a (id integer PRIMARY KEY, b text, c text); CREATE TABLE d (id integer PRIMARY KEY);",
        "CREATE TABLE a (id integer PRIMARY KEY);",
        ("INSERT INTO a VALUES (1, 'x', 'y')", "INSERT INTO d VALUES (5)"),
        ("SELECT id, b, c FROM a", "SELECT * FROM d"),
    ),
    "only made": Case(
        "CREATE TABLE a (id integer PRIMARY KEY);",
        "CREATE TABLE a (id integer PRIMARY KEY, b text); CREATE TABLE n (id integer PRIMARY KEY);",
        ("INSERT INTO a VALUES (1)",),
        ("SELECT * FROM a",),
    ),
    "renames": Case(
        "CREATE TABLE a (id integer PRIMARY KEY, b text, gone text); CREATE VIEW v AS SELECT b FROM a;",
        "-- renamed from: a\nCREATE TABLE c (id integer PRIMARY KEY, d text -- renamed from: b\n);"
        "CREATE VIEW v AS SELECT d FROM c;",
        ("INSERT INTO a VALUES (1, 'x', 'y')",),
        ("SELECT id, b, gone FROM a", "SELECT * FROM v"),
    ),
    "a key that points to itself": Case(
        "CREATE TABLE a (id integer PRIMARY KEY, up integer REFERENCES a (id));",
        "CREATE TABLE b (id integer PRIMARY KEY);",
        ("INSERT INTO a VALUES (1, NULL)", "INSERT INTO a VALUES (2, 1)"),
        ("SELECT * FROM a ORDER BY 1",),
    ),
}

POSTGRESQL = {
    "user types": Case(
        "CREATE TYPE mood AS ENUM ('ok', 'bad'); CREATE DOMAIN posint AS integer CHECK (VALUE > 0);"
        "CREATE TYPE pair AS (x integer, y text);"
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 7';"
        "CREATE TABLE a (id posint PRIMARY KEY, m mood NOT NULL DEFAULT 'ok', l mood[], p pair,"
        " n integer DEFAULT f(), CHECK (n > f() - 100), g text GENERATED ALWAYS AS (id::text || 'x') STORED);"
        "CREATE INDEX a_m ON a (m) WHERE m = 'ok'; CREATE UNIQUE INDEX a_n ON a (n);",
        "CREATE TABLE z (id integer PRIMARY KEY);",
        (
            "INSERT INTO a (id, m, l, p, n) VALUES (1, 'ok', '{ok,bad}', '(1,x)', 1), (2, 'bad', NULL, NULL, 2)",
            "INSERT INTO a (id, m, n) VALUES (3, 'bad', 9)",
        ),
        ("SELECT id, m::text, l::text, p::text, n, g FROM a ORDER BY 1",),
    ),
    "user types of columns": Case(
        "CREATE TYPE mood AS ENUM ('ok', 'bad');"
        "CREATE TABLE a (k mood PRIMARY KEY, m mood NOT NULL DEFAULT 'ok', n text, l mood[] NOT NULL);",
        "CREATE TYPE mood AS ENUM ('ok', 'bad'); CREATE TABLE a (k mood PRIMARY KEY, n text);",
        ("INSERT INTO a VALUES ('ok', 'bad', 'x', '{}'), ('bad', 'ok', 'y', '{ok,bad}')",),
        ("SELECT k::text, m::text, n, l::text FROM a ORDER BY 1",),
    ),
    "what hangs on it": Case(
        "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.n := NEW.n + 1; RETURN NEW; END';"
        "CREATE TABLE a (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s serial, n integer, m integer);"
        "CREATE TRIGGER t BEFORE INSERT OR UPDATE ON a FOR EACH ROW EXECUTE FUNCTION t();"
        "ALTER TABLE a ENABLE ALWAYS TRIGGER t;"
        "ALTER TABLE a ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON a USING (n > 0);"
        "CREATE RULE r AS ON DELETE TO a DO INSTEAD NOTHING; CREATE STATISTICS st ON n, m FROM a;"
        "COMMENT ON TABLE a IS 'of it'; COMMENT ON COLUMN a.n IS 'col'; GRANT SELECT ON a TO PUBLIC;"
        "GRANT UPDATE (n) ON a TO PUBLIC; CREATE PUBLICATION pub FOR TABLE a;",
        "CREATE TABLE z (id integer PRIMARY KEY);",
        ("INSERT INTO a (n) VALUES (1), (2), (3)", "INSERT INTO a (n) VALUES (4)"),
        ("SELECT * FROM a ORDER BY 1", "SELECT last_value FROM a_id_seq", "SELECT last_value FROM a_s_seq"),
    ),
    "triggers sleep": Case(
        "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.n := NEW.n + 1; RETURN NEW; END';"
        "CREATE TABLE a (id integer PRIMARY KEY, n integer, m text);"
        "CREATE TRIGGER t BEFORE UPDATE ON a FOR EACH ROW EXECUTE FUNCTION t();"
        "CREATE TRIGGER u BEFORE UPDATE ON a FOR EACH ROW EXECUTE FUNCTION t();"
        "ALTER TABLE a ENABLE REPLICA TRIGGER u;",
        "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.n := NEW.n + 1; RETURN NEW; END';"
        "CREATE TABLE a (id integer PRIMARY KEY, n integer);"
        "CREATE TRIGGER t BEFORE UPDATE ON a FOR EACH ROW EXECUTE FUNCTION t();"
        "CREATE TRIGGER u BEFORE UPDATE ON a FOR EACH ROW EXECUTE FUNCTION t();"
        "ALTER TABLE a ENABLE REPLICA TRIGGER u;",
        ("INSERT INTO a VALUES (1, 10, 'x')",),
        ("SELECT id, n, m FROM a",),
    ),
    "partitions": Case(
        "CREATE TABLE p (id integer GENERATED BY DEFAULT AS IDENTITY, k integer, v text, PRIMARY KEY (id, k),"
        " CHECK (k >= 0)) PARTITION BY RANGE (k);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);"
        "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);"
        "CREATE TABLE p2a PARTITION OF p2 DEFAULT; CREATE INDEX p_v ON p (v);",
        "CREATE TABLE z (id integer PRIMARY KEY);",
        ("INSERT INTO p (k, v) VALUES (1, 'a'), (2, 'b'), (11, 'c')",),
        ("SELECT * FROM p ORDER BY 1", "SELECT last_value FROM p_id_seq", "SELECT * FROM ONLY p1 ORDER BY 1"),
    ),
    "one partition": Case(
        "CREATE TABLE p (id integer, k integer, PRIMARY KEY (id, k)) PARTITION BY RANGE (k);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);"
        "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);",
        "CREATE TABLE p (id integer, k integer, PRIMARY KEY (id, k)) PARTITION BY RANGE (k);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);",
        ("INSERT INTO p VALUES (1, 1), (2, 11)",),
        ("SELECT * FROM p ORDER BY 1", "SELECT * FROM p2"),
    ),
    "heirs": Case(
        "CREATE TABLE u (id integer, n text); CREATE TABLE h (x integer) INHERITS (u);",
        "CREATE TABLE u (id integer, n text);",
        ("INSERT INTO u VALUES (1, 'u')", "INSERT INTO h VALUES (2, 'h', 5)"),
        ("SELECT * FROM u ORDER BY 1", "SELECT * FROM h"),
    ),
    "converted values": Case(
        "CREATE TABLE a (id integer PRIMARY KEY, n numeric, t timestamp, w text, l integer[], s smallint);",
        "CREATE TABLE a (id integer PRIMARY KEY, n integer, t date, w integer, l integer, s bigint);",
        (
            "INSERT INTO a VALUES (1, 1.5, '2024-01-02 03:04', '007', '{7,8}', 1)",
            "INSERT INTO a VALUES (2, NULL, NULL, '12', NULL, 2)",
        ),
        ("SELECT id, n, t, w, l, s FROM a ORDER BY 1",),
    ),
    "values that what they became does not lead back to": Case(
        "CREATE TABLE a (id integer PRIMARY KEY, b bigint NOT NULL UNIQUE, t timestamp, l integer[],"
        " g bigint GENERATED ALWAYS AS (b + 1) STORED, CHECK (b > -9)); CREATE INDEX a_t ON a (t);"
        "CREATE VIEW v AS SELECT b, t FROM a;",
        "CREATE TABLE a (id integer PRIMARY KEY, b boolean DEFAULT true, t time, l text);"
        "CREATE INDEX a_t ON a (t); CREATE VIEW v AS SELECT b, t FROM a;",
        ("INSERT INTO a VALUES (1, 0, '2024-01-02 03:04', '{7,8}'), (2, 1, NULL, NULL)",),
        ("SELECT id, b, t, l, g FROM a ORDER BY 1", "SELECT * FROM v ORDER BY 1"),
    ),
    "a partition that stands alone with other columns": Case(
        "CREATE TABLE p (id bigint NOT NULL, k bigint, n text, m integer) PARTITION BY RANGE (k);"
        "CREATE TABLE q PARTITION OF p FOR VALUES FROM (0) TO (10);",
        "CREATE TABLE q (id bigint NOT NULL, k boolean, m smallint);",
        ("INSERT INTO p VALUES (1, 1, 'x', 5), (2, 0, 'y', NULL), (3, 1, NULL, 7)",),
        ("SELECT id, k, n, m FROM p ORDER BY 1", "SELECT id, k, n, m FROM q ORDER BY 1"),
    ),
    "a table that becomes a partitioned one, with fewer and other columns": Case(
        "CREATE TABLE p (id bigint NOT NULL, n text, t timestamp, b bigint);",
        "CREATE TABLE p (id bigint NOT NULL, t time, b boolean) PARTITION BY RANGE (id);"
        "CREATE TABLE q PARTITION OF p DEFAULT;",
        ("INSERT INTO p VALUES (1, 'x', '2024-01-02 03:04', 1), (2, 'y', NULL, 0)",),
        ("SELECT id, n, t, b FROM p ORDER BY 1",),
    ),
    "a typed table": Case(
        "CREATE TYPE mood AS ENUM ('ok', 'bad'); CREATE TYPE thing AS (id integer, m mood); CREATE TABLE a OF thing;",
        "CREATE TYPE mood AS ENUM ('ok', 'bad'); CREATE TYPE thing AS (id integer, m mood);",
        ("INSERT INTO a VALUES (1, 'bad')",),
        ("SELECT id, m::text FROM a",),
    ),
    "a column of heirs": Case(
        "CREATE TABLE u (id integer PRIMARY KEY, n text); CREATE TABLE h (x integer) INHERITS (u);",
        "CREATE TABLE u (id integer PRIMARY KEY); CREATE TABLE h (x integer) INHERITS (u);",
        ("INSERT INTO u VALUES (1, 'u')", "INSERT INTO h VALUES (1, 'h', 5)"),
        ("SELECT id, n FROM ONLY u", "SELECT id, n, x FROM h"),
    ),
    "a sequence": Case(
        "CREATE SEQUENCE s; CREATE TABLE a (id integer PRIMARY KEY, n serial);",
        "CREATE TABLE a (id integer PRIMARY KEY);",
        ("SELECT setval('s', 41)", "INSERT INTO a (id) VALUES (1), (2), (3)"),
        (
            "SELECT last_value, is_called FROM s",
            "SELECT last_value FROM a_n_seq",
            "SELECT id, n FROM a ORDER BY 1",
        ),
    ),
    "an identity that counts no more": Case(
        "CREATE TABLE a (id integer GENERATED ALWAYS AS IDENTITY (START 5) PRIMARY KEY, b text);"
        "CREATE TABLE c (id integer GENERATED BY DEFAULT AS IDENTITY, b text);",
        "CREATE TABLE a (id integer PRIMARY KEY, b text); CREATE TABLE c (id bigint NOT NULL, b text);",
        ("INSERT INTO a (b) VALUES ('x'), ('y')", "INSERT INTO c (b) VALUES ('z')"),
        ("SELECT last_value, is_called FROM a_id_seq", "SELECT last_value FROM c_id_seq", "SELECT * FROM a"),
    ),
    "an identity that a sequence goes on for": Case(
        "CREATE TABLE a (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, b text);",
        "CREATE TABLE a (id serial PRIMARY KEY, b text);",
        ("INSERT INTO a (b) VALUES ('x'), ('y')",),
        ("SELECT last_value, is_called FROM a_id_seq", "SELECT * FROM a"),
    ),
    "what a table had from one that it leaves": Case(
        "CREATE TABLE u (id integer PRIMARY KEY, n text); CREATE TABLE w (m text NOT NULL);"
        "CREATE TABLE h (x integer) INHERITS (u, w);",
        "CREATE TABLE u (id integer PRIMARY KEY, n text); CREATE TABLE w (m text NOT NULL);"
        "CREATE TABLE h (x integer) INHERITS (u);",
        ("INSERT INTO h VALUES (1, 'n', 'm', 2)",),
        ("SELECT id, n, m, x FROM h", "SELECT * FROM w"),
    ),
    "attributes of a type that go": Case(
        "CREATE TYPE c AS (x integer, y text, z text);"
        "CREATE TABLE a (id integer PRIMARY KEY, v c, w c[]); CREATE TABLE b (n integer, v c, m text);",
        "CREATE TYPE c AS (x integer, z text);"
        "CREATE TABLE a (id integer PRIMARY KEY, v c, w c[]); CREATE TABLE b (n integer, v c);",
        (
            "INSERT INTO a VALUES (1, '(1,why,z)', '{\"(2,y,)\",NULL,\"(,,)\"}'), (2, NULL, '{}'), (3, '(,,)', NULL)",
            "INSERT INTO b VALUES (1, '(1,one,z)', 'm'), (1, '(1,two,)', NULL), (1, '(1,two,)', NULL)",
        ),
        ("SELECT id, v::text, w::text FROM a ORDER BY 1", "SELECT n, v::text, m FROM b ORDER BY 2"),
    ),
    "attributes of a type that go, and others come in their places": Case(
        "CREATE TYPE c AS (x integer, y text, z text); CREATE TABLE a (id integer PRIMARY KEY, v c, w c[]);",
        "CREATE TYPE c AS (z text, n text, x bigint); CREATE TABLE a (id integer PRIMARY KEY, v c, w c[]);",
        ("INSERT INTO a VALUES (1, '(1,why,z)', '{\"(2,y,)\",NULL}'), (2, NULL, '{}')",),
        ("SELECT id, v::text, w::text FROM a ORDER BY 1",),
    ),
    "a computed column that gave way to one of a type that came": Case(
        "CREATE TABLE a (id integer PRIMARY KEY, d integer, o integer GENERATED ALWAYS AS (d + 1) STORED);",
        "CREATE TYPE mood AS ENUM ('6'); CREATE TABLE a (id integer PRIMARY KEY, o mood[]);",
        ("INSERT INTO a VALUES (1, 5)",),
        ("SELECT id, d, o FROM a",),
    ),
    "an extension's type": Case(
        "CREATE EXTENSION hstore; CREATE TABLE a (id integer PRIMARY KEY, h hstore);"
        "CREATE INDEX a_h ON a USING gin (h);",
        "CREATE TABLE z (id integer PRIMARY KEY);",
        ("INSERT INTO a VALUES (1, 'a=>1')",),
        ("SELECT id, h::text FROM a",),
    ),
    "a schema and what is in it": Case(
        "CREATE SCHEMA s; CREATE TABLE s.a (id integer PRIMARY KEY, b text);"
        "CREATE MATERIALIZED VIEW s.m AS SELECT b FROM s.a; CREATE UNIQUE INDEX m_b ON s.m (b);",
        "CREATE TABLE z (id integer PRIMARY KEY);",
        ("INSERT INTO s.a VALUES (1, 'x')",),
        ("SELECT * FROM s.a",),
    ),
}

SQLITE = {
    "full text": Case(
        "CREATE VIRTUAL TABLE f USING fts5(title, body); CREATE TABLE a (id integer PRIMARY KEY);",
        "CREATE TABLE a (id integer PRIMARY KEY);",
        ("INSERT INTO f (rowid, title, body) VALUES (3, 'one', 'two'), (9, 'x', 'y')",),
        ("SELECT rowid, title, body FROM f ORDER BY 1", "SELECT rowid FROM f WHERE f MATCH 'two'"),
    ),
    "a column of full text": Case(
        "CREATE VIRTUAL TABLE f USING fts5(title, body);",
        "CREATE VIRTUAL TABLE f USING fts5(title);",
        ("INSERT INTO f (rowid, title, body) VALUES (3, 'one', 'two'), (9, 'x', 'y')",),
        ("SELECT rowid, title, body FROM f ORDER BY 1", "SELECT rowid FROM f WHERE f MATCH 'two'"),
    ),
    "counters and row numbers": Case(
        "CREATE TABLE a (id integer PRIMARY KEY AUTOINCREMENT, b text); CREATE TABLE r (b text UNIQUE);"
        "CREATE TABLE w (k text PRIMARY KEY, v) WITHOUT ROWID;"
        "CREATE TABLE c (id integer PRIMARY KEY AUTOINCREMENT, a_id integer REFERENCES a (id));",
        "CREATE TABLE z (id integer PRIMARY KEY);",
        (
            "INSERT INTO a VALUES (1, 'x'), (9, 'y')",
            "DELETE FROM a WHERE id = 9",
            "INSERT INTO r (rowid, b) VALUES (5, 'q')",
            "INSERT INTO w VALUES ('k', 1.5)",
            "INSERT INTO c VALUES (4, 1), (8, NULL)",
            "DELETE FROM c WHERE id = 8",
        ),
        (
            "SELECT * FROM a",
            "SELECT rowid, b FROM r",
            "SELECT * FROM w",
            "SELECT * FROM c",
            "SELECT name, seq FROM sqlite_sequence ORDER BY 1",
        ),
    ),
    "triggers sleep": Case(
        "CREATE TABLE a (id integer PRIMARY KEY, n integer, m text);"
        "CREATE TRIGGER t AFTER UPDATE ON a BEGIN UPDATE a SET n = n + 1 WHERE id = NEW.id; END;",
        "CREATE TABLE a (id integer PRIMARY KEY, n integer);"
        "CREATE TRIGGER t AFTER UPDATE ON a BEGIN UPDATE a SET n = n + 1 WHERE id = NEW.id; END;",
        ("INSERT INTO a VALUES (1, 10, 'x')",),
        ("SELECT * FROM a",),
    ),
    "converted values": Case(
        "CREATE TABLE a (id integer PRIMARY KEY, n text, r);",
        "CREATE TABLE a (id integer PRIMARY KEY, n integer, r);",
        ("INSERT INTO a VALUES (1, '007', 'x'), (2, 'seven', 1.0), (3, NULL, x'00')",),
        ("SELECT id, n, typeof(n), r FROM a ORDER BY 1",),
    ),
}


def there_and_back(place: Place, case: Case) -> None:
    with place.live(case.before) as session:
        for sql in case.fill:
            session.execute(sql)
        state = place.engine.inspect(session)
        rows = [session.fetch(sql) for sql in case.rows]
        plan, _ = place.migrate(session, case.after)
        assert plan.irreversible == ""
        assert plan.reverse is not None
        assert {one.data for one in plan.reverse.returns} <= {Data.ALL, Data.KNOWN}
        apply_plan(place.engine, session, plan.reverse, state, tool="test")
        place.settle(session)
        assert place.engine.inspect(session).objects == state.objects
        assert [session.fetch(sql) for sql in case.rows] == rows


@pytest.mark.parametrize("name", BOTH)
def test_there_and_back(place: Place, name: str) -> None:
    there_and_back(place, BOTH[name])


@pytest.mark.parametrize("name", POSTGRESQL)
def test_there_and_back_on_postgresql(place: Place, name: str) -> None:
    if place.name != "postgresql-18":
        pytest.skip("PostgreSQL's own, by the newest; random plans go there and back on each")
    there_and_back(place, POSTGRESQL[name])


@pytest.mark.parametrize("name", SQLITE)
def test_there_and_back_on_sqlite(sqlite: Place, name: str) -> None:
    there_and_back(sqlite, SQLITE[name])
