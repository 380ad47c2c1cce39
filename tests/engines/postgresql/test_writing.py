"""The small rules that all kinds write by."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.choosing import index_name, sequence_name
from dbdeed.engines.postgresql.conversion import conversion
from dbdeed.engines.postgresql.draft import draft_table
from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.engines.postgresql.grants import statements
from dbdeed.engines.postgresql.quoting import ident, literal
from dbdeed.engines.postgresql.stable import stable
from dbdeed.engines.postgresql.types import python_type
from dbdeed.models.model import Cardinality

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.document.architecture import CodeBlock
    from dbdeed.engines.postgresql.session import Session

TEXTS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20)


@given(text=TEXTS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_quoted_comes_back(db: Session, text: str) -> None:
    assert db.fetch(f"SELECT {literal(text)}") == [(text,)]
    if 0 < len(text.encode()) < 64:
        db.execute(f"CREATE TEMP TABLE {ident(text)} ()")
        assert db.fetch("SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'") == [
            (text,)
        ]
        db.execute(f"DROP TABLE {ident(text)}")


def test_words_that_must_be_quoted(db: Session) -> None:
    for (word,) in db.fetch("SELECT word FROM pg_get_keywords()"):
        assert db.fetch(f"SELECT 1 AS {ident(word)}") == [(1,)]
        db.execute(f"CREATE TEMP TABLE {ident(word)} ()")
        db.execute(f"DROP TABLE {ident(word)}")


@pytest.mark.parametrize("table", ["t", "a_long_name_" * 5, "é" * 30])
def test_names_are_those_that_the_server_chooses(db: Session, table: str) -> None:
    table = table[:60] if table.isascii() else table
    column = "also_quite_a_long_name_for_one_column"
    db.execute(f"CREATE TABLE {ident(table)} (id serial, {column} text)")
    db.execute(f"CREATE INDEX ON {ident(table)} (id, {column})")
    names = {name for (name,) in db.fetch("SELECT relname FROM pg_class WHERE relkind IN ('i', 'S')")}
    assert {sequence_name(table, "id"), index_name(table, ("id", column), "idx")} <= names


TYPES = [
    "integer", "bigint", "smallint", "numeric(8,2)", "double precision", "text", "character varying(40)", "boolean",
    "date", "timestamp with time zone", "timestamp without time zone", "jsonb", "json", "uuid", "integer[]", "text[]",
    "inet", "cidr", "interval", "bytea", "bigint[]", "character varying(40)[]", "timestamp with time zone[]", "cidr[]",
    "inet[]",
]  # fmt: skip


def test_every_conversion_is_one_that_the_server_takes(db: Session) -> None:
    db.execute("SET client_min_messages = error")
    for old in TYPES:
        for new in TYPES:
            if old == new:
                continue
            way = conversion(old, new)
            db.execute(f"CREATE TABLE t (c {old})")
            using = f" USING {way.using('c')}" if way.using_template else ""
            before = db.fetch("SELECT relfilenode FROM pg_class WHERE relname = 't'")
            db.execute(f"ALTER TABLE t ALTER c TYPE {new}{using}")
            after = db.fetch("SELECT relfilenode FROM pg_class WHERE relname = 't'")
            assert way.rewrites or before == after, (old, new)
            db.execute("DROP TABLE t")


@pytest.mark.parametrize(
    ("old", "new", "rewrites"),
    [
        ("character varying(10)", "character varying(20)", False),
        ("character varying(10)", "text", False),
        ("character varying(20)", "character varying(10)", True),
        ("numeric(8,2)", "numeric(10,2)", False),
        ("numeric(8,2)", "numeric(10,3)", True),
        ("integer", "bigint", True),
        ("bit(3)", "bit varying", False),
        ("timestamp without time zone", "timestamp(6) without time zone", False),
        ("timestamp(3) with time zone", "timestamp with time zone", False),
        ("interval", "interval(6)", False),
        # Each value of a list is written anew, but for where no limit is left.
        ("character varying(10)[]", "character varying(20)[]", True),
        ("character varying(10)[]", "character varying[]", False),
        ("character varying[]", "text[]", True),
        ("text[]", "character varying[]", True),
        ("numeric(8,2)[]", "numeric(10,2)[]", True),
        ("numeric(8,2)[]", "numeric[]", False),
        ("bit varying(5)[]", "bit varying(9)[]", True),
        ("timestamp(3) with time zone[]", "timestamp(6) with time zone[]", True),
        ("timestamp(3) with time zone[]", "timestamp with time zone[]", False),
        ("interval day to second(2)[]", "interval day to second[]", True),
        ("cidr[]", "inet[]", True),
    ],
)
def test_what_is_rewritten(db: Session, old: str, new: str, rewrites: bool) -> None:
    db.execute(f"CREATE TABLE t (c {old})")
    before = db.fetch("SELECT relfilenode FROM pg_class WHERE relname = 't'")
    db.execute(f"ALTER TABLE t ALTER c TYPE {new}")
    assert (before != db.fetch("SELECT relfilenode FROM pg_class WHERE relname = 't'")) is rewrites
    assert conversion(old, new).rewrites is rewrites


def test_grants() -> None:
    had = [("app", "SELECT", True), ("old", "SELECT", False)]
    wanted = [("app", "SELECT", False), ("app", "INSERT", False), ("OWNER", "DELETE", False)]
    assert statements(had, wanted, "ON TABLE t", "me") == [
        "REVOKE SELECT ON TABLE t FROM old",
        "REVOKE GRANT OPTION FOR SELECT ON TABLE t FROM app",
        "GRANT DELETE ON TABLE t TO me",
        "GRANT INSERT ON TABLE t TO app",
    ]


def test_stable_text_is_kept_as_it_was(db: Session) -> None:
    db.execute("CREATE TABLE t (s varchar(9) CHECK (s IN ('a', 'it''s')))")
    ((text,),) = db.fetch(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 't'::regclass"
    )
    db.execute(f"CREATE TABLE u (s varchar(9), CONSTRAINT c {stable(text)})")
    assert db.fetch("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'c'") == [(text,)]


@pytest.mark.parametrize(
    ("type_name", "expression"),
    [
        ("numeric(12,2)", "decimal.Decimal"),
        ("timestamp(3) with time zone", "datetime.datetime"),
        ("uuid[]", "list[uuid.UUID]"),
        ("public.citext", "str"),
        ("int4range", "psycopg.types.range.Range[int]"),
        ("tsmultirange", "psycopg.types.multirange.Multirange[datetime.datetime]"),
        ("jsonb", "typing.Any"),
    ],
)
def test_python_types(type_name: str, expression: str) -> None:
    assert python_type(type_name).expression == expression


SHOP = """
    CREATE TYPE status AS ENUM ('new', 'paid');
    CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, tags text[]);
    COMMENT ON TABLE users IS 'People';
    CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        user_id integer NOT NULL REFERENCES users ON DELETE CASCADE, status status NOT NULL DEFAULT 'new');
    CREATE TABLE profiles (user_id integer PRIMARY KEY REFERENCES users);
    CREATE TABLE likes (user_id integer REFERENCES users, order_id bigint REFERENCES orders)
"""


def _loaded(db: Session, sql: str) -> Any:
    for statement in sql.split(";"):
        db.execute(statement)
    return ENGINE.inspect(db)


def test_describing(db: Session) -> None:
    model = ENGINE.describe(_loaded(db, SHOP), {"users": "Person"})
    assert [one.name for one in model.models] == ["Order", "Person", "Profile"]
    order, person = model.model("Order"), model.model("Person")
    assert order is not None
    assert person is not None
    assert order.attribute("status").python.enum == "Status"
    assert order.attribute("status").type == "status"
    assert (order.attribute("id").identity, person.attribute("id").identity) == ("always", "by default")
    assert person.comment == "People"
    assert [key.columns for key in person.keys] == [("id",), ("email",)]
    kinds = {(one.target, one.cardinality) for one in person.relationships}
    assert kinds == {
        ("Order", Cardinality.ONE_TO_MANY),
        ("Profile", Cardinality.ONE_TO_ONE),
        ("Order", Cardinality.MANY_TO_MANY),
    }
    assert [one.table for one in model.joins] == ["likes"]


def _model(name: str, /, **attributes: str) -> Any:
    entries = tuple(SimpleNamespace(name=key, text=text) for key, text in attributes.items())
    return SimpleNamespace(name=name, table="", attributes=entries, relationships=())


def test_a_draft_is_sql_that_runs(db: Session) -> None:
    customer = _model("Customer", id="UUID, Primary Key", name="string(20), required, unique")
    line = _model(
        "Order Line",
        id="Integer, Primary Key",
        customer_id="references Customer",
        price="decimal(12,2), required, default 0",
        state="enum('new', 'it''s'), default 'new'",
        tags="array of text",
        note="text, nullable, default 'a, b'",
        created_at="timestamp",
    )
    for model in (customer, line):
        db.execute(draft_table(model, (customer, line)).rstrip(";"))
    catalog = ENGINE.inspect(db)
    column: Any = catalog.objects[ObjectId("column", ("public", "order_lines", "customer_id"))]
    assert column.type == "uuid"
    db.execute("INSERT INTO order_lines DEFAULT VALUES")
    assert db.fetch("SELECT id, price::text, note FROM order_lines") == [(1, "0.00", "a, b")]


def test_renames_keep_rows_and_what_depends_on_them(db: Session, block: Callable[[str], CodeBlock]) -> None:
    _loaded(
        db,
        "CREATE TABLE old (id integer, a text); INSERT INTO old VALUES (1, 'x'); CREATE VIEW v AS SELECT a FROM old",
    )
    current = ENGINE.inspect(db)
    sql = "-- renamed from: old\nCREATE TABLE new (\n    id integer,\n    b text -- renamed from: a\n);"
    with_view = sql + "\nCREATE VIEW v AS SELECT b AS a FROM new;"
    statements_ = ENGINE.statements([block(with_view)])
    db.execute("ALTER TABLE old RENAME TO new")
    db.execute("ALTER TABLE new RENAME a TO b")
    target = ENGINE.inspect(db)
    db.execute("ALTER TABLE new RENAME b TO a")
    db.execute("ALTER TABLE new RENAME TO old")
    for catalog in (current, None):  # what a renamed table's columns are called is asked once it is renamed
        for change in ENGINE.rename_steps(catalog or ENGINE.inspect(db), target, statements_):
            for step in change.steps:
                db.execute(step.sql)
    assert ENGINE.inspect(db).same_as(target)
    assert db.fetch("SELECT b FROM new") == [("x",)]
    assert ENGINE.rename_steps(target, target, statements_) == []
