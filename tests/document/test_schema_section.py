"""Schema Design and declared queries: blocks, tables, and the way back to the document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed.document.architecture import Architecture
from dbdeed.document.read import read
from dbdeed.document.source import Source

Read = Callable[..., Architecture]
SQL = "```sql\nCREATE TABLE orders (id int);\n```\n"


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("### Table: `orders`", "orders"), ("### Table: orders", "orders"), ("### orders table", "orders"),
        ("### `orders`", "orders"), ("### `shop.orders`", "shop.orders"), ("### Table orders", "orders"),
        ("### 1. Table: `orders`", "orders"), ("### orders", "orders"), ("### Orders", "Orders"),
        ("### Collection: `orders`", "orders"), ('### Table: "Order Details"', "Order Details"),
        ("### Orders (`orders`)", "orders"), ("#### **Table:** `orders`", "orders"),
    ],
)  # fmt: skip
def test_headings_of_tables(document: Read, heading: str, name: str) -> None:
    (table,) = document(f"## Schema Design\n\n{heading}\n\n{SQL}").schema.tables
    assert table.name == name
    assert [block.table for block in table.blocks] == [name]


@pytest.mark.parametrize("heading", ["### Types", "### Views and functions", "### The way of orders"])
def test_other_headings_hold_more_sql(document: Read, heading: str) -> None:
    read = document(f"## Schema Design\n\n{heading}\n\n{SQL}")
    assert read.schema.tables == ()
    assert [block.heading for block in read.schema.blocks] == [heading[4:]]


@pytest.mark.parametrize(
    ("info", "language"),
    [("sql", "sql"), ("SQL", "sql"), ("postgresql", "sql"), ('sql title="x"', "sql"), ("{.sql}", "sql"), ("js", "js"),
     ("mongodb", "js"), ("json", "json"), ("", "sql"), ("mermaid", None), ("bash", None), ("python", None)],
)  # fmt: skip
def test_languages(document: Read, info: str, language: str | None) -> None:
    blocks = document(f"## Schema Design\n```{info}\nCREATE TABLE a(b int);\n```\n").schema.blocks
    assert [block.language for block in blocks] == ([language] if language else [])


def test_a_bare_fence_that_is_no_sql(document: Read) -> None:
    assert document("## Schema Design\n```\nusers -> orders\n```\n").schema.blocks == ()


def test_a_table_of_columns_is_a_draft_unless_there_is_sql(document: Read) -> None:
    columns = "| Column | Type | Null |\n|---|---|---|\n| `id` | int | no |\n| a\\|b | text | |\n"
    read = document(f"## Schema Design\n### Table: `a`\n{columns}\n### Table: `b`\n{columns}\n{SQL}")
    drafted, written = read.schema.tables
    assert [(row.name, row.cells) for row in drafted.draft] == [
        ("id", (("Column", "id"), ("Type", "int"), ("Null", "no"))),
        ("a|b", (("Column", "a|b"), ("Type", "text"), ("Null", ""))),
    ]
    assert (written.draft, len(written.blocks)) == ((), 1)


@pytest.mark.parametrize("wrap", ["{}", "- x\n\n{}", "> {}", "1. x\n\n   > {}"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_positions_lead_back(wrap: str, ending: str) -> None:
    code = ["```sql", "CREATE TABLE a (", "\tid int, -- ïd", "  x text", ");", "```"]
    prefix = {"{}": "", "- x\n\n{}": "  ", "> {}": "> ", "1. x\n\n   > {}": "   > "}[wrap]
    first, _, _ = wrap.partition("{}")
    lines = [*first.split("\n")[:-1], *(prefix + line for line in code)]
    text = ending.join(["## Schema Design", "", *lines, ""])
    data = text.encode()
    (block,) = read(Source("d.md", data)).schema.blocks
    assert block.text == "".join(line + "\n" for line in code[1:-1])
    for index, character in enumerate(block.text):
        if character != "\n":
            at = block.source_offset(index)
            assert data[at : at + len(character.encode())].decode() == character
    assert block.position(block.text.index("x text")).line == text.replace("\r\n", "\n").replace("\r", "\n")[
        : text.replace("\r\n", "\n").replace("\r", "\n").index("x text")
    ].count("\n") + 1  # fmt: skip


@settings(max_examples=150)
@given(
    st.lists(
        st.text(st.characters(exclude_characters="\r\n`~", exclude_categories=["Cs"]), max_size=12),
        max_size=5,
    ),
    st.sampled_from(["", "  ", "> ", "   > "]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_every_character_of_any_code_leads_back(lines: list[str], prefix: str, ending: str) -> None:
    opening = {"": [], "  ": ["- x", ""], "> ": [], "   > ": ["1. x", ""]}[prefix]
    text = ending.join(
        ["## Schema Design", "", *opening, *(prefix + line for line in ["```sql", *lines, "```"]), ""]
    )
    data = text.encode()
    (block,) = read(Source("d.md", data)).schema.blocks
    assert block.text == "".join(line + "\n" for line in lines)
    for index, character in enumerate(block.text):
        if character != "\n":
            at = block.source_offset(index)
            assert data[at : at + len(character.encode())].decode() == character


def test_declared_queries(document: Read) -> None:
    (query,) = document(
        "## Query Strategy\n- **ORM Usage**: none\n\n### Query: `orders_of`\n\nNewest first. Returns many Order. Budget 5 ms, 100 rows.\n"
        "Expects orders 1,000,000 rows and customers 50k.\n\n```sql\nSELECT 1;\n```\n"
    ).queries.queries
    assert (query.name, query.description, query.returns) == ("orders_of", "Newest first.", "many Order")
    assert query.expects == (("orders", 1_000_000), ("customers", 50_000))
    assert (query.budget, query.rows_budget) == (timedelta(milliseconds=5), 100)
    assert query.block is not None
    assert query.block.text == "SELECT 1;\n"


def test_a_declared_query_in_a_list_and_in_a_table(document: Read) -> None:
    body = "```sql\nSELECT 1;\n```\n"
    listed, tabled = document(
        f"## Queries\n### Query: a\n- **Returns**: one\n- **Expected sizes**: `orders`: 2 million\n- **Budget**: within 1 s\n\n{body}"
        f"### Query: b\n| Key | Value |\n|---|---|\n| Returns | nothing |\n| Budget | at most 10 rows |\n\n{body}"
    ).queries.queries
    assert (listed.returns, listed.expects, listed.budget) == (
        "one",
        (("orders", 2_000_000),),
        timedelta(seconds=1),
    )
    assert (tabled.returns, tabled.rows_budget) == ("nothing", 10)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("Returns one.\n", "no SQL"),
        (f"{SQL}\n{SQL}", "more than one"),
        (f"Budget 5 parsecs.\n\n{SQL}", "parsecs"),
        (f"- **Expects**: plenty\n\n{SQL}", "plenty"),
    ],
)
def test_what_is_wrong_with_a_query(document: Read, body: str, says: str) -> None:
    problems = document(f"## Query Strategy\n### Query: `a`\n{body}").problems
    assert any(says in problem.message for _, problem in problems), problems


def test_keys_of_a_query_are_none_of_the_section(document: Read) -> None:
    read = document(
        f"## Query Strategy\n### Query: `a`\n- **Budget**: 1 s\n- **Transactions**: none\n{SQL}\n### End\n- **ORM**: none\n"
    )
    assert read.queries.transactions.absent
    assert read.queries.orm.raw == "none"


def test_sample_rows_are_no_part_of_the_schema(document: Read) -> None:
    rows = "```sql\nINSERT INTO orders VALUES (1);\n```\n"
    schema = document(
        f"## Schema Design\n\n### Table: `orders`\n\n{SQL}\n### Sample Rows\n\n{rows}\n#### `orders`\n\n{rows}\n"
        f"### Table: `others`\n\n{SQL}"
    ).schema
    assert [table.name for table in schema.tables] == ["orders", "others"]
    assert len(schema.blocks) == 2
    assert [block.text for block in schema.samples] == ["INSERT INTO orders VALUES (1);\n"] * 2


@pytest.mark.parametrize("heading", ["### Samples table", "### Table: `sample_rows`", "### Seed"])
def test_other_headings_hold_no_sample_rows(document: Read, heading: str) -> None:
    schema = document(f"## Schema Design\n\n{heading}\n\n{SQL}").schema
    assert (len(schema.blocks), schema.samples) == (1, ())
