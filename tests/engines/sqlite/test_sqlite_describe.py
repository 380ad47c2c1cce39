"""The engine-neutral picture, drafts, renames, and the cache's form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dbdeed.document.architecture import AttributeEntry, ModelEntry, RelationshipEntry
from dbdeed.document.source import Place, Source, Span
from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.sql_text import read
from dbdeed.engines.sqlite.engine import ENGINE
from dbdeed.engines.sqlite.text import RULES
from dbdeed.models.model import Cardinality

if TYPE_CHECKING:
    from tests.engines.sqlite.conftest import Bench

_SHOP = """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, born DATE, meta JSON TEXT);
    CREATE TABLE profiles (customer_id INTEGER PRIMARY KEY REFERENCES customers (id) ON DELETE CASCADE, photo BLOB);
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL CONSTRAINT who REFERENCES customers,
        state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'it''s')), total DECIMAL(10, 2),
        paid BOOLEAN, placed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, twice REAL AS (total * 2), x
    );
    CREATE INDEX orders_by ON orders (customer_id, lower(state)) WHERE paid;
    CREATE UNIQUE INDEX orders_once ON orders (placed_at);
    CREATE TABLE tags (id INTEGER PRIMARY KEY, "the name" TEXT);
    CREATE TABLE order_tags (order_id REFERENCES orders, tag_id REFERENCES tags, PRIMARY KEY (order_id, tag_id));
"""


def test_models(bench: Bench) -> None:
    picture = ENGINE.describe(bench.catalog(_SHOP), {"profiles": "Face"})
    assert [model.name for model in picture.models] == ["Customer", "Face", "Order", "Tag"]
    order = picture.model("Order")
    assert order is not None
    assert {one.name: (one.type, one.python.expression, one.nullable) for one in order.attributes} == {
        "id": ("integer", "int", False),
        "customer_id": ("integer", "int", False),
        "state": ("text", "OrderState", False),
        "total": ("decimal(10,2)", "decimal.Decimal", True),
        "paid": ("boolean", "bool", True),
        "placed_at": ("timestamp", "datetime.datetime", True),
        "twice": ("real", "float", True),
        "x": ("", "typing.Any", True),
    }
    assert order.attribute("twice").generated
    assert order.attribute("id").identity == "by default"
    assert [(key.name, key.columns, key.primary) for key in order.keys] == [
        ("", ("id",), True),
        ("orders_once", ("placed_at",), False),
    ]
    assert {(one.name, one.columns, one.partial) for one in order.indexes} == {
        ("orders_by", ("customer_id", ""), True),
        ("orders_once", ("placed_at",), False),
    }
    assert [(one.name, one.values) for one in picture.enums] == [("OrderState", ("new", "it's"))]


def test_relationships(bench: Bench) -> None:
    picture = ENGINE.describe(bench.catalog(_SHOP))
    found = {
        (model.name, one.cardinality, one.target, one.through, one.constraint, one.required)
        for model in picture.models
        for one in model.relationships
    }
    assert found == {
        ("Order", Cardinality.MANY_TO_ONE, "Customer", "", "who", True),
        ("Customer", Cardinality.ONE_TO_MANY, "Order", "", "who", False),
        ("Profile", Cardinality.ONE_TO_ONE, "Customer", "", "", True),
        ("Customer", Cardinality.ONE_TO_ONE, "Profile", "", "", False),
        ("Order", Cardinality.MANY_TO_MANY, "Tag", "order_tags", "", False),
        ("Tag", Cardinality.MANY_TO_MANY, "Order", "order_tags", "", False),
    }
    assert [(one.table, one.left, one.right) for one in picture.joins] == [("order_tags", "orders", "tags")]


def _model(
    name: str, *attributes: tuple[str, str], relationships: tuple[tuple[str, str], ...] = ()
) -> ModelEntry:
    place = Place(Source("D.md", b""), Span(0, 0))
    return ModelEntry(
        name,
        place,
        place,
        attributes=tuple(AttributeEntry(one, text, place) for one, text in attributes),
        relationships=tuple(RelationshipEntry("", place, kind, target) for kind, target in relationships),
    )


def test_a_draft(bench: Bench) -> None:
    line = _model(
        "Order Line",
        ("id", "Serial, Primary Key"),
        ("order_id", "Integer, Foreign Key to Order, Not Null"),
        ("sku", "VARCHAR(20), unique, required"),
        ("price", "decimal(12, 2), default 0, check (price >= 0)"),
        ("state", "enum('new', 'it''s'), default new"),
        ("key", "uuid"),
        ("note", "[Type, Constraints]"),
        ("created_at", "Timestamp"),
        relationships=(("many-to-one", "Product"), ("one-to-many", "Order")),
    )
    sql = ENGINE.draft_table(line, [line, _model("Order"), _model("Product")])
    assert "price DECIMAL(12,2) DEFAULT 0 CHECK (price >= 0)" in sql
    assert "key" in sql
    catalog, findings = bench.load(
        f"{sql} CREATE TABLE orders (id INTEGER PRIMARY KEY); CREATE TABLE products (id INTEGER PRIMARY KEY)"
    )
    assert findings == []
    model = ENGINE.describe(catalog).model("OrderLine")
    assert model is not None
    assert {one.name: one.python.expression for one in model.attributes} == {
        "id": "int",
        "order_id": "int",
        "sku": "str",
        "price": "decimal.Decimal",
        "state": "OrderLineState",
        "key": "uuid.UUID",
        "note": "str",
        "created_at": "datetime.datetime",
        "product_id": "int",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "((((",
        "'",
        '"',
        "check (",
        "default",
        "text, default '; DROP TABLE x",
        "enum()",
        "`",
        "\x00",
        "references",
        "a" * 5000,
        "(" * 3000,
    ],
)
def test_a_draft_of_anything_is_one_table(text: str, bench: Bench) -> None:
    for name in ("a", 'x"; DROP TABLE y; --', "select"):
        model = _model(name, (name, text), ("id", "integer, pk"))
        catalog = bench.catalog(ENGINE.draft_table(model, [model]))
        assert [one.kind for one in catalog.objects] == ["table"]


def test_renames_keep_rows_and_dependents(bench: Bench) -> None:
    before = """
        CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT);
        CREATE TABLE pets (owner REFERENCES people (id)); CREATE INDEX by_mail ON people (mail);
        CREATE VIEW v AS SELECT mail FROM people; INSERT INTO people VALUES (1, 'a@b'); INSERT INTO pets VALUES (1);
    """
    after = """
        -- renamed from: people
        CREATE TABLE users (
            id INTEGER PRIMARY KEY,
            email TEXT -- renamed from: mail
        );
        CREATE TABLE pets (owner REFERENCES users (id)); CREATE INDEX by_mail ON users (email);
        CREATE VIEW v AS SELECT email FROM users;
    """
    statements = read(after, RULES)
    target = bench.catalog(after)
    session = bench.open(bench.file(before))
    for wanted in (ObjectId("table", ("users",)), ObjectId("column", ("users", "email"))):
        (change,) = ENGINE.rename_steps(ENGINE.inspect(session), target, statements)
        assert change.id == wanted
        with session.transaction():
            for step in change.steps:
                session.execute(step.sql)
    assert [change.id.kind for change in bench.apply(session, target)] in ([], ["view"])
    assert session.fetch("SELECT * FROM v") == [("a@b",)]
    assert ENGINE.rename_steps(ENGINE.inspect(session), target, statements) == []
    session.close()


def test_the_cache_holds_everything(bench: Bench) -> None:
    catalog = bench.catalog(_SHOP + "CREATE VIEW v AS SELECT 1; CREATE VIRTUAL TABLE f USING fts5(a);")
    again = ENGINE.decode(ENGINE.encode(catalog))
    assert again == catalog
    for damaged in (
        b"",
        b"x",
        ENGINE.encode(catalog)[:-5],
        ENGINE.encode(catalog).replace(b"sqlite/1", b"sqlite/0"),
    ):
        with pytest.raises(ValueError, match="catalog"):
            ENGINE.decode(damaged)


def test_what_is_left_out(bench: Bench) -> None:
    session = bench.open(
        bench.file(
            "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE dbdeed_journal (a);"
            "CREATE INDEX dbdeed_i ON dbdeed_journal (a); CREATE VIRTUAL TABLE f USING fts5(a); ANALYZE;"
        )
    )
    catalog = ENGINE.inspect(session)
    assert set(catalog.objects) == {ObjectId("table", ("t",)), ObjectId("virtual_table", ("f",))}
    assert catalog.unmodelled == ()
    session.close()


@pytest.mark.parametrize("options", ["", "WITHOUT ROWID"])
def test_rows_are_exact_where_it_matters(options: str, bench: Bench) -> None:
    session = bench.open(bench.file(f"CREATE TABLE T (a TEXT PRIMARY KEY) {options}"))
    found = []
    for number in range(4):
        found.append(ENGINE.rows(session, ObjectId("table", ("t",))))
        session.fetch("INSERT INTO t VALUES ($1)", str(number))
    assert found == [0, 1, 2, 3]
    session.close()
