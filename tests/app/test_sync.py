from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from dbdeed.app.sync import sync
from dbdeed.errors import InvalidInput, Refused

ROOT = Path(__file__).parents[2]
TODAY = date(2031, 5, 4)

HEAD = """\
# Notes

**Last Updated**: 2020-01-01
**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: SQLite

"""

SCHEMA = """\
## Data Models

Prose that nobody touches.\t

### Note
- **Description**: A note.   Two spaces stay.

## Schema Design

### Table: `notes`
```sql
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
```
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return tmp_path / "DATABASE.md"


def test_attributes_relationships_and_diagram_follow_the_sql(document: Path) -> None:
    document.write_text((ROOT / "examples/reading-list/DATABASE.md").read_text())
    result = sync(document, today=TODAY)
    text = document.read_text()
    assert result.changes
    assert "    - `page`: integer, Not Null, Default 0\n" in text
    assert "    - Many-to-many with Author through `book_authors`\n" in text
    assert '    Reader ||--o{ Reading : "reader_id"\n' in text
    assert "**Last Updated**: 2031-05-04" in text


def test_a_second_sync_changes_no_byte(document: Path) -> None:
    document.write_text((ROOT / "examples/reading-list/DATABASE.md").read_text())
    sync(document, today=TODAY)
    before = document.read_bytes()
    assert sync(document, today=date(2032, 1, 1)).changes == ()
    assert document.read_bytes() == before


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_what_sync_does_not_own_keeps_its_bytes(document: Path, ending: str) -> None:
    document.write_bytes((HEAD + SCHEMA).replace("\n", ending).encode())
    sync(document, today=TODAY)
    data = document.read_bytes()
    assert f"Prose that nobody touches.\t{ending}".encode() in data
    assert f"- **Description**: A note.   Two spaces stay.{ending}".encode() in data
    assert f"    - `body`: text, Not Null{ending}".encode() in data
    if ending == "\r\n":
        assert data.count(b"\n") == data.count(b"\r\n")


def test_check_says_what_would_be_written_and_writes_nothing(document: Path) -> None:
    document.write_text(HEAD + SCHEMA)
    before = document.read_bytes()
    assert sync(document, today=TODAY, check=True).changes
    assert document.read_bytes() == before
    sync(document, today=TODAY)
    assert sync(document, today=TODAY, check=True).changes == ()


def test_a_model_without_a_table_gets_one_drafted(document: Path) -> None:
    document.write_text(
        HEAD
        + SCHEMA.replace(
            "## Schema Design",
            "### Tag\n- **Attributes**:\n    - `id`: integer, Primary Key\n    - `label`: text, unique, required\n\n"
            "## Schema Design",
        )
    )
    result = sync(document, today=TODAY)
    assert "drafted table tags" in result.changes
    text = document.read_text()
    assert "### Table: `tags`\n" in text
    assert "    - `label`: text, Unique, Not Null\n" in text
    assert sync(document, today=TODAY).changes == ()


def test_a_table_without_a_model_gets_one(document: Path) -> None:
    document.write_text(
        HEAD
        + SCHEMA.replace("id INTEGER", "id INTEGER")
        + "```sql\nCREATE TABLE tags (id INTEGER PRIMARY KEY);\n```\n"
    )
    assert "added model Tag" in sync(document, today=TODAY).changes
    assert "### Tag\n" in document.read_text()
    assert sync(document, today=TODAY).changes == ()


def test_remarks_of_a_person_behind_an_attribute_stay(document: Path) -> None:
    document.write_text(HEAD + SCHEMA)
    sync(document, today=TODAY)
    text = document.read_text().replace("`body`: text, Not Null", "`body`: text, Not Null - what it says")
    document.write_text(text.replace("body TEXT NOT NULL", "body TEXT"))
    sync(document, today=TODAY)
    assert "`body`: text - what it says\n" in document.read_text()


def test_a_diagram_edited_by_hand_is_not_overwritten(document: Path) -> None:
    document.write_text(HEAD + SCHEMA)
    sync(document, today=TODAY)
    edited = document.read_text().replace("erDiagram\n", "erDiagram\n    %% mine\n")
    document.write_text(edited.replace("body TEXT NOT NULL", "body TEXT NOT NULL, at TEXT"))
    with pytest.raises(Refused, match="changed by hand"):
        sync(document, today=TODAY)
    sync(document, today=TODAY, overwrite=True)
    assert "%% mine" not in document.read_text()


def test_the_templates_invitation_makes_way_for_the_diagram(document: Path) -> None:
    invitation = (
        "[This section should contain ERDs (Entity-Relationship Diagrams) or other visual representations of the "
        "data model.]"
    )
    document.write_text(HEAD + SCHEMA.replace("Prose that nobody touches.\t", invitation))
    sync(document, today=TODAY)
    assert invitation not in document.read_text()
    assert sync(document, today=TODAY).changes == ()


def test_a_document_of_a_system_without_an_engine_is_drawn_from_its_own_words(document: Path) -> None:
    models = (
        "## Data Models\n\n### User\n- **Attributes**:\n    - `id`: bigint, Primary Key\n\n"
        "### Post\n- **Attributes**:\n    - `id`: bigint, Primary Key\n- **Relationships**:\n    - belongs to User\n"
    )
    document.write_text(HEAD.replace("SQLite", "MongoDB") + models)
    assert sync(document, today=TODAY).changes == ("drew the diagram",)
    assert "User |o--o{ Post" in document.read_text()
    assert sync(document, today=TODAY).changes == ()


def test_rejected_sql_is_pointed_at_and_nothing_is_written(document: Path) -> None:
    document.write_text(HEAD + SCHEMA.replace("body TEXT NOT NULL", "body TEXT NOT NULLL,"))
    before = document.read_bytes()
    with pytest.raises(InvalidInput) as caught:
        sync(document, today=TODAY)
    assert caught.value.where.startswith(f"{document}:22:")
    assert document.read_bytes() == before


def test_the_raw_template_is_not_worked_on(document: Path) -> None:
    document.write_bytes((ROOT / "src/dbdeed/document/template.md").read_bytes())
    before = document.read_bytes()
    with pytest.raises(InvalidInput, match="not filled in"):
        sync(document, today=TODAY)
    assert document.read_bytes() == before


def test_without_drafting_a_model_whose_table_was_removed_stays_a_model(document: Path) -> None:
    document.write_text(HEAD + SCHEMA + "```sql\nCREATE TABLE tags (id INTEGER PRIMARY KEY);\n```\n")
    sync(document, today=TODAY)
    document.write_text(
        document.read_text()
        .replace("CREATE TABLE tags (id INTEGER PRIMARY KEY);", "SELECT_NOTHING;")
        .replace("```sql\nSELECT_NOTHING;\n```\n", "")
    )
    assert not any(one.startswith("drafted") for one in sync(document, today=TODAY, draft=False).changes)
    assert "### Tag\n" in document.read_text()
    assert "CREATE TABLE tags" not in document.read_text()
