# ruff: noqa: ISC004 - a pair is two texts, and long ones go over several lines
"""Pairs that were thought out to go wrong, and did."""

from __future__ import annotations

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
    "rights on what an extension brings": (
        "CREATE EXTENSION file_fdw; CREATE EXTENSION pg_stat_statements; CREATE EXTENSION intagg",
        "CREATE EXTENSION file_fdw; GRANT USAGE ON FOREIGN DATA WRAPPER file_fdw TO reader;"
        "CREATE EXTENSION pg_stat_statements; REVOKE SELECT ON pg_stat_statements FROM PUBLIC;"
        "GRANT SELECT (query, calls) ON pg_stat_statements TO reader; CREATE EXTENSION intagg;"
        "REVOKE EXECUTE ON FUNCTION int_array_aggregate(integer) FROM PUBLIC",
    ),
    "a table is partitioned, with an index for itself only": (
        "CREATE TABLE p (a integer, b integer); CREATE INDEX i ON p (b)",
        "CREATE TABLE p (a integer, b integer) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p DEFAULT;"
        "CREATE INDEX i ON ONLY p (b); CREATE INDEX j ON p (a)",
    ),
}  # fmt: skip
