# ruff: noqa: ISC004 - an entry is two texts, and long ones go over several lines
"""Whatever a database can hold is in its catalog, or named as not modelled."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.postgresql.unmodelled import WALKED
from dbdeed.engines.sql_text import read

if TYPE_CHECKING:
    from tests.engines.postgresql.superuser import SuperuserServer

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.postgresql.session import Session

# Everything that pg_dump writes of a schema, by its own words, in an order in which each can be made.
MODELLED = [
    ("schema", "CREATE SCHEMA s"),
    ("extension", "CREATE EXTENSION hstore SCHEMA s"),
    ("language", "CREATE TRUSTED LANGUAGE l HANDLER plpgsql_call_handler"),
    ("access method", "CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler"),
    ("collation", "CREATE COLLATION c (provider = libc, locale = 'C')"),
    ("conversion", "CREATE CONVERSION co FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8"),
    ("shell type", "CREATE TYPE lonely"),
    ("function", "CREATE TYPE b; CREATE FUNCTION b_in(cstring) RETURNS b LANGUAGE internal IMMUTABLE STRICT AS 'textin';"
        "CREATE FUNCTION b_out(b) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout'"),
    ("base type", "CREATE TYPE b (INPUT = b_in, OUTPUT = b_out)"),
    ("base type", "CREATE TYPE bb; CREATE FUNCTION bb_in(cstring) RETURNS bb LANGUAGE internal AS 'point_in';"
        "CREATE FUNCTION bb_out(bb) RETURNS cstring LANGUAGE internal AS 'point_out';"
        "CREATE TYPE bb (INPUT = bb_in, OUTPUT = bb_out, INTERNALLENGTH = 16, ALIGNMENT = double, ELEMENT = float8,"
        " SUBSCRIPT = raw_array_subscript_handler)"),
    ("enum", "CREATE TYPE e AS ENUM ('a')"),
    ("domain", "CREATE DOMAIN d AS integer"),
    ("composite type", "CREATE TYPE ct AS (a integer)"),
    ("range type", "CREATE TYPE r AS RANGE (SUBTYPE = text)"),
    ("function", "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'"),
    ("function", "CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'"),
    ("aggregate", "CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer)"),
    ("operator", "CREATE OPERATOR === (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer)"),
    ("operator family", "CREATE OPERATOR FAMILY of USING hash"),
    ("operator class", "CREATE OPERATOR CLASS oc FOR TYPE b USING gist AS STORAGE b"),
    ("cast", "CREATE CAST (integer AS date) WITHOUT FUNCTION"),
    ("transform", "CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal))"),
    ("text search parser", "CREATE TEXT SEARCH PARSER tp (START = prsd_start, GETTOKEN = prsd_nexttoken,"
        " END = prsd_end, LEXTYPES = prsd_lextype)"),
    ("text search template", "CREATE TEXT SEARCH TEMPLATE tt (INIT = dsimple_init, LEXIZE = dsimple_lexize)"),
    ("text search dictionary", "CREATE TEXT SEARCH DICTIONARY td (TEMPLATE = simple)"),
    ("text search configuration", "CREATE TEXT SEARCH CONFIGURATION tc (COPY = simple)"),
    ("foreign data wrapper", "CREATE FOREIGN DATA WRAPPER w"),
    ("server", "CREATE SERVER srv FOREIGN DATA WRAPPER w"),
    ("user mapping", "CREATE USER MAPPING FOR PUBLIC SERVER srv"),
    ("table", "CREATE FOREIGN TABLE ft (a integer) SERVER srv"),
    ("table", "CREATE TABLE t (a integer, b integer)"),
    ("table", "CREATE TABLE m (a integer) PARTITION BY LIST (a)"),
    ("table", "CREATE TABLE m1 PARTITION OF m DEFAULT"),
    ("table", "CREATE TABLE child () INHERITS (t)"),
    ("column", "ALTER TABLE t ADD c integer"),
    ("sequence", "CREATE SEQUENCE q"),
    ("constraint", "ALTER TABLE t ADD CHECK (a > 0)"),
    ("constraint", "ALTER TABLE t ADD PRIMARY KEY (a)"),
    ("constraint", "ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES t"),
    ("constraint", "ALTER TABLE t ADD EXCLUDE USING btree (b WITH =)"),
    ("index", "CREATE INDEX i ON t (b)"),
    ("statistics", "CREATE STATISTICS st ON a, b FROM t"),
    ("view", "CREATE VIEW v AS SELECT 1 AS one"),
    ("materialized view", "CREATE MATERIALIZED VIEW mv AS SELECT 1 AS one"),
    ("rule", "CREATE RULE ru AS ON DELETE TO t DO INSTEAD NOTHING"),
    ("trigger", "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END';"
        "CREATE TRIGGER tr BEFORE INSERT ON t EXECUTE FUNCTION g()"),
    ("policy", "CREATE POLICY po ON t USING (true)"),
    ("event trigger", "CREATE FUNCTION h() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
        "CREATE EVENT TRIGGER et ON sql_drop EXECUTE FUNCTION h()"),
    ("publication", "CREATE PUBLICATION pu FOR TABLE t"),
    ("subscription", "CREATE SUBSCRIPTION su CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false)"),
    ("default privileges", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC"),
]  # fmt: skip

# What may be on each of them.
ATTACHED = {
    "privileges": ("GRANT {} TO giant", (
        "USAGE ON SCHEMA s", "USAGE ON LANGUAGE l", "USAGE ON TYPE e", "EXECUTE ON FUNCTION f()", "SELECT ON t",
        "UPDATE (b) ON t", "SELECT ON v", "USAGE ON SEQUENCE q", "USAGE ON FOREIGN DATA WRAPPER w",
        "USAGE ON FOREIGN SERVER srv", "SELECT ON ft", "SELECT (one) ON v", "USAGE ON DOMAIN d",
    )),
    "comment": ("COMMENT ON {} IS 'x'", (
        "SCHEMA s", "LANGUAGE l", "ACCESS METHOD heap2", "COLLATION c", "CONVERSION co", "TYPE lonely",
        "TYPE b", "TYPE e", "DOMAIN d", "TYPE ct", "COLUMN ct.a", "TYPE r", "FUNCTION f()", "PROCEDURE p()",
        "AGGREGATE total(integer)", "OPERATOR === (integer, integer)", "OPERATOR FAMILY of USING hash",
        "OPERATOR CLASS oc USING gist", "CAST (integer AS date)", "TRANSFORM FOR integer LANGUAGE sql",
        "TEXT SEARCH PARSER tp", "TEXT SEARCH TEMPLATE tt", "TEXT SEARCH DICTIONARY td",
        "TEXT SEARCH CONFIGURATION tc", "FOREIGN DATA WRAPPER w", "SERVER srv", "FOREIGN TABLE ft", "TABLE t",
        "COLUMN t.a", "COLUMN ft.a", "SEQUENCE q", "CONSTRAINT t_pkey ON t", "INDEX i", "INDEX t_pkey", "STATISTICS st",
        "VIEW v", "COLUMN v.one", "MATERIALIZED VIEW mv", "COLUMN mv.one", "RULE ru ON t", "TRIGGER tr ON t",
        "POLICY po ON t", "EVENT TRIGGER et", "PUBLICATION pu", "SUBSCRIPTION su",
    )),
    "owner": ("ALTER {} OWNER TO giant", (
        "SCHEMA s", "LANGUAGE l", "COLLATION c", "CONVERSION co", "TYPE lonely", "TYPE b", "TYPE e", "DOMAIN d",
        "TYPE ct", "TYPE r", "FUNCTION f()", "PROCEDURE p()", "AGGREGATE total(integer)",
        "OPERATOR === (integer, integer)", "OPERATOR FAMILY of USING hash", "OPERATOR CLASS oc USING gist",
        "TEXT SEARCH DICTIONARY td", "TEXT SEARCH CONFIGURATION tc", "FOREIGN DATA WRAPPER w", "SERVER srv",
        "FOREIGN TABLE ft", "TABLE t", "SEQUENCE q", "STATISTICS st", "VIEW v", "MATERIALIZED VIEW mv",
        "EVENT TRIGGER et", "PUBLICATION pu", "SUBSCRIPTION su",
    )),
}  # fmt: skip

NAMED = [
    ("operator public.@@@(integer,integer)",
        "CREATE OPERATOR #@# (FUNCTION = int4pl, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = @@@)"),
    ("operator of access method operator 1 (public.b, public.b) of pg_catalog.integer_ops USING btree",
        "CREATE FUNCTION lt(b, b) RETURNS boolean LANGUAGE sql AS 'SELECT true';"
        "CREATE OPERATOR < (FUNCTION = lt, LEFTARG = b, RIGHTARG = b);"
        "ALTER OPERATOR FAMILY integer_ops USING btree ADD OPERATOR 1 < (b, b)"),
    ("privileges on function pg_catalog.pg_sleep(double precision)", "REVOKE EXECUTE ON FUNCTION pg_sleep FROM PUBLIC"),
    ("privileges on table pg_catalog.pg_authid", "GRANT SELECT ON pg_authid TO giant"),
    ("privileges on table column pg_catalog.pg_authid.rolname", "GRANT SELECT (rolname) ON pg_authid TO giant"),
    ("privileges on language plpgsql", "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC"),
    ("comment on type public.t[]", "COMMENT ON TYPE _t IS 'of the array'"),
    ("comment on type public.r_multirange",
        "CREATE TYPE r AS RANGE (SUBTYPE = text); COMMENT ON TYPE r_multirange IS 'of the other'"),
    ("privileges on type public.t", "GRANT USAGE ON TYPE t TO giant"),
    # No provider of labels is at hand: the rows that SECURITY LABEL writes.
    ("security label of dummy on table column public.t.a",
        "INSERT INTO pg_seclabel VALUES ('t'::regclass, 'pg_class'::regclass, 1, 'dummy', 'secret')"),
    ("security label of dummy on subscription su",
        "INSERT INTO pg_shseclabel SELECT oid, 'pg_subscription'::regclass, 'dummy', 'secret' FROM pg_subscription"),
]  # fmt: skip

# Catalogs whose rows are parts of other rows' objects.
PARTS = {
    "pg_attrdef", "pg_constraint", "pg_enum", "pg_publication_rel", "pg_publication_namespace", "pg_namespace",
    "pg_extension", "pg_user_mapping",
}  # fmt: skip

# Catalogs that hold nothing of a schema: of the server, or rows.
NO_SCHEMA = {
    "pg_authid", "pg_auth_members", "pg_database", "pg_tablespace", "pg_largeobject_metadata", "pg_parameter_acl",
}  # fmt: skip


def _run(session: Session, sql: str) -> None:
    for statement in read(sql, RULES):
        session.execute(statement.sql)


def test_each_kind_is_read(server: SuperuserServer) -> None:
    server.ensure_roles({"giant"}, superusers={"giant"})
    silent = []
    with server.database("silent") as session:
        before = ENGINE.inspect(session)
        for kind, sql in MODELLED:
            _run(session, sql)
            after = ENGINE.inspect(session)
            changed = {one for one in after.objects if before.objects.get(one) != after.objects[one]}
            if not any(one.kind == kind for one in changed) or after.unmodelled:
                silent.append((kind, sql, after.unmodelled))
            before = after
        for kind, (form, subjects) in ATTACHED.items():
            for subject in subjects:
                session.execute(form.format(subject))
            after = ENGINE.inspect(session)
            assert _count(after, kind) - _count(before, kind) == len(subjects), kind
            assert not after.unmodelled
    assert silent == []


def _count(catalog: Catalog, kind: str) -> int:
    return sum(one.kind == kind for one in catalog.objects)


def test_what_no_kind_covers_is_named(server: SuperuserServer) -> None:
    server.ensure_roles({"giant"}, superusers={"giant"})
    with server.database("unmodelled") as session:
        _run(
            session,
            "CREATE TYPE b AS ENUM ('x'); CREATE TABLE t (a integer); SET allow_system_table_mods = on",
        )
        _run(session, "CREATE SUBSCRIPTION su CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false)")
        seen: set[str] = set()
        for name, sql in NAMED:
            _run(session, sql)
            named = {f"{one.kind} {one.name}" for one in ENGINE.inspect(session).unmodelled}
            assert any(name.split()[-1] in one for one in named - seen), (name, named - seen)
            seen = named
        assert {name for name, _ in NAMED} <= seen
        session.execute("DELETE FROM pg_shseclabel")


def test_what_extensions_bring_is_theirs(server: SuperuserServer) -> None:
    with server.database("extended") as session:
        for (name,) in session.fetch(
            "SELECT name FROM pg_available_extensions WHERE name <> 'plpgsql' ORDER BY 1"
        ):
            with suppress(SqlRejected):  # some miss a library or a language
                session.execute(f'CREATE EXTENSION IF NOT EXISTS "{name}"')
        catalog = ENGINE.inspect(session)
    assert _count(catalog, "extension") > 10
    assert {one.kind for one in catalog.objects} <= {"extension", "schema", "comment"}
    assert catalog.unmodelled == ()


def test_no_catalog_is_left_out(server: SuperuserServer) -> None:
    """A catalog that a new version of PostgreSQL brings must be walked, or be known for what it is."""
    with server.database("catalogs") as session:
        found = session.fetch(
            "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'oid' "
            "WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'"
        )
    assert {name for (name,) in found} - {*(name for name, _ in WALKED), *PARTS, *NO_SCHEMA} == set()
