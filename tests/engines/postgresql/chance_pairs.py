# ruff: noqa: ISC004 - a pair is two texts, and long ones go over several lines
"""More pairs that random ones led to: tables above and below each other, and what hangs on types."""

from __future__ import annotations

# A pair whose name ends in a number needs that version.
ABOVE_AND_BELOW = {
    "partitions change their bounds with each other, and their tables": (
        "CREATE TABLE p (a integer) PARTITION BY LIST (a); CREATE TABLE q (a integer) PARTITION BY LIST (a);"
        "CREATE TABLE s PARTITION OF p FOR VALUES IN (1); CREATE TABLE t PARTITION OF p FOR VALUES IN (2);"
        "CREATE TABLE u PARTITION OF q FOR VALUES IN (1); CREATE TABLE v PARTITION OF p DEFAULT",
        "CREATE TABLE p (a integer) PARTITION BY LIST (a); CREATE TABLE q (a integer) PARTITION BY LIST (a);"
        "CREATE TABLE s PARTITION OF p FOR VALUES IN (2); CREATE TABLE t PARTITION OF p FOR VALUES IN (1);"
        "CREATE TABLE v PARTITION OF q FOR VALUES IN (1); CREATE TABLE u PARTITION OF p DEFAULT",
    ),
    "partitions change their ranges": (
        "CREATE TABLE p (a integer) PARTITION BY RANGE (a); CREATE TABLE s PARTITION OF p FOR VALUES FROM (1) TO (10);"
        "CREATE TABLE t PARTITION OF p FOR VALUES FROM (10) TO (20)",
        "CREATE TABLE p (a integer) PARTITION BY RANGE (a); CREATE TABLE s PARTITION OF p FOR VALUES FROM (1) TO (5);"
        "CREATE TABLE t PARTITION OF p FOR VALUES FROM (5) TO (20)",
    ),
    "a partition and the table above it change places": (
        "CREATE TABLE p (a integer) PARTITION BY LIST (a);"
        "CREATE TABLE q PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (a); CREATE TABLE s PARTITION OF q DEFAULT",
        "CREATE TABLE q (a integer) PARTITION BY LIST (a);"
        "CREATE TABLE p PARTITION OF q FOR VALUES IN (1) PARTITION BY LIST (a); CREATE TABLE s PARTITION OF p DEFAULT",
    ),
    "a partition leaves for one that is made anew, and what it had from above goes there": (
        "CREATE TABLE p (a integer, b integer, c integer) PARTITION BY LIST (a);"
        "CREATE TABLE q (a integer) PARTITION BY LIST (a); CREATE INDEX i ON p (b);"
        "CREATE TABLE s PARTITION OF p FOR VALUES IN (1); CREATE VIEW v AS SELECT a, b FROM s",
        "CREATE TABLE p (a integer, d integer) PARTITION BY LIST (a);"
        "CREATE TABLE q (a integer, e integer PRIMARY KEY) PARTITION BY LIST (e);"
        "CREATE TABLE s PARTITION OF q FOR VALUES IN (1); CREATE VIEW v AS SELECT a FROM s",
    ),
    "a partition leaves, and what it had from above goes there": (
        "CREATE TABLE p (a integer, b integer, c integer) PARTITION BY LIST (a); CREATE INDEX i ON p (b);"
        "CREATE TABLE s PARTITION OF p FOR VALUES IN (1); CREATE VIEW v AS SELECT a, b FROM s",
        "CREATE TABLE p (a integer, d integer) PARTITION BY LIST (a); CREATE TABLE s (a integer, b integer, z integer);"
        "CREATE VIEW v AS SELECT a FROM s",
    ),
    "a partition that goes has the name of an index that comes": (
        "CREATE TABLE p (a integer, b integer) PARTITION BY HASH (a);"
        "CREATE TABLE i PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
        "CREATE TABLE p (a integer, b integer) PARTITION BY HASH (b); CREATE INDEX i ON p (b)",
    ),
    "what new tables have from above, and not": (
        "",
        "CREATE TABLE p (a integer, b text); CREATE TABLE c () INHERITS (p);"
        "ALTER TABLE p ALTER b SET STATISTICS 50, ALTER b SET (n_distinct = 3); CREATE TABLE d () INHERITS (p);"
        "CREATE TABLE e () INHERITS (p); ALTER TABLE e ALTER b SET DEFAULT 'x', ALTER b SET STATISTICS 50;"
        "CREATE TABLE q (a integer, b text) PARTITION BY LIST (a); CREATE TABLE q1 PARTITION OF q FOR VALUES IN (1);"
        "CREATE TABLE q2 PARTITION OF q FOR VALUES IN (2); ALTER TABLE q ALTER b SET STATISTICS 40;"
        "CREATE TABLE q3 PARTITION OF q FOR VALUES IN (3)",
    ),
    "what heirs have from a new column above, and not": (
        "CREATE TABLE p (a integer); CREATE TABLE c () INHERITS (p); CREATE TABLE d () INHERITS (p)",
        "CREATE TABLE p (a integer, b text); CREATE TABLE c () INHERITS (p); CREATE TABLE d () INHERITS (p);"
        "ALTER TABLE p ALTER b SET STATISTICS 50, ALTER b SET STORAGE EXTERNAL, ALTER b SET (n_distinct = 2);"
        "ALTER TABLE d ALTER b SET STATISTICS 4; ALTER TABLE c ALTER b SET (n_distinct = 2);"
        "CREATE TABLE e () INHERITS (p)",
    ),
    "heirs keep their own settings while those above change": (
        "CREATE TABLE p (a integer, b text); CREATE TABLE c () INHERITS (p); CREATE TABLE d () INHERITS (p);"
        "ALTER TABLE p ALTER b SET STATISTICS 50, ALTER b SET STORAGE EXTERNAL, ALTER b SET DEFAULT '1';"
        "ALTER TABLE d ALTER b SET STATISTICS 4; CREATE TABLE e () INHERITS (p); ALTER TABLE e ALTER b SET DEFAULT '3'",
        "CREATE TABLE p (a integer, b text); CREATE TABLE c () INHERITS (p); CREATE TABLE d () INHERITS (p);"
        "ALTER TABLE p ALTER b SET STATISTICS 60, ALTER b SET STORAGE MAIN, ALTER b SET DEFAULT '2';"
        "ALTER TABLE d ALTER b SET STATISTICS 4, ALTER b SET STORAGE EXTERNAL; CREATE TABLE e () INHERITS (p);"
        "ALTER TABLE e ALTER b SET DEFAULT '3'",
    ),
    "a column from above becomes an heir's own, and is so no more": (
        "CREATE TABLE p (a integer, b integer); CREATE TABLE c () INHERITS (p); CREATE TABLE d () INHERITS (p)",
        "CREATE TABLE p (a integer, b integer); CREATE TABLE c (b integer DEFAULT 3) INHERITS (p);"
        "CREATE TABLE d (a integer NOT NULL) INHERITS (p)",
    ),
    "heirs become partitions of the table that they inherit from": (
        "CREATE TABLE p (a integer, b integer); CREATE TABLE c () INHERITS (p); CREATE TABLE d () INHERITS (p)",
        "CREATE TABLE p (a integer, b integer) PARTITION BY LIST (a); CREATE TABLE c PARTITION OF p FOR VALUES IN (1);"
        "CREATE TABLE d PARTITION OF p DEFAULT",
    ),
    "an heir has a computed column with its table above, and it changes": (
        "CREATE TABLE u (d bigint, m boolean); CREATE TABLE o () INHERITS (u);"
        "ALTER TABLE u ADD b integer GENERATED ALWAYS AS (CASE WHEN d = 1 THEN 0 ELSE 9 END) STORED",
        "CREATE TYPE mood AS (); CREATE TABLE u (d mood, m boolean); CREATE TABLE o () INHERITS (u);"
        "ALTER TABLE u ADD b integer GENERATED ALWAYS AS (CASE WHEN d IS NULL THEN 0 ELSE 9 END) STORED",
    ),
    "an heir's own default calls a function over the heir, as does the one above": (
        "",
        "CREATE TABLE t (a integer, b text); CREATE TABLE w (b text) INHERITS (t);"
        "CREATE FUNCTION g(w DEFAULT NULL) RETURNS integer LANGUAGE sql AS 'SELECT 1';"
        "ALTER TABLE t ALTER b SET DEFAULT g(NULL::w)",
    ),
}

COLUMNS = {
    "a table leaves the one above, and columns that both declare go": (
        "CREATE TABLE p (x integer, c integer); CREATE TABLE t (x integer, y integer, z integer) INHERITS (p);"
        "CREATE INDEX ti ON t (c); CREATE VIEW tv AS SELECT x FROM t",
        "CREATE TABLE t (y integer, z integer)",
    ),
    "a table leaves the one above, and what that computed goes": (
        "CREATE TABLE u (a text, b integer); CREATE TABLE t (c integer) INHERITS (u);"
        "ALTER TABLE u ADD d text GENERATED ALWAYS AS (upper(a)) STORED",
        "CREATE TABLE t (b bigint)",
    ),
    "what a table of a type says of its columns": (
        "CREATE TYPE i AS (a integer, b text, c bigint)",
        "CREATE TYPE i AS (a integer, b text, c bigint); CREATE SEQUENCE s; CREATE TABLE u OF i;"
        "ALTER TABLE u ALTER b SET DEFAULT 'x', ALTER b SET STORAGE EXTERNAL, ALTER a SET NOT NULL;"
        "ALTER TABLE u ALTER c SET DEFAULT nextval('s'); ALTER SEQUENCE s OWNED BY u.c;"
        "ALTER TABLE u ALTER c SET NOT NULL, ADD PRIMARY KEY (a), ADD CHECK (b <> '')",
    ),
    "a new column is nothing by default, and may not be": (
        "CREATE TABLE s (a integer)",
        "CREATE TABLE s (a integer, b varchar(20) DEFAULT NULL::varchar(20) NOT NULL)",
    ),
    "a not-null constraint of a chosen name comes with an identity, 18": (
        "CREATE TABLE t (a text, b integer)",
        "CREATE TABLE t (a bigint CONSTRAINT n NOT NULL GENERATED ALWAYS AS IDENTITY, b integer)",
    ),
    "a column is filled in a table that a new publication has": (
        "CREATE TABLE t (a integer); ALTER TABLE t REPLICA IDENTITY NOTHING",
        "CREATE TABLE t (a integer, b serial); CREATE PUBLICATION p FOR ALL TABLES",
    ),
    "values of domains over other types than text": (
        "",
        "CREATE DOMAIN d AS boolean; CREATE DOMAIN e AS d; CREATE DOMAIN f AS varchar(7); CREATE DOMAIN n AS numeric(5,2);"
        "CREATE TABLE t (a d, b e, c f, x n); ALTER TABLE t ADD CHECK (a = ANY (ARRAY[true::d, false::d])),"
        " ADD CHECK (b = ANY (ARRAY[true::e, false::e])), ADD CHECK (c = ANY (ARRAY['x'::f, 'y'::f])),"
        " ADD CHECK (x = ANY (ARRAY[1::n, 2::n]))",
    ),
}

TYPES = {
    "a check in a domain that columns hold in lists": (
        "CREATE DOMAIN d AS integer; CREATE DOMAIN n AS integer; CREATE TYPE c AS (x d); CREATE TABLE t (a d[], b d, e n[]);"
        "CREATE TABLE u (a c)",
        "CREATE DOMAIN d AS integer CHECK (VALUE > -100); CREATE DOMAIN n AS integer NOT NULL; CREATE TYPE c AS (x d);"
        "CREATE TABLE t (a d[], b d, e n[]); CREATE TABLE u (a c)",
    ),
    "a domain's check calls a function that takes the domain": (
        "CREATE DOMAIN d AS integer; CREATE TABLE t (a d)",
        "CREATE DOMAIN d AS integer; CREATE FUNCTION f(d) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';"
        "ALTER DOMAIN d ADD CONSTRAINT c CHECK (f(VALUE)); COMMENT ON CONSTRAINT c ON DOMAIN d IS 'x';"
        "ALTER DOMAIN d ADD CONSTRAINT e CHECK (VALUE <> 7); CREATE TABLE t (a d)",
    ),
    "a domain's check calls another function, and the domain has another type below": (
        "CREATE DOMAIN d AS integer; CREATE FUNCTION f(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';"
        "ALTER DOMAIN d ADD CONSTRAINT c CHECK (f(VALUE)); CREATE TABLE t (a d)",
        "CREATE DOMAIN d AS bigint; CREATE FUNCTION f(bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';"
        "ALTER DOMAIN d ADD CONSTRAINT c CHECK (f(VALUE)) NOT VALID; CREATE TABLE t (a d)",
    ),
    "a column goes with its enum while another is filled from what is there": (
        "CREATE TYPE i AS ENUM ('x', 'high', 'low'); CREATE TABLE o (id integer, c i, d i, e i)",
        "CREATE TYPE i AS ENUM ('low'); CREATE TABLE o (id bigint, e i, m bigserial, d integer GENERATED ALWAYS AS (1) STORED)",
    ),
    "a row in a row gets another type": (
        "CREATE TYPE i AS (x integer); CREATE TYPE c AS (y i, z integer); CREATE TABLE t (a c, b c[])",
        "CREATE TYPE i AS (x bigint); CREATE TYPE c AS (y i, z integer); CREATE TABLE t (a c, b c[])",
    ),
    "a row type comes to need an enum that changes, and the one that it had needs that too": (
        "CREATE TYPE m AS ENUM ('a', 'b'); CREATE TYPE t AS (q m, r integer); CREATE TYPE i AS (d t, e integer);"
        "CREATE TABLE x (a m, b i, c t)",
        "CREATE TYPE m AS ENUM ('b'); CREATE TYPE t AS (q m, s integer); CREATE TYPE i AS (d m, e integer);"
        "CREATE TABLE x (a m, b i, c t)",
    ),
    "a materialized view holds rows of a table that changes": (
        "CREATE TABLE t (a integer); CREATE MATERIALIZED VIEW m AS SELECT t AS x, ARRAY[t] AS y FROM t",
        "CREATE TABLE t (a bigint, b integer DEFAULT 4); CREATE MATERIALIZED VIEW m AS SELECT t AS x, ARRAY[t] AS y FROM t",
    ),
    "an extension comes under rights that new types get": (
        "CREATE EXTENSION citext",
        "ALTER DEFAULT PRIVILEGES GRANT USAGE ON TYPES TO reader; ALTER DEFAULT PRIVILEGES IN SCHEMA public"
        " GRANT EXECUTE ON FUNCTIONS TO reader",
    ),
    "new types under rights that new types get": (
        "CREATE TYPE i AS RANGE (subtype = integer); CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (c e)",
        "CREATE TYPE e AS ENUM ('b'); CREATE TABLE t (c e);"
        "ALTER DEFAULT PRIVILEGES GRANT ALL ON TYPES TO reader WITH GRANT OPTION",
    ),
    "a table of a type that becomes another kind of type": (
        "CREATE TYPE t AS (a integer, b integer); CREATE TABLE c OF t; CREATE TYPE u AS (a integer);"
        "CREATE TABLE d OF u",
        "CREATE TYPE t AS ENUM ('a'); CREATE TABLE c (b t); CREATE TYPE u AS (a integer, b integer);"
        "CREATE TABLE d (a integer, c integer)",
    ),
    "tables become tables of a type": (
        "CREATE TYPE u AS (a integer, b integer); CREATE TABLE d (a integer, z integer, b integer);"
        "CREATE TABLE e (b text, a integer); CREATE TABLE f (a text)",
        "CREATE TYPE u AS (a integer, b integer); CREATE TABLE d OF u; CREATE TABLE e OF u; CREATE TABLE f OF u",
    ),
    "a type becomes a shell": (
        "CREATE TYPE p; CREATE FUNCTION i(cstring) RETURNS p LANGUAGE internal IMMUTABLE STRICT AS 'int4in';"
        "CREATE FUNCTION o(p) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';"
        "CREATE TYPE p (INPUT = i, OUTPUT = o, LIKE = integer)",
        "CREATE TYPE p",
    ),
}

ANEW = {
    "an enum loses values, and a table that is made anew some of its columns": (
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE v (b e, id bigint, d e[], c e DEFAULT 'a')"
        " PARTITION BY HASH (id); CREATE TABLE n (a e, k integer) PARTITION BY LIST (k)",
        "CREATE TYPE e AS ENUM ('b', 'c'); CREATE TABLE n (a e, k integer) PARTITION BY LIST (k);"
        "CREATE TABLE v (a e, c text)",
    ),
    "an heir stands alone with other columns, and the table above has a check": (
        "CREATE TABLE p (c boolean, a date); CREATE TABLE u (id bigint, z integer) INHERITS (p);"
        "ALTER TABLE p ADD CHECK (a <> '2025-06-03')",
        "CREATE TABLE u (m numeric(10,2), a integer, c money)",
    ),
    "a table that crashes with its rows, and not with its counts, is one that does not": (
        "CREATE UNLOGGED TABLE t (a integer, b integer, i integer GENERATED ALWAYS AS IDENTITY);"
        "CREATE SEQUENCE s OWNED BY t.a; CREATE SEQUENCE n; CREATE UNLOGGED SEQUENCE u OWNED BY t.b",
        "CREATE TABLE t (a integer, b integer, i integer GENERATED ALWAYS AS IDENTITY);"
        "CREATE SEQUENCE s OWNED BY t.a; CREATE SEQUENCE n OWNED BY t.b; CREATE UNLOGGED SEQUENCE u;"
        "CREATE UNLOGGED SEQUENCE v OWNED BY t.b",
    ),
    "an index of a table that is made anew is another's": (
        "CREATE TABLE w (a integer, b bigint); CREATE INDEX i ON w USING hash (a)",
        "CREATE TABLE n (a integer); CREATE INDEX i ON n USING hash (a);"
        "CREATE TABLE w (a integer, b bigint) PARTITION BY LIST (a)",
    ),
    "a computed column comes from above, and what it was computed from changes": (
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE c (b e, m numeric,"
        " d e GENERATED ALWAYS AS (coalesce(b, 'a'::e)) STORED)",
        "CREATE TYPE f AS ENUM ('a'); CREATE TABLE p (q bigint, d f); CREATE TABLE c (b f) INHERITS (p)",
    ),
    "a policy reads a partition's column that goes": (
        "CREATE TABLE t (a integer, b integer) PARTITION BY LIST (a); CREATE TABLE o PARTITION OF t DEFAULT;"
        "CREATE POLICY n ON t USING (EXISTS (SELECT FROM o x WHERE x.b IS NOT NULL))",
        "CREATE TABLE o (c integer); CREATE MATERIALIZED VIEW m AS SELECT 1 AS one FROM o;"
        "CREATE UNIQUE INDEX i ON m (one)",
    ),
    "an enum changes, and the table that is made anew has another type and NOT NULL": (
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE o (a boolean, i integer, b e) PARTITION BY RANGE (a)",
        "CREATE TYPE e AS ENUM ('b', 'c'); CREATE TABLE o (a e NOT NULL, i integer, b e) PARTITION BY RANGE (i)",
    ),
    "rows of a table that changes are held by others": (
        "CREATE TYPE e AS ENUM ('a','b'); CREATE TABLE a (c integer, d text, e integer, f e);"
        "CREATE TABLE b (x a, y a[], z integer); CREATE VIEW v AS SELECT x, z FROM b",
        "CREATE TYPE e AS ENUM ('b'); CREATE TABLE a (c bigint, d text, g integer NOT NULL DEFAULT 7, f e);"
        "CREATE TABLE b (x a, y a[], z integer); CREATE VIEW v AS SELECT x, z FROM b",
    ),
    "a partition gets another bound, and the index above is another": (
        "CREATE TABLE o (a integer, b integer) PARTITION BY LIST (a);"
        "CREATE TABLE v PARTITION OF o FOR VALUES IN (1, 2); CREATE INDEX i ON o (b, (nullif(b, 1)))",
        "CREATE TABLE o (a integer, b integer) PARTITION BY LIST (a);"
        "CREATE TABLE v PARTITION OF o FOR VALUES IN (1); CREATE INDEX n ON o (b, (nullif(b, 2)))",
    ),
    "a domain's check calls a function, and lists of it are held": (
        "CREATE DOMAIN d AS integer; CREATE TABLE t (a d, b d[] DEFAULT '{}')",
        "CREATE FUNCTION f(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > 1';"
        "CREATE DOMAIN d AS integer CHECK (f(VALUE)); CREATE TABLE t (a d, b d[] DEFAULT '{}')",
    ),
    "sequences of a table that is made anew go to another": (
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE s (b e, c text) PARTITION BY LIST (c);"
        "CREATE SEQUENCE v OWNED BY s.b; CREATE SEQUENCE n AS integer OWNED BY s.b;"
        "CREATE SEQUENCE o OWNED BY s.c; CREATE SEQUENCE q OWNED BY s.c; CREATE TABLE t (a integer)",
        "CREATE TABLE s (b timestamptz, c text); CREATE TABLE v (m integer); CREATE SEQUENCE o;"
        "CREATE SEQUENCE n AS smallint OWNED BY v.m; CREATE TABLE t (a integer); CREATE SEQUENCE q OWNED BY t.a",
    ),
}

OTHERS = {
    "an index over what a function computes, which fails on rows": (
        "CREATE TABLE t (a integer)",
        "CREATE FUNCTION f(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1::text || ''x'')::boolean';"
        "CREATE TABLE t (a integer); CREATE INDEX i ON t (f(a))",
    ),
    "a view's trigger changes": (
        "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE VIEW v AS SELECT 1 AS a; CREATE TRIGGER p INSTEAD OF DELETE ON v FOR EACH ROW EXECUTE FUNCTION g()",
        "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE VIEW v AS SELECT 1 AS a; CREATE TRIGGER p INSTEAD OF UPDATE ON v FOR EACH ROW EXECUTE FUNCTION g()",
    ),
    "an expression twice in GROUP BY": (
        "",
        "CREATE TABLE t (a integer, b text);"
        "CREATE VIEW m AS SELECT a + 1 AS x, a + 1 AS y, b || E'\\n GROUP BY ' AS z, (a + 1), count(*)"
        " FROM t WHERE b <> 'x' GROUP BY 1, 2, 3, 4 HAVING max(a) > 1 ORDER BY 2;"
        "CREATE MATERIALIZED VIEW n AS SELECT a x, a y FROM t GROUP BY 1, 2;"
        "CREATE VIEW c AS SELECT lower(b) AS x, lower(b) AS y FROM t GROUP BY 1, 2",
    ),
    "a publication's condition on a partitioned table": (
        "CREATE TABLE t (b integer) PARTITION BY RANGE (b); CREATE PUBLICATION q FOR TABLE t WHERE (b IS NOT NULL)"
        " WITH (publish_via_partition_root = true)",
        "CREATE PUBLICATION q",
    ),
    "a sequence comes to a table of another's": (
        "CREATE TABLE t (a integer); ALTER TABLE t OWNER TO reader",
        "CREATE TABLE t (a integer); CREATE SEQUENCE s OWNED BY t.a; ALTER TABLE t OWNER TO reader",
    ),
    "a sequence of a table that goes, and was another's": (
        "CREATE TABLE t (a integer); CREATE SEQUENCE s OWNED BY t.a; ALTER TABLE t OWNER TO reader",
        "CREATE SEQUENCE s",
    ),
    "a collation changes under a column": (
        "CREATE COLLATION c (locale = 'C'); CREATE TABLE t (a text COLLATE c, b text COLLATE c);"
        "CREATE VIEW v AS SELECT a FROM t; CREATE INDEX i ON t (a)",
        "CREATE COLLATION c (locale = 'POSIX'); CREATE TABLE t (a text COLLATE c, b text);"
        "CREATE VIEW v AS SELECT a FROM t; CREATE INDEX i ON t (a)",
    ),
    "networks that are taken as addresses": (
        "",
        "CREATE DOMAIN d AS cidr CHECK (VALUE IN ('10.0.0.0/24'::cidr, '10.0.1.0/24'::cidr))",
    ),
    "a publication of columns in other places": (
        "CREATE TABLE w (a integer, c integer, d integer); CREATE PUBLICATION r",
        "CREATE TABLE w (c integer, a integer, d integer); CREATE PUBLICATION r FOR TABLE w (c, a)",
    ),
    "what counts an identity is nobody's, though sequences made later are another's": (
        "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO reader WITH GRANT OPTION;"
        "CREATE TABLE t (a integer); CREATE TABLE u (a integer NOT NULL); CREATE TABLE w (a integer)",
        "CREATE TABLE n (a bigint GENERATED ALWAYS AS IDENTITY);"
        "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS IDENTITY);"
        "CREATE TABLE u (a integer GENERATED ALWAYS AS IDENTITY);"
        "CREATE TABLE w (a integer, b integer GENERATED ALWAYS AS IDENTITY) PARTITION BY LIST (a);"
        "CREATE TABLE x PARTITION OF w DEFAULT; GRANT USAGE ON SEQUENCE u_a_seq TO owner_é",
    ),
    "a table is made anew with columns that its values do not fit": (
        "CREATE TABLE t (a integer, k integer) PARTITION BY RANGE (k); CREATE TABLE s PARTITION OF t DEFAULT;"
        "CREATE TABLE u (a integer, k integer) PARTITION BY RANGE (k); CREATE TABLE v PARTITION OF u DEFAULT;"
        "CREATE TABLE w (k integer) PARTITION BY RANGE (k); CREATE TABLE x PARTITION OF w DEFAULT",
        "CREATE TYPE mood AS ENUM ('low'); CREATE TABLE t (a mood); CREATE TABLE u (a integer NOT NULL);"
        "CREATE TABLE w (k integer, b integer NOT NULL)",
    ),
    "a column is filled under a rule that does something else as well": (
        "CREATE TABLE t (a integer); CREATE RULE r AS ON UPDATE TO t DO ALSO NOTIFY changed",
        "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS IDENTITY);"
        "CREATE RULE r AS ON UPDATE TO t DO ALSO NOTIFY changed",
    ),
    "columns are filled in tables whose updates are published and that have no replica identity": (
        "CREATE TABLE t (a integer, n integer); CREATE TABLE k (id integer PRIMARY KEY, a integer);"
        "CREATE TABLE w (a integer) PARTITION BY LIST (a); CREATE TABLE x PARTITION OF w DEFAULT;"
        "CREATE TABLE u (a integer); ALTER TABLE u REPLICA IDENTITY FULL; CREATE PUBLICATION p FOR ALL TABLES",
        "CREATE TABLE t (a text, n bigint, b integer GENERATED ALWAYS AS IDENTITY, c float DEFAULT random());"
        "CREATE TABLE k (id integer PRIMARY KEY, a text, b integer GENERATED ALWAYS AS IDENTITY);"
        "CREATE TABLE w (a integer, c float DEFAULT random()) PARTITION BY LIST (a); CREATE TABLE x PARTITION OF w DEFAULT;"
        "CREATE TABLE u (a text, c float DEFAULT random()); ALTER TABLE u REPLICA IDENTITY FULL;"
        "CREATE PUBLICATION p FOR ALL TABLES",
    ),
    "a sequence goes to or from a table that goes to another owner": (
        "CREATE TABLE t (a integer, c integer); CREATE SEQUENCE s OWNED BY t.c",
        "CREATE TABLE t (a integer); ALTER TABLE t OWNER TO owner_é",
    ),
}

PAIRS = {**ABOVE_AND_BELOW, **COLUMNS, **TYPES, **ANEW, **OTHERS}
