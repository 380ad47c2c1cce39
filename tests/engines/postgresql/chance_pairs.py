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
}

TYPES = {
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

OTHERS = {
    "a publication of columns in other places": (
        "CREATE TABLE w (a integer, c integer, d integer); CREATE PUBLICATION r",
        "CREATE TABLE w (c integer, a integer, d integer); CREATE PUBLICATION r FOR TABLE w (c, a)",
    ),
    "a sequence goes to or from a table that goes to another owner": (
        "CREATE TABLE t (a integer, c integer); CREATE SEQUENCE s OWNED BY t.c",
        "CREATE TABLE t (a integer); ALTER TABLE t OWNER TO owner_é",
    ),
}

PAIRS = {**ABOVE_AND_BELOW, **TYPES, **OTHERS}
