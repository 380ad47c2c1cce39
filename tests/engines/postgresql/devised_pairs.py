# ruff: noqa: ISC004 - a pair is two texts, and long ones go over several lines
"""Pairs that were thought out to go wrong, and did."""

from __future__ import annotations

_NOTED = (
    "CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.{} VALUES (tg_tag); END';"
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION note()"
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
}  # fmt: skip
