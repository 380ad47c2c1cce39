"""Data Models: models, attributes and relationships as people write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dbdeed.document.architecture import Architecture
from dbdeed.document.sections.relationships import parse_relationship

Read = Callable[..., Architecture]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One-to-many with Order", ("one-to-many", "Order", "")),
        ("one to many with `Order`", ("one-to-many", "Order", "")),
        ("One-to-Many relationship with Order", ("one-to-many", "Order", "")),
        ("1:N Order", ("one-to-many", "Order", "")),
        ("1:n with Order", ("one-to-many", "Order", "")),
        ("1 — * Order", ("one-to-many", "Order", "")),
        ("N:1 with User", ("many-to-one", "User", "")),
        ("Many-to-one to User (the owner)", ("many-to-one", "User", "")),
        ("1:1 Profile", ("one-to-one", "Profile", "")),
        ("N:M Tag", ("many-to-many", "Tag", "")),
        ("Many-to-many with Tag", ("many-to-many", "Tag", "")),
        ("many to many with Tag via PostTag", ("many-to-many", "Tag", "PostTag")),
        ("Many-to-many with Tag (through `post_tags`)", ("many-to-many", "Tag", "post_tags")),
        ("belongs to User", ("many-to-one", "User", "")),
        ("belongs to A", ("many-to-one", "A", "")),
        ("Belongs to a User", ("many-to-one", "User", "")),
        ("has many Order through OrderLine", ("many-to-many", "Order", "OrderLine")),
        ("has many Order", ("one-to-many", "Order", "")),
        ("has one Profile", ("one-to-one", "Profile", "")),
        ("has and belongs to many Tags", ("many-to-many", "Tags", "")),
        ("Order (1:N)", ("one-to-many", "Order", "")),
        ("Order: one-to-many", ("one-to-many", "Order", "")),
        ("User — many-to-one", ("many-to-one", "User", "")),
        ("references Country", ("many-to-one", "Country", "")),
        ("[Relationship type] with [Model Name 2]", ("", "", "")),
        ("it is complicated", ("", "", "")),
        ("one-to-many", ("", "", "")),
        ("", ("", "", "")),
    ],
)
def test_relationships(text: str, expected: tuple[str, str, str]) -> None:
    assert parse_relationship(text) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("`id`: uuid, primary key", ("id", "uuid, primary key")),
        ("`id` - uuid", ("id", "uuid")),
        ("**`id`**: uuid", ("id", "uuid")),
        ("**id**: uuid", ("id", "uuid")),
        ("id: `uuid`", ("id", "uuid")),
        ("`id` (uuid, unique): the key", ("id", "uuid, unique")),
        ("`price` (numeric(12,2))", ("price", "numeric(12,2)")),
        ("`id`: uuid — the key", ("id", "uuid")),
        ("`id`: uuid -- the key", ("id", "uuid")),
        ("`id`: uuid <!-- the key -->", ("id", "uuid")),
        ("`id`: text, default `'a -- b'`", ("id", "text, default 'a -- b'")),
        ("`id`", ("id", "")),
        ("`tags`: text[]", ("tags", "text[]")),
        ("`naïve`: text", ("naïve", "text")),
    ],
)
def test_attributes(document: Read, line: str, expected: tuple[str, str]) -> None:
    (model,) = document(f"## Data Models\n### A\n- **Attributes**:\n    - {line}\n").models
    (entry,) = model.attributes
    assert (entry.name, entry.text) == expected


def test_the_place_of_an_attribute_is_its_text(document: Read) -> None:
    (model,) = document(
        "## Data Models\n### A\n- **Attributes**:\n    - `id`: uuid,\n      unique — key\n"
    ).models
    (entry,) = model.attributes
    assert entry.text == "uuid, unique"
    assert entry.place.source.text(entry.place.span) == "uuid,\n      unique"


@pytest.mark.parametrize(
    ("heading", "name", "table"),
    [
        ("### OrderLine", "OrderLine", ""),
        ("### 2. OrderLine", "OrderLine", ""),
        ("### Model: OrderLine", "OrderLine", ""),
        ("### `OrderLine`", "OrderLine", ""),
        ("### OrderLine Model", "OrderLine", ""),
        ("### OrderLine (`order_lines`)", "OrderLine", "order_lines"),
        ("### OrderLine (aggregate root)", "OrderLine", ""),
        ("#### OrderLine ####", "OrderLine", ""),
        ("### [Model Name 1]", "[Model Name 1]", ""),
    ],
)
def test_names(document: Read, heading: str, name: str, table: str) -> None:
    (model,) = document(f"## Data Models\n{heading}\n- **Description**: x\n").models
    assert (model.name, model.table) == (name, table)


def test_the_table_of_a_model(document: Read) -> None:
    (model,) = document("## Data Models\n### A (`b`)\n- **Table**: `shop.things`\n").models
    assert model.table == "shop.things"


def test_models_among_groups_diagrams_and_prose(document: Read) -> None:
    read = document(
        "## Data Models\nWords.\n### ERD\n![x](y.svg)\n### Diagram\n```mermaid\nerDiagram\n```\n### Conventions\n"
        "Names are English.\n### Sales\nAll about money.\n#### Order\n- **Attributes**:\n  - `id`: int\n#### Customer\n"
        "### Notes\n- **Description**: a model after all\n"
    )
    assert [model.name for model in read.models] == ["Order", "Customer", "Notes"]


def test_keys_of_a_model_as_headings_and_tables(document: Read) -> None:
    read = document(
        "## Data Models\n### User\nWho logs in.\n#### Attributes\n- `id`: int\n#### Relationships\n- has many Order\n"
        "### Order\n| Field | Type | Constraints | Description |\n|---|---|---|---|\n| `id` | int | PK | key |\n| note | text | | |\n"
    )
    user, order = read.models
    assert user.description == "Who logs in."
    assert [entry.name for entry in user.attributes] == ["id"]
    assert [entry.target for entry in user.relationships] == ["Order"]
    assert [(entry.name, entry.text) for entry in order.attributes] == [("id", "int, PK"), ("note", "text")]


def test_an_unknown_key_of_a_model(document: Read) -> None:
    read = document("## Data Models\n### A\n- **Atributes**:\n  - `id`: int\n- **Owner**: us\n")
    assert [(key.key, key.nearest) for key in read.unknown_keys] == [
        ("Atributes", "Attributes"),
        ("Owner", ""),
    ]


def test_places_to_write_to(document: Read) -> None:
    text = "## Data Models\n### A\n- **Attributes**:\n  - `id`: int\n  - `b`: int\n- **Relationships**:\n\n### B\n"
    a, b = document(text).models
    assert a.attributes_place is not None
    assert a.attributes_place.source.text(a.attributes_place.span) == "- `id`: int\n  - `b`: int"
    assert a.relationships_place is not None
    assert text.encode()[: a.relationships_place.span.start].endswith(b"**Relationships**:")
    assert (b.attributes_place, b.relationships_place) == (None, None)
    assert a.extent.source.text(a.extent.span) == text[text.index("### A") : text.index("### B")]
