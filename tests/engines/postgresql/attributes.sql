-- Pairs of schemas that differ in one attribute each; test_every_attribute.py leads a database from one to the other and
-- back. `since` is the first version that has it; `rows` fill the first schema.

-- case: typed table options
CREATE TYPE ty AS (a integer, b text);
CREATE TABLE t OF ty;
-- becomes
CREATE TYPE ty AS (a integer, b text);
CREATE TABLE t OF ty (a WITH OPTIONS DEFAULT 3 NOT NULL, PRIMARY KEY (a), b DEFAULT 'x');

-- case: index stats
CREATE TABLE t (a integer, b text, c integer);
CREATE INDEX i ON t ((a + c), lower(b));
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE INDEX i ON t ((a + c), lower(b));
ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 77;
ALTER INDEX i ALTER COLUMN 2 SET STATISTICS 0;

-- case: partition storage
CREATE TABLE m (id integer, b text) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
-- becomes
CREATE TABLE m (id integer, b text) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
ALTER TABLE m1 ALTER b SET STORAGE EXTERNAL;
ALTER TABLE m1 ALTER b SET STATISTICS 10;
ALTER TABLE m1 ALTER b SET COMPRESSION pglz;
ALTER TABLE m1 ALTER b SET (n_distinct=4);

-- case: partition default and not null
CREATE TABLE m (id integer, b text) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
-- becomes
CREATE TABLE m (id integer, b text) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
ALTER TABLE m1 ALTER b SET DEFAULT 'x';
ALTER TABLE m1 ALTER b SET NOT NULL;

-- case: partition parent default kept off
CREATE TABLE m (id integer, b text DEFAULT 'x') PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
ALTER TABLE m1 ALTER b DROP DEFAULT;
-- becomes
CREATE TABLE m (id integer, b text DEFAULT 'x') PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);

-- case: replica identity
CREATE TABLE t (a integer, b text, c integer);
CREATE UNIQUE INDEX i ON t (a);
ALTER TABLE t ALTER a SET NOT NULL;
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE UNIQUE INDEX i ON t (a);
ALTER TABLE t ALTER a SET NOT NULL;
ALTER TABLE t REPLICA IDENTITY USING INDEX i;

-- case: replica identity of an index to full
CREATE TABLE t (a integer, b text, c integer);
CREATE UNIQUE INDEX i ON t (a);
ALTER TABLE t ALTER a SET NOT NULL;
ALTER TABLE t REPLICA IDENTITY USING INDEX i;
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE UNIQUE INDEX i ON t (a);
ALTER TABLE t ALTER a SET NOT NULL;
ALTER TABLE t REPLICA IDENTITY FULL;

-- case: replica identity of one index to another's
CREATE TABLE t (a integer, b text, c integer);
CREATE UNIQUE INDEX i ON t (a);
CREATE UNIQUE INDEX j ON t (a);
ALTER TABLE t ALTER a SET NOT NULL;
ALTER TABLE t REPLICA IDENTITY USING INDEX i;
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE UNIQUE INDEX i ON t (a);
CREATE UNIQUE INDEX j ON t (a);
ALTER TABLE t ALTER a SET NOT NULL;
ALTER TABLE t REPLICA IDENTITY USING INDEX j;

-- case: replica identity pk replaced
CREATE TABLE t (a integer, c integer NOT NULL, PRIMARY KEY (a));
ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey;
-- becomes
CREATE TABLE t (a integer NOT NULL, c integer, PRIMARY KEY (c));
ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey;

-- case: not enforced (since 18)
CREATE TABLE p (id integer PRIMARY KEY);
CREATE TABLE t (a integer CHECK (a > 0), p integer REFERENCES p);
-- becomes
CREATE TABLE p (id integer PRIMARY KEY);
CREATE TABLE t (a integer CHECK (a > 0) NOT ENFORCED, p integer REFERENCES p NOT ENFORCED);

-- case: not enforced made (since 18)
CREATE TABLE t (a integer, b text, c integer);
CREATE TABLE p (id integer PRIMARY KEY);
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE TABLE p (id integer PRIMARY KEY);
ALTER TABLE t ADD CHECK (a > 0) NOT ENFORCED;
ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p NOT ENFORCED;
-- rows
INSERT INTO t VALUES (-1);

-- case: temporal switched (since 18)
CREATE EXTENSION btree_gist;
CREATE TABLE t (a integer, v int4range, PRIMARY KEY (a, v));
-- becomes
CREATE EXTENSION btree_gist;
CREATE TABLE t (a integer, v int4range, PRIMARY KEY (a, v WITHOUT OVERLAPS));

-- case: not null no inherit (since 18)
CREATE TABLE t (a integer NOT NULL);
-- becomes
CREATE TABLE t (a integer NOT NULL NO INHERIT);

-- case: not null no inherit2 (since 18)
CREATE TABLE t (a integer);
-- becomes
CREATE TABLE t (a integer CONSTRAINT q NOT NULL NO INHERIT);

-- case: not null not valid (since 18)
CREATE TABLE t (a integer);
-- becomes
CREATE TABLE t (a integer);
ALTER TABLE t ADD CONSTRAINT q NOT NULL a NOT VALID;

-- case: not null comment (since 18)
CREATE TABLE t (a integer NOT NULL);
-- becomes
CREATE TABLE t (a integer CONSTRAINT q NOT NULL);
COMMENT ON CONSTRAINT q ON t IS 'why';

-- case: virtual view (since 18)
CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a * 2) STORED);
CREATE VIEW v AS SELECT b FROM t;
GRANT SELECT (b) ON t TO bob;
COMMENT ON COLUMN t.b IS 'x';
-- becomes
CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a * 2) VIRTUAL);
CREATE VIEW v AS SELECT b FROM t;
GRANT SELECT (b) ON t TO bob;
COMMENT ON COLUMN t.b IS 'x';

-- case: virtual stored (since 18)
CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a * 2) STORED);
-- becomes
CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a * 2) VIRTUAL);

-- case: virtual expr (since 18)
CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a * 3) VIRTUAL);
-- becomes
CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a * 2) VIRTUAL);

-- case: gen part (since 17)
CREATE TABLE m (id integer, g integer GENERATED ALWAYS AS (id * 2) STORED) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
-- becomes
CREATE TABLE m (id integer, g integer GENERATED ALWAYS AS (id * 2) STORED) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m (g GENERATED ALWAYS AS (id*3) STORED) FOR VALUES FROM (0) TO (10);

-- case: foreign key actions
CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE t (a integer, b integer, FOREIGN KEY (a, b) REFERENCES p ON DELETE SET NULL);
-- becomes
CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE t (a integer, b integer, FOREIGN KEY (a, b) REFERENCES p MATCH FULL ON DELETE SET NULL (b) ON UPDATE CASCADE);

-- case: foreign key setdefault cols
CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE t (a integer, b integer, FOREIGN KEY (a, b) REFERENCES p ON DELETE SET DEFAULT (a));
-- becomes
CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE t (a integer, b integer, FOREIGN KEY (a, b) REFERENCES p ON DELETE SET DEFAULT (b));

-- case: nulls not distinct index incl
CREATE TABLE t (a integer, b text, c integer);
CREATE UNIQUE INDEX i ON t (a) INCLUDE (b);
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE UNIQUE INDEX i ON t (a) INCLUDE (b, c) NULLS NOT DISTINCT WITH (fillfactor = 70) WHERE a > 2;

-- case: uniq include
CREATE TABLE t (a integer, b text, UNIQUE (a));
-- becomes
CREATE TABLE t (a integer, b text, UNIQUE (a) INCLUDE (b) WITH (fillfactor = 60) DEFERRABLE INITIALLY DEFERRED);

-- case: exclude where
CREATE TABLE t (r int4range, b text);
-- becomes
CREATE TABLE t (r int4range, b text, EXCLUDE USING gist (r WITH &&) WITH (fillfactor=60) WHERE (b <> '') DEFERRABLE);

-- case: constraint trigger
CREATE TABLE t (a integer, b text, c integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE u (x integer);
CREATE CONSTRAINT TRIGGER ct AFTER INSERT OR UPDATE ON t FROM u NOT DEFERRABLE FOR EACH ROW WHEN (NEW.a > 3) EXECUTE FUNCTION f();
COMMENT ON TRIGGER ct ON t IS 'x';
ALTER TABLE t ENABLE ALWAYS TRIGGER ct;

-- case: trigger on partition
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- becomes
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr AFTER INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE m1 DISABLE TRIGGER tr;

-- case: trigger partition enabled
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr AFTER INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
-- becomes
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr AFTER INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE m1 DISABLE TRIGGER tr;

-- case: trigger 3 levels
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (at);
CREATE TABLE m2 PARTITION OF m1 FOR VALUES FROM (0) TO (5);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr AFTER INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
-- becomes
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (at);
CREATE TABLE m2 PARTITION OF m1 FOR VALUES FROM (0) TO (5);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr AFTER INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE m DISABLE TRIGGER tr;
ALTER TABLE m2 ENABLE ALWAYS TRIGGER tr;

-- case: trigger dropped with own
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (at);
CREATE TABLE m2 PARTITION OF m1 FOR VALUES FROM (0) TO (5);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr AFTER INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE m DISABLE TRIGGER tr;
ALTER TABLE m2 ENABLE ALWAYS TRIGGER tr;
-- becomes
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (at);
CREATE TABLE m2 PARTITION OF m1 FOR VALUES FROM (0) TO (5);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr2 BEFORE INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER tr AFTER UPDATE ON m FOR EACH ROW EXECUTE FUNCTION f();

-- case: trigger transition
CREATE TABLE t (a integer, b text, c integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr AFTER UPDATE ON t REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION f();

-- case: depends function
CREATE EXTENSION citext;
CREATE FUNCTION g() RETURNS integer LANGUAGE sql AS 'SELECT 1';
-- becomes
CREATE EXTENSION citext;
CREATE FUNCTION g() RETURNS integer LANGUAGE sql AS 'SELECT 1';
ALTER FUNCTION g() DEPENDS ON EXTENSION citext;

-- case: depends trigger
CREATE EXTENSION citext;
CREATE TABLE t (a integer, b text, c integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- becomes
CREATE EXTENSION citext;
CREATE TABLE t (a integer, b text, c integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
ALTER TRIGGER tr ON t DEPENDS ON EXTENSION citext;

-- case: depends index
CREATE EXTENSION citext;
CREATE TABLE t (a integer, b text, c integer);
CREATE INDEX i ON t (a);
-- becomes
CREATE EXTENSION citext;
CREATE TABLE t (a integer, b text, c integer);
CREATE INDEX i ON t (a);
ALTER INDEX i DEPENDS ON EXTENSION citext;

-- case: depends matview
CREATE EXTENSION citext;
CREATE MATERIALIZED VIEW mv AS SELECT 1 AS a;
-- becomes
CREATE EXTENSION citext;
CREATE MATERIALIZED VIEW mv AS SELECT 1 AS a;
ALTER MATERIALIZED VIEW mv DEPENDS ON EXTENSION citext;

-- case: view rename col
CREATE TABLE t (a integer, b text, c integer);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE VIEW w AS SELECT a FROM v;
GRANT SELECT ON v TO bob;
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE VIEW v AS SELECT a AS x, b FROM t;
CREATE VIEW w AS SELECT x AS a FROM v;
GRANT SELECT ON v TO bob;

-- case: view recursive
-- becomes
CREATE RECURSIVE VIEW r (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < 5;

-- case: view options and def
CREATE TABLE t (a integer, b text, c integer);
CREATE VIEW v WITH (security_barrier) AS SELECT a, b FROM t;
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE VIEW v WITH (security_invoker) AS SELECT a, b, c FROM t;

-- case: matview options
CREATE TABLE t (a integer, b text, c integer);
CREATE MATERIALIZED VIEW mv AS SELECT a, b FROM t;
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE MATERIALIZED VIEW mv WITH (fillfactor=70, autovacuum_enabled=off) AS SELECT a, b FROM t;
ALTER MATERIALIZED VIEW mv ALTER b SET STORAGE EXTERNAL;
ALTER MATERIALIZED VIEW mv ALTER a SET STATISTICS 7;
ALTER MATERIALIZED VIEW mv ALTER a SET (n_distinct=7);

-- case: matview compression
CREATE TABLE t (a integer, b text, c integer);
CREATE MATERIALIZED VIEW mv AS SELECT a, b FROM t;
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE MATERIALIZED VIEW mv AS SELECT a, b FROM t;
ALTER MATERIALIZED VIEW mv ALTER b SET COMPRESSION pglz;

-- case: matview toast
CREATE TABLE t (a integer, b text, c integer);
CREATE MATERIALIZED VIEW mv AS SELECT a, b FROM t;
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE MATERIALIZED VIEW mv WITH (toast.autovacuum_enabled=off) AS SELECT a, b FROM t;

-- case: matview cluster
CREATE TABLE t (a integer, b text, c integer);
CREATE MATERIALIZED VIEW mv AS SELECT a, b FROM t;
CREATE INDEX i ON mv (a);
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE MATERIALIZED VIEW mv AS SELECT a, b FROM t;
CREATE INDEX i ON mv (a);
ALTER MATERIALIZED VIEW mv CLUSTER ON i;

-- case: function attrs
CREATE FUNCTION g(a integer) RETURNS integer LANGUAGE plpgsql AS $$BEGIN RETURN a; END$$;
-- becomes
CREATE FUNCTION g(a integer) RETURNS integer LANGUAGE plpgsql STRICT STABLE LEAKPROOF PARALLEL SAFE COST 7 SECURITY DEFINER SET search_path = 'pg_catalog' SET work_mem='4MB' AS $$BEGIN RETURN a; END$$;

-- case: function support
CREATE FUNCTION g(a integer) RETURNS integer LANGUAGE plpgsql AS $$BEGIN RETURN a; END$$;
-- becomes
CREATE FUNCTION g(a integer) RETURNS integer LANGUAGE plpgsql SUPPORT pg_catalog.array_unnest_support AS $$BEGIN RETURN a; END$$;

-- case: function rows
CREATE FUNCTION s() RETURNS SETOF integer LANGUAGE sql AS 'SELECT 1';
-- becomes
CREATE FUNCTION s() RETURNS SETOF integer LANGUAGE sql ROWS 7 AS 'SELECT 1';

-- case: function defaults gone
CREATE FUNCTION g(a integer DEFAULT 5) RETURNS integer LANGUAGE plpgsql AS $$BEGIN RETURN a; END$$;
GRANT EXECUTE ON FUNCTION g TO bob;
COMMENT ON FUNCTION g IS 'x';
ALTER FUNCTION g OWNER TO alice;
-- becomes
CREATE FUNCTION g(a integer) RETURNS integer LANGUAGE plpgsql AS $$BEGIN RETURN a; END$$;
GRANT EXECUTE ON FUNCTION g TO bob;
COMMENT ON FUNCTION g IS 'x';
ALTER FUNCTION g OWNER TO alice;

-- case: function variadic noname
CREATE FUNCTION g(integer[]) RETURNS integer LANGUAGE sql AS 'SELECT 1';
-- becomes
CREATE FUNCTION g(VARIADIC integer[]) RETURNS integer LANGUAGE sql AS 'SELECT 1';

-- case: function out type
CREATE PROCEDURE g(a integer, OUT b integer) LANGUAGE plpgsql AS 'BEGIN END';
-- becomes
CREATE PROCEDURE g(a integer, OUT b text) LANGUAGE plpgsql AS 'BEGIN END';

-- case: function to proc
CREATE FUNCTION g(a integer) RETURNS void LANGUAGE sql AS 'SELECT 1';
-- becomes
CREATE PROCEDURE g(a integer) LANGUAGE sql AS 'SELECT 1';

-- case: function depending default gone
CREATE FUNCTION g(a integer DEFAULT 5) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE TABLE t (x integer DEFAULT g(3));
CREATE INDEX i ON t (g(x));
CREATE VIEW v AS SELECT g(x) AS y FROM t;
-- becomes
CREATE FUNCTION g(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE TABLE t (x integer DEFAULT g(3));
CREATE INDEX i ON t (g(x));
CREATE VIEW v AS SELECT g(x) AS y FROM t;

-- case: sequence logged of unlogged
CREATE UNLOGGED TABLE t (a serial, b integer GENERATED ALWAYS AS IDENTITY);
-- becomes
CREATE UNLOGGED TABLE t (a serial, b integer GENERATED ALWAYS AS IDENTITY);
ALTER SEQUENCE t_a_seq SET LOGGED;
ALTER SEQUENCE t_b_seq SET LOGGED;

-- case: identity seqname
CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY);
-- becomes
CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME zz START 5));

-- case: identity sequence grants
CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY);
-- becomes
CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY);
GRANT USAGE ON SEQUENCE t_a_seq TO bob;
COMMENT ON SEQUENCE t_a_seq IS 'x';

-- case: identity part (since 17)
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
-- becomes
CREATE TABLE m (id integer GENERATED ALWAYS AS IDENTITY, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);

-- case: identity partition make (since 17)
-- becomes
CREATE TABLE m (id integer GENERATED ALWAYS AS IDENTITY (START 7), at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE m2 (id integer NOT NULL, at integer);
ALTER TABLE m ATTACH PARTITION m2 FOR VALUES FROM (10) TO (20);

-- case: index only
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
-- becomes
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE INDEX i ON ONLY m (id);

-- case: index only then
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE INDEX i ON ONLY m (id);
-- becomes
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE INDEX i ON m (id);

-- case: index only partial attach
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (10) TO (20);
CREATE INDEX i ON ONLY m (id);
-- becomes
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (10) TO (20);
CREATE INDEX i ON ONLY m (id);
CREATE INDEX i1 ON m1 (id);
ALTER INDEX i ATTACH PARTITION i1;

-- case: index attach
CREATE TABLE m (id integer NOT NULL, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE INDEX i ON ONLY m (id);
CREATE INDEX j ON m1 (id);
-- becomes
CREATE TABLE m (id integer NOT NULL, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE INDEX i ON ONLY m (id);
CREATE INDEX j ON m1 (id);
ALTER INDEX i ATTACH PARTITION j;

-- case: key attach
CREATE TABLE m (id integer NOT NULL, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
ALTER TABLE ONLY m ADD UNIQUE (id, at);
ALTER TABLE m1 ADD UNIQUE (id, at);
-- becomes
CREATE TABLE m (id integer NOT NULL, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
ALTER TABLE m ADD UNIQUE (id, at);

-- case: index opclass params
CREATE TABLE t (a integer, b text, c integer);
CREATE EXTENSION pg_trgm;
CREATE INDEX i ON t USING gist (b gist_trgm_ops);
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE EXTENSION pg_trgm;
CREATE INDEX i ON t USING gist (b gist_trgm_ops(siglen=32));

-- case: index cluster moves
CREATE TABLE t (a integer, b text, c integer);
CREATE INDEX i ON t (a);
CREATE INDEX j ON t (b);
ALTER TABLE t CLUSTER ON i;
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE INDEX i ON t (a);
CREATE INDEX j ON t (b);
ALTER TABLE t CLUSTER ON j;

-- case: key index comment2
CREATE TABLE t (a integer PRIMARY KEY);
-- becomes
CREATE TABLE t (a integer PRIMARY KEY);
COMMENT ON INDEX t_pkey IS 'x';

-- case: statistics expr
CREATE TABLE t (a integer, b text, c integer);
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE STATISTICS s (mcv) ON (a + c), b FROM t;
ALTER STATISTICS s SET STATISTICS 99;

-- case: publication schema
CREATE TABLE t (a integer, b text, c integer);
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE PUBLICATION p FOR TABLES IN SCHEMA public, TABLE t WITH (publish='insert', publish_via_partition_root);

-- case: publication gen (since 18)
CREATE TABLE t (a integer, b text, c integer);
CREATE PUBLICATION p FOR TABLE t;
-- becomes
CREATE TABLE t (a integer, b text, c integer);
CREATE PUBLICATION p FOR TABLE t WITH (publish_generated_columns=stored);

-- case: publication inherit
CREATE TABLE p (a integer);
CREATE TABLE c () INHERITS (p);
CREATE PUBLICATION q FOR TABLE p;
-- becomes
CREATE TABLE p (a integer);
CREATE TABLE c () INHERITS (p);
CREATE PUBLICATION q FOR TABLE ONLY p;

-- case: access method parted (since 17)
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE ACCESS METHOD hp2 TYPE TABLE HANDLER heap_tableam_handler;
-- becomes
CREATE ACCESS METHOD hp2 TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at) USING hp2;
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10) USING heap;

-- case: domain not null renamed (since 18)
CREATE DOMAIN d AS text NOT NULL;
CREATE TABLE t (x d);
-- becomes
CREATE DOMAIN d AS text CONSTRAINT q NOT NULL;
CREATE TABLE t (x d);

-- case: domain not null comment (since 18)
CREATE DOMAIN d AS text CONSTRAINT q NOT NULL;
CREATE TABLE t (x d);
-- becomes
CREATE DOMAIN d AS text CONSTRAINT q NOT NULL;
COMMENT ON CONSTRAINT q ON DOMAIN d IS 'x';
CREATE TABLE t (x d);

-- case: domain not null named (since 18)
CREATE DOMAIN d AS text;
CREATE TABLE t (x d);
-- becomes
CREATE DOMAIN d AS text CONSTRAINT q NOT NULL;
CREATE TABLE t (x d);

-- case: domain of dom
CREATE DOMAIN d AS text;
CREATE DOMAIN e AS d;
CREATE TABLE t (x e);
-- becomes
CREATE DOMAIN d AS varchar(5);
CREATE DOMAIN e AS d DEFAULT 'x' CHECK (VALUE <> 'y');
CREATE TABLE t (x e);

-- case: partition not null rename (since 18)
CREATE TABLE m (id integer NOT NULL, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
-- becomes
CREATE TABLE m (id integer NOT NULL, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 (id integer CONSTRAINT zz NOT NULL, at integer);
ALTER TABLE m ATTACH PARTITION m1 FOR VALUES FROM (0) TO (10);

-- case: not null partition twice (since 18)
CREATE TABLE p (a integer NOT NULL) PARTITION BY LIST (a);
CREATE TABLE c PARTITION OF p FOR VALUES IN (1);
-- becomes
CREATE TABLE p (a integer NOT NULL) PARTITION BY LIST (a);
CREATE TABLE c (a integer NOT NULL);
ALTER TABLE p ATTACH PARTITION c FOR VALUES IN (1);

-- case: toast tuple
CREATE TABLE t (a integer, b text, c integer);
-- becomes
CREATE TABLE t (a integer, b text, c integer);
ALTER TABLE t SET (toast_tuple_target = 200, parallel_workers = 3, user_catalog_table = true, vacuum_truncate=off, log_autovacuum_min_duration=4);

-- case: rls part
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
-- becomes
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
ALTER TABLE m ENABLE ROW LEVEL SECURITY;
ALTER TABLE m1 FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON m TO bob, alice USING (true);

-- case: foreign partition
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
-- becomes
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE FOREIGN TABLE mf PARTITION OF m FOR VALUES FROM (10) TO (20) SERVER s;

-- case: sub partitions
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
-- becomes
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
CREATE TABLE m2a PARTITION OF m2 FOR VALUES IN (1) PARTITION BY HASH (at);
CREATE TABLE m2aa PARTITION OF m2a FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE UNIQUE INDEX u ON m (id, at);

-- case: foreign key on partition to parent
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE q (id integer PRIMARY KEY);
ALTER TABLE m1 ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES q;
-- becomes
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE q (id integer PRIMARY KEY);
ALTER TABLE m ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES q;

-- case: foreign key parted not valid (since 18)
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE q (id integer PRIMARY KEY);
-- becomes
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE q (id integer PRIMARY KEY);
ALTER TABLE m ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES q NOT VALID;

-- case: check enforced parted (since 18)
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
-- becomes
CREATE TABLE m (id integer, at integer) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
ALTER TABLE m ADD CONSTRAINT k CHECK (id > 0) NOT ENFORCED;

-- case: composite type changes around a table of it
CREATE TYPE ty AS (a integer, b text);
CREATE TABLE t OF ty;
CREATE INDEX i ON t (a);
CREATE VIEW v AS SELECT a FROM t;
-- becomes
CREATE TYPE ty AS (a bigint, b text, c date);
CREATE TABLE t OF ty;
CREATE INDEX i ON t (a);
CREATE VIEW v AS SELECT a FROM t;
-- rows
INSERT INTO t VALUES (1, 'x');

-- case: partition key of another type
CREATE TABLE m (id integer, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10) PARTITION BY LIST (at);
CREATE TABLE m1a PARTITION OF m1 DEFAULT;
CREATE VIEW v AS SELECT id FROM m;
-- becomes
CREATE TABLE m (id bigint, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10) PARTITION BY LIST (at);
CREATE TABLE m1a PARTITION OF m1 DEFAULT;
CREATE VIEW v AS SELECT id FROM m;
-- rows
INSERT INTO m VALUES (1, '2024-01-01');

-- case: partition keys of other types below
CREATE TABLE m (id integer, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10) PARTITION BY LIST (at);
CREATE TABLE m1a PARTITION OF m1 DEFAULT;
CREATE VIEW v AS SELECT id FROM m;
-- becomes
CREATE TABLE m (id bigint, at timestamp, PRIMARY KEY (id, at)) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10) PARTITION BY LIST (at);
CREATE TABLE m1a PARTITION OF m1 DEFAULT;
CREATE VIEW v AS SELECT id FROM m;
-- rows
INSERT INTO m VALUES (1, '2024-01-01');

-- case: enum grows in a bound
CREATE TYPE e AS ENUM ('a','b');
CREATE TABLE m (x e) PARTITION BY LIST (x);
CREATE TABLE m1 PARTITION OF m FOR VALUES IN ('a');
-- becomes
CREATE TYPE e AS ENUM ('a','b','c');
CREATE TABLE m (x e) PARTITION BY LIST (x);
CREATE TABLE m1 PARTITION OF m FOR VALUES IN ('a', 'c');
-- rows
INSERT INTO m VALUES ('a');

-- case: enum shrinks under a bound
CREATE TYPE e AS ENUM ('a','b', 'c');
CREATE TABLE m (x e) PARTITION BY LIST (x);
CREATE TABLE m1 PARTITION OF m FOR VALUES IN ('a');
-- becomes
CREATE TYPE e AS ENUM ('b', 'a');
CREATE TABLE m (x e) PARTITION BY LIST (x);
CREATE TABLE m1 PARTITION OF m FOR VALUES IN ('a');
-- rows
INSERT INTO m VALUES ('a');

-- case: inherited tree column
CREATE TABLE p (a integer);
CREATE TABLE c () INHERITS (p);
CREATE TABLE d () INHERITS (c);
-- becomes
CREATE TABLE p (a integer, b text DEFAULT 'x' CHECK (b <> 'y'));
CREATE TABLE c (z integer DEFAULT 4) INHERITS (p);
CREATE TABLE d (b text DEFAULT 'u') INHERITS (c);
