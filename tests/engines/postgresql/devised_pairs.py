# ruff: noqa: ISC004 - a pair is two texts, and long ones go over several lines
"""Pairs that were thought out to go wrong, and did."""

from __future__ import annotations

_NOTED = (
    "CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.{} VALUES (tg_tag); END';"
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION note()"
)

_COMPARES = "CREATE FUNCTION {0}({1}integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($1, $2)'"
_ORDERED = (
    "CREATE OPERATOR CLASS o FOR TYPE integer USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=,"
    " OPERATOR 5 >, FUNCTION 1 {}(integer, integer); CREATE TABLE p (a integer, b integer) PARTITION BY RANGE (a o);"
    "CREATE TABLE q PARTITION OF p FOR VALUES FROM (1) TO (90000); CREATE INDEX i ON p (b); CREATE VIEW v AS SELECT a FROM p"
)
_TAKEN = (
    "CREATE TABLE p_dbdeed (i integer); CREATE TYPE p2_dbdeed AS ENUM ('a'); CREATE SEQUENCE p_a_seq_dbdeed;"
    "CREATE SEQUENCE p_b_seq_dbdeed"
)

# A pair whose name ends in a number needs that version.
PAIRS = {
    "a column gets another type and the sequence that it counts by": (
        "CREATE SEQUENCE q AS integer; CREATE TABLE o (i integer); CREATE TABLE t (a integer DEFAULT nextval('q'));"
        "ALTER SEQUENCE q OWNED BY o.i",
        "CREATE SEQUENCE q; CREATE TABLE t (a bigint DEFAULT nextval('q')); ALTER SEQUENCE q OWNED BY t.a",
    ),
    "an event trigger notes what is done, in a table of the same plan": (
        "CREATE TABLE b (i integer)",
        "CREATE TABLE log (tag text, at timestamptz DEFAULT now()); CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql"
        " AS 'BEGIN INSERT INTO public.log VALUES (tg_tag); END';"
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION note(); COMMENT ON EVENT TRIGGER e IS 'x';"
        "CREATE TABLE z (i integer)",
    ),
    "an event trigger notes what is done, elsewhere than before": (
        f"CREATE TABLE log (tag text); {_NOTED.format('log')}; CREATE TABLE x (i integer)",
        f"CREATE TABLE notes (tag text); {_NOTED.format('notes')}; CREATE TABLE y (i integer)",
    ),
    "an event trigger notes nothing any more": (
        f"CREATE TABLE log (tag text); {_NOTED.format('log')}",
        f"{_NOTED.format('log')}; ALTER EVENT TRIGGER e DISABLE",
    ),
    "a table is partitioned, with an index for itself only": (
        "CREATE TABLE p (a integer, b integer); CREATE INDEX i ON p (b)",
        "CREATE TABLE p (a integer, b integer) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p DEFAULT;"
        "CREATE INDEX i ON ONLY p (b); CREATE INDEX j ON p (a)",
    ),
    "rights are passed on": (
        "CREATE TABLE t (a integer, b integer); GRANT SELECT ON t TO reader WITH GRANT OPTION;"
        "GRANT UPDATE (a) ON t TO reader WITH GRANT OPTION; SET ROLE reader; GRANT SELECT ON t TO owner_é WITH GRANT OPTION;"
        'GRANT UPDATE (a) ON t TO "Writer Role"; SET ROLE owner_é; GRANT SELECT ON t TO "Writer Role"; RESET ROLE',
        "CREATE TABLE t (a integer, b integer); GRANT SELECT ON t TO reader WITH GRANT OPTION;"
        "GRANT SELECT ON t TO owner_é; SET ROLE reader; GRANT SELECT ON t TO owner_é; RESET ROLE",
    ),
    "an identity counts under another name, of which something is said": (
        "CREATE TABLE t (i integer GENERATED ALWAYS AS IDENTITY); COMMENT ON SEQUENCE t_i_seq IS 'x';"
        "GRANT USAGE ON SEQUENCE t_i_seq TO reader",
        "CREATE TABLE t (i integer GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME other)); COMMENT ON SEQUENCE other IS 'y';"
        "GRANT SELECT ON SEQUENCE other TO reader",
    ),
    "an owner has rights on a column only": (
        "CREATE TABLE t (a integer, b integer); CREATE VIEW v AS SELECT a FROM t",
        "CREATE TABLE t (a integer, b integer); REVOKE ALL ON t FROM CURRENT_USER; GRANT SELECT (a) ON t TO CURRENT_USER;"
        "CREATE VIEW v AS SELECT a FROM t; REVOKE ALL ON v FROM CURRENT_USER; GRANT UPDATE (a) ON v TO CURRENT_USER;"
        "CREATE TABLE n (a integer); REVOKE ALL ON n FROM CURRENT_USER; GRANT SELECT (a) ON n TO CURRENT_USER",
    ),
    "statistics over one expression": (
        "CREATE TABLE t (a integer, b integer); CREATE STATISTICS s ON (a + b) FROM t; CREATE STATISTICS u ON (a + 1) FROM t",
        "CREATE TABLE t (a integer, b integer); CREATE STATISTICS s ON (a * b) FROM t; CREATE STATISTICS v ON (b + 1) FROM t",
    ),
    "what is said of indexes that partitions have from above": (
        "",
        "CREATE TABLE p (a integer NOT NULL, b integer) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p DEFAULT;"
        "CREATE UNIQUE INDEX i ON p (a) WITH (fillfactor = 50); CREATE INDEX j ON p ((b + 1));"
        "ALTER TABLE p1 REPLICA IDENTITY USING INDEX p1_a_idx; ALTER INDEX p1_a_idx SET (fillfactor = 70);"
        "ALTER INDEX p1_expr_idx ALTER COLUMN 1 SET STATISTICS 44; ALTER TABLE p1 CLUSTER ON p1_expr_idx;"
        "CREATE TABLE k (a integer PRIMARY KEY) PARTITION BY LIST (a); CREATE TABLE k1 PARTITION OF k DEFAULT;"
        "ALTER TABLE k1 REPLICA IDENTITY USING INDEX k1_pkey; ALTER TABLE k1 CLUSTER ON k1_pkey;"
        "ALTER INDEX k1_pkey SET (fillfactor = 60)",
    ),
    "tables that point to each other survive crashes, and no longer": (
        "CREATE TABLE a (i integer PRIMARY KEY, b integer); CREATE TABLE b (i integer PRIMARY KEY, a integer REFERENCES a,"
        " b integer REFERENCES b); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b; CREATE TABLE c (a integer REFERENCES a)",
        "CREATE UNLOGGED TABLE a (i integer PRIMARY KEY, b integer); CREATE UNLOGGED TABLE b (i integer PRIMARY KEY,"
        " a integer REFERENCES a, b integer REFERENCES b); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;"
        "CREATE UNLOGGED TABLE c (a integer REFERENCES a)",
    ),
    "the schema public is somebody's": (
        "CREATE TABLE t (a integer); CREATE SCHEMA s",
        "CREATE SCHEMA s; ALTER SCHEMA public OWNER TO reader; GRANT CREATE ON SCHEMA public TO PUBLIC",
    ),
    "there is no schema public": ("CREATE SCHEMA s; CREATE TABLE t (a integer)", "CREATE SCHEMA s; DROP SCHEMA public"),
    "a partition has another access method than the table above, 18": (
        "CREATE ACCESS METHOD h TYPE TABLE HANDLER heap_tableam_handler",
        "CREATE ACCESS METHOD h TYPE TABLE HANDLER heap_tableam_handler; CREATE TABLE p (a integer) PARTITION BY LIST (a) USING h;"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2) USING heap",
    ),
    "lists hold a domain whose check calls a function": (
        "CREATE TABLE t (i integer)",
        "CREATE FUNCTION z(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > 0';"
        "CREATE DOMAIN d AS integer CHECK (z(VALUE)); CREATE DOMAIN e AS d; CREATE TYPE c AS (x d); CREATE TABLE s (y d[]);"
        "CREATE TABLE t (i integer, y d[] DEFAULT '{1}', z e[], w c[])",
    ),
    "an operator class in a partition key gets another function": (
        f"{_COMPARES.format('c', '')}; {_COMPARES.format('d', '')}; {_ORDERED.format('c')}",
        f"{_COMPARES.format('c', '')}; {_COMPARES.format('d', '')}; {_ORDERED.format('d')}",
    ),
    "a function of an operator class in a partition key gets other names": (
        f"{_COMPARES.format('c', '')}; CREATE TABLE z (a integer DEFAULT c(1, 2)); CREATE VIEW w AS SELECT c(a, 1) FROM z;"
        f"{_ORDERED.format('c')}",
        f"{_COMPARES.format('c', 'x ')}; CREATE TABLE z (a integer DEFAULT c(1, 2)); CREATE VIEW w AS SELECT c(a, 1) FROM z;"
        "REVOKE ALL ON FUNCTION c(integer, integer) FROM PUBLIC;"
        f"{_ORDERED.format('c')}; COMMENT ON OPERATOR CLASS o USING btree IS 'x'; COMMENT ON OPERATOR FAMILY o USING btree IS 'y'",
    ),
    "a function in a partition key returns another type": (
        "CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1'; CREATE TABLE p (a integer, b integer)"
        " PARTITION BY RANGE (f(a)); CREATE TABLE q PARTITION OF p FOR VALUES FROM (-2147483648) TO (2147483647);"
        "CREATE INDEX i ON p (b); CREATE VIEW v AS SELECT a FROM p",
        "CREATE FUNCTION f(integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1::bigint'; CREATE TABLE p (a integer, b integer)"
        " PARTITION BY RANGE (f(a)); CREATE TABLE q PARTITION OF p FOR VALUES FROM ('-2147483648') TO ('2147483648');"
        "CREATE INDEX i ON p (b); CREATE VIEW v AS SELECT a FROM p",
    ),
    "a function in a partition's own key gets other names": (
        "CREATE FUNCTION f(x integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1'; COMMENT ON FUNCTION f(integer) IS 'x';"
        "CREATE TABLE p (a serial, b integer) PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT PARTITION BY LIST (f(a));"
        "CREATE TABLE r PARTITION OF q DEFAULT; CREATE TABLE z (a integer DEFAULT f(1)); CREATE INDEX i ON z (f(a))",
        "CREATE FUNCTION f(y integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'; COMMENT ON FUNCTION f(integer) IS 'x';"
        "CREATE TABLE p (a serial, b integer) PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT PARTITION BY LIST (f(a));"
        "CREATE TABLE r PARTITION OF q DEFAULT; CREATE TABLE z (a integer DEFAULT f(2)); CREATE INDEX i ON z (f(a))",
    ),
    "types step aside where the name for that is taken": (
        "CREATE TYPE x AS ENUM ('a', 'b'); CREATE TYPE x_dbdeed AS (i integer); CREATE DOMAIN d AS integer; CREATE DOMAIN d_dbdeed AS text;"
        "CREATE TYPE c AS (a integer, b text); CREATE TABLE c_dbdeed (x c, y c[], z x, v x_dbdeed, w d, u d_dbdeed)",
        "CREATE TYPE x AS ENUM ('b', 'a'); CREATE TYPE x_dbdeed AS (i integer); CREATE DOMAIN d AS bigint; CREATE DOMAIN d_dbdeed AS text;"
        "CREATE TYPE c AS (b text, a integer); CREATE TABLE c_dbdeed (x c, y c[], z x, v x_dbdeed, w d, u d_dbdeed)",
    ),
    "a table steps aside where the name for that is taken": (
        f"CREATE TABLE p (a integer GENERATED ALWAYS AS IDENTITY, b serial); {_TAKEN}",
        "CREATE TABLE p (a integer GENERATED ALWAYS AS IDENTITY, b integer) PARTITION BY RANGE (a);"
        f"CREATE TABLE q PARTITION OF p DEFAULT; {_TAKEN}",
    ),
    "an index's name goes to a partition that is made anew": (
        "CREATE TABLE p (a integer, b integer) PARTITION BY LIST (a); CREATE TABLE q PARTITION OF p DEFAULT;"
        "CREATE TABLE s PARTITION OF p FOR VALUES IN (7); CREATE INDEX j ON p (b); COMMENT ON INDEX j IS 'x';"
        "COMMENT ON INDEX s_b_idx IS 'z'",
        "CREATE TABLE p (a integer, b integer) PARTITION BY LIST (a); CREATE TABLE q PARTITION OF p DEFAULT PARTITION BY LIST (b);"
        "CREATE TABLE r PARTITION OF q DEFAULT; CREATE TABLE s PARTITION OF p FOR VALUES IN (7); CREATE INDEX j ON q (b);"
        "COMMENT ON INDEX j IS 'y'; COMMENT ON INDEX r_b_idx IS 'z'",
    ),
    "two enums exchange columns while one is swapped and the other grows": (
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TYPE f AS ENUM ('a'); CREATE TABLE t (x e DEFAULT 'a', y f DEFAULT 'a')",
        "CREATE TYPE e AS ENUM ('a'); CREATE TYPE f AS ENUM ('a', 'b'); CREATE TABLE t (x f DEFAULT 'b', y e DEFAULT 'a')",
    ),
    "two enums exchange columns, one with its values in another order": (
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TYPE f AS ENUM ('a', 'c'); CREATE TABLE t (x e, y f)",
        "CREATE TYPE e AS ENUM ('b', 'a'); CREATE TYPE f AS ENUM ('a', 'c', 'b'); CREATE TABLE t (x f, y e)",
    ),
    "two not-null constraints exchange names, 18": (
        "CREATE TABLE t (a integer CONSTRAINT n NOT NULL, b integer CONSTRAINT m NOT NULL, c integer CONSTRAINT k NOT NULL)",
        "CREATE TABLE t (a integer CONSTRAINT m NOT NULL, b integer CONSTRAINT n NOT NULL, c integer CONSTRAINT l NOT NULL)",
    ),
}  # fmt: skip
