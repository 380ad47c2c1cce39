"""Attacks: what hostile SQL in a document tries, and does not reach."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.postgresql.servers import elevation
from dbdeed.engines.postgresql.servers import scratch as scratches
from dbdeed.engines.postgresql.servers.elevation import elevated, new_owner, roles_named, seal
from dbdeed.engines.postgresql.servers.template import SUPERUSER
from dbdeed.engines.postgresql.sql.load import load, statements
from dbdeed.engines.postgresql.sql.safety import Verdict, judge
from dbdeed.engines.seam import Statement
from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbdeed.document.architecture import CodeBlock
    from dbdeed.engines.postgresql.servers.scratch import PrivateScratch
    from dbdeed.engines.postgresql.session import Session

ESCAPES = [
    "COPY (SELECT 1) TO PROGRAM 'touch {mark}'",
    "COPY t FROM PROGRAM 'touch {mark}'",
    "COPY (SELECT 1) TO '{mark}'",
    "COPY t FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT pg_stat_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(lo_create(0), '{mark}')",
    "SET SESSION AUTHORIZATION " + SUPERUSER,
    "SET ROLE " + SUPERUSER,
    "ALTER ROLE dbdeed SUPERUSER",
    "CREATE ROLE mighty SUPERUSER",
    "GRANT " + SUPERUSER + " TO dbdeed",
    "GRANT pg_execute_server_program TO dbdeed",
    "GRANT pg_read_server_files TO dbdeed",
    "ALTER SYSTEM SET archive_command = 'touch {mark}'",
    "SET session_preload_libraries = 'x'",
    "SET session_replication_role = replica",
    "LOAD '/tmp/x.so'",
    "CREATE FUNCTION c() RETURNS int LANGUAGE c AS '/tmp/x.so', 'f'",
    "CREATE FUNCTION i() RETURNS int LANGUAGE internal AS 'int4pl'",
    "CREATE LANGUAGE evil HANDLER plpgsql_call_handler",
    "CREATE TABLESPACE x LOCATION '/tmp'",
    "CREATE DATABASE other",
    "UPDATE pg_authid SET rolsuper = true",
    "UPDATE pg_proc SET prosecdef = true",
    "DELETE FROM pg_catalog.dbdeed_key",
    "SELECT key FROM pg_catalog.dbdeed_key",
    "SELECT * FROM pg_catalog.dbdeed_saved",
    "SELECT rolpassword FROM pg_authid",
    "ALTER TABLE pg_catalog.dbdeed_key OWNER TO dbdeed",
    "ALTER FUNCTION pg_catalog.dbdeed_elevate(text, text) OWNER TO dbdeed",
    "ALTER FUNCTION pg_catalog.pg_read_file(text) OWNER TO helper",
    "CREATE OR REPLACE FUNCTION pg_catalog.dbdeed_elevate(text, text) RETURNS void LANGUAGE sql AS 'SELECT'",
    "SELECT pg_catalog.dbdeed_elevate('ALTER ROLE dbdeed SUPERUSER', '')",
    "SELECT pg_catalog.dbdeed_elevate('ALTER ROLE dbdeed SUPERUSER', NULL)",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + SUPERUSER + "'",
    "SELECT pg_reload_conf()",
    "SELECT pg_switch_wal()",
    "ALTER DEFAULT PRIVILEGES FOR ROLE " + SUPERUSER + " GRANT ALL ON TABLES TO dbdeed",
    "REASSIGN OWNED BY " + SUPERUSER + " TO dbdeed",
    "CREATE FUNCTION leak() RETURNS int LANGUAGE sql LEAKPROOF AS 'SELECT 1'",
    "CREATE LANGUAGE evil HANDLER plpgsql_call_handler VALIDATOR evil",
    "CREATE TYPE evil",
    "CREATE TYPE evil (INPUT = int4in, OUTPUT = textout)",
    "CREATE FUNCTION f(cstring) RETURNS int LANGUAGE internal AS 'pg_read_file_all'",
    "CREATE CAST (text AS jsonb) WITHOUT FUNCTION",
    "CREATE CAST (text AS oid) WITH FUNCTION lo_import(text) AS IMPLICIT",
    (
        "CREATE TEXT SEARCH PARSER p (START = dsimple_init, GETTOKEN = prsd_nexttoken, END = prsd_end, "
        "LEXTYPES = prsd_lextype)"
    ),
    "CREATE TEXT SEARCH TEMPLATE x (INIT = dispell_init, LEXIZE = dsimple_lexize)",
    "CREATE TEXT SEARCH TEMPLATE x (LEXIZE = dsimple_lexize)",
    "CREATE ACCESS METHOD evil TYPE INDEX HANDLER evil",
    "CREATE TRANSFORM FOR int LANGUAGE evil (FROM SQL WITH FUNCTION prsd_lextype(internal))",
    "CREATE OPERATOR CLASS x FOR TYPE int USING btree AS OPERATOR 1 <, FUNCTION 1 (int, int) bttextcmp(text, text)",
    "CREATE OPERATOR CLASS x FOR TYPE int USING btree AS OPERATOR 1 <, FUNCTION 2 bttextsortsupport(internal)",
    "CREATE OPERATOR CLASS x FOR TYPE int USING gist AS OPERATOR 1 <, FUNCTION 1 gist_point_compress(internal)",
    (
        "CREATE OPERATOR CLASS x FOR TYPE int USING hash AS OPERATOR 1 =, FUNCTION 2 timetz_hash_extended(timetz, bigint), "
        "FUNCTION 3 (int, int) evil(internal)"
    ),
    "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
]


def _is_ordinary(session: Session) -> bool:
    return session.fetch(
        "SELECT rolsuper OR rolcreaterole OR pg_has_role(oid, 'pg_execute_server_program', 'MEMBER') "
        "FROM pg_roles WHERE rolname = session_user"
    ) == [(False,)]


@pytest.fixture(scope="module")
def victim(private: PrivateScratch) -> Iterator[Session]:
    """One database for all attacks: none of them changes anything."""
    with private.database() as session:
        session.execute("CREATE TABLE t (a text)")
        yield session


@pytest.mark.parametrize("attack", ESCAPES)
def test_a_statement_does_not_escape(victim: Session, tmp_path: Path, attack: str) -> None:
    mark = tmp_path / "mark"
    tmp_path.chmod(0o777)
    with pytest.raises(SqlRejected):
        victim.execute(attack.format(mark=mark))
    assert not mark.exists()
    assert _is_ordinary(victim)


@pytest.mark.parametrize("attack", ESCAPES)
def test_nor_does_it_from_inside_a_block(victim: Session, tmp_path: Path, attack: str) -> None:
    mark = tmp_path / "mark"
    tmp_path.chmod(0o777)
    quoted = attack.format(mark=mark).replace("'", "''")
    with pytest.raises(SqlRejected):
        victim.execute(f"DO $do$ BEGIN EXECUTE '{quoted}'; END $do$")
    assert not mark.exists()
    assert _is_ordinary(victim)


NOT_RECOGNISED = [
    "CREATE EXTENSION citext; ALTER ROLE dbdeed SUPERUSER",
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f(); GRANT x TO y",
    "CREATE FOREIGN DATA WRAPPER w VALIDATOR f",
    "CREATE FOREIGN DATA WRAPPER w HANDLER f",
    "ALTER FOREIGN DATA WRAPPER w VALIDATOR f",
    "CREATE /* VALIDATOR */ FOREIGN DATA WRAPPER w\nvalidator\n f",
    "ALTER EXTENSION citext ADD FUNCTION f()",
    "ALTER EXTENSION citext DROP FUNCTION f()",
    "CREATE PUBLICATION p FOR TABLE t WHERE (f(a))",
    "CREATE PUBLICATION p FOR TABLE t WHERE (f(a)), TABLES IN SCHEMA s",
    "CREATE PUBLICATION p FOR TABLE t",
    "CREATE SUBSCRIPTION s",
    "CREATE SUBSCRIPTION s CONNECTION x PUBLICATION p",
    "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
    "ALTER SUBSCRIPTION s SKIP (lsn = NONE)",
    "CREATE LANGUAGE evil HANDLER f",
    "CREATE LANGUAGE evil HANDLER plpgsql_call_handler",
    "CREATE LANGUAGE evil HANDLER s.plpgsql_call_handler VALIDATOR plpgsql_validator",
    "CREATE LANGUAGE evil HANDLER plpgsql_call_handler INLINE f VALIDATOR plpgsql_validator",
    "CREATE OR REPLACE TRUSTED LANGUAGE plpgsql HANDLER plpgsql_call_handler VALIDATOR f",
    "CREATE CAST (text AS jsonb) WITHOUT FUNCTION",
    "CREATE CAST (int AS text) WITHOUT FUNCTION",
    "CREATE CAST (int AS e) WITH FUNCTION f(int)",
    "CREATE TEXT SEARCH PARSER p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = f)",
    (
        "CREATE TEXT SEARCH PARSER p (START = s.prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, "
        "LEXTYPES = prsd_lextype)"
    ),
    (
        'CREATE TEXT SEARCH PARSER p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, "lextypes" = f, '
        "LEXTYPES = prsd_lextype)"
    ),
    "CREATE TEXT SEARCH TEMPLATE t (LEXIZE = dsimple_lexize)",
    "CREATE TEXT SEARCH TEMPLATE t (INIT = dsimple_init, LEXIZE = dispell_lexize)",
    "CREATE ACCESS METHOD a TYPE INDEX HANDLER f",
    "CREATE TRANSFORM FOR int LANGUAGE plperl (FROM SQL WITH FUNCTION f(internal))",
    "CREATE OPERATOR CLASS c FOR TYPE t USING gist AS FUNCTION 1 f(internal)",
    "CREATE OPERATOR CLASS c FOR TYPE t USING btree AS FUNCTION 1 (int, int) f(text, text)",
    "CREATE OPERATOR CLASS c FOR TYPE t USING btree AS FUNCTION 2 f(internal)",
    "CREATE OPERATOR CLASS c FOR TYPE t USING hash AS FUNCTION 2 f(t, text)",
    "ALTER OPERATOR FAMILY f USING gin ADD FUNCTION 1 (int, int) f(internal)",
    "ALTER OPERATOR FAMILY f USING btree OWNER TO x",
    "DROP ACCESS METHOD heap CASCADE",
    "CREATE TABLE t (a int)",
    "SELECT 'CREATE EXTENSION citext'",
    "-- CREATE EXTENSION citext\nSELECT 1",
    "",
]


@pytest.mark.parametrize("sql", NOT_RECOGNISED)
def test_only_harmless_forms_run_as_superuser(sql: str) -> None:
    assert elevated(sql, "dbdeed") is None


def test_recognised_forms() -> None:
    for sql in (
        "CREATE EXTENSION IF NOT EXISTS citext",
        "create /* c */ extension citext",
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()",
        "CREATE PUBLICATION p FOR ALL TABLES",
        "CREATE FOREIGN DATA WRAPPER w",
        (
            "CREATE TEXT SEARCH PARSER s.start (START = prsd_start, GETTOKEN = pg_catalog.prsd_nexttoken, END = prsd_end, "
            "LEXTYPES = prsd_lextype)"
        ),
        "CREATE TEXT SEARCH TEMPLATE t (INIT = dsimple_init, LEXIZE = dsimple_lexize)",
        "CREATE CAST (integer AS date) WITHOUT FUNCTION",
        "CREATE CAST (character varying AS public.e) WITH INOUT AS IMPLICIT",
        "CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler",
        "CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal))",
        "ALTER OPERATOR FAMILY f USING btree ADD OPERATOR 1 < (a, b), FUNCTION 1 f(a, b)",
        "ALTER OPERATOR FAMILY f USING btree DROP OPERATOR 1 (a, b)",
    ):
        assert elevated(sql, "dbdeed") == sql
    for sql, handed in (
        ("CREATE OPERATOR FAMILY s.f USING gist", ["FAMILY s.f USING gist"]),
        (
            "CREATE OPERATOR CLASS c FOR TYPE t USING btree AS OPERATOR 1 <, FUNCTION 1 f(t, t)",
            ["FAMILY c USING btree", "CLASS c USING btree"],
        ),
        (
            "CREATE OPERATOR CLASS s.c FOR TYPE t USING hash FAMILY f AS FUNCTION 1 f(t), FUNCTION 2 g(t, bigint)",
            ["CLASS s.c USING hash"],
        ),
    ):
        owners = "".join(f"; ALTER OPERATOR {one} OWNER TO dbdeed" for one in handed)
        assert elevated(sql, "dbdeed") == sql + owners
    assert elevated(
        "CREATE TRUSTED LANGUAGE l HANDLER plpgsql_call_handler VALIDATOR plpgsql_validator", "dbdeed"
    ) == (
        "CREATE TRUSTED LANGUAGE l HANDLER plpgsql_call_handler VALIDATOR plpgsql_validator; "
        "ALTER LANGUAGE l OWNER TO dbdeed"
    )
    assert elevated('CREATE SERVER "a""b" FOREIGN DATA WRAPPER w', "me") == (
        'CREATE SERVER "a""b" FOREIGN DATA WRAPPER w; ALTER SERVER "a""b" OWNER TO me'
    )


SUBSCRIPTIONS = [
    ("CREATE SUBSCRIPTION s CONNECTION 'host=h password=x' PUBLICATION p", "enabled"),
    ("CREATE SUBSCRIPTION s CONNECTION 'connect = false' PUBLICATION p WITH (connect = true, copy_data)", "enabled"),
    ("CREATE SUBSCRIPTION s CONNECTION '${A_URL}' PUBLICATION p, \"Q\" WITH (connect = false, slot_name = 'x')", ""),
    ("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (enabled = false, slot_name = NONE, create_slot = off)", ""),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "enabled"), SUBSCRIPTIONS)
def test_a_subscription_reaches_nobody_and_keeps_no_secret(
    private: PrivateScratch, sql: str, enabled: str
) -> None:
    with private.database() as session:
        session.execute(sql)
        found = private.admin.fetch("SELECT subconninfo, subenabled FROM pg_subscription")
        assert found == [("host=/nowhere dbname=nothing", enabled == "enabled")]
        session.execute("ALTER SUBSCRIPTION s CONNECTION 'host=elsewhere'")
        session.execute("ALTER SUBSCRIPTION s SET PUBLICATION q WITH (refresh = true)")
        with pytest.raises(SqlRejected):
            session.execute("ALTER SUBSCRIPTION s REFRESH PUBLICATION")
        assert private.admin.fetch("SELECT subconninfo, subpublications FROM pg_subscription") == [
            ("host=/nowhere dbname=nothing", ["q"])
        ]
        session.execute("DROP SUBSCRIPTION s")
        session.execute(sql)
    assert private.admin.fetch("SELECT FROM pg_subscription") == []


def test_who_must_be_a_superuser_to_own_is_one_only_meanwhile(db: Session) -> None:
    db.execute("CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'")
    db.execute("CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()")
    db.execute("ALTER EVENT TRIGGER e OWNER TO helper")
    db.execute("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p")
    db.execute("ALTER SUBSCRIPTION s OWNER TO helper")
    assert db.fetch("SELECT evtowner::regrole::text FROM pg_event_trigger") == [("helper",)]
    assert db.fetch("SELECT rolsuper FROM pg_roles WHERE rolname = 'helper'") == [(False,)]
    assert _is_ordinary(db)
    for sql in (
        f"ALTER EVENT TRIGGER e OWNER TO {SUPERUSER}",
        "ALTER EVENT TRIGGER nothing OWNER TO helper",
        "ALTER EVENT TRIGGER e OWNER TO helper; ALTER ROLE dbdeed SUPERUSER",
    ):
        with pytest.raises(SqlRejected):
            db.execute(sql)
    db.execute("ALTER EVENT TRIGGER e OWNER TO helper -- ")
    db.execute("ALTER EVENT TRIGGER e OWNER TO helper /* ")
    assert db.fetch("SELECT rolname FROM pg_roles WHERE rolsuper") == [(SUPERUSER,)]


def test_event_triggers_do_not_fire_for_a_superuser_s_statement(db: Session) -> None:
    db.execute("CREATE TABLE seen (who text)")
    db.execute(
        "CREATE FUNCTION spy() RETURNS event_trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO public.seen VALUES (current_user); END $$"
    )
    for event in ("ddl_command_start", "ddl_command_end"):
        db.execute(f"CREATE EVENT TRIGGER spy_{event} ON {event} EXECUTE FUNCTION spy()")
    db.execute("CREATE TABLE t (a int)")
    db.execute("CREATE EXTENSION citext")
    db.execute("COMMENT ON EXTENSION citext IS 'x'")
    db.execute("DROP EXTENSION citext")
    assert {who for (who,) in db.fetch("SELECT who FROM seen")} == {"dbdeed"}


def test_one_that_always_fires_stops_what_needs_a_superuser_or_stays_off(db: Session) -> None:
    db.execute(
        "CREATE FUNCTION grab() RETURNS event_trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF current_user <> session_user THEN EXECUTE 'ALTER ROLE dbdeed SUPERUSER'; END IF; END $$"
    )
    db.execute("CREATE EVENT TRIGGER grab ON ddl_command_end EXECUTE FUNCTION grab()")
    db.execute("ALTER EVENT TRIGGER grab ENABLE ALWAYS")
    if db.version[0] >= 17:
        db.execute("CREATE EXTENSION citext")
    else:
        with pytest.raises(SqlRejected, match="always fires"):
            db.execute("CREATE EXTENSION citext")
    assert _is_ordinary(db)


def test_a_hostile_search_path_does_not_reach_the_superuser_s_function(db: Session) -> None:
    db.execute("CREATE SCHEMA evil")
    steal = "$$ BEGIN EXECUTE 'ALTER ROLE dbdeed SUPERUSER'; RETURN NULL; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$"
    for name, arguments, result in (
        ("sha256", "bytea", "bytea"),
        ("encode", "bytea, text", "text"),
        ("convert_to", "text, name", "bytea"),
        ("convert_to", "text, text", "bytea"),
        ("concat", "text, text", "text"),
        ("texteq", "text, text", "bool"),
        ("steal_eq", "text, text", "bool"),
        ("steal_eq", "name, text", "bool"),
    ):
        db.execute(f"CREATE FUNCTION evil.{name}({arguments}) RETURNS {result} LANGUAGE plpgsql AS {steal}")
    for left in ("text", "name"):
        db.execute(f"CREATE OPERATOR evil.= (LEFTARG = {left}, RIGHTARG = text, FUNCTION = evil.steal_eq)")
    db.execute("CREATE TEMP TABLE dbdeed_key (key text)")
    db.execute("CREATE TEMP TABLE pg_event_trigger (evtenabled text)")
    db.execute("SET search_path = evil, pg_temp, public, pg_catalog")
    db.execute("CREATE EXTENSION citext SCHEMA public")
    db.execute("CREATE TABLE public.mine (a int)")
    db.execute("ALTER TABLE public.mine OWNER TO helper")
    assert _is_ordinary(db)


def test_a_seal_fits_one_statement_and_one_key() -> None:
    assert seal("k", "CREATE EXTENSION a") != seal("k", "CREATE EXTENSION b")
    assert seal("k", "CREATE EXTENSION a") != seal("l", "CREATE EXTENSION a")


def test_a_stolen_seal_runs_nothing_else(db: Session) -> None:
    key = db._key  # type: ignore[attr-defined]
    stolen = seal(key, "CREATE EXTENSION citext")
    with pytest.raises(SqlRejected, match="not sealed"):
        db.fetch("SELECT pg_catalog.dbdeed_elevate($1, $2)", "ALTER ROLE dbdeed SUPERUSER", stolen)
    db.fetch("SELECT pg_catalog.dbdeed_elevate($1, $2)", "CREATE EXTENSION citext", stolen)


def test_a_setting_does_not_make_two_statements_of_one(db: Session) -> None:
    db.execute("CREATE EXTENSION citext")
    db.execute("DO $$ BEGIN PERFORM set_config('standard_conforming_strings', 'off', false); END $$")
    db.execute(r"COMMENT ON EXTENSION citext IS '\''; ALTER ROLE dbdeed SUPERUSER; --'")
    assert _is_ordinary(db)


def test_dblink_reaches_neither_the_superuser_nor_another_machine(
    db: Session, private: PrivateScratch
) -> None:
    db.execute("CREATE EXTENSION dblink")
    for target in (
        f"host={private.server.socket} port=5432 dbname=postgres user={SUPERUSER}",
        f"host={private.server.socket} port=5432 dbname=postgres user={SUPERUSER} password=guess",
        "host=127.0.0.1 port=22 user=x password=y dbname=z connect_timeout=3",
        "host=192.0.2.1 user=x password=y dbname=z connect_timeout=3",
    ):
        with pytest.raises(SqlRejected):
            db.fetch("SELECT * FROM dblink($1, 'SELECT 1') AS t(a int)", target)


def test_a_foreign_server_cannot_skip_the_password(db: Session, private: PrivateScratch) -> None:
    db.execute("CREATE EXTENSION postgres_fdw")
    db.execute(
        "CREATE SERVER self FOREIGN DATA WRAPPER postgres_fdw "
        f"OPTIONS (host '{private.server.socket}', dbname 'postgres')"
    )
    with pytest.raises(SqlRejected):
        db.execute(
            f"CREATE USER MAPPING FOR dbdeed SERVER self OPTIONS (user '{SUPERUSER}', password_required 'false')"
        )


def test_rights_on_what_an_extension_made_can_be_taken_and_given(db: Session) -> None:
    db.execute("CREATE EXTENSION hstore")
    db.execute("REVOKE EXECUTE ON FUNCTION hstore(text, text) FROM PUBLIC")
    db.execute("GRANT EXECUTE ON FUNCTION public.hstore(text, text) TO reader")
    ((rights,),) = db.fetch("SELECT proacl::text FROM pg_proc WHERE oid = 'hstore(text, text)'::regprocedure")
    assert "=X/" not in rights.strip("{}").split(",")
    assert "reader=X/" in rights


@pytest.mark.parametrize(
    "sql",
    [
        "GRANT EXECUTE ON FUNCTION dblink_connect_u(text) TO dbdeed",
        "GRANT EXECUTE ON FUNCTION dblink_connect_u(text) TO reader",
        "GRANT EXECUTE ON FUNCTION hstore(text, text), dblink_connect_u(text) TO reader",
        "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO dbdeed",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO reader",
        "GRANT EXECUTE ON FUNCTION dblink_connect_u(text) TO CURRENT_USER",
        "GRANT pg_execute_server_program TO dbdeed",
        "REVOKE EXECUTE ON FUNCTION nothing( FROM PUBLIC",
    ],
)
def test_but_nothing_that_was_not_everybody_s(db: Session, sql: str) -> None:
    db.execute("CREATE EXTENSION dblink")
    db.execute("CREATE EXTENSION hstore")
    with suppress(SqlRejected):
        db.execute(sql)
    for function in ("public.dblink_connect_u(text)", "pg_read_file(text)"):
        assert db.fetch("SELECT has_function_privilege('dbdeed', $1, 'EXECUTE')", function) == [(False,)]
    assert _is_ordinary(db)


def test_given_objects_leave_the_schemas_as_they_were(db: Session) -> None:
    db.execute("CREATE SCHEMA s")
    db.execute("CREATE TABLE s.t (a int)")
    db.execute("CREATE TABLE u (a int)")
    db.execute("GRANT USAGE ON SCHEMA s TO reader")
    before = db.fetch("SELECT nspname, nspacl::text FROM pg_namespace ORDER BY 1")
    db.execute("ALTER TABLE s.t OWNER TO helper")
    with db.transaction():
        db.execute("ALTER TABLE u OWNER TO helper")
    with pytest.raises(SqlRejected):
        db.execute("ALTER TABLE nowhere OWNER TO helper")
    assert db.fetch("SELECT nspname, nspacl::text FROM pg_namespace ORDER BY 1") == before
    assert db.fetch(
        "SELECT relname FROM pg_class WHERE relowner = 'helper'::regrole AND relkind = 'r' ORDER BY 1"
    ) == [("t",), ("u",)]


def test_nobody_gives_to_the_superuser(db: Session) -> None:
    db.execute("CREATE FUNCTION evil() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'")
    with pytest.raises(SqlRejected):
        db.execute(f"ALTER FUNCTION evil() OWNER TO {SUPERUSER}")


def test_a_statement_that_never_ends_is_ended(
    private: PrivateScratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratches, "STATEMENT_SECONDS", 1)
    monkeypatch.setattr(scratches, "_GRACE_SECONDS", 1)
    with private.database() as session:
        started = time.monotonic()
        with pytest.raises(SqlRejected):
            session.execute("DO $$ BEGIN LOOP END LOOP; END $$")
        session.execute("SET statement_timeout = 0")
        with pytest.raises((SqlRejected, Unavailable)):
            session.execute(
                "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(1000); EXCEPTION WHEN query_canceled THEN END; "
                "END LOOP; END $$"
            )
        assert time.monotonic() - started < 60
    with private.database() as session:
        assert session.fetch("SELECT 1") == [(1,)]


def test_memory_has_a_limit(private: PrivateScratch) -> None:
    limits = Path(f"/proc/{private.server.pid}/limits").read_text()
    (line,) = (one for one in limits.splitlines() if one.startswith("Max address space"))
    assert "unlimited" not in line


REFUSED = [
    "BEGIN", "START TRANSACTION", "COMMIT", "END", "ROLLBACK", "SAVEPOINT a", "RELEASE a", "PREPARE TRANSACTION 'x'",
    "SET ROLE x", "SET SESSION AUTHORIZATION x", "SET LOCAL ROLE x", "RESET ROLE", "RESET ALL", "DISCARD ALL",
    "SET default_tablespace = fast", "SET default_table_access_method = columnar",
    "SELECT 1", "WITH a AS (SELECT 1) SELECT * FROM a", "TABLE t", "VALUES (1)", "UPDATE t SET a = 1",
    "DELETE FROM t", "TRUNCATE t", "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE", "CALL p()",
    "COPY t FROM stdin", "COPY t TO PROGRAM 'x'", "VACUUM", "ANALYZE t", "REINDEX TABLE t", "CLUSTER t",
    "CHECKPOINT", "LISTEN x", "NOTIFY x", "LOAD 'x'", "LOCK TABLE t", "EXPLAIN SELECT 1", "EXECUTE x",
    "CREATE DATABASE x", "DROP DATABASE x", "CREATE TABLESPACE x LOCATION '/x'", "ALTER SYSTEM SET a = 1",
    "CREATE TEMP TABLE t (a int)", "IMPORT FOREIGN SCHEMA s FROM SERVER x INTO y", "REASSIGN OWNED BY a TO b",
    "DROP OWNED BY a", "\\i other.sql", "\\! rm -rf /", "\\copy t from x", "begin -- x", "/* x */ commit",
    "SELECT pg_catalog.setval(lo_import('/x'), 1)",
]  # fmt: skip


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_no_schema_is_refused_by_name(
    victim: Session, block: Callable[[str], CodeBlock], sql: str
) -> None:
    with pytest.raises(SqlRejected) as caught:
        load(victim, statements([block(f"CREATE TABLE t (a int);\n  {sql};")]))
    assert caught.value.where.startswith(("DATABASE.md:5:3", "DATABASE.md:5:11"))
    assert caught.value.message.split()[0].lower() in sql.lower()
    assert caught.value.hint


NOISE = [
    "SET client_encoding = 'UTF8'", "SET statement_timeout = 0", "SET check_function_bodies = false",
    "SET default_tablespace = ''", "SET default_table_access_method = heap", "SET default_with_oids = false",
    "SET row_security = off", "\\restrict abc", "\\unrestrict abc", "SET xmloption = content", "",
]  # fmt: skip


@pytest.mark.parametrize("sql", NOISE)
def test_what_pg_dump_writes_around_is_passed_over(sql: str) -> None:
    assert judge(Statement(sql)).verdict is Verdict.SKIP


@given(st.text(max_size=200) | st.lists(st.sampled_from(ESCAPES + NOT_RECOGNISED + REFUSED)).map(";".join))
@settings(max_examples=200)
def test_judging_never_fails(text: str) -> None:
    judge(Statement(text))
    elevated(text, "x")
    roles_named(text)
    new_owner(text)


@given(st.sampled_from(list(elevation._RECOGNISED)), st.text(max_size=60))
@settings(max_examples=200)
def test_two_statements_never_run_as_superuser(beginning: str, text: str) -> None:
    assert elevated(f"{beginning}x; DROP TABLE y", "r") is None
    found = elevated(f"{beginning}{text}", "r")
    if not beginning.endswith(" subscription "):  # those are written anew
        assert found is None or found.startswith(f"{beginning}{text}".strip()[: len(beginning) - 1])


@pytest.mark.parametrize(
    ("sql", "roles"),
    [
        ('GRANT SELECT ON t TO app, "Big One", public', ["app", "Big One"]),
        ("REVOKE ALL ON t FROM app, bob", ["app", "bob"]),
        ("ALTER TABLE t OWNER TO app", ["app"]),
        ("ALTER TABLE t RENAME TO app", []),
        ("ALTER DEFAULT PRIVILEGES FOR ROLE a, b IN SCHEMA s GRANT SELECT ON TABLES TO c", ["a", "b", "c"]),
        ("CREATE POLICY p ON t FOR SELECT TO app, CURRENT_USER USING (true)", ["app"]),
        ("CREATE SCHEMA s AUTHORIZATION app", ["app"]),
        ("CREATE SCHEMA IF NOT EXISTS AUTHORIZATION app", ["app"]),
        ("CREATE USER MAPPING FOR app SERVER s", ["app"]),
        ("CREATE USER MAPPING FOR PUBLIC SERVER s", []),
        ("GRANT pg_monitor TO app", ["app"]),
        ("CREATE TABLE t (a int)", []),
    ],
)
def test_roles_named(sql: str, roles: list[str]) -> None:
    assert roles_named(sql) == roles


def test_named_roles_cannot_log_in_and_may_do_nothing(db: Session) -> None:
    db.execute("CREATE TABLE t (a int)")
    db.execute("GRANT SELECT ON t TO reporting_app")
    assert db.fetch(
        "SELECT rolcanlogin, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = 'reporting_app'"
    ) == [(False, False, False, False)]


def test_the_launcher_drops_root(private: PrivateScratch) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    status = Path(f"/proc/{private.server.pid}/status").read_text()
    (line,) = (one for one in status.splitlines() if one.startswith("CapEff"))
    assert int(line.split()[1], 16) == 0
