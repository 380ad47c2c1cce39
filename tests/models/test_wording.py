from __future__ import annotations

import pytest

from dbdeed.models.model import Attribute, Cardinality, Model, PythonType, Relationship, UniqueKey
from dbdeed.models.naming import model_name, table_name
from dbdeed.models.wording import attribute_words, keep_prose, relationship_words

INT = PythonType("int")


@pytest.mark.parametrize(
    ("model", "table"),
    [
        ("OrderLine", "order_lines"),
        ("Order Line", "order_lines"),
        ("Person", "people"),
        ("Category", "categories"),
        ("Address", "addresses"),
        ("HTTPRequest", "http_requests"),
    ],
)
def test_a_models_name_is_its_tables_plural_in_snake_case(model: str, table: str) -> None:
    assert table_name(model) == table


@pytest.mark.parametrize(
    ("table", "model"), [("order_lines", "OrderLine"), ("people", "Person"), ("status", "Status")]
)
def test_a_tables_name_is_its_models_singular(table: str, model: str) -> None:
    assert model_name(table) == model


def test_attributes_are_worded_by_what_holds_them() -> None:
    model = Model(
        "Order",
        "orders",
        "",
        "orders",
        (
            Attribute("id", "bigint", INT, nullable=False, identity="always"),
            Attribute("number", "text", PythonType("str"), nullable=False, default="'a'\n|| 'b'"),
            Attribute("note", "text", PythonType("str"), nullable=True),
            Attribute("total", "numeric(12,2)", INT, nullable=False, generated=True),
        ),
        (UniqueKey("pk", ("id",), primary=True), UniqueKey("n", ("number",))),
    )
    assert [attribute_words(model, one) for one in model.attributes] == [
        "bigint, Primary Key, Identity",
        "text, Unique, Not Null, Default 'a' || 'b'",
        "text",
        "numeric(12,2), Not Null, Generated",
    ]


def test_relationships_name_the_key_or_the_table_between() -> None:
    one = Relationship(Cardinality.ONE_TO_MANY, "Line", ("id",), ("order_id",), holder=False)
    many = Relationship(Cardinality.MANY_TO_MANY, "Tag", ("id",), ("id",), through="order_tags")
    assert relationship_words(one) == "One-to-many with Line (`order_id`)"
    assert relationship_words(many) == "Many-to-many with Tag through `order_tags`"


@pytest.mark.parametrize(
    ("written", "words", "kept"),
    [
        ("text", "text, Not Null", "text, Not Null"),
        ("text - the login", "text, Not Null", "text, Not Null - the login"),
        ("text — the login", "text", "text — the login"),
        ("integer, Default (a - b)", "bigint, Default (a - b)", "bigint, Default (a - b)"),
        ("text, Default ' - '", "text", "text"),
        ("integer, Default (a - b) - stock", "bigint", "bigint - stock"),
        ("e-mail", "text", "text"),
        ("", "text", "text"),
    ],
)
def test_a_remark_behind_a_dash_outlives_its_words(written: str, words: str, kept: str) -> None:
    assert keep_prose(written, words) == kept
    assert keep_prose(kept, words) == kept
