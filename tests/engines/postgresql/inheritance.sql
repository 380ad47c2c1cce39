-- Pairs of schemas whose tables inherit or are partitions; test_inheritance.py leads a database from one to the other and
-- back. The form is that of attributes.sql.

-- case: plain becomes heir, columns not local
CREATE TABLE p (a integer, b text);
CREATE TABLE c (a integer, b text, d integer);
-- becomes
CREATE TABLE p (a integer, b text);
CREATE TABLE c (d integer) INHERITS (p);
-- rows
INSERT INTO c VALUES (1, 'x', 2), (3, 'y', 4);
INSERT INTO p VALUES (9, 'z');

-- case: plain becomes heir, columns local
CREATE TABLE p (a integer, b text);
CREATE TABLE c (a integer, b text, d integer);
-- becomes
CREATE TABLE p (a integer, b text);
CREATE TABLE c (a integer, b text, d integer) INHERITS (p);
-- rows
INSERT INTO c VALUES (1, 'x', 2), (3, 'y', 4);

-- case: plain becomes heir with all around it
CREATE TABLE p (a integer, b text);
CREATE TABLE c (id serial PRIMARY KEY, a integer NOT NULL, b text DEFAULT 'q', d integer CHECK (d > 0));
CREATE INDEX ci ON c (b);
CREATE VIEW v AS SELECT a, b FROM c;
CREATE TABLE r (id integer REFERENCES c);
COMMENT ON TABLE c IS 'cc'; COMMENT ON COLUMN c.b IS 'bb';
GRANT SELECT ON c TO PUBLIC;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr AFTER INSERT ON c FOR EACH ROW EXECUTE FUNCTION f();
-- becomes
CREATE TABLE p (a integer, b text);
CREATE TABLE c (id serial PRIMARY KEY, d integer CHECK (d > 0)) INHERITS (p);
ALTER TABLE c ALTER a SET NOT NULL;
ALTER TABLE c ALTER b SET DEFAULT 'q';
CREATE INDEX ci ON c (b);
CREATE VIEW v AS SELECT a, b FROM c;
CREATE TABLE r (id integer REFERENCES c);
COMMENT ON TABLE c IS 'cc'; COMMENT ON COLUMN c.b IS 'bb';
GRANT SELECT ON c TO PUBLIC;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr AFTER INSERT ON c FOR EACH ROW EXECUTE FUNCTION f();
-- rows
INSERT INTO c (a, b, d) VALUES (1, 'x', 2), (3, 'y', 4);
INSERT INTO r VALUES (1);

-- case: order of parents
CREATE TABLE p (a integer); CREATE TABLE q (b integer);
CREATE TABLE c (d integer) INHERITS (p, q);
-- becomes
CREATE TABLE p (a integer); CREATE TABLE q (b integer);
CREATE TABLE c (d integer) INHERITS (q, p);
-- rows
INSERT INTO c VALUES (1, 2, 3);

-- case: two parents merged
CREATE TABLE p (a integer); CREATE TABLE q (a integer);
CREATE TABLE c (d integer) INHERITS (p);
-- becomes
CREATE TABLE p (a integer); CREATE TABLE q (a integer);
CREATE TABLE c (d integer) INHERITS (p, q);
-- rows
INSERT INTO c VALUES (1, 2);

-- case: another parent
CREATE TABLE p (a integer, x integer); CREATE TABLE q (a integer, y integer);
CREATE TABLE c (d integer) INHERITS (p);
-- becomes
CREATE TABLE p (a integer, x integer); CREATE TABLE q (a integer, y integer);
CREATE TABLE c (d integer) INHERITS (q);
-- rows
INSERT INTO c VALUES (1, 2, 3);

-- case: multi-level, column added in the middle and top dropped
CREATE TABLE p (a integer, b text);
CREATE TABLE c (d integer) INHERITS (p);
CREATE TABLE g (e integer) INHERITS (c);
-- becomes
CREATE TABLE p (a integer);
CREATE TABLE c (d integer, x integer DEFAULT 4) INHERITS (p);
CREATE TABLE g (e integer) INHERITS (c);
-- rows
INSERT INTO g VALUES (1, 'x', 3, 4);

-- case: partition with own keys
CREATE TABLE m (id integer, b text) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
-- becomes
CREATE TABLE m (id integer, b text) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
ALTER TABLE m1 ADD PRIMARY KEY (id);
ALTER TABLE m1 ADD CONSTRAINT u UNIQUE (b);
ALTER TABLE m1 ADD CONSTRAINT k CHECK (b <> '') NOT VALID;
CREATE TABLE o (id integer REFERENCES m1);
-- rows
INSERT INTO m VALUES (1, 'x'), (2, 'y');

-- case: partition becomes an heir
CREATE TABLE m (id integer, b text) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE p (id integer, b text);
-- becomes
CREATE TABLE m (id integer, b text) PARTITION BY RANGE (id);
CREATE TABLE p (id integer, b text);
CREATE TABLE m1 () INHERITS (p);
-- rows
INSERT INTO m VALUES (1, 'x'), (2, 'y');

-- case: key by ALTER TABLE ONLY, a part lacking
CREATE TABLE x (a integer);
-- becomes
CREATE TABLE x (a integer);
CREATE TABLE m (id integer NOT NULL, k integer NOT NULL) PARTITION BY LIST (k);
CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1);
ALTER TABLE ONLY m ADD CONSTRAINT mk UNIQUE (k, id);
CREATE UNIQUE INDEX m1k ON m1 (k, id);

-- case: index by ON ONLY, a part lacking
CREATE TABLE x (a integer);
-- becomes
CREATE TABLE x (a integer);
CREATE TABLE m (id integer NOT NULL, k integer NOT NULL) PARTITION BY LIST (k);
CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1);
CREATE TABLE m2 PARTITION OF m FOR VALUES IN (2);
CREATE INDEX mk ON ONLY m (id);
CREATE INDEX m1k ON m1 (id);
ALTER INDEX mk ATTACH PARTITION m1k;

-- case: column moves up, not local below
CREATE TABLE p (a integer);
CREATE TABLE c (b text) INHERITS (p);
-- becomes
CREATE TABLE p (a integer, b text);
CREATE TABLE c () INHERITS (p);
-- rows
INSERT INTO c VALUES (1, 'x'), (3, 'y');
INSERT INTO p VALUES (9);

-- case: column moves up, local below
CREATE TABLE p (a integer);
CREATE TABLE c (b text) INHERITS (p);
-- becomes
CREATE TABLE p (a integer, b text);
CREATE TABLE c (b text) INHERITS (p);
-- rows
INSERT INTO c VALUES (1, 'x'), (3, 'y');
INSERT INTO p VALUES (9);

-- case: column moves up, two heirs
CREATE TABLE p (a integer);
CREATE TABLE c (b text) INHERITS (p);
CREATE TABLE e (b text, f integer) INHERITS (p);
-- becomes
CREATE TABLE p (a integer, b text);
CREATE TABLE c () INHERITS (p);
CREATE TABLE e (f integer) INHERITS (p);
-- rows
INSERT INTO c VALUES (1, 'x'), (3, 'y');
INSERT INTO e VALUES (1, 'x', 7), (3, 'y', 8);

-- case: column moves down from the top to the middle
CREATE TABLE p (a integer, b text);
CREATE TABLE c (d integer) INHERITS (p);
CREATE TABLE g (e integer) INHERITS (c);
-- becomes
CREATE TABLE p (a integer);
CREATE TABLE c (d integer, b text) INHERITS (p);
CREATE TABLE g (e integer) INHERITS (c);
-- rows
INSERT INTO g VALUES (1, 'x', 3, 4);
INSERT INTO c VALUES (1, 'x', 3);

-- case: column moves up with all around it
CREATE TABLE p (a integer);
CREATE TABLE c (b varchar(9) NOT NULL DEFAULT 'q' CHECK (b <> ''), d integer) INHERITS (p);
CREATE UNIQUE INDEX ci ON c (b);
CREATE VIEW v AS SELECT a, b FROM c;
COMMENT ON COLUMN c.b IS 'bb';
GRANT SELECT ON c TO PUBLIC;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''never''; END';
CREATE TRIGGER tr BEFORE UPDATE ON c FOR EACH ROW EXECUTE FUNCTION f();
-- becomes
CREATE TABLE p (a integer, b text NOT NULL DEFAULT 'p');
CREATE TABLE c (d integer, CONSTRAINT c_b_check CHECK (b <> '')) INHERITS (p);
CREATE UNIQUE INDEX ci ON c (b);
CREATE VIEW v AS SELECT a, b FROM c;
COMMENT ON COLUMN c.b IS 'bb';
GRANT SELECT ON c TO PUBLIC;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''never''; END';
CREATE TRIGGER tr BEFORE UPDATE ON c FOR EACH ROW EXECUTE FUNCTION f();
-- rows
INSERT INTO c VALUES (1, 'x', 2), (3, 'y', 4);
INSERT INTO p VALUES (9);

-- case: identity column added above heirs
CREATE TABLE p (a integer);
CREATE TABLE c (d integer) INHERITS (p);
-- becomes
CREATE TABLE p (a integer, id integer GENERATED ALWAYS AS IDENTITY);
CREATE TABLE c (d integer) INHERITS (p);
-- rows
INSERT INTO c VALUES (1, 2), (3, 4);
INSERT INTO p VALUES (5);

-- case: default partition replaced
CREATE TABLE m (id integer, b text) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m DEFAULT;
CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (100) TO (200);
-- becomes
CREATE TABLE m (id integer, b text) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE m2 PARTITION OF m DEFAULT;
-- rows
INSERT INTO m VALUES (1, 'x'), (2, 'y');

-- case: default partition another table
CREATE TABLE m (id integer, b text) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m DEFAULT;
CREATE TABLE n (id integer, b text);
-- becomes
CREATE TABLE m (id integer, b text) PARTITION BY RANGE (id);
CREATE TABLE m1 (id integer, b text);
CREATE TABLE n PARTITION OF m DEFAULT;
-- rows
INSERT INTO m VALUES (1, 'x'), (2, 'y');
INSERT INTO n VALUES (3, 'x');

-- case: heir's own check and comment
CREATE TABLE p (a integer, b text, CONSTRAINT k CHECK (a > 0) NO INHERIT);
CREATE TABLE c (d integer) INHERITS (p);
CREATE TABLE g (e integer) INHERITS (c);
-- becomes
CREATE TABLE p (a integer, b text, CONSTRAINT k CHECK (a > 0));
CREATE TABLE c (d integer, CONSTRAINT l CHECK (d > 0) NO INHERIT) INHERITS (p);
CREATE TABLE g (e integer) INHERITS (c);
COMMENT ON COLUMN c.a IS 'ca';
COMMENT ON COLUMN g.a IS 'ga';
ALTER TABLE c ALTER b SET DEFAULT 'x';
ALTER TABLE g ALTER b SET STORAGE EXTERNAL;
-- rows
INSERT INTO g VALUES (1, 'x', 3, 4);

-- case: partition detached with local differences
CREATE TABLE m (id integer, b text DEFAULT 'x', CONSTRAINT k CHECK (id > 0)) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
ALTER TABLE m1 ALTER b SET DEFAULT 'own';
ALTER TABLE m1 ALTER b SET STORAGE EXTERNAL;
ALTER TABLE m1 ADD CONSTRAINT own CHECK (b <> '');
CREATE UNIQUE INDEX m1i ON m1 (id);
COMMENT ON COLUMN m1.b IS 'hm';
CREATE INDEX mi ON m (b);
-- becomes
CREATE TABLE m (id integer, b text DEFAULT 'x', CONSTRAINT k CHECK (id > 0)) PARTITION BY RANGE (id);
CREATE TABLE m1 (id integer, b text DEFAULT 'own', CONSTRAINT own CHECK (b <> ''));
ALTER TABLE m1 ALTER b SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX m1i ON m1 (id);
COMMENT ON COLUMN m1.b IS 'hm';
CREATE INDEX mi ON m (b);
-- rows
INSERT INTO m VALUES (1, 'x'), (2, 'y');

-- case: a partition's own NOT NULL goes with the one above
CREATE TABLE p (a integer NOT NULL, b text NOT NULL) PARTITION BY LIST (b);
CREATE TABLE c PARTITION OF p FOR VALUES IN ('x');
ALTER TABLE c ALTER a SET NOT NULL;
-- becomes
CREATE TABLE p (a integer, b text) PARTITION BY LIST (b);
CREATE TABLE c PARTITION OF p FOR VALUES IN ('x');
-- rows
INSERT INTO c VALUES (1, 'x');

-- case: an own NOT NULL of a partition below a partition goes with those above
CREATE TABLE p (a integer NOT NULL, b text NOT NULL) PARTITION BY LIST (b);
CREATE TABLE q PARTITION OF p FOR VALUES IN ('x') PARTITION BY RANGE (a);
CREATE TABLE c PARTITION OF q FOR VALUES FROM (0) TO (9);
ALTER TABLE c ALTER a SET NOT NULL, ALTER b SET NOT NULL;
-- becomes
CREATE TABLE p (a integer, b text) PARTITION BY LIST (b);
CREATE TABLE q PARTITION OF p FOR VALUES IN ('x') PARTITION BY RANGE (a);
CREATE TABLE c PARTITION OF q FOR VALUES FROM (0) TO (9);
-- rows
INSERT INTO c VALUES (1, 'x');
