# ruff: noqa: ISC004 - a pair is two texts, and long ones go over several lines
"""More pairs that random ones led to: functions, what the server computes by itself, what stands on columns."""

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

_READING = (
    "CREATE TABLE t (a integer, b integer); CREATE TABLE o (a integer); ALTER TABLE t OWNER TO reader;"
    "CREATE FUNCTION f() RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT max(a) FROM public.t); END';"
    "CREATE FUNCTION g() RETURNS integer IMMUTABLE LANGUAGE sql BEGIN ATOMIC SELECT max(a) FROM o; END;"
)

COMPUTED = {
    "statistics over functions that read tables, beside keys and indexes that go": (
        f"{_READING} ALTER TABLE t ADD UNIQUE (b), ADD CHECK (a > 0), ADD EXCLUDE USING btree (a WITH =);"
        "CREATE INDEX i ON t (a); CREATE STATISTICS s ON a, (f()) FROM t; CREATE STATISTICS r ON a, (g()) FROM t;"
        "COMMENT ON STATISTICS s IS 'x'; CREATE STATISTICS n ON a, b FROM t",
        f"{_READING} CREATE STATISTICS s ON a, (f()) FROM t; CREATE STATISTICS r ON a, (g()) FROM t;"
        "COMMENT ON STATISTICS s IS 'x'; CREATE STATISTICS n ON a, b FROM t",
    ),
    "statistics over a function that reads another table, whose owner may not, and a column's type": (
        f"{_READING} ALTER TABLE t ADD UNIQUE (b); CREATE STATISTICS r ON a, (g()) FROM t",
        f"{_READING} ALTER TABLE t ALTER b TYPE bigint, ADD UNIQUE (b); CREATE STATISTICS r ON a, (g()) FROM t",
    ),
}  # fmt: skip

_OVER = "CREATE TABLE o (x integer); CREATE VIEW s AS SELECT x FROM o;"
_OF_VIEW = (
    "CREATE FUNCTION g() RETURNS integer STABLE LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT max(x) FROM public.s); END';"
    "CREATE FUNCTION h() RETURNS integer VOLATILE LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT max(x) FROM public.s); END';"
)

READING = {
    "what is computed reads a view that is made here": (
        f"{_OF_VIEW} CREATE TABLE t (a integer)",
        f"{_OVER} {_OF_VIEW} CREATE TABLE t (a integer, b integer DEFAULT g()); CREATE VIEW v AS SELECT g() AS a;"
        "CREATE MATERIALIZED VIEW m AS SELECT a FROM v",
    ),
    "a default reads a view over its own column": (
        f"{_OF_VIEW} CREATE TABLE t (a integer)",
        f"{_OF_VIEW} CREATE TABLE t (a integer, x integer DEFAULT g(), y integer DEFAULT h() + 1, z integer DEFAULT g());"
        "CREATE VIEW s AS SELECT x, y, z FROM t",
    ),
}  # fmt: skip


def _depending(integer: str, text: str, labels: str, heir: str) -> str:
    return (
        "CREATE EXTENSION hstore; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql"
        f" AS 'BEGIN RETURN NEW; -- {text}\nEND';"
        "ALTER FUNCTION f() DEPENDS ON EXTENSION hstore;"
        f"CREATE AGGREGATE g(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '{len(heir)}');"
        "ALTER ROUTINE g(integer) DEPENDS ON EXTENSION hstore;"
        f"CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1 {text}'; ALTER PROCEDURE p() DEPENDS ON EXTENSION hstore;"
        f"CREATE TYPE e AS ENUM ({labels}); CREATE TABLE t (a {integer}, b {integer} UNIQUE, c e);"
        "CREATE INDEX i ON t (a); ALTER INDEX i DEPENDS ON EXTENSION hstore; CREATE INDEX j ON t (c);"
        "ALTER INDEX j DEPENDS ON EXTENSION hstore; ALTER INDEX t_b_key DEPENDS ON EXTENSION hstore;"
        f"CREATE TRIGGER y BEFORE {text} ON t FOR EACH ROW EXECUTE FUNCTION f();"
        "ALTER TRIGGER y ON t DEPENDS ON EXTENSION hstore; CREATE MATERIALIZED VIEW m AS SELECT a FROM t;"
        f"ALTER MATERIALIZED VIEW m DEPENDS ON EXTENSION hstore; CREATE TABLE h (a integer); CREATE TABLE k {heir};"
        "CREATE INDEX l ON k (a); ALTER INDEX l DEPENDS ON EXTENSION hstore"
    )


DEPENDING = {
    "what depends on an extension is replaced, or built anew": (
        _depending("integer", "UPDATE", "'a', 'b'", "(z integer) INHERITS (h)"),
        _depending("bigint", "DELETE", "'a'", "(a bigint, z integer)"),
    ),
}

REFUSED = {
    "a new column's default is refused by the domain that it is a list of": (
        "CREATE DOMAIN d AS integer CHECK (VALUE < 10); CREATE TABLE t (a integer); CREATE TABLE u ()",
        "CREATE DOMAIN d AS integer CHECK (VALUE < 10);"
        "CREATE TABLE t (a integer, b d[] DEFAULT ARRAY[40::d], c d DEFAULT 40, d integer NOT NULL DEFAULT (40::d)::integer,"
        " e d[] DEFAULT '{4}'); CREATE TABLE u (b d[] DEFAULT ARRAY[4::d], c d[] DEFAULT '{4}')",
    ),
}  # fmt: skip

_HELD = (
    "CREATE TABLE h (x t, y t[], z t GENERATED ALWAYS AS (x) STORED, CHECK (x IS NOT NULL)); CREATE TABLE g (z t);"
    "CREATE VIEW v AS SELECT (x).a AS b, x, y FROM h; CREATE VIEW w AS SELECT b FROM v;"
    "CREATE MATERIALIZED VIEW m AS SELECT z FROM g; CREATE INDEX i ON h (((x).a)); COMMENT ON VIEW w IS 'x'"
)

ROWS = {
    "a table whose rows another holds, under a view, gets columns that count and compute": (
        f"CREATE TABLE t (a integer); {_HELD}",
        "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS IDENTITY,"
        f" c integer GENERATED ALWAYS AS (a + 1) STORED); {_HELD}",
    ),
}  # fmt: skip

_IN_AND_OUT = (
    "CREATE TYPE p; CREATE FUNCTION i(cstring) RETURNS p LANGUAGE internal IMMUTABLE STRICT AS 'int4in';"
    "CREATE FUNCTION o(p) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';"
)

_ROWS_OF = (
    "CREATE TYPE p AS (i integer, d k); COMMENT ON TYPE p IS 'x'; CREATE TABLE t (a p[], b p) PARTITION BY LIST (a);"
    "CREATE TABLE s PARTITION OF t DEFAULT; CREATE VIEW v AS SELECT b FROM t; CREATE TABLE o (b p)"
)

TURNED = {
    "an enum loses a value inside of a row by which a table is partitioned": (
        f"CREATE TYPE k AS ENUM ('a', 'b'); {_ROWS_OF}",
        f"CREATE TYPE k AS ENUM ('a'); {_ROWS_OF}",
    ),
    "a view turns away from a type that is made anew with its shell": (
        f"{_IN_AND_OUT} CREATE TYPE p (INPUT = i, OUTPUT = o, LIKE = integer);"
        "CREATE VIEW v AS SELECT NULL::p IS NULL AS a",
        f"{_IN_AND_OUT} CREATE TYPE p (INPUT = i, OUTPUT = o, LIKE = integer, CATEGORY = 'N');"
        "CREATE VIEW v AS SELECT true AS a",
    ),
    "a policy turns to another column of a partition that leaves, where both stay": (
        "CREATE TABLE p (a integer, b integer) PARTITION BY LIST (a); CREATE TABLE t PARTITION OF p FOR VALUES IN (1);"
        "ALTER TABLE t ALTER a SET NOT NULL, ALTER b SET NOT NULL;"
        "CREATE POLICY y ON p USING (EXISTS (SELECT FROM t x WHERE x.a > 0))",
        "CREATE TABLE p (a integer, b integer) PARTITION BY LIST (a); CREATE TABLE t (a integer NOT NULL, b boolean NOT NULL);"
        "CREATE POLICY y ON p USING (EXISTS (SELECT FROM t x WHERE x.b))",
    ),
    "a policy turns from a column of a partition that leaves, whose type changes too": (
        "CREATE TABLE p (a integer, b integer) PARTITION BY LIST (a); CREATE TABLE t PARTITION OF p FOR VALUES IN (1);"
        "ALTER TABLE t ALTER a SET NOT NULL, ALTER b SET NOT NULL;"
        "CREATE POLICY y ON p USING (EXISTS (SELECT FROM t x WHERE x.a > 0))",
        "CREATE TABLE p (a integer, b integer) PARTITION BY LIST (a); CREATE TABLE t (a text NOT NULL, b boolean NOT NULL);"
        "CREATE POLICY y ON p USING (EXISTS (SELECT FROM t x WHERE x.b))",
    ),
}  # fmt: skip

PAIRS = {**TURNED, **ROWS, **REFUSED, **CALLS, **COMPUTED, **READING, **DEPENDING}
