"""Edits made of what they are to say: keys, models, tables."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed.document import keys
from dbdeed.document.architecture import Architecture
from dbdeed.document.edit import Edit, apply_edits
from dbdeed.document.read import read
from dbdeed.document.rewrite_keys import set_value_edit
from dbdeed.document.rewrite_models import append_model_edit, append_table_edit, model_edits
from dbdeed.document.source import Source
from dbdeed.errors import InvalidInput

Read = Callable[..., Architecture]


def after(architecture: Architecture, *edits: Edit | None) -> str:
    return apply_edits(architecture.source, [edit for edit in edits if edit]).decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Tool**: Flyway  \nx", "**Tool**: dbdeed  \nx"),
        ("- **Tool** - Flyway <!-- c -->", "- **Tool** - dbdeed"),
        ("**Tool**:", "**Tool**: dbdeed"),
        ("**Tool**: ", "**Tool**: dbdeed "),
        ("**Tool**", "**Tool**: dbdeed"),
        ("**Tool:**", "**Tool:** dbdeed"),
        ("**Tool**:  \n**Strategy**: manual", "**Tool**: dbdeed  \n**Strategy**: manual"),
        ("**Tool**:\n- Flyway\n- Knex.js\n\nx", "**Tool**: dbdeed\n\nx"),
        ("| K | V |\n|--|--|\n| Tool | Flyway |\n", "| K | V |\n|--|--|\n| Tool | dbdeed |\n"),
        ("| K | V |\n|--|--|\n| Tool |  |\n", "| K | V |\n|--|--|\n| Tool | dbdeed |\n"),
        ("### Tool\n\nFlyway\n", "### Tool\n\ndbdeed\n"),
        ("**Tool**: [Flyway / Liquibase / Knex.js / etc.]", "**Tool**: dbdeed"),
        # absent
        ("**Strategy**: manual  \nx\n", "**Strategy**: manual  \n**Tool**: dbdeed  \nx\n"),
        ("**Strategy**: manual", "**Strategy**: manual  \n**Tool**: dbdeed"),
        ("- **Strategy**: manual\n", "- **Strategy**: manual\n- **Tool**: dbdeed\n"),
        (
            "| K | V | W |\n|--|--|--|\n| Strategy | manual | |\n",
            "| K | V | W |\n|--|--|--|\n| Strategy | manual | |\n| Tool | dbdeed | |\n",
        ),
        ("words\n", "\n**Tool**: dbdeed\n\nwords\n"),
        ("\x0c\n", "\n**Tool**: dbdeed\n\n\x0c\n"),
    ],
)
def test_setting_a_value(document: Read, text: str, expected: str) -> None:
    architecture = document(f"## Migrations\n{text}")
    assert after(architecture, set_value_edit(architecture, "Tool", "dbdeed")) == f"## Migrations\n{expected}"


def test_an_absent_section_is_added(document: Read) -> None:
    architecture = document("# T\r\n\r\nx")
    assert after(architecture, set_value_edit(architecture, "Tool", "dbdeed")) == (
        "# T\r\n\r\nx\r\n\r\n## Migrations\r\n\r\n**Tool**: dbdeed\r\n"
    )
    assert (
        after(architecture, set_value_edit(architecture, "Status", "Draft"))
        == "# T\r\n\r\n**Status**: Draft\r\n\r\nx"
    )
    assert after(document(""), set_value_edit(document(""), "Status", "Draft")) == "**Status**: Draft\n\n"


def test_a_key_is_added_below_a_heading_with_an_underline(document: Read) -> None:
    architecture = document("Migrations\n----------\n\nwords\n")
    assert after(architecture, set_value_edit(architecture, "Tool", "dbdeed")) == (
        "Migrations\n----------\n\n**Tool**: dbdeed\n\nwords\n"
    )


def test_a_value_that_is_there_needs_no_edit(document: Read) -> None:
    assert set_value_edit(document("**Status**: Draft\n"), "Status", "Draft") is None


def test_values_out_of_reach(document: Read) -> None:
    linked = document("## Migrations\n[x](x.md)\n", x_md="**Tool**: Flyway\n")
    with pytest.raises(InvalidInput, match="linked file"):
        set_value_edit(linked, "Tool", "dbdeed")
    table = document("## Backup\n| Kind | Frequency |\n|--|--|\n| a | Daily |\n| b | Weekly |\n")
    with pytest.raises(InvalidInput, match="over a table"):
        set_value_edit(table, "Frequency", "Daily")


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("key", [key for section in keys.KEYS.values() for key in section])
def test_every_key_of_the_template_can_be_set(template_bytes: bytes, key: str, ending: str) -> None:
    data = template_bytes.replace(b"\n", ending.encode())
    architecture = read(Source("d.md", data))
    edit = set_value_edit(architecture, key, "some value")
    assert edit is not None
    result = read(Source("d.md", apply_edits(architecture.source, [edit])))
    setting = next(setting for setting in result.settings() if setting.key == key)
    assert setting.raw == "some value"
    lines = len(data.splitlines())
    assert len(result.source.data.splitlines()) - lines == (key in {"Replicas", "Destination", "Encryption"})


MODEL = """## Data Models

### Order
Words.

- **Description**: x
- **Attributes**:
    - `id`: int — the key
    - `note`: text
      on two lines

        - nested remark
    - not an attribute: really not
    - `gone`: date
    - another remark of prose
- **Relationships**:
    - belongs to User <!-- the buyer -->
    - something only a person knows
    - has many Line

After.
"""
WANTED = [("new", "uuid"), ("id", "INT"), ("note", "varchar(9)")]


def test_lists_of_a_model_keep_what_stays() -> None:
    architecture = read(Source("d.md", MODEL.encode()))
    model = architecture.models[0]
    result = after(
        architecture, *model_edits(model, WANTED, ["Many-to-one with User", "one-to-many with Part"])
    )
    expected = MODEL
    for old, new in (
        ("    - `id`", "    - `new`: uuid\n    - `id`"),
        ("`note`: text\n      on two lines", "`note`: varchar(9)"),
        ("    - `gone`: date\n", ""),
        ("    - has many Line\n", "    - one-to-many with Part\n"),
    ):
        assert old in expected
        expected = expected.replace(old, new)
    assert result == expected


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "text",
    [
        MODEL, "## Data Models\n### A", "## Data Models\n### A\n", "## Data Models\n### A\nWords.\n\n## Migrations\n",
        "## Data Models\n### A\n- **Description**: x", "## Data Models\n### A\n- **Attributes**:\n- **Relationships**:\n",
        "## Data Models\n### A\n- **Attributes**: `id`, `x`\n- **Relationships**: none\n",
        "## Data Models\n### A\n* **Attributes**:\n  * `id`: int\n  * `b`: int", "## Data Models\n### A\n**Attributes**:\n\n- `id`: int\n\nx\n",
        "## Data Models\n### A\n| Field | Type | Key | Description |\n|--|--|--|--|\n| `id` | int | PK | the key |\n| x | y | | z |\n\nwords\n",
        "## Data Models\n### A\n#### Attributes\n1. `id`: int\n2. `z`: int\n#### Relationships\n- has many B\n",
        "## Data Models\n### A\n#### Attributes\n- `id`: int\n- **Relationships**:\n    - has many B\n",
        "## Data Models\n### A\n- **Attributes**: `id`\n- **Relationships**:\n| Daily | 30 days |\n",
        "## Data Models\n### A\n- **Attributes**:\n\t- `id`: int\n\t- `b`: int\n- **Relationships**: has many B\n",
    ],
)  # fmt: skip
def test_lists_of_a_model_come_back_as_wanted(text: str, ending: str) -> None:
    architecture = read(Source("d.md", text.replace("\n", ending).encode()))
    relationships = ["One-to-many with Part"]
    edits = model_edits(architecture.models[0], WANTED, relationships)
    data = apply_edits(architecture.source, edits)
    again = read(Source("d.md", data))
    model = again.models[0]
    assert [(entry.name, entry.text.lower()) for entry in model.attributes] == [
        (n, t.lower()) for n, t in WANTED
    ]
    assert [entry.target for entry in model.relationships if entry.kind] == ["Part"]
    assert model_edits(model, WANTED, relationships) == ()
    assert [section.name for section in again.sections] == [section.name for section in architecture.sections]
    if ending == "\r\n":
        assert data.count(b"\n") == data.count(b"\r\n")


@settings(max_examples=150)
@given(
    st.lists(
        st.sampled_from(
            ["`a`: int", "`b`: text — x", "prose", "`c`: date", "`a`: twice", "**d**: int", "`e`"]
        ),
        max_size=6,
    ),
    st.lists(st.sampled_from(["a", "b", "c", "f", "g"]), unique=True, max_size=5),
    st.sampled_from(["    - ", "  * ", "\t- ", "   1. "]),
)
def test_attributes_of_any_list_come_back(lines: list[str], names: list[str], bullet: str) -> None:
    text = (
        "## Data Models\n### A\n- **Attributes**:\n"
        + "".join(f"{bullet}{line}\n" for line in lines)
        + "- **Table**: `x`\n"
    )
    architecture = read(Source("d.md", text.encode()))
    wanted = [(name, "int") for name in names]
    edits = model_edits(architecture.models[0], wanted, [])
    again = read(Source("d.md", apply_edits(architecture.source, edits)))
    assert [(entry.name, entry.text) for entry in again.models[0].attributes] == wanted
    assert again.models[0].table == "x"
    assert again.source.data.count(b"prose") == lines.count("prose")


def test_appended_tables_and_models(document: Read) -> None:
    architecture = document(
        "## Data Models\n\n### A\nx\n\n## Schema Design\n### Table: `a`\n```sql\nx\n```\n\n\n## Migrations\ny"
    )
    result = after(
        architecture,
        append_table_edit(architecture, "b", "SELECT '```';\n"),
        append_table_edit(architecture, "c", "SELECT 1;"),
        append_model_edit(architecture, "B", [("id", "int")], ["belongs to A"], "y"),
    )
    assert result == (
        "## Data Models\n\n### A\nx\n\n### B\n- **Description**: y\n- **Attributes**:\n    - `id`: int\n- **Relationships**:\n"
        "    - belongs to A\n\n## Schema Design\n### Table: `a`\n```sql\nx\n```\n\n### Table: `b`\n````sql\nSELECT '```';\n````\n"
        "\n### Table: `c`\n```sql\nSELECT 1;\n```\n\n\n## Migrations\ny"
    )
    again = document(result)
    assert [table.name for table in again.schema.tables] == ["a", "b", "c"]
    assert [model.name for model in again.models] == ["A", "B"]


@pytest.mark.parametrize("text", ["", "# T", "# T\n\n## Migrations\nx\n", "# T\r\n\r\n## Overview\r\n"])
def test_appending_to_a_section_that_is_missing(document: Read, text: str) -> None:
    architecture = document(text)
    again = document(after(architecture, append_table_edit(architecture, "a", "SELECT 1;")))
    assert [table.name for table in again.schema.tables] == ["a"]
    names = [section.name for section in again.sections if section.known]
    assert names == [
        *(["Overview"] if "Overview" in text else []),
        "Schema Design",
        *(["Migrations"] if "Migr" in text else []),
    ]


@pytest.mark.parametrize(
    "text",
    ["text, default 'a -- b'", "text, default 'a — b'", "text default '<!-- /dbdeed:erd -->'", "text default '`'", "text default '``x`'",
     "text default '**x**'", "text default E'\\\\*'", "text default '[Date]'", "text default '[a](b.sql)'", "(numeric)", "text # x",
     "text,\n  unique", "a|b", "`x`", "- x", "1. x"],
)  # fmt: skip
@pytest.mark.parametrize(
    "lists", ["", "- **Attributes**:\n    - `x`: int — remark\n", "| Field | Type |\n|--|--|\n| x | int |\n"]
)
def test_any_text_of_an_attribute_settles(text: str, lists: str) -> None:
    architecture = read(Source("d.md", f"## Data Models\n### A\n{lists}".encode()))
    wanted = [("x", text), ("na`me", "int")]
    data = apply_edits(architecture.source, model_edits(architecture.models[0], wanted, []))
    again = read(Source("d.md", data))
    assert model_edits(again.models[0], wanted, []) == ()
    assert (again.generated, again.placeholders, again.included, again.problems) == ((), (), (), ())
    assert len(again.models[0].attributes) == 2


def test_what_a_database_says_is_no_marker(document: Read) -> None:
    architecture = document("## Data Models\n")
    text = after(
        architecture,
        append_model_edit(architecture, "A", [], [], "x <!-- dbdeed:a -->\n## B <!-- /dbdeed:a -->"),
    )
    again = document(text)
    assert (again.generated, again.problems, len(again.models)) == ((), (), 1)
