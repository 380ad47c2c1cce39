# ruff: noqa: ISC004 - a pair is two texts, and long ones go over several lines
"""Kinds of objects of which some need a superuser: made, changed and dropped by the plan, as `pg_dump` sees it.

A database with the first schema of a pair is led to the second and back; each time what is read and what `pg_dump`
writes must be the target's, and nothing may be left to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql.superuser import lead, secrets

from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sql_text import read
from dbdeed.errors import Refused
from dbdeed.planning.proof import make_plan

if TYPE_CHECKING:
    from tests.engines.postgresql.superuser import SuperuserServer

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.postgresql.servers.scratch import PrivateScratch
    from dbdeed.engines.postgresql.session import Session

_PARSER = (
    "(START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, HEADLINE = prsd_headline,"
    " LEXTYPES = prsd_lextype)"
)
_COMPARE = (
    "CREATE TYPE pair AS (a integer, b integer);"
    "CREATE FUNCTION pair_cmp(pair, pair) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 0';"
    "CREATE FUNCTION pair_lt(pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';"
    "CREATE FUNCTION pair_hash(pair) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';"
    "CREATE OPERATOR <<< (FUNCTION = pair_lt, LEFTARG = pair, RIGHTARG = pair);"
    "CREATE OPERATOR <<= (FUNCTION = pair_lt, LEFTARG = pair, RIGHTARG = pair);"
    "CREATE OPERATOR === (FUNCTION = pair_lt, LEFTARG = pair, RIGHTARG = pair);"
    "CREATE OPERATOR >>= (FUNCTION = pair_lt, LEFTARG = pair, RIGHTARG = pair);"
    "CREATE OPERATOR >>> (FUNCTION = pair_lt, LEFTARG = pair, RIGHTARG = pair);"
)
_BTREE = "OPERATOR 1 <<<, OPERATOR 2 <<=, OPERATOR 3 ===, OPERATOR 4 >>=, OPERATOR 5 >>>, FUNCTION 1 pair_cmp(pair, pair)"
_BASE = (
    "CREATE TYPE box3;"
    "CREATE FUNCTION box3_in(cstring) RETURNS box3 LANGUAGE internal IMMUTABLE STRICT AS 'textin';"
    "CREATE FUNCTION box3_out(box3) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';"
)
_CANONICAL = (
    "CREATE TYPE span;"
    "CREATE FUNCTION span_canonical(span) RETURNS span LANGUAGE internal IMMUTABLE STRICT AS 'int4range_canonical';"
)

PAIRS = {
    "text search parser and template": (
        "",
        f"CREATE TEXT SEARCH PARSER p {_PARSER}; COMMENT ON TEXT SEARCH PARSER p IS 'ours';"
        "CREATE TEXT SEARCH TEMPLATE t (INIT = dsimple_init, LEXIZE = dsimple_lexize);"
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = t);"
        "CREATE TEXT SEARCH CONFIGURATION c (PARSER = p);"
        "ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH d",
    ),
    "text search dictionary": (
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, language = 'english', stopwords = 'english');"
        'CREATE TEXT SEARCH CONFIGURATION c (PARSER = "default");'
        "ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word, asciiword WITH d",
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, language = 'german');"
        "COMMENT ON TEXT SEARCH DICTIONARY d IS 'a \\ stem';"
        'CREATE TEXT SEARCH CONFIGURATION c (PARSER = "default");'
        "ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word, asciiword WITH d",
    ),
    "text search dictionary of another template": (
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, stopwords = 'english', accept = false);"
        "CREATE TEXT SEARCH CONFIGURATION c (COPY = simple);"
        "ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR word WITH d;"
        "CREATE TABLE t (a text, v tsvector GENERATED ALWAYS AS (to_tsvector('c', a)) STORED);"
        "CREATE INDEX i ON t USING gin (to_tsvector('c', a))",
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, language = 'german');"
        "CREATE TEXT SEARCH CONFIGURATION c (COPY = simple);"
        "ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR word WITH d;"
        "CREATE TABLE t (a text, v tsvector GENERATED ALWAYS AS (to_tsvector('c', a)) STORED);"
        "CREATE INDEX i ON t USING gin (to_tsvector('c', a))",
    ),
    "text search configuration": (
        'CREATE SCHEMA "S"; CREATE TEXT SEARCH DICTIONARY old (TEMPLATE = simple);'
        'CREATE TEXT SEARCH CONFIGURATION "S".c (COPY = english);'
        'ALTER TEXT SEARCH CONFIGURATION "S".c ALTER MAPPING FOR asciiword WITH old, english_stem',
        'CREATE SCHEMA "S"; CREATE TEXT SEARCH DICTIONARY new (TEMPLATE = simple);'
        'CREATE TEXT SEARCH CONFIGURATION "S".c (COPY = english);'
        'ALTER TEXT SEARCH CONFIGURATION "S".c ALTER MAPPING FOR word, asciiword WITH new, simple;'
        'ALTER TEXT SEARCH CONFIGURATION "S".c DROP MAPPING FOR email, url;'
        'ALTER TEXT SEARCH CONFIGURATION "S".c ADD MAPPING FOR tag WITH new;'
        "COMMENT ON TEXT SEARCH CONFIGURATION \"S\".c IS 'ours'; ALTER TEXT SEARCH CONFIGURATION \"S\".c OWNER TO keeper",
    ),
    "casts": (
        "CREATE TYPE e AS ENUM ('a'); CREATE FUNCTION f(e) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';"
        "CREATE CAST (e AS integer) WITH FUNCTION f(e);"
        "CREATE CAST (integer AS date) WITHOUT FUNCTION; CREATE CAST (text AS e) WITH INOUT AS IMPLICIT",
        "CREATE TYPE e AS ENUM ('a'); CREATE FUNCTION f(e) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';"
        "CREATE CAST (e AS integer) WITH FUNCTION f(e) AS ASSIGNMENT; COMMENT ON CAST (e AS integer) IS 'rank';"
        "CREATE FUNCTION g(integer, integer, boolean) RETURNS e LANGUAGE sql AS 'SELECT ''a''::public.e';"
        "CREATE CAST (integer AS e) WITH FUNCTION g(integer, integer, boolean);"
        "CREATE CAST (varchar AS e) WITH INOUT AS ASSIGNMENT",
    ),
    "a cast that others use": (
        "",
        "CREATE TYPE z AS (n integer); CREATE FUNCTION f(z) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1.n';"
        "CREATE CAST (z AS integer) WITH FUNCTION f(z) AS IMPLICIT;"
        "CREATE TABLE a (n integer DEFAULT ROW(1)::z); CREATE VIEW b AS SELECT ROW(2)::z::integer AS n;"
        "CREATE TYPE e AS ENUM ('1'); CREATE CAST (e AS integer) WITH INOUT;"
        "CREATE TABLE far (n integer); CREATE FUNCTION late(far) RETURNS e LANGUAGE sql IMMUTABLE AS"
        " 'SELECT ''1''::public.e'; CREATE CAST (far AS e) WITH FUNCTION late(far) AS IMPLICIT;"
        "CREATE VIEW aside AS SELECT ROW(1)::far::e AS far;"
        "CREATE VIEW c AS SELECT '1'::e::integer AS n",
    ),
    "operators": (
        _COMPARE + "CREATE VIEW v AS SELECT ROW(1, 2)::pair <<< ROW(1, 2)::pair AS less",
        _COMPARE + "DROP OPERATOR <<< (pair, pair); DROP OPERATOR >>> (pair, pair); DROP OPERATOR === (pair, pair);"
        "CREATE OPERATOR <<< (FUNCTION = pair_lt, LEFTARG = pair, RIGHTARG = pair, COMMUTATOR = >>>, NEGATOR = >>=,"
        " RESTRICT = scalarltsel, JOIN = scalarltjoinsel);"
        "CREATE OPERATOR >>> (FUNCTION = pair_lt, LEFTARG = pair, RIGHTARG = pair, COMMUTATOR = <<<);"
        "CREATE OPERATOR === (FUNCTION = pair_lt, LEFTARG = pair, RIGHTARG = pair, COMMUTATOR = ===, HASHES, MERGES);"
        "CREATE FUNCTION neg(pair) RETURNS pair LANGUAGE sql IMMUTABLE AS 'SELECT $1';"
        "CREATE SCHEMA s; CREATE OPERATOR s.!~ (FUNCTION = neg, RIGHTARG = pair);"
        "COMMENT ON OPERATOR s.!~ (NONE, pair) IS 'prefix'; ALTER OPERATOR s.!~ (NONE, pair) OWNER TO keeper;"
        "CREATE VIEW v AS SELECT ROW(1, 2)::pair <<< ROW(1, 2)::pair AS less",
    ),
    "operators of two schemas": (
        "",
        "CREATE SCHEMA a; CREATE SCHEMA z;"
        "CREATE FUNCTION a.f(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';"
        "CREATE OPERATOR z.#> (FUNCTION = a.f, LEFTARG = integer, RIGHTARG = integer);"
        "CREATE OPERATOR a.#< (FUNCTION = a.f, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(z.#>))",
    ),
    "an operator's estimators": (
        "CREATE OPERATOR ==== (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer, RESTRICT = eqsel)",
        "CREATE OPERATOR ==== (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer, JOIN = eqjoinsel)",
    ),
    "operator classes": (
        _COMPARE + f"CREATE OPERATOR CLASS pair_ops FOR TYPE pair USING btree AS {_BTREE};"
        "CREATE TABLE t (p pair); CREATE INDEX i ON t (p pair_ops)",
        _COMPARE + f"CREATE OPERATOR CLASS pair_ops DEFAULT FOR TYPE pair USING btree AS {_BTREE};"
        "CREATE OPERATOR FAMILY pair_hash USING hash;"
        "CREATE OPERATOR CLASS pair_hash_ops DEFAULT FOR TYPE pair USING hash FAMILY pair_hash AS"
        " OPERATOR 1 ===, FUNCTION 1 pair_hash(pair);"
        "COMMENT ON OPERATOR CLASS pair_ops USING btree IS 'order';"
        "COMMENT ON OPERATOR FAMILY pair_hash USING hash IS 'spread';"
        "ALTER OPERATOR FAMILY pair_hash USING hash OWNER TO keeper;"
        "ALTER OPERATOR CLASS pair_ops USING btree OWNER TO keeper;"
        "CREATE TABLE t (p pair); CREATE INDEX i ON t (p)",
    ),
    "operator family": (
        "CREATE OPERATOR FAMILY ints USING btree;"
        "CREATE OPERATOR CLASS int4_up FOR TYPE integer USING btree FAMILY ints AS"
        " OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer)",
        "CREATE OPERATOR FAMILY ints USING btree;"
        "CREATE OPERATOR CLASS int4_up FOR TYPE integer USING btree FAMILY ints AS"
        " OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer),"
        " FUNCTION 2 btint4sortsupport(internal), FUNCTION 4 btequalimage(oid);"
        "ALTER OPERATOR FAMILY ints USING btree ADD OPERATOR 1 < (integer, bigint), OPERATOR 2 <= (integer, bigint),"
        " OPERATOR 3 = (integer, bigint), OPERATOR 4 >= (integer, bigint), OPERATOR 5 > (integer, bigint),"
        " FUNCTION 1 btint48cmp(integer, bigint),"
        " FUNCTION 3 (integer, bigint) in_range(integer, integer, bigint, boolean, boolean)",
    ),
    "operator class with storage": (
        "CREATE OPERATOR CLASS nothing FOR TYPE integer USING gist AS STORAGE integer",
        "CREATE OPERATOR CLASS points FOR TYPE polygon USING gist AS OPERATOR 1 <<, OPERATOR 15 <-> (polygon, point)"
        " FOR ORDER BY float_ops, FUNCTION 1 gist_poly_consistent(internal, polygon, smallint, oid, internal),"
        " FUNCTION 2 gist_box_union(internal, internal), FUNCTION 3 gist_poly_compress(internal),"
        " FUNCTION 5 gist_box_penalty(internal, internal, internal), FUNCTION 6 gist_box_picksplit(internal, internal),"
        " FUNCTION 7 gist_box_same(box, box, internal),"
        " FUNCTION 8 gist_poly_distance(internal, polygon, smallint, oid, internal), STORAGE box;"
        "CREATE TABLE t (p polygon); CREATE INDEX i ON t USING gist (p points)",
    ),
    "conversion": (
        "CREATE CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        "CREATE DEFAULT CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;"
        "COMMENT ON CONVERSION c IS 'ours'; ALTER CONVERSION c OWNER TO keeper;"
        "CREATE CONVERSION d FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1",
    ),
    "language": (
        "CREATE LANGUAGE mine HANDLER plpgsql_call_handler;"
        "CREATE FUNCTION f() RETURNS integer LANGUAGE mine AS 'BEGIN RETURN 1; END'",
        "CREATE TRUSTED LANGUAGE mine HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler"
        " VALIDATOR plpgsql_validator; COMMENT ON LANGUAGE mine IS 'ours';"
        "REVOKE ALL ON LANGUAGE mine FROM PUBLIC; GRANT USAGE ON LANGUAGE mine TO keeper;"
        "ALTER LANGUAGE mine OWNER TO keeper;"
        "CREATE FUNCTION f() RETURNS integer LANGUAGE mine AS 'BEGIN RETURN 1; END'",
    ),
    "access method": (
        "CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler",
        "CREATE ACCESS METHOD heap3 TYPE TABLE HANDLER heap_tableam_handler;"
        "CREATE ACCESS METHOD tree TYPE INDEX HANDLER bthandler; COMMENT ON ACCESS METHOD tree IS 'ours';"
        "CREATE TABLE t (a integer) USING heap3;"
        "CREATE OPERATOR CLASS int4_tree DEFAULT FOR TYPE integer USING tree AS"
        " OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer);"
        "COMMENT ON OPERATOR CLASS int4_tree USING tree IS 'no index: up to 15 the tree knows its own name only'",
    ),
    "transform": (
        "CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal))",
        "CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal),"
        " TO SQL WITH FUNCTION int4recv(internal)); COMMENT ON TRANSFORM FOR integer LANGUAGE sql IS 'ours';"
        "CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql TRANSFORM FOR TYPE integer AS 'SELECT 1'",
    ),
    "base type": (
        "CREATE TYPE alone",
        _BASE + "CREATE TYPE box3 (INPUT = box3_in, OUTPUT = box3_out, INTERNALLENGTH = VARIABLE, STORAGE = extended,"
        " CATEGORY = 'X', PREFERRED = true, DEFAULT = 'it''s', DELIMITER = ';', COLLATABLE = true);"
        "COMMENT ON TYPE box3 IS 'ours'; REVOKE USAGE ON TYPE box3 FROM PUBLIC; ALTER TYPE box3 OWNER TO keeper;"
        "CREATE TABLE t (a box3, b box3[]); CREATE FUNCTION f(box3) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    ),
    "base type in place": (
        _BASE + "CREATE TYPE box3 (INPUT = box3_in, OUTPUT = box3_out, STORAGE = plain); CREATE TABLE t (a box3)",
        _BASE + "CREATE FUNCTION box3_send(box3) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT AS 'textsend';"
        "CREATE TYPE box3 (INPUT = box3_in, OUTPUT = box3_out, SEND = box3_send, STORAGE = plain); CREATE TABLE t (a box3)",
    ),
    "base type anew": (
        _BASE + "CREATE TYPE box3 (INPUT = box3_in, OUTPUT = box3_out); COMMENT ON FUNCTION box3_in(cstring) IS 'reads';"
        "CREATE FUNCTION f(box3) RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE VIEW v AS SELECT NULL::box3 AS a",
        _BASE + "CREATE TYPE box3 (INPUT = box3_in, OUTPUT = box3_out, INTERNALLENGTH = 16, ELEMENT = float8,"
        " SUBSCRIPT = raw_array_subscript_handler, DEFAULT = 'x');"
        "COMMENT ON FUNCTION box3_in(cstring) IS 'reads';"
        "CREATE FUNCTION f(box3) RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE VIEW v AS SELECT NULL::box3 AS a",
    ),
    "range types": (
        'CREATE TYPE r AS RANGE (SUBTYPE = text, COLLATION = "C");'
        + _CANONICAL + "CREATE TYPE span AS RANGE (SUBTYPE = integer, CANONICAL = span_canonical)",
        "CREATE FUNCTION apart(text, text) RETURNS double precision LANGUAGE sql IMMUTABLE AS 'SELECT 1.0::float8';"
        "CREATE TYPE r AS RANGE (SUBTYPE = text, SUBTYPE_OPCLASS = text_pattern_ops, SUBTYPE_DIFF = apart,"
        " MULTIRANGE_TYPE_NAME = many_r); CREATE TABLE t (a r, b many_r);"
        + _CANONICAL + "CREATE TYPE span AS RANGE (SUBTYPE = integer, SUBTYPE_DIFF = int4range_subdiff,"
        " CANONICAL = span_canonical); COMMENT ON TYPE span IS 'ours'",
    ),
    "subscription": (
        "",
        "CREATE SUBSCRIPTION s CONNECTION 'host=h dbname=d password=it''s' PUBLICATION p, \"Q\" WITH (connect = false);"
        "COMMENT ON SUBSCRIPTION s IS 'ours'",
    ),
    "rights on what an extension brings": (
        "CREATE EXTENSION file_fdw; CREATE EXTENSION pg_stat_statements; CREATE EXTENSION intagg; CREATE EXTENSION hstore",
        "CREATE EXTENSION file_fdw; GRANT USAGE ON FOREIGN DATA WRAPPER file_fdw TO keeper;"
        "CREATE EXTENSION pg_stat_statements; REVOKE SELECT ON pg_stat_statements FROM PUBLIC;"
        "GRANT SELECT (query, calls) ON pg_stat_statements TO keeper; CREATE EXTENSION intagg;"
        "REVOKE EXECUTE ON FUNCTION int_array_aggregate(integer) FROM PUBLIC;"
        "CREATE EXTENSION hstore; GRANT USAGE ON TYPE hstore TO keeper",
    ),
    "server and publications of another owner": (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE PUBLICATION p",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; ALTER SERVER s OWNER TO keeper;"
        "CREATE PUBLICATION p; ALTER PUBLICATION p OWNER TO keeper",
    ),
    "aggregate with a state of C": (
        "",
        "CREATE AGGREGATE middle(double precision ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal,"
        " FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA)",
    ),
    "subscription in place": (
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=d' PUBLICATION p WITH (connect = false, slot_name = NONE)",
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=d' PUBLICATION q, p WITH (connect = false, slot_name = 'slot',"
        " binary = true, streaming = on, synchronous_commit = 'local', disable_on_error = true);"
        "ALTER SUBSCRIPTION s ENABLE",
    ),
    "subscription with two phases": (
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=d' PUBLICATION p WITH (connect = false, slot_name = NONE)",
        "CREATE SUBSCRIPTION t CONNECTION 'dbname=d' PUBLICATION p WITH (connect = false, two_phase = true);"
        "ALTER SUBSCRIPTION t ENABLE",
    ),
}  # fmt: skip

SINCE_16 = {
    "subscription of 16": (
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=d' PUBLICATION p WITH (connect = false)",
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=d' PUBLICATION p WITH (connect = false, streaming = parallel,"
        " password_required = false, run_as_owner = true, origin = 'none')",
    ),
}

# What no scratch makes, since it calls C functions with whatever they are given.
BARRED = {
    "operator family": "operator family",
    "operator class with storage": "operator class",
    "language": "language",
    "access method": "operator class",
    "aggregate with a state of C": "aggregate",
    "base type": "shell type",
    "base type in place": "shell type",
    "base type anew": "shell type",
    "range types": "shell type",
}


def _load(session: Session, sql: str) -> None:
    for statement in read(sql, RULES):
        session.execute(statement.sql)


def _both_ways(server: SuperuserServer, pair: tuple[str, str]) -> None:
    server.ensure_roles({"keeper"})
    with server.database("one") as one, server.database("other") as other:
        _load(one, pair[0])
        _load(other, pair[1])
        first, second = ENGINE.inspect(one), ENGINE.inspect(other)
        assert not first.unmodelled
        assert not second.unmodelled
        dumps = server.dump("one"), server.dump("other")
        environment = {**secrets(one), **secrets(other)}
        assert lead(one, second, environment)
        assert server.dump("one") == dumps[1]
        assert lead(one, first, environment)
        assert server.dump("one") == dumps[0]
        for catalog in (first, second):
            kept = ENGINE.decode(ENGINE.encode(catalog))
            assert kept == catalog
            assert kept.needs == catalog.needs


@pytest.mark.parametrize("name", PAIRS)
def test_a_plan_is_proven_or_says_why_not(
    server: SuperuserServer, private: PrivateScratch, name: str
) -> None:
    server.ensure_roles({"keeper"})
    first, second = (_catalog(server, sql) for sql in PAIRS[name])
    if name in BARRED:
        with pytest.raises(Refused, match=f"cannot be proven: {BARRED[name]}") as caught:
            make_plan(ENGINE, first, second, scratch=private)
        assert "superuser" in caught.value.hint + caught.value.message
    else:
        assert make_plan(ENGINE, first, second, scratch=private).proven
        assert make_plan(ENGINE, second, first, scratch=private).proven


def _catalog(server: SuperuserServer, sql: str) -> Catalog:
    with server.database("one") as session:
        _load(session, sql)
        return ENGINE.inspect(session)


@pytest.mark.parametrize(("option", "since"), [("failover", 17), ("two_phase", 18)])
def test_what_the_publishers_slot_must_learn_is_proven(
    server: SuperuserServer, private: PrivateScratch, major: int, option: str, since: int
) -> None:
    if major < since:
        pytest.skip(f"needs PostgreSQL {since}")
    made = "CREATE SUBSCRIPTION s CONNECTION 'dbname=d' PUBLICATION p WITH (connect = false{}); ALTER SUBSCRIPTION s ENABLE"
    first, second = _catalog(server, made.format("")), _catalog(server, made.format(f", {option} = true"))
    plan = make_plan(ENGINE, first, second, scratch=private)
    assert [(step.sql, step.transactional) for step in plan.steps] == [
        ("ALTER SUBSCRIPTION s DISABLE", True),
        (f"ALTER SUBSCRIPTION s SET ({option} = true)", False),
        ("ALTER SUBSCRIPTION s ENABLE", True),
    ]


_SEARCHED = (
    "CREATE TABLE t (a text, v tsvector GENERATED ALWAYS AS (to_tsvector('c', a)) STORED);"
    "CREATE INDEX kept ON t USING gin (to_tsvector('c', a))"
)

# (before, after, what must stay as it is)
IN_PLACE = {
    "text search dictionary": (
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, accept = false); CREATE TEXT SEARCH CONFIGURATION c"
        " (COPY = simple); ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR word WITH d, simple;" + _SEARCHED,
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, stopwords = english); CREATE TEXT SEARCH CONFIGURATION c"
        " (COPY = simple); ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR word WITH d, simple;" + _SEARCHED,
        "SELECT 'kept'::regclass::oid",
    ),
    "text search configuration": (
        "CREATE TEXT SEARCH CONFIGURATION c (COPY = simple);" + _SEARCHED,
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple); CREATE TEXT SEARCH CONFIGURATION c (COPY = simple);"
        "ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR word WITH d, simple;"
        "ALTER TEXT SEARCH CONFIGURATION c DROP MAPPING FOR url;" + _SEARCHED,
        "SELECT 'kept'::regclass::oid",
    ),
    "operator": (
        "CREATE OPERATOR ==== (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer, RESTRICT = neqsel);"
        "CREATE VIEW kept AS SELECT 1 OPERATOR(public.====) 2 AS same",
        "CREATE OPERATOR ==== (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer, RESTRICT = eqsel, JOIN = eqjoinsel);"
        "CREATE VIEW kept AS SELECT 1 OPERATOR(public.====) 2 AS same",
        "SELECT 'kept'::regclass::oid",
    ),
    "an operator's new commutator": (
        "CREATE OPERATOR <<<< (FUNCTION = int4lt, LEFTARG = integer, RIGHTARG = integer);"
        "CREATE VIEW kept AS SELECT 1 OPERATOR(public.<<<<) 2 AS less",
        "CREATE OPERATOR <<<< (FUNCTION = int4lt, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = >>>>);"
        "CREATE OPERATOR >>>> (FUNCTION = int4gt, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = <<<<);"
        "CREATE VIEW kept AS SELECT 1 OPERATOR(public.<<<<) 2 AS less",
        "SELECT 'kept'::regclass::oid",
    ),
    "operator family": (
        PAIRS["operator family"][0] + "; CREATE TABLE t (a integer); CREATE INDEX kept ON t (a int4_up)",
        PAIRS["operator family"][0] + "; ALTER OPERATOR FAMILY ints USING btree ADD OPERATOR 1 < (integer, bigint);"
        "CREATE TABLE t (a integer); CREATE INDEX kept ON t (a int4_up)",
        "SELECT 'kept'::regclass::oid",
    ),
    "language": (*PAIRS["language"], "SELECT 'f'::regproc::oid"),
    "transform": (
        PAIRS["transform"][0]
        + "; CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql TRANSFORM FOR TYPE integer AS 'SELECT 1'",
        PAIRS["transform"][1],
        "SELECT 'f'::regproc::oid",
    ),
    "base type": (*PAIRS["base type in place"], "SELECT 't'::regclass::oid"),
    "subscription": (*PAIRS["subscription in place"], "SELECT oid FROM pg_subscription"),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_PLACE)
def test_what_depends_on_it_stays(server: SuperuserServer, name: str) -> None:
    before, after, kept = IN_PLACE[name]
    server.ensure_roles({"keeper"})
    current, target = _catalog(server, before), _catalog(server, after)
    hazards = [
        hazard.message
        for change in ENGINE.compare(current, target).changes
        for step in change.steps
        for hazard in step.hazards
    ]
    if name.startswith("text search"):
        assert hazards == [
            "What column public.t.v, index public.kept hold was worked out with the old "
            f"{name}: have it worked out anew."
        ]
    with server.database("other") as session:
        _load(session, before)
        was = session.fetch(kept)
        assert lead(session, target, secrets(session))
        assert session.fetch(kept) == was


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_both_ways(server: SuperuserServer, name: str) -> None:
    _both_ways(server, PAIRS[name])


@pytest.mark.parametrize("name", SINCE_16)
def test_a_pair_of_later_versions(server: SuperuserServer, major: int, name: str) -> None:
    if major < 16:
        pytest.skip("needs PostgreSQL 16")
    _both_ways(server, SINCE_16[name])
