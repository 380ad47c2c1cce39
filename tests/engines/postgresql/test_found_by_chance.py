# ruff: noqa: ISC004 - a pair is two texts, and long ones go over several lines
"""Pairs of schemas that random ones led to (see random_schemas/) or thought did, each small and with a name.

They are led both ways, with rows and the online forms as well as on empty tables with the plain ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql import (
    chance_pairs,
    chance_pairs_dependents,
    chance_pairs_heirs,
    chance_pairs_keys,
    chance_pairs_routines,
    devised_pairs,
)
from tests.engines.postgresql.random_schemas.ground import ground
from tests.engines.postgresql.random_schemas.judge import Trial, judge

from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sql_text import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engines.postgresql.random_schemas.ground import Ground

    from dbdeed.engines.postgresql.servers.programs import Programs

# A pair whose name ends in a number needs that version.
PAIRS = {
    "not null, not valid, in a new table, 18": (
        "",
        "CREATE TABLE t (a integer); ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID",
    ),
    "not null, valid no more, 18": (
        "CREATE TABLE t (a integer, b integer, c integer); ALTER TABLE t ADD CONSTRAINT n NOT NULL a;"
        "ALTER TABLE t ALTER b SET NOT NULL",
        "CREATE TABLE t (a integer, b integer, c integer); ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID;"
        "ALTER TABLE t ADD CONSTRAINT t_b_not_null NOT NULL b NOT VALID;"
        "ALTER TABLE t ADD CONSTRAINT t_c_not_null NOT NULL c NOT VALID",
    ),
    "a domain's default of a type that is made here": (
        "",
        "CREATE TYPE mood AS ENUM ('low'); CREATE DOMAIN price AS mood DEFAULT 'low'::mood",
    ),
    "a domain's constraint that its values do not pass": (
        "CREATE DOMAIN d AS integer; ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 1) NOT VALID;"
        "CREATE TABLE t (a d)",
        "CREATE DOMAIN d AS integer CONSTRAINT c CHECK (VALUE > 1); CREATE TABLE t (a d)",
    ),
    "statistics over columns in other places": (
        "CREATE TABLE t (a integer, b integer, c integer); CREATE STATISTICS s ON b, a, (c + 1) FROM t;"
        "CREATE STATISTICS e ON (a + 1) FROM t",
        "CREATE TABLE t (b integer, c integer, a integer); CREATE STATISTICS s ON b, a, (c + 1) FROM t;"
        "CREATE STATISTICS e ON (a + 1) FROM t",
    ),
    "values of a varchar with a length": (
        "",
        "CREATE TABLE t (a varchar(20), b varchar); ALTER TABLE t ADD CHECK (a IN ('x,]', 'it''s'));"
        "ALTER TABLE t ADD CHECK (a = ANY (ARRAY['7'::varchar(20), 'a'::varchar(20)]));"
        "ALTER TABLE t ADD CHECK (upper(b) <> ALL (ARRAY['7'::varchar, 'a'::varchar(9)]) AND b IN ('1', '2'));"
        "CREATE MATERIALIZED VIEW m AS SELECT a FROM t WHERE a IN ('a'::varchar(20), 'b'::varchar(20));"
        "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC"
        " SELECT count(*) FROM t WHERE a IN ('a', 'b') AND a = ANY ((ARRAY[1, 2])::text[]); END;"
        "CREATE FUNCTION g() RETURNS text LANGUAGE sql"
        " AS 'SELECT ''((ARRAY[''''a''''::character varying])::text[])'''",
    ),
    "the name of a not-null constraint goes to another column, 18": (
        "CREATE TABLE t (z integer CONSTRAINT n NOT NULL, b integer, c integer)",
        "CREATE TABLE t (z integer, b integer CONSTRAINT n NOT NULL, c integer)",
    ),
    "a generated column becomes a plain one of another type": (
        "CREATE TABLE t (a integer, g integer GENERATED ALWAYS AS (a * 2) STORED)",
        "CREATE TABLE t (a integer, g boolean DEFAULT true)",
    ),
    "a collation goes with the type": (
        "CREATE TYPE e AS ENUM ('1', 'low'); CREATE TABLE t (a e, b integer, c text COLLATE \"C\")",
        'CREATE TABLE t (a text COLLATE "C", b text COLLATE "POSIX", c text)',
    ),
    "a generated column with another expression of another type": (
        "CREATE TABLE t (a integer, g text GENERATED ALWAYS AS ((a + 2)::text) STORED)",
        "CREATE TABLE t (a integer, g integer GENERATED ALWAYS AS (a + 1) STORED)",
    ),
    "an enum's default that calls a function": (
        "CREATE TYPE e AS ENUM ('a'); CREATE FUNCTION g() RETURNS e LANGUAGE sql AS 'SELECT ''a''::e';"
        "CREATE TABLE t (x e[], y e DEFAULT g())",
        "CREATE TYPE e AS ENUM ('b', 'c'); CREATE FUNCTION g() RETURNS e LANGUAGE sql AS 'SELECT ''b''::e';"
        "CREATE TABLE t (x e[], y e DEFAULT g())",
    ),
    "values of a domain over text": (
        "",
        "CREATE DOMAIN d AS varchar(9); CREATE DOMAIN e AS d; CREATE TABLE t (a d, b e, c text);"
        "CREATE POLICY p ON t USING (a IN ('a'::d, 'b') AND b = ANY (ARRAY['a'::e, 'b'::e]));"
        "CREATE POLICY q ON t USING (c = ANY (ARRAY['a'::d, 'b'::d]))",
    ),
    "the owner of a table with an identity": (
        "",
        "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, s serial); ALTER TABLE t OWNER TO reader",
    ),
    "a table with other columns becomes a partition": (
        "CREATE TABLE p (a integer, b text, c integer) PARTITION BY LIST (a);"
        "CREATE TABLE t (a bigint, d date, g integer); CREATE VIEW v AS SELECT a FROM t;"
        "CREATE TYPE mood AS (); CREATE TABLE u OF mood; CREATE TABLE w (a integer, c integer, b text)",
        "CREATE TABLE p (a integer NOT NULL, b text DEFAULT 'x', c integer) PARTITION BY LIST (a);"
        "CREATE TABLE t PARTITION OF p FOR VALUES IN (1); CREATE VIEW v AS SELECT a FROM t;"
        "CREATE TABLE u PARTITION OF p FOR VALUES IN (2, 3); ALTER TABLE u ALTER b SET DEFAULT 'y';"
        "CREATE TABLE w PARTITION OF p FOR VALUES IN (5)",
    ),
    "a partition with a not-null column stands alone": (
        "CREATE TABLE p (a integer NOT NULL, b integer CONSTRAINT n NOT NULL) PARTITION BY LIST (a);"
        "CREATE TABLE t PARTITION OF p FOR VALUES IN (1)",
        "CREATE TABLE p (a integer NOT NULL, b integer CONSTRAINT n NOT NULL) PARTITION BY LIST (a);"
        "CREATE TABLE t (a integer NOT NULL, b integer NOT NULL)",
    ),
    "options set in another order": (
        "CREATE FOREIGN DATA WRAPPER w OPTIONS (port '6000');"
        "CREATE TABLE t (a integer) WITH (parallel_workers = 2); ALTER TABLE t ALTER a SET (n_distinct_inherited = 7)",
        "CREATE FOREIGN DATA WRAPPER w OPTIONS (host 'there', port '6000');"
        "CREATE TABLE t (a integer) WITH (fillfactor = 70, parallel_workers = 2);"
        "ALTER TABLE t ALTER a SET (n_distinct = 5, n_distinct_inherited = 7)",
    ),
    "a new column that computes NULL": (
        "CREATE TABLE t (a integer); CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT NULL::integer'",
        "CREATE TABLE t (a integer, b text NOT NULL GENERATED ALWAYS AS (CASE WHEN a > 1 THEN 'x' END) STORED,"
        " c integer);"
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT NULL::integer';"
        "ALTER TABLE t ALTER c SET DEFAULT f(), ALTER c SET NOT NULL",
    ),
    "a view's default of a type that is made here": (
        "",
        "CREATE TYPE mood AS ENUM ('a'); CREATE FUNCTION zz() RETURNS integer LANGUAGE sql AS 'SELECT 1';"
        "CREATE VIEW v AS SELECT ''::text AS a, 2 AS b; ALTER VIEW v ALTER a SET DEFAULT 'a'::mood;"
        "ALTER VIEW v ALTER b SET DEFAULT zz()",
    ),
    "an identity becomes a text": (
        "CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY, b bigint GENERATED ALWAYS AS IDENTITY)",
        "CREATE TABLE t (a text, b integer)",
    ),
    "storage and compression stay with another type": (
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (a e[], b varchar(9), c e[]);"
        "ALTER TABLE t ALTER a SET STORAGE EXTERNAL; ALTER TABLE t ALTER b SET STORAGE MAIN;"
        "ALTER TABLE t ALTER b SET COMPRESSION pglz; ALTER TABLE t ALTER c SET STORAGE EXTERNAL",
        "CREATE TYPE e AS ENUM ('b'); CREATE TABLE t (a text[], b text, c e[]);"
        "ALTER TABLE t ALTER a SET STORAGE EXTERNAL; ALTER TABLE t ALTER b SET STORAGE MAIN;"
        "ALTER TABLE t ALTER b SET COMPRESSION pglz; ALTER TABLE t ALTER c SET STORAGE EXTERNAL",
    ),
    "targets of statistics stay with another type": (
        "CREATE TABLE t (a integer, b integer); CREATE STATISTICS s ON a, b FROM t;"
        "ALTER STATISTICS s SET STATISTICS 90; COMMENT ON STATISTICS s IS 'both';"
        "CREATE STATISTICS o ON a, b FROM t; GRANT CREATE ON SCHEMA public TO reader;"
        "ALTER STATISTICS o OWNER TO reader; CREATE INDEX i ON t ((a + 1)); ALTER INDEX i ALTER 1 SET STATISTICS 7",
        "CREATE TABLE t (a bigint, b bigint); CREATE STATISTICS s ON a, b FROM t;"
        "ALTER STATISTICS s SET STATISTICS 90; COMMENT ON STATISTICS s IS 'both';"
        "CREATE STATISTICS o ON a, b FROM t; GRANT CREATE ON SCHEMA public TO reader;"
        "ALTER STATISTICS o OWNER TO reader; CREATE INDEX i ON t ((a + 1)); ALTER INDEX i ALTER 1 SET STATISTICS 7",
    ),
    "a view over another kind of the same name": (
        "CREATE TABLE x (a integer, b integer); CREATE VIEW v AS SELECT a FROM x",
        "CREATE TABLE z (a integer, b integer); CREATE MATERIALIZED VIEW x AS SELECT a, b FROM z;"
        "CREATE VIEW v AS SELECT a, b FROM x",
    ),
    "a sequence goes to a table of another owner": (
        "CREATE TABLE t (a integer, b integer, e integer GENERATED ALWAYS AS IDENTITY); CREATE TABLE k (a integer);"
        "CREATE SEQUENCE s; CREATE SEQUENCE r;"
        "ALTER SEQUENCE r OWNED BY k.a; ALTER TABLE t OWNER TO reader",
        "CREATE TABLE t (a integer, b integer, e serial, c serial, d integer); CREATE TABLE k (a integer);"
        "CREATE SEQUENCE s OWNED BY t.a; CREATE SEQUENCE r OWNED BY t.b; CREATE SEQUENCE n AS integer;"
        "ALTER SEQUENCE n OWNED BY t.d; ALTER TABLE t OWNER TO reader",
    ),
    "a view over what a table has from the one above": (
        "",
        "CREATE TABLE p (a integer, b integer); CREATE TABLE z () INHERITS (p); CREATE VIEW v AS SELECT a FROM z;"
        "CREATE TABLE m (a integer, b integer) PARTITION BY LIST (a);"
        "CREATE TABLE zz PARTITION OF m FOR VALUES IN (1); CREATE VIEW c AS SELECT b FROM zz;"
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT max(b) FROM zz; END",
    ),
    "options of a TOAST table that is not there yet": (
        "CREATE TABLE t (a integer)",
        "CREATE TABLE t (a text); ALTER TABLE t SET (toast.autovacuum_enabled = off)",
    ),
    "a partition key's column gets another type": (
        "CREATE TABLE p (a integer NOT NULL, b text) PARTITION BY LIST (a); CREATE TABLE q PARTITION OF p DEFAULT;"
        "CREATE VIEW v AS SELECT a FROM p",
        "CREATE TABLE p (a text NOT NULL, b text) PARTITION BY LIST (a); CREATE TABLE q PARTITION OF p DEFAULT;"
        "CREATE VIEW v AS SELECT a FROM p",
    ),
    "rights on a column stay when those on its table go": (
        "CREATE TABLE t (a integer, b integer); GRANT UPDATE, SELECT ON t TO reader;"
        "GRANT UPDATE (a) ON t TO reader; GRANT SELECT ON t TO owner_é WITH GRANT OPTION;"
        "CREATE VIEW v AS SELECT a FROM t; GRANT SELECT (a), SELECT ON v TO reader",
        "CREATE TABLE t (a integer, b integer); GRANT SELECT ON t TO reader;"
        "GRANT UPDATE (a), SELECT (b) ON t TO reader; GRANT SELECT (b), UPDATE (b) ON t TO owner_é;"
        "CREATE VIEW v AS SELECT a FROM t; GRANT SELECT (a) ON v TO reader",
    ),
    "a default calls a function over its own table": (
        "",
        "CREATE TABLE t (a integer, b integer, c text, CHECK (b > 0)); CREATE INDEX i ON t (b);"
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT max(a) + 1 FROM t; END;"
        "ALTER TABLE t ALTER b SET DEFAULT f(); CREATE STATISTICS s ON a, b FROM t;"
        "CREATE POLICY p ON t USING (b > 1)",
    ),
    "a check over a column whose default calls a function of its row": (
        "CREATE TYPE e AS ENUM ('a')",
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (a integer, b integer, c integer, CHECK (b > 0));"
        "CREATE FUNCTION f(t, e DEFAULT 'b') RETURNS integer LANGUAGE sql AS 'SELECT 1';"
        "ALTER TABLE t ALTER b SET DEFAULT f(NULL::t), ADD g integer GENERATED ALWAYS AS (b + 1) STORED",
    ),
    "a partition of another table computes other columns": (
        "CREATE TABLE p (a integer, c integer, z integer GENERATED ALWAYS AS (a + 1) STORED) PARTITION BY LIST (c);"
        "CREATE TABLE t PARTITION OF p FOR VALUES IN (1)",
        "CREATE TABLE o (c integer, y integer GENERATED ALWAYS AS (b + 1) STORED, b integer) PARTITION BY LIST (c);"
        "CREATE TABLE t PARTITION OF o FOR VALUES IN (1)",
    ),
    "a view over a partition's own form of a column that goes": (
        "CREATE TABLE p (a integer, b integer, c integer) PARTITION BY LIST (a);"
        "CREATE TABLE t PARTITION OF p FOR VALUES IN (1); ALTER TABLE t ALTER b SET DEFAULT 3;"
        "CREATE VIEW v AS SELECT a, b FROM t; CREATE TABLE h (a integer, b integer); CREATE TABLE i () INHERITS (h);"
        "ALTER TABLE i ALTER b SET DEFAULT 4; CREATE VIEW w AS SELECT a, b FROM i",
        "CREATE TABLE p (a integer, c integer) PARTITION BY LIST (a); CREATE TABLE t PARTITION OF p FOR VALUES IN (1);"
        "CREATE VIEW v AS SELECT a FROM t; CREATE TABLE h (a integer); CREATE TABLE i () INHERITS (h);"
        "CREATE VIEW w AS SELECT a FROM i",
    ),
    "a partition has a not-null column of its own, and its key another type": (
        "CREATE TABLE p (a integer, b integer, c integer) PARTITION BY LIST (a);"
        "CREATE TABLE t PARTITION OF p DEFAULT PARTITION BY LIST (b); ALTER TABLE t ALTER c SET NOT NULL;"
        "CREATE TABLE u PARTITION OF t DEFAULT",
        "CREATE TABLE p (a integer, b varchar(20), c integer) PARTITION BY LIST (a);"
        "CREATE TABLE t PARTITION OF p DEFAULT PARTITION BY LIST (b); ALTER TABLE t ALTER c SET NOT NULL;"
        "CREATE TABLE u PARTITION OF t DEFAULT",
    ),
    "an index of a partition has a column twice": (
        "CREATE TABLE p (d integer, e integer) PARTITION BY LIST (d); CREATE TABLE t PARTITION OF p DEFAULT;"
        "CREATE INDEX i ON p (d, d); CREATE INDEX j ON p (d, e, d) INCLUDE (d)",
        "",
    ),
    "a server goes, and its user mappings": (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
        "CREATE USER MAPPING FOR reader SERVER s; CREATE USER MAPPING FOR PUBLIC SERVER s",
        "CREATE FOREIGN DATA WRAPPER w",
    ),
    "a domain that takes no NULL has another type below": (
        "CREATE DOMAIN d AS varchar(20) NOT NULL; CREATE TABLE t (a d)",
        "CREATE DOMAIN d AS bigint NOT NULL; CREATE TABLE t (a d)",
    ),
    "an enum grows behind an empty value": (
        "CREATE TYPE e AS ENUM ('b', '', 'd')",
        "CREATE TYPE e AS ENUM ('b', '', 'c', 'cc', 'd', 'e')",
    ),
}  # fmt: skip


_ALL = {
    **PAIRS,
    **chance_pairs.PAIRS,
    **chance_pairs_dependents.PAIRS,
    **chance_pairs_heirs.PAIRS,
    **chance_pairs_keys.PAIRS,
    **chance_pairs_routines.PAIRS,
    **devised_pairs.PAIRS,
}


@pytest.fixture(scope="module")
def there(programs: Programs) -> Iterator[Ground]:
    with ground(programs) as running:
        yield running


def _statements(sql: str) -> list[str]:
    return [one.sql for one in read(sql, RULES)]


@pytest.mark.parametrize(
    "rows", [pytest.param(True, id="rows"), pytest.param(False, id="empty", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("name", _ALL)
def test_a_pair_found_by_chance(name: str, there: Ground, rows: bool) -> None:
    needs = name.rpartition(" ")[2]
    if needs.isdigit() and there.major < int(needs):
        pytest.skip(f"needs version {needs}")
    first, second = map(_statements, _ALL[name])
    judge(there, Trial(first, second, rows, dump=rows, strict=True))
