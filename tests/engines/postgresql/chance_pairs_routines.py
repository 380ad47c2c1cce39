# ruff: noqa: ISC004 - a pair is two texts, and long ones go over several lines
"""More pairs that random ones led to: functions, and what the server computes with them by itself."""

from __future__ import annotations

CALLS = {
    "a view calls another function, and both could be meant": (
        "CREATE FUNCTION g(integer DEFAULT 1) RETURNS integer LANGUAGE sql AS 'SELECT 1';"
        "CREATE FUNCTION h(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE TABLE t (a integer DEFAULT g(4));"
        "CREATE VIEW v AS SELECT g(2) AS a, 'x'::text AS b; CREATE VIEW w AS SELECT h(5) AS a",
        "CREATE FUNCTION g() RETURNS integer LANGUAGE sql AS 'SELECT 2';"
        "CREATE FUNCTION h(a integer, b text DEFAULT '') RETURNS integer LANGUAGE sql AS 'SELECT 1';"
        "CREATE TABLE t (a integer DEFAULT g()); CREATE VIEW v AS SELECT g() AS a, 'x'::text AS b;"
        "CREATE VIEW w AS SELECT h(5) AS a",
    ),
    "a function gets a default, and another that could be meant goes": (
        "CREATE FUNCTION g() RETURNS integer LANGUAGE sql AS 'SELECT 1';"
        "CREATE FUNCTION g(integer) RETURNS integer LANGUAGE sql AS 'SELECT 2';"
        "CREATE VIEW v AS SELECT g() AS a; CREATE VIEW w AS SELECT g() + g(3) AS a;"
        "CREATE TABLE t (a integer DEFAULT g())",
        "CREATE FUNCTION g(integer DEFAULT 7) RETURNS integer LANGUAGE sql AS 'SELECT 2';"
        "CREATE VIEW v AS SELECT g() AS a; CREATE VIEW w AS SELECT g() * 2 + g(3) AS a;"
        "CREATE TABLE t (a integer DEFAULT g() + 1)",
    ),
}  # fmt: skip

COMPUTED = {
    "statistics over a function that reads their table, beside new keys and indexes": (
        "CREATE TABLE t (a integer, b integer);"
        "CREATE FUNCTION f() RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT max(a) FROM public.t); END';"
        "CREATE STATISTICS s ON a, (f()) FROM t",
        "CREATE TABLE t (a integer, b integer);"
        "CREATE FUNCTION f() RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT max(a) FROM public.t); END';"
        "CREATE INDEX i ON t (a); ALTER TABLE t ADD UNIQUE (b), ADD CHECK (a > 0), ADD EXCLUDE USING btree (a WITH =);"
        "CREATE STATISTICS s ON a, (f()) FROM t",
    ),
}  # fmt: skip

PAIRS = {**CALLS, **COMPUTED}
