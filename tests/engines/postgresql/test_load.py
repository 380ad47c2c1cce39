"""Loading a document's SQL: any order, and errors at the document's own line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.shared import NO_CASES, cases

from dbdeed.document.findings import Severity
from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.postgresql.sql.load import load, statements
from dbdeed.engines.postgresql.sql.names import made_by, missing_name
from dbdeed.engines.sql_text import read, split

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.document.architecture import CodeBlock
    from dbdeed.engines.postgresql.servers.scratch import PrivateScratch
    from dbdeed.engines.postgresql.session import Session

    Block = Callable[..., CodeBlock]

SHOP = [
    "CREATE SCHEMA app",
    "CREATE EXTENSION citext",
    "CREATE TYPE order_status AS ENUM ('new', 'paid')",
    "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
    "CREATE SEQUENCE order_numbers",
    "CREATE TABLE customers (id int PRIMARY KEY, email citext UNIQUE)",
    "CREATE FUNCTION total(int) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT sum(amount) FROM public.lines WHERE \"order\" = $1'",
    "CREATE TABLE orders (id int PRIMARY KEY DEFAULT nextval('order_numbers'), status order_status, customer int REFERENCES customers)",
    'CREATE TABLE lines ("order" int REFERENCES orders, amount positive)',
    'CREATE TABLE app.notes ("order" int REFERENCES public.orders (id))',
    "CREATE VIEW order_totals AS SELECT id, total(id) FROM orders",
    "CREATE MATERIALIZED VIEW busy AS SELECT * FROM order_totals",
    "CREATE UNIQUE INDEX busy_id ON busy (id)",
    "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch()",
    "COMMENT ON COLUMN orders.status IS 'where it stands'",
    "ALTER TABLE orders ADD COLUMN note text",
    "CREATE INDEX by_note ON orders (note)",
    "INSERT INTO customers VALUES (1, 'a@b')",
    "INSERT INTO orders (status, customer) VALUES ('new', 1)",
    "GRANT SELECT ON orders TO reporting",
    "CREATE POLICY own ON orders TO reporting USING (true)",
]


def _facts(session: Session) -> list[tuple[object, ...]]:
    return session.fetch(
        "SELECT relname::text, relkind::text FROM pg_class WHERE relnamespace IN ('public'::regnamespace, "
        "'app'::regnamespace) ORDER BY 1"
    )


def test_document_order(db: Session, block: Block) -> None:
    assert load(db, statements([block(";\n".join(SHOP))])) == []
    assert db.fetch("SELECT status::text, customer FROM orders") == [("new", 1)]


@pytest.fixture(scope="module")
def expected(private: PrivateScratch) -> list[tuple[object, ...]]:
    with private.database() as session:
        load(session, read(";".join(SHOP), RULES))
        return _facts(session)


@given(order=st.permutations(SHOP))
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
def test_any_order_comes_to_the_same(
    private: PrivateScratch, expected: list[tuple[object, ...]], order: list[str]
) -> None:
    with private.database() as session:
        load(session, read(";".join(order), RULES))
        assert _facts(session) == expected
        assert session.fetch("SELECT status::text, customer FROM orders") == [("new", 1)]


def test_reverse_order_runs_each_statement_about_twice(private: PrivateScratch) -> None:
    tables = [f"CREATE TABLE t{i} (id int PRIMARY KEY, p int REFERENCES t{max(i - 1, 0)})" for i in range(80)]
    counts = []
    for order in (tables, tables[::-1]):
        with private.database() as session:
            runs = 0
            execute = session.execute

            def counted(sql: str) -> None:
                nonlocal runs
                runs += 1
                execute(sql)  # noqa: B023 - called within the loop only

            session.execute = counted  # type: ignore[method-assign]
            load(session, read(";".join(order), RULES))
            counts.append(runs)
    assert counts[0] <= 85
    assert counts[1] <= 2 * 80 + 5


def test_functions_that_call_each_other(db: Session) -> None:
    load(
        db,
        read(
            "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT g($1)';"
            "CREATE FUNCTION g(int) RETURNS int LANGUAGE sql AS 'SELECT f($1)'",
            RULES,
        ),
    )
    assert db.fetch("SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace") == [(2,)]


ERRORS = [
    ("CREATE TABLE t (id int);\nCREAT TABLE u (x int);", (5, 1), "syntax error"),
    ("CREATE TABLE t (\n  id int,\n  x nosuch\n);", (6, 5), 'type "nosuch" does not exist'),
    ("CREATE TABLE t (id int,\n  é text DEFAULT (1 + nosuch(2)));", (5, 23), "function nosuch"),
    ("CREATE TABLE t (id int PRIMARY KEY,\n  b int REFERENCES nosuch (id));", (5, 20), "nosuch"),
    ("CREATE VIEW v AS\n  SELECT *\n  FROM nosuch;", (6, 8), "nosuch"),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n  SELECT a\n  FROM nosuch\n$$;", (6, 8), "nosuch"),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETRN 1;\nEND $$;", (6, 3), "RETRN"),
    ("DO $$\nBEGIN\n  PERFORM 1;\n  PERFORM nosuch();\nEND $$;", (7, 3), "nosuch"),
    ("CREATE EVENT TRIGGER e ON\n  nonsense EXECUTE FUNCTION f();", (5, 3), "nonsense"),
    ("CREATE TABLE t (a int);\nCREATE TABLE t (a int);", (5, 14), "already exists"),
    ("CREATE TABLE t (a int);\n  INSERT INTO t VALUES ('x');", (5, 25), "invalid input"),
    ("CREATE TABLE t (a text DEFAULT 'it''s", (4, 32), "unterminated"),
    ("CREATE TABLE t (a int)\nCREATE TABLE u (a int);", (5, 1), "syntax error"),
    ("CREATE EXTENSION nosuch_extension;", (4, 18), "nosuch_extension"),
]


@pytest.mark.parametrize(("sql", "where", "message"), ERRORS, ids=range(len(ERRORS)))
def test_an_error_is_at_the_document_s_line(
    db: Session, block: Block, sql: str, where: tuple[int, int], message: str
) -> None:
    with pytest.raises(SqlRejected) as caught:
        load(db, statements([block(sql)]))
    assert caught.value.where == f"DATABASE.md:{where[0]}:{where[1]}"
    assert message in caught.value.message
    assert caught.value.statement is not None


def test_the_cause_is_shown_and_not_what_follows_from_it(db: Session, block: Block) -> None:
    with pytest.raises(SqlRejected) as caught:
        load(
            db,
            statements(
                [
                    block(
                        "CREATE VIEW v AS SELECT * FROM t;\n"
                        "CREATE VIEW w AS SELECT * FROM v;\n"
                        "CREATE TABLE t (a int REFERENCES nowhere);"
                    )
                ]
            ),
        )
    assert "nowhere" in caught.value.message
    assert caught.value.where == "DATABASE.md:6:34"


def test_a_circle_of_foreign_keys_is_explained(db: Session, block: Block) -> None:
    with pytest.raises(SqlRejected) as caught:
        load(
            db,
            statements(
                [
                    block(
                        "CREATE TABLE z (id int);\n"
                        "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES b);\n"
                        "CREATE TABLE b (id int PRIMARY KEY, c int REFERENCES c);\n"
                        "CREATE TABLE c (id int PRIMARY KEY, a int REFERENCES a);\n"
                    )
                ]
            ),
        )
    assert caught.value.message.startswith("a and b and c need each other")
    assert "ALTER TABLE a ADD FOREIGN KEY" in caught.value.hint
    assert caught.value.where == "DATABASE.md:5:1"


def test_two_functions_in_a_circle_with_a_mistake(db: Session, block: Block) -> None:
    with pytest.raises(SqlRejected, match="nope") as caught:
        load(
            db,
            statements(
                [
                    block(
                        "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS $$ SELECT g($1) $$;\n"
                        "CREATE FUNCTION g(int) RETURNS int LANGUAGE sql AS $$\n SELECT f(nope) $$;"
                    )
                ]
            ),
        )
    assert caught.value.where == "DATABASE.md:6:11"


def test_search_path_is_followed_where_it_stands(db: Session) -> None:
    load(
        db,
        read(
            "CREATE SCHEMA s; SET search_path = s, public; CREATE TABLE one (a kind);"
            "SET search_path TO DEFAULT; SET search_path = public; CREATE TABLE two (a int);"
            "SELECT pg_catalog.set_config('search_path', 's; DROP TABLE x', false);"
            "SELECT pg_catalog.set_config('search_path', '', false); CREATE TABLE s.three (a int);"
            "CREATE TYPE s.kind AS ENUM ('a')",
            RULES,
        ),
    )
    assert db.fetch(
        "SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
        "WHERE relkind = 'r' AND n.nspname IN ('s', 'public') ORDER BY 2"
    ) == [("s", "one"), ("s", "three"), ("public", "two")]
    assert db.fetch("SHOW search_path") == [("public",)]


def test_what_belongs_to_the_server_is_left_out_and_said(db: Session, block: Block) -> None:
    findings = load(
        db,
        statements(
            [
                block(
                    "CREATE ROLE app LOGIN PASSWORD 'x';\n"
                    "DO $$ BEGIN CREATE ROLE b; EXCEPTION WHEN duplicate_object THEN NULL; END $$;\n"
                    "GRANT app TO b;\n"
                    "GRANT CONNECT ON DATABASE shop TO app;\n"
                    "ALTER DATABASE shop SET timezone = 'UTC';\n"
                    "CREATE TABLE t (a int);\n"
                    "GRANT SELECT ON t TO app, b;"
                )
            ]
        ),
    )
    assert [(one.code, one.severity, str(one.place)) for one in findings if one.code == "left-out"] == [
        ("left-out", Severity.INFO, f"DATABASE.md:{line}:1") for line in (4, 6, 7, 8, 5)
    ]
    assert db.fetch("SELECT has_table_privilege('app', 't', 'SELECT')") == [(True,)]


def test_strings_of_old_are_not_misread(db: Session, block: Block) -> None:
    old = "SET standard_conforming_strings = off;\nCREATE TABLE t (a text DEFAULT '{}');"
    with pytest.raises(SqlRejected, match="standard_conforming_strings"):
        load(db, statements([block(old.format("\\n"))]))
    load(db, statements([block(old.format("n"))]))


def test_a_document_that_drops_keeps_its_order(db: Session) -> None:
    load(
        db,
        read(
            "CREATE TABLE t (a int); DROP TABLE t; CREATE TABLE t (b int); DROP SCHEMA IF EXISTS u CASCADE; CREATE SCHEMA u",
            RULES,
        ),
    )
    assert db.fetch(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0"
    ) == [("b",)]


class TestLint:
    def test_traps_are_found_where_they_are_written(self, db: Session, block: Block) -> None:
        findings = load(
            db,
            statements(
                [
                    block(
                        "CREATE TABLE t (\n"
                        "  code char(5),\n"
                        "  flag char(1),\n"
                        "  at timestamp,\n"
                        "  fine timestamptz\n"
                        ");\n"
                        "ALTER TABLE t ADD COLUMN late character(9);"
                    )
                ]
            ),
        )
        assert {(one.code, one.severity, str(one.place)) for one in findings} == {
            ("padded-char", Severity.WARNING, "DATABASE.md:5:3"),
            ("naive-timestamp", Severity.INFO, "DATABASE.md:7:3"),
            ("padded-char", Severity.WARNING, "DATABASE.md:10:26"),
        }

    def test_a_name_that_is_cut_off(self, db: Session, block: Block) -> None:
        (finding,) = load(db, statements([block(f"CREATE TABLE {'x' * 70} (a int);")]))
        assert (finding.code, str(finding.place)) == ("truncated-name", "DATABASE.md:4:14")

    def test_a_right_that_nobody_here_can_give(self, db: Session, block: Block) -> None:
        sql = (
            "CREATE EXTENSION hstore;\nGRANT EXECUTE ON FUNCTION hstore(text, text), akeys(hstore) TO PUBLIC;"
        )
        findings = load(db, statements([block(sql)]))
        assert {(one.code, str(one.place)) for one in findings} == {("no-effect", "DATABASE.md:5:1")}

    def test_what_extensions_hold_is_not_ours(self, db: Session) -> None:
        assert load(db, read("CREATE EXTENSION postgres_fdw; CREATE EXTENSION hstore", RULES)) == []


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("CREATE TABLE IF NOT EXISTS s.Orders (a int)", {"orders"}),
        ('CREATE UNIQUE INDEX CONCURRENTLY "My Index" ON t (a)', {"My Index"}),
        ("CREATE OR REPLACE FUNCTION a.b.c() RETURNS int AS ''", {"c"}),
        ("CREATE INDEX ON t (a)", {"on"}),
        (
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS x int, ADD CONSTRAINT y CHECK (true), ADD z int",
            {"x", "y", "z"},
        ),
        ("CREATE", set()),
        ("CREATE TABLE", set()),
        ("ALTER TABLE t ADD", set()),
        ("DROP TABLE t", set()),
    ],
)
def test_made_by(sql: str, names: set[str]) -> None:
    assert made_by(sql, split(sql, RULES)[0].tokens) == names


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ('relation "s.orders" does not exist', "orders"),
        ('type "kind" does not exist', "kind"),
        ("function app.total(integer) does not exist", "total"),
        ('column "x" of relation "t" does not exist', "x"),
        ("column o.x does not exist", "x"),
        ("something else", ""),
    ],
)
def test_missing_name(message: str, name: str) -> None:
    assert missing_name(message) == name


CASES = cases("postgresql")


@pytest.mark.skipif(not CASES, reason=NO_CASES)
@pytest.mark.parametrize("step", [100, pytest.param(1, marks=pytest.mark.slow)])
def test_public_schemas_load(private: PrivateScratch, step: int) -> None:
    for case in CASES[::step]:
        for text in {case["from_sql"] or "", case["to_sql"] or ""}:
            with private.database() as session:
                for role in case.get("roles") or []:
                    private.ensure_role(role)
                try:
                    load(session, read(text, RULES))
                except SqlRejected as error:
                    # Which role ran a statement, and rows, are no part of a schema.
                    if not error.message.startswith(("SET ROLE", "COPY")):
                        pytest.fail(f"{case['suite']} {case['case']}: {error}")


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("CREATE SUBSCRIPTION s CONNECTION '${S_CONNECTION}' PUBLICATION p", ()),
        ("CREATE SUBSCRIPTION s CONNECTION 'host=h dbname=d' PUBLICATION p", ("DATABASE.md:4:34",)),
        ("CREATE SUBSCRIPTION s CONNECTION '${OTHER}' PUBLICATION p", ("DATABASE.md:4:34",)),
    ],
)
def test_a_connection_comes_from_the_environment(
    db: Session, block: Block, sql: str, found: tuple[str, ...]
) -> None:
    findings = load(db, statements([block(sql)]))
    assert tuple(str(one.place) for one in findings if one.code == "connection-elsewhere") == found
    assert db.fetch("SELECT subname, subenabled FROM pg_subscription") == [("s", True)]
