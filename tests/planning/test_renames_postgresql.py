"""Each kind of rename on real servers: rows stay, what hangs on the name follows, nothing is built again.

A case is a schema, rows, and the schema with marks; then what the plan's statements must be. Unless a case says
otherwise nothing may be dropped or made. Each plan is applied, and a second one must be empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from dbdeed.engines.change import Action

Place = Any


@dataclass(frozen=True)
class Case:
    """`sql` are the statements that the plan must hold, in order; None holds only that nothing is made anew."""

    before: str
    after: str
    sql: tuple[str, ...] | None = None
    rows: str = ""
    query: str = ""
    found: tuple[tuple[Any, ...], ...] = ()


CASES = {
    "a table, and what is called after it": Case(
        "CREATE TABLE client (id serial PRIMARY KEY, mail text NOT NULL UNIQUE CHECK (mail <> ''), boss integer"
        " REFERENCES client, born date); CREATE INDEX ON client (born); COMMENT ON TABLE client IS 'who buys';"
        "COMMENT ON CONSTRAINT client_pkey ON client IS 'the key'; CREATE VIEW clients AS SELECT id FROM client;"
        "CREATE STATISTICS client_st ON mail, born FROM client; GRANT SELECT ON SEQUENCE client_id_seq TO public",
        "-- renamed from: client\n"
        "CREATE TABLE customer (id serial PRIMARY KEY, mail text NOT NULL UNIQUE CHECK (mail <> ''), boss integer"
        " REFERENCES customer, born date); CREATE INDEX ON customer (born); COMMENT ON TABLE customer IS 'who buys';"
        "COMMENT ON CONSTRAINT customer_pkey ON customer IS 'the key'; CREATE VIEW clients AS SELECT id FROM customer;"
        "CREATE STATISTICS customer_st ON mail, born FROM customer; GRANT SELECT ON SEQUENCE customer_id_seq TO public",
        None,
        "INSERT INTO client (mail) VALUES ('a'), ('b')",
        "SELECT id, mail FROM customer",
        ((1, "a"), (2, "b")),
    ),
    "an identity column": Case(
        "CREATE TABLE t (a bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x integer NOT NULL)",
        "CREATE TABLE u ( -- renamed from: t\n"
        "b bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- renamed from: a\n"
        "y integer NOT NULL -- renamed from: x\n)",
        None,
        "INSERT INTO t (x) VALUES (7)",
        "SELECT b, y FROM u",
        ((1, 7),),
    ),
    "tables with identities that change their names": Case(
        "CREATE TABLE a (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x text);"
        "CREATE TABLE b (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, y date)",
        "CREATE TABLE a (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, y date); -- renamed from: b\n"
        "CREATE TABLE b (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x text); -- renamed from: a\n",
        None,
        "INSERT INTO a (x) VALUES ('one')",
        "SELECT * FROM b",
        ((1, "one"),),
    ),
    "a column, its index and its key": Case(
        "CREATE TABLE t (id integer PRIMARY KEY, a integer UNIQUE, b integer REFERENCES t (a));"
        "CREATE INDEX ON t (b, a); CREATE INDEX named ON t (a)",
        "CREATE TABLE t (id integer PRIMARY KEY, c integer UNIQUE, -- renamed from: a\n"
        "d integer REFERENCES t (c) -- renamed from: b\n);"
        "CREATE INDEX ON t (d, c); CREATE INDEX named ON t (c)",
        None,
        "INSERT INTO t VALUES (1, 2, 2)",
        "SELECT id, c, d FROM t",
        ((1, 2, 2),),
    ),
    "a mark above its column": Case(
        "CREATE TABLE t (a integer, b integer)",
        "CREATE TABLE t (\n  a integer,\n  -- renamed from: b\n  c integer\n)",
        ("ALTER TABLE public.t RENAME COLUMN b TO c",),
    ),
    "a table of another schema": Case(
        "CREATE SCHEMA old; CREATE SCHEMA new; CREATE TABLE old.a (id serial PRIMARY KEY);"
        "CREATE TABLE old.same (x integer)",
        "CREATE SCHEMA old; CREATE SCHEMA new; CREATE TABLE new.b (id serial PRIMARY KEY); -- renamed from: old.a\n"
        "-- renamed from: old.same\nCREATE TABLE new.same (x integer)",
        None,
        "INSERT INTO old.a DEFAULT VALUES",
        "SELECT id FROM new.b",
        ((1,),),
    ),
    "a schema and a table in it": Case(
        "CREATE SCHEMA s; CREATE TABLE s.a (x integer); CREATE TYPE s.e AS ENUM ('a')",
        "-- renamed from: s\nCREATE SCHEMA t; CREATE TABLE t.b (x integer); -- renamed from: a\n"
        "ALTER TABLE t.b ADD COLUMN z integer; CREATE TYPE t.e AS ENUM ('b' -- renamed from: a\n)",
        (
            "ALTER SCHEMA s RENAME TO t",
            "ALTER TABLE t.a RENAME TO b",
            "ALTER TYPE t.e RENAME VALUE 'a' TO 'b'",
            "ALTER TABLE t.b ADD COLUMN z integer",
        ),
    ),
    "tables that change their names": Case(
        "CREATE TABLE a (x integer); CREATE TABLE b (y text)",
        "CREATE TABLE b (x integer); -- renamed from: a\nCREATE TABLE a (y text); -- renamed from: b\n",
        (
            "ALTER TABLE public.a RENAME TO b_dbdeed",
            "ALTER TABLE public.b RENAME TO a",
            "ALTER TABLE public.b_dbdeed RENAME TO b",
        ),
        "INSERT INTO a VALUES (1); INSERT INTO b VALUES ('x')",
        "SELECT x FROM b",
        ((1,),),
    ),
    "columns in a ring of three": Case(
        "CREATE TABLE t (a integer, b text, c date)",
        "CREATE TABLE t (b integer, -- renamed from: a\nc text, -- renamed from: b\na date -- renamed from: c\n)",
        None,
        "INSERT INTO t VALUES (1, 'x', '2020-02-02')",
        "SELECT b, c FROM t",
        ((1, "x"),),
    ),
    "a chain with a new first": Case(
        "CREATE TABLE a (x integer); CREATE TABLE b (y text)",
        "CREATE TABLE c (y text); -- renamed from: b\nCREATE TABLE b (x integer); -- renamed from: a\n"
        "CREATE TABLE a (z date)",
        (
            "ALTER TABLE public.b RENAME TO c",
            "ALTER TABLE public.a RENAME TO b",
            "CREATE TABLE public.a (\n    z date\n)",
        ),
        "INSERT INTO a VALUES (1); INSERT INTO b VALUES ('x')",
        "SELECT x, y FROM b, c",
        ((1, "x"),),
    ),
    "enum values": Case(
        "CREATE TYPE e AS ENUM ('in progress', 'b', 'c'); CREATE TABLE t (x e DEFAULT 'b')",
        "CREATE TYPE e AS ENUM (\n  'open', -- renamed from: 'in progress'\n  'B', -- renamed from: b\n  'c', 'd');"
        "CREATE TABLE t (x e DEFAULT 'B')",
        (
            "ALTER TYPE public.e RENAME VALUE 'in progress' TO 'open'",
            "ALTER TYPE public.e RENAME VALUE 'b' TO 'B'",
            "ALTER TYPE public.e ADD VALUE 'd'",
        ),
        "INSERT INTO t VALUES ('in progress'), (DEFAULT)",
        "SELECT x::text FROM t",
        (("open",), ("B",)),
    ),
    "types": Case(
        "CREATE TYPE e AS ENUM ('a'); CREATE DOMAIN d AS text CONSTRAINT c CHECK (VALUE <> '');"
        "CREATE TYPE k AS (a integer, b text); CREATE TYPE r AS RANGE (subtype = date);"
        "CREATE TABLE t (e e, d d, k k, r r)",
        "-- renamed from: e\nCREATE TYPE e2 AS ENUM ('a');"
        "CREATE DOMAIN d2 AS text -- renamed from: d\n"
        "  CONSTRAINT filled CHECK (VALUE <> '') -- renamed from: c\n;"
        "CREATE TYPE k2 AS ( -- renamed from: k\na integer, c text -- renamed from: b\n);\n"
        "-- renamed from: r\nCREATE TYPE r2 AS RANGE (subtype = date, multirange_type_name = r_multirange);"
        "CREATE TABLE t (e e2, d d2, k k2, r r2)",
        None,
        "INSERT INTO t VALUES ('a', 'x', (1, 'y'), '[2020-01-01,2020-01-02)')",
        "SELECT (k).c, d::text FROM t",
        (("y", "x"),),
    ),
    "constraints": Case(
        "CREATE TABLE t (id integer CONSTRAINT p PRIMARY KEY, a integer, CONSTRAINT u UNIQUE (a),"
        "CONSTRAINT c CHECK (a > 0)); CREATE TABLE o (t integer); ALTER TABLE o ADD CONSTRAINT f FOREIGN KEY (t)"
        " REFERENCES t",
        "CREATE TABLE t (id integer, a integer,\n  CONSTRAINT p2 PRIMARY KEY (id), -- renamed from: p\n"
        "  CONSTRAINT u2 UNIQUE (a), -- renamed from: u\n  CONSTRAINT c2 CHECK (a > 0) -- renamed from: c\n);"
        "CREATE TABLE o (t integer);\n"
        "ALTER TABLE o ADD CONSTRAINT f2 FOREIGN KEY (t) REFERENCES t; -- renamed from: f\n",
        None,
    ),
    "a constraint that also changes": Case(
        "CREATE TABLE t (a integer, CONSTRAINT c CHECK (a > 0))",
        "CREATE TABLE t (a integer,\n  CONSTRAINT d CHECK (a > 1) -- renamed from: c\n)",
        (
            "ALTER TABLE public.t RENAME CONSTRAINT c TO d",
            "ALTER TABLE public.t DROP CONSTRAINT d",
            "ALTER TABLE public.t ADD CONSTRAINT d CHECK ((a > 1)) NOT VALID",
            "ALTER TABLE public.t VALIDATE CONSTRAINT d",
        ),
    ),
    "without a mark: an index, a key, a check": Case(
        "CREATE TABLE t (a integer, CONSTRAINT c CHECK (a > 0), CONSTRAINT k UNIQUE (a)); CREATE INDEX i ON t (a);"
        "COMMENT ON INDEX i IS 'fast'; COMMENT ON CONSTRAINT c ON t IS 'sound'",
        "CREATE TABLE t (a integer, CONSTRAINT c2 CHECK (a > 0), CONSTRAINT k2 UNIQUE (a)); CREATE INDEX i2 ON t (a);"
        "COMMENT ON INDEX i2 IS 'fast'; COMMENT ON CONSTRAINT c2 ON t IS 'sound'",
        (
            "ALTER TABLE public.t RENAME CONSTRAINT k TO k2",
            "ALTER TABLE public.t RENAME CONSTRAINT c TO c2",
            "ALTER INDEX public.i RENAME TO i2",
        ),
    ),
    "without a mark: indexes that change their names": Case(
        "CREATE TABLE t (a integer, b integer); CREATE INDEX i ON t (a); CREATE INDEX j ON t (b)",
        "CREATE TABLE t (a integer, b integer); CREATE INDEX j ON t (a); CREATE INDEX i ON t (b)",
        (
            "ALTER INDEX public.i RENAME TO j_dbdeed",
            "ALTER INDEX public.j RENAME TO i",
            "ALTER INDEX public.j_dbdeed RENAME TO j",
        ),
    ),
    "without a mark: an index takes the name of one that goes": Case(
        "CREATE TABLE t (a integer, b integer); CREATE INDEX i ON t (a); CREATE INDEX j ON t (b)",
        "CREATE TABLE t (a integer, b integer); CREATE INDEX j ON t (a)",
        (
            "ALTER INDEX public.j RENAME TO j_dbdeed",
            "ALTER INDEX public.i RENAME TO j",
            "DROP INDEX public.j_dbdeed",
        ),
    ),
    "a partitioned table and its partitions": Case(
        "CREATE TABLE p (id integer, d date, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); CREATE INDEX ON p (d)",
        "CREATE TABLE q ( -- renamed from: p\n id integer, e date, -- renamed from: d\nPRIMARY KEY (id, e))"
        " PARTITION BY RANGE (e);"
        "CREATE TABLE q1 PARTITION OF q FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); -- renamed from: p1\n"
        "CREATE INDEX ON q (e)",
        None,
        "INSERT INTO p VALUES (1, '2020-05-05')",
        "SELECT id FROM q1",
        ((1,),),
    ),
    "a table above another": Case(
        "CREATE TABLE a (x integer, CONSTRAINT c CHECK (x > 0)); CREATE TABLE b (y integer) INHERITS (a)",
        "CREATE TABLE a (z integer, -- renamed from: x\n CONSTRAINT c2 CHECK (z > 0) -- renamed from: c\n);"
        "CREATE TABLE b (y integer) INHERITS (a)",
        (
            "ALTER TABLE public.a RENAME COLUMN x TO z",
            "ALTER TABLE public.a RENAME CONSTRAINT c TO c2",
        ),
        "INSERT INTO b VALUES (1, 2)",
        "SELECT z FROM a",
        ((1,),),
    ),
    "views and their columns": Case(
        "CREATE TABLE t (a integer, b integer); CREATE VIEW v AS SELECT a AS x, b FROM t;"
        "CREATE MATERIALIZED VIEW m AS SELECT a AS x, b FROM t; CREATE INDEX ON m (x); CREATE VIEW w AS SELECT x FROM v",
        "CREATE TABLE t (a integer, b integer);\n-- renamed from: v\nCREATE VIEW v2 AS SELECT a AS y, -- renamed from: x\n"
        " b FROM t;\n-- renamed from: m\nCREATE MATERIALIZED VIEW m2 (y, -- renamed from: x\n b) AS SELECT a, b FROM t;"
        "CREATE INDEX ON m2 (y); CREATE VIEW w AS SELECT y AS x FROM v2",
        None,
    ),
    "a sequence": Case(
        "CREATE SEQUENCE s; CREATE TABLE t (a integer DEFAULT nextval('s'))",
        "CREATE SEQUENCE n; -- renamed from: s\nCREATE TABLE t (a integer DEFAULT nextval('n'))",
        ("ALTER SEQUENCE public.s RENAME TO n",),
        "SELECT nextval('s')",
        "SELECT last_value FROM n",
        ((1,),),
    ),
    "routines": Case(
        "CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1';"
        "CREATE FUNCTION f(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';"
        "CREATE PROCEDURE p(integer) LANGUAGE sql AS 'SELECT 1';"
        "CREATE AGGREGATE s(integer) (sfunc = int4pl, stype = integer, initcond = '0');"
        "CREATE TABLE t (a integer CHECK (f(a) > 0))",
        "CREATE FUNCTION g(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1'; -- renamed from: f(integer)\n"
        "CREATE FUNCTION g(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1'; -- renamed from: f\n"
        "CREATE PROCEDURE q(integer) LANGUAGE sql AS 'SELECT 1'; -- renamed from: p\n"
        "-- renamed from: s\nCREATE AGGREGATE total(integer) (sfunc = int4pl, stype = integer, initcond = '0');"
        "CREATE TABLE t (a integer CHECK (g(a) > 0))",
        None,
    ),
    "what stands on a table": Case(
        "CREATE TABLE t (a integer); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"
        "CREATE POLICY p ON t USING (a > 0); CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING",
        "CREATE TABLE u (a integer); -- renamed from: t\n"
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER g2 BEFORE INSERT ON u FOR EACH ROW EXECUTE FUNCTION f(); -- renamed from: g\n"
        "CREATE POLICY p2 ON u -- renamed from: p\nUSING (a > 0);"
        "CREATE RULE r2 AS ON DELETE TO u DO INSTEAD NOTHING; -- renamed from: r\n",
        (
            "ALTER TABLE public.t RENAME TO u",
            "ALTER TRIGGER g ON public.u RENAME TO g2",
            "ALTER POLICY p ON public.u RENAME TO p2",
            "ALTER RULE r ON public.u RENAME TO r2",
        ),
    ),
    "what is in no table": Case(
        'CREATE TABLE t (a integer, b integer); CREATE COLLATION c FROM "C"; CREATE STATISTICS st ON a, b FROM t;'
        "CREATE PUBLICATION p FOR TABLE t",
        'CREATE TABLE t (a integer, b integer);\n-- renamed from: c\nCREATE COLLATION c2 FROM "C";'
        "CREATE STATISTICS st2 ON a, b FROM t; -- renamed from: st\n"
        "CREATE PUBLICATION p2 FOR TABLE t; -- renamed from: p\n",
        None,
    ),
    "a table takes the name of a view that goes": Case(
        "CREATE TABLE t (a integer); CREATE VIEW v AS SELECT a FROM t",
        "CREATE TABLE v (a integer); -- renamed from: t\n",
        (
            "ALTER VIEW public.v RENAME TO v_dbdeed",
            "ALTER TABLE public.t RENAME TO v",
            "DROP VIEW public.v_dbdeed",
        ),
        "INSERT INTO t VALUES (4)",
        "SELECT a FROM v",
        ((4,),),
    ),
    "names that need quotes": Case(
        'CREATE TABLE "Old Name" ("a.b" integer, "C" integer)',
        '-- renamed from: "Old Name"\nCREATE TABLE "New.Name" ("c.d" integer, -- renamed from: "a.b"\n'
        '"D" integer -- renamed from: C\n)',
        (
            'ALTER TABLE public."Old Name" RENAME TO "New.Name"',
            'ALTER TABLE public."New.Name" RENAME COLUMN "a.b" TO "c.d"',
            'ALTER TABLE public."New.Name" RENAME COLUMN "C" TO "D"',
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_rename_keeps_all(name: str, postgresql: Place) -> None:
    case = CASES[name]
    with postgresql.live(case.before) as session:
        for sql in filter(None, case.rows.split(";")):
            session.execute(sql)
        led_back, _ = postgresql.plan(session, case.after, generation=1)
        assert led_back.irreversible == ""
        plan, _ = postgresql.migrate(session, case.after)
        statements = tuple(step.sql for step in plan.steps)
        if case.sql is None:
            assert not [one for one in statements if one.split()[0] != "ALTER" or " ADD " in one], statements
            assert {one.action for one in plan.differences} <= {Action.RENAME, Action.ALTER}
            assert not plan.destroys
        else:
            assert statements == case.sql
        if case.query:
            assert tuple(session.fetch(case.query)) == case.found
