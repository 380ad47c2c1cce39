# ruff: noqa: ISC004 - a pair is two texts, and long ones go over several lines
"""Pairs in which what stands on something that changes must step aside (see test_found_by_chance.py)."""

_PARTED = "CREATE TABLE p (a integer PRIMARY KEY, b integer) PARTITION BY LIST (a);"

_OLD = "CREATE TYPE e AS ENUM ('a', 'b', 'c'); "
_NEW = "CREATE TYPE e AS ENUM ('c', 'a', 'd'); "


def _on_both(uses: str, old: str = _OLD, new: str = _NEW) -> tuple[str, str]:
    return old + uses, new + uses


TYPES = {
    "an enum is made anew under defaults of heirs": _on_both(
        "CREATE TABLE t (x e DEFAULT 'a'); CREATE TABLE u (y e DEFAULT 'c') INHERITS (t); CREATE TABLE o (x e);"
        "ALTER TABLE u ALTER x SET DEFAULT 'c'; CREATE TABLE v (x e DEFAULT 'a') INHERITS (o);"
        "CREATE TABLE w () INHERITS (v); ALTER TABLE w ALTER x DROP DEFAULT; CREATE VIEW s AS SELECT x FROM w"
    ),
    "an enum is made anew under defaults of other types": _on_both(
        "CREATE TABLE t (x text DEFAULT 'a'::e::text) PARTITION BY LIST (x); CREATE TABLE p PARTITION OF t DEFAULT;"
        "ALTER TABLE p ALTER x SET DEFAULT 'c'::e::text; CREATE TABLE u (x text DEFAULT 'a'::e)"
    ),
    "an enum is made anew under a foreign table": _on_both(
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
        "CREATE FOREIGN TABLE t (x e DEFAULT 'a', y e[]) SERVER s"
    ),
    "a domain is made anew under what is computed by it": _on_both(
        "CREATE TABLE t (n integer, g integer GENERATED ALWAYS AS ((n::d)::integer + 1) STORED,"
        " h integer DEFAULT 1::d); CREATE INDEX i ON t ((n::d))",
        "CREATE DOMAIN d AS integer;",
        "CREATE DOMAIN d AS bigint;",
    ),
    "a range type is made anew under an index of its kind": (
        "CREATE TYPE r AS RANGE (subtype = float8); CREATE TABLE t (x r, y r[], EXCLUDE USING gist (x WITH &&));"
        "CREATE INDEX i ON t USING gist (x)",
        "CREATE TYPE r AS RANGE (subtype = float8, multirange_type_name = m);"
        "CREATE TABLE t (x r, y r[], EXCLUDE USING gist (x WITH &&)); CREATE INDEX i ON t USING gist (x)",
    ),
    "a table's type changes in what no cast does by itself": (
        "CREATE TYPE e AS ENUM ('a'); CREATE TYPE k AS (a text, b integer); CREATE TABLE t OF k (PRIMARY KEY (b));"
        "CREATE VIEW v AS SELECT a FROM t",
        "CREATE TYPE e AS ENUM ('a'); CREATE TYPE k AS (a e, b integer); CREATE TABLE t OF k (PRIMARY KEY (b));"
        "CREATE VIEW v AS SELECT a FROM t",
    ),
    "a type that tables are of, and hold, changes": (
        "CREATE TYPE k AS (a text, b integer); CREATE TABLE t OF k (PRIMARY KEY (b)); CREATE TABLE s (x k);"
        "CREATE VIEW v AS SELECT a FROM t; CREATE TYPE l AS (a text, b integer); CREATE TABLE u OF l;"
        "CREATE TABLE w (x l)",
        "CREATE TYPE k AS (a text, b bigint, c integer); CREATE TABLE t OF k (PRIMARY KEY (b)); CREATE TABLE s (x k);"
        "ALTER TABLE t ALTER c SET DEFAULT 3; CREATE VIEW v AS SELECT a FROM t; CREATE TYPE l AS (b integer, a text);"
        "CREATE TABLE u OF l; CREATE TABLE w (x l)",
    ),
    "an enum is made anew, and a list of it becomes one": _on_both(
        "", _OLD + "CREATE TABLE t (a e[], b e);", _NEW + "CREATE TABLE t (a e, b e[]);"
    ),
    "an enum is made anew in what becomes a partition": _on_both(
        "",
        _OLD + "CREATE TABLE t (a e[], b e, c integer);",
        _NEW + "CREATE TABLE p (a e, b e, c integer) PARTITION BY LIST (c); CREATE TABLE t PARTITION OF p DEFAULT;",
    ),
    "an enum is made anew in what comes to inherit": _on_both(
        "",
        _OLD + "CREATE TABLE t (a e[], b e, c integer);",
        _NEW + "CREATE TABLE p (a e, b e); CREATE TABLE t (c integer) INHERITS (p);",
    ),
    "a base type with its functions takes the place of a domain": (
        "CREATE DOMAIN k AS timestamptz; CREATE TABLE t (a k DEFAULT NULL);"
        "CREATE FUNCTION k_in(cstring) RETURNS k LANGUAGE internal IMMUTABLE STRICT AS 'int4in';"
        "CREATE FUNCTION k_out(k) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out'",
        "CREATE TYPE k; CREATE FUNCTION k_in(cstring) RETURNS k LANGUAGE internal IMMUTABLE STRICT AS 'int4in';"
        "CREATE FUNCTION k_out(k) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';"
        "CREATE TYPE k (INPUT = k_in, OUTPUT = k_out, LIKE = integer); CREATE TABLE t (a k DEFAULT NULL)",
    ),
    "a foreign table's column changes its type": (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
        "CREATE FOREIGN TABLE t (x text DEFAULT 'a', y integer) SERVER s",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
        "CREATE FOREIGN TABLE t (x integer, y date) SERVER s",
    ),
}  # fmt: skip

REBUILT = {
    "a partition stands alone, divided, and the table above it goes": (
        "CREATE TABLE t (a integer, b serial, c integer) PARTITION BY LIST (a);"
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER r AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"
        "CREATE TABLE q PARTITION OF t FOR VALUES IN (1); CREATE MATERIALIZED VIEW v AS SELECT a FROM q;"
        "ALTER TABLE q ADD UNIQUE (c), ADD CHECK (b > 3)",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TABLE q (a integer) PARTITION BY LIST (a); CREATE MATERIALIZED VIEW v AS SELECT a FROM q",
    ),
    "a partition is divided otherwise while an index above is replaced": (
        "CREATE TABLE p (a integer, b integer, c integer) PARTITION BY LIST (a);"
        "CREATE TABLE q PARTITION OF p FOR VALUES IN (1) PARTITION BY RANGE (b);"
        "CREATE TABLE r PARTITION OF q FOR VALUES FROM (0) TO (10);"
        "CREATE INDEX i ON p (c); CREATE UNIQUE INDEX j ON p (a, b); ALTER INDEX q_a_b_idx RENAME TO had",
        "CREATE TABLE p (a integer, b integer, c integer) PARTITION BY LIST (a);"
        "CREATE TABLE q PARTITION OF p FOR VALUES IN (1, 2) PARTITION BY HASH (b);"
        "CREATE TABLE r PARTITION OF q FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
        "CREATE INDEX i ON p (c); CREATE UNIQUE INDEX j ON p (a, b) INCLUDE (c);"
        "ALTER INDEX q_a_b_c_idx RENAME TO has; ALTER INDEX r_a_b_c_idx RENAME TO below",
    ),
    "a partition has a serial from above, stands alone, and the table above goes": (
        "CREATE TABLE t (a integer, b serial, c serial) PARTITION BY LIST (a); CREATE TABLE q PARTITION OF t DEFAULT",
        "CREATE TABLE q (a integer, b integer, c serial)",
    ),
    "two partitions stand alone, one of the other, and what their defaults call goes": (
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';"
        "CREATE TABLE t (a integer, b integer DEFAULT f(), c serial) PARTITION BY LIST (a);"
        "CREATE TABLE q PARTITION OF t FOR VALUES IN (1) PARTITION BY LIST (b);"
        "CREATE TABLE r PARTITION OF q FOR VALUES IN (3)",
        "CREATE TABLE q (a integer, b integer, c serial); CREATE TABLE r (a integer, b integer)",
    ),
    "a partition is divided otherwise while an index above calls a function no more": (
        "CREATE TABLE p (a integer, b integer) PARTITION BY LIST (a);"
        "CREATE TABLE q PARTITION OF p FOR VALUES IN (1) PARTITION BY RANGE (b);"
        "CREATE FUNCTION f(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT $1';"
        "CREATE INDEX j ON p (a, f(b)); ALTER TABLE q ALTER b SET DEFAULT f(1)",
        "CREATE TABLE p (a integer, b integer, c integer) PARTITION BY LIST (a);"
        "CREATE TABLE q PARTITION OF p FOR VALUES IN (1, 2) PARTITION BY HASH (b); CREATE INDEX j ON p (a, b) INCLUDE (c)",
    ),
    "a partition of one that goes elsewhere stands alone, with another key of the same name": (
        "CREATE TABLE p (a integer, b integer, c serial, PRIMARY KEY (a, b)) PARTITION BY LIST (a);"
        "CREATE TABLE q PARTITION OF p FOR VALUES IN (1) PARTITION BY RANGE (b);"
        "CREATE TABLE r PARTITION OF q FOR VALUES FROM (0) TO (50);"
        "CREATE TABLE o (b integer, a integer) PARTITION BY RANGE (b)",
        "CREATE TABLE o (b integer, a integer, UNIQUE (b)) PARTITION BY RANGE (b);"
        "CREATE TABLE q PARTITION OF o FOR VALUES FROM (0) TO (60) PARTITION BY HASH (b);"
        "CREATE TABLE r (a integer, b integer PRIMARY KEY, c serial)",
    ),
    "partitions leave their places while a type of theirs goes": (
        "CREATE TYPE d AS ENUM ('a', 'b'); CREATE TABLE p (a integer, b d, c integer) PARTITION BY LIST (a);"
        "CREATE TABLE q PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (c); CREATE TABLE r PARTITION OF q DEFAULT;"
        "CREATE TABLE s PARTITION OF p FOR VALUES IN (2)",
        "CREATE TABLE p (a integer, b text, c integer) PARTITION BY LIST (a);"
        "CREATE TABLE q PARTITION OF p FOR VALUES IN (1) PARTITION BY RANGE (c); CREATE TABLE r PARTITION OF q DEFAULT;"
        "CREATE TABLE s PARTITION OF p FOR VALUES IN (2, 3)",
    ),
    "a partition leaves its place, and its index the column that goes above": (
        "CREATE TABLE p (a integer, b integer, c integer) PARTITION BY LIST (a);"
        "CREATE TABLE s PARTITION OF p FOR VALUES IN (2); ALTER TABLE s ALTER c SET DEFAULT 4;"
        "CREATE VIEW v AS SELECT c FROM s; CREATE INDEX i ON s (c)",
        "CREATE TABLE p (a integer, b bigint, d integer NOT NULL DEFAULT 4) PARTITION BY LIST (a);"
        "CREATE TABLE s PARTITION OF p FOR VALUES IN (2, 3); ALTER TABLE s ALTER b SET DEFAULT 7;"
        "CREATE VIEW v AS SELECT d FROM s; CREATE INDEX i ON s (b)",
    ),
    "a partition's primary key of its own, over a column that is NOT NULL above": (
        "",
        "CREATE TABLE t (a integer, c integer NOT NULL, d integer NOT NULL) PARTITION BY LIST (a);"
        "CREATE TABLE o PARTITION OF t DEFAULT; ALTER TABLE o ADD PRIMARY KEY (c);"
        "CREATE TABLE q PARTITION OF t FOR VALUES IN (1); ALTER TABLE q ALTER d SET DEFAULT 4, ADD PRIMARY KEY (d);"
        "CREATE TABLE r PARTITION OF t (c PRIMARY KEY) FOR VALUES IN (2);"
        "CREATE TABLE p (c integer NOT NULL); CREATE TABLE h () INHERITS (p); ALTER TABLE h ADD PRIMARY KEY (c);"
        "CREATE TABLE i (PRIMARY KEY (c)) INHERITS (p); CREATE TABLE j (c integer) INHERITS (p);"
        "ALTER TABLE j ADD PRIMARY KEY (c)",
    ),
    "a partition is divided otherwise by a new column, which an index above includes": (
        "CREATE TABLE p (a integer, b integer) PARTITION BY LIST (a); CREATE UNIQUE INDEX j ON p (a, b);"
        "CREATE TABLE q PARTITION OF p FOR VALUES IN (1) PARTITION BY RANGE (b)",
        "CREATE TABLE p (a integer, b integer, c integer) PARTITION BY LIST (a);"
        "CREATE TABLE q PARTITION OF p FOR VALUES IN (1) PARTITION BY HASH (b);"
        "CREATE UNIQUE INDEX j ON p (a, b) INCLUDE (c)",
    ),
}  # fmt: skip

OTHERS = {
    "a partition's own primary key comes below an index": (
        "CREATE TABLE p (a integer NOT NULL, b integer) PARTITION BY LIST (a);"
        "CREATE TABLE q PARTITION OF p FOR VALUES IN (1)",
        "CREATE TABLE p (a integer NOT NULL, b integer) PARTITION BY LIST (a);"
        "CREATE TABLE q PARTITION OF p FOR VALUES IN (1); CREATE UNIQUE INDEX i ON ONLY p (a);"
        "ALTER TABLE q ADD CONSTRAINT k PRIMARY KEY (a); ALTER INDEX i ATTACH PARTITION k",
    ),
    "a table comes below not null, not valid, 18": (
        "CREATE TABLE h (b date)",
        "CREATE TABLE w (a integer, c date); CREATE TABLE h () INHERITS (w);"
        "ALTER TABLE w ADD CONSTRAINT n NOT NULL a NOT VALID",
    ),
    "a default partition becomes another": (
        "CREATE TABLE p (a integer) PARTITION BY LIST (a); CREATE TABLE x PARTITION OF p DEFAULT",
        "CREATE TABLE p (a integer) PARTITION BY LIST (a); CREATE TABLE x PARTITION OF p FOR VALUES IN (1)",
    ),
    "a domain's check is made anew with its comment": (
        "CREATE DOMAIN d AS integer CONSTRAINT c CHECK (VALUE > 0); COMMENT ON CONSTRAINT c ON DOMAIN d IS 'x'",
        "CREATE DOMAIN d AS integer CONSTRAINT c CHECK (VALUE > 1); COMMENT ON CONSTRAINT c ON DOMAIN d IS 'x'",
    ),
    "an operator goes with the name that it links to": (
        "CREATE TYPE c AS (a integer); CREATE FUNCTION g(c, c) RETURNS boolean LANGUAGE sql AS 'SELECT true';"
        "CREATE OPERATOR === (LEFTARG = c, RIGHTARG = c, FUNCTION = g, NEGATOR = !==)",
        "CREATE TYPE c AS (a integer); CREATE FUNCTION g(c, c) RETURNS boolean LANGUAGE sql AS 'SELECT true';"
        "CREATE OPERATOR === (LEFTARG = c, RIGHTARG = c, FUNCTION = g, HASHES)",
    ),
    "an heir says a column that a check from above looks at": (
        "CREATE TABLE p (a integer NOT NULL, b text, CHECK (a > 0)); CREATE TABLE q (z integer);"
        "CREATE TABLE c (d integer) INHERITS (p)",
        "CREATE TABLE p (a integer NOT NULL, b text, CHECK (a > 0)); CREATE TABLE q (z integer);"
        "CREATE TABLE c (d integer, a integer) INHERITS (p, q)",
    ),
    "a not-null constraint's name goes to another column with the table above, 18": (
        "CREATE TABLE p (q integer CONSTRAINT n NOT NULL, k integer) PARTITION BY LIST (k);"
        "CREATE TABLE t PARTITION OF p DEFAULT",
        "CREATE TABLE t (k integer, a date CONSTRAINT n NOT NULL)",
    ),
    "a check over a column alone goes with the table above": (
        "CREATE TABLE p (a integer, b integer, CONSTRAINT n CHECK (a > 1)); CREATE TABLE t (b integer) INHERITS (p)",
        "CREATE TABLE t (b integer)",
    ),
    "an owner's own rights differ, and the owner": (
        "CREATE TABLE t (a integer); REVOKE ALL ON t FROM postgres",
        "CREATE TABLE t (a integer); REVOKE UPDATE ON t FROM postgres; ALTER TABLE t OWNER TO reader",
    ),
    "options of a TOAST table that goes and comes again": (
        "CREATE TABLE t (a text, b integer); ALTER TABLE t SET (toast.autovacuum_enabled = off)",
        "CREATE TABLE t (a date, c text); ALTER TABLE t SET (toast.autovacuum_enabled = off)",
    ),
    "a partition goes, and a key that points to the table above stays": (
        f"{_PARTED} CREATE TABLE a PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (a);"
        "CREATE TABLE b PARTITION OF a DEFAULT; CREATE TABLE c PARTITION OF p FOR VALUES IN (2);"
        "CREATE TABLE r (a integer REFERENCES p)",
        f"{_PARTED} CREATE TABLE c PARTITION OF p FOR VALUES IN (2); CREATE TABLE r (a integer REFERENCES p)",
    ),
    "a partition goes with the table above, and the key that points there": (
        f"{_PARTED} CREATE TABLE a PARTITION OF p FOR VALUES IN (1); CREATE TABLE r (a integer REFERENCES p)",
        "CREATE TABLE r (a integer)",
    ),
    "a partition goes with the table above, which points to itself": (
        f"{_PARTED} CREATE TABLE a PARTITION OF p FOR VALUES IN (1); ALTER TABLE p ADD FOREIGN KEY (b) REFERENCES p",
        "",
    ),
    "a column changes its type above heirs that say something of it": (
        "CREATE TABLE p (a text); CREATE TABLE h () INHERITS (p); CREATE TABLE i (a text) INHERITS (p);"
        "ALTER TABLE ONLY h ALTER a SET STATISTICS 7; CREATE POLICY p ON h USING (a IS NOT NULL);"
        "CREATE POLICY p ON i USING (a IS NOT NULL); CREATE VIEW v AS SELECT a FROM h;"
        "CREATE TABLE q (a text, b integer) PARTITION BY LIST (b); CREATE TABLE r PARTITION OF q DEFAULT;"
        "ALTER TABLE r ALTER a SET DEFAULT '7'; CREATE POLICY p ON r USING (a IS NOT NULL)",
        "CREATE TABLE p (a bigint); CREATE TABLE h () INHERITS (p); CREATE TABLE i (a bigint) INHERITS (p);"
        "ALTER TABLE ONLY h ALTER a SET STATISTICS 7; CREATE POLICY p ON h USING (a IS NOT NULL);"
        "CREATE POLICY p ON i USING (a IS NOT NULL); CREATE VIEW v AS SELECT a FROM h;"
        "CREATE TABLE q (a bigint, b integer) PARTITION BY LIST (b); CREATE TABLE r PARTITION OF q DEFAULT;"
        "ALTER TABLE r ALTER a SET DEFAULT 7; CREATE POLICY p ON r USING (a IS NOT NULL)",
    ),
    "a base type under default privileges": (
        "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TYPES FROM PUBLIC",
        "CREATE TYPE b; CREATE FUNCTION b_in(cstring) RETURNS b LANGUAGE internal IMMUTABLE STRICT AS 'int4in';"
        "CREATE FUNCTION b_out(b) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';"
        "CREATE TYPE b (INPUT = b_in, OUTPUT = b_out, LIKE = integer); GRANT USAGE ON TYPE b TO PUBLIC;"
        "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TYPES FROM PUBLIC",
    ),
    "a function of statements over what an heir has from above": (
        "CREATE TABLE p (a integer, b text); CREATE TABLE h (c integer) INHERITS (p);"
        "CREATE FUNCTION f() RETURNS SETOF h LANGUAGE sql BEGIN ATOMIC SELECT * FROM h; END",
        "CREATE TABLE h (c integer);"
        "CREATE FUNCTION f() RETURNS SETOF h LANGUAGE sql BEGIN ATOMIC SELECT * FROM h; END",
    ),
}  # fmt: skip

PAIRS = {**TYPES, **REBUILT, **OTHERS}
