"""Adopt: a whole document from a live database, and nothing differs between the two."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from tests.shared import NO_CASES, cases

from dbdeed.app.adopt import adopt
from dbdeed.app.check import check
from dbdeed.app.diff import diff
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.sync import sync
from dbdeed.document.template import template
from dbdeed.document.values.types import Status, TargetState
from dbdeed.errors import InvalidInput, Refused

TODAY = date(2031, 5, 4)
SHOP = """
CREATE TABLE readers (id INTEGER PRIMARY KEY, name TEXT NOT NULL /* as on the card */);
CREATE TABLE loans (
  id INTEGER PRIMARY KEY,
  reader_id INTEGER NOT NULL REFERENCES readers, -- who
  due TEXT DEFAULT 'a -- ` ``` b'
);
CREATE INDEX loans_reader ON loans (reader_id);
CREATE TRIGGER loans_kept BEFORE DELETE ON loans BEGIN SELECT RAISE(ABORT, 'kept; for good'); END;
CREATE VIEW open_loans AS SELECT * FROM loans WHERE due > date();
"""


def database(folder: Path, sql: str) -> str:
    path = folder / "library.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
    return str(path)


def adopted(folder: Path, sql: str) -> Path:
    output = folder / "DATABASE.md"
    adopt(database(folder, sql), output, today=TODAY, environment={})
    return output


def test_nothing_differs_afterwards(tmp_path: Path) -> None:
    live = database(tmp_path, SHOP)
    before = Path(live).read_bytes()
    result = adopt(live, tmp_path / "DATABASE.md", today=TODAY, environment={})
    assert result.tables == 2
    assert diff(str(result.path), live, environment={}).same
    assert Path(live).read_bytes() == before


def test_the_document_is_the_template_filled_in(tmp_path: Path) -> None:
    output = adopted(tmp_path, SHOP)
    architecture = read_architecture(open_project(output))
    assert architecture.header.last_updated.value == TODAY
    assert architecture.header.status.value is Status.DRAFT
    assert architecture.header.target_state.value is TargetState.AS_IS
    assert [one.name for one in architecture.models] == ["Loan", "Reader"]
    assert [one.name for one in architecture.schema.tables] == ["readers", "loans"]
    headings = [line for line in template().decode().splitlines() if line.startswith("## ")]
    assert [line for line in output.read_text().splitlines() if line.startswith("## ")] == headings
    assert not [
        one for one in architecture.placeholders if one.text.startswith(("[Model", "[table", "[Repeat"))
    ]


def test_the_document_is_sound_and_in_line_with_itself(tmp_path: Path) -> None:
    output = adopted(tmp_path, SHOP)
    assert check(output, engine=True).ok
    data = output.read_bytes()
    assert not sync(output, today=TODAY).changes
    assert output.read_bytes() == data


def test_an_empty_database_gives_an_empty_schema(tmp_path: Path) -> None:
    live = database(tmp_path, "")
    Path(live).touch()
    result = adopt(live, tmp_path / "DATABASE.md", today=TODAY, environment={})
    assert result.tables == 0


def test_the_variable_that_named_the_database_is_its_connection_string(tmp_path: Path) -> None:
    url = f"sqlite:///{database(tmp_path, SHOP)}"
    adopt("env:LIBRARY", tmp_path / "DATABASE.md", today=TODAY, environment={"LIBRARY": url})
    assert "- **Connection String**: `LIBRARY`\n" in (tmp_path / "DATABASE.md").read_text()


@pytest.mark.parametrize(
    ("tool", "table"),
    [
        ("Flyway", "flyway_schema_history"),
        ("Alembic", "alembic_version"),
        ("Knex.js", "knex_migrations"),
        ("dbmate", "schema_migrations"),
    ],
)
def test_the_migration_tool_is_known_by_its_table(tmp_path: Path, tool: str, table: str) -> None:
    made = f"CREATE TABLE {table} (id integer, version text);"
    if tool == "Knex.js":
        made += f"CREATE TABLE {table}_lock (id integer);"
    output = adopted(tmp_path, SHOP + made)
    architecture = read_architecture(open_project(output))
    assert architecture.migrations.tool.raw == tool
    assert table not in output.read_text(encoding="utf-8")


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    output = tmp_path / "DATABASE.md"
    output.write_text("mine")
    with pytest.raises(InvalidInput, match="never overwritten"):
        adopt(database(tmp_path, SHOP), output, today=TODAY, environment={})
    assert output.read_text() == "mine"


def test_the_folder_is_made(tmp_path: Path) -> None:
    output = tmp_path / "docs" / "new" / "DATABASE.md"
    adopt(database(tmp_path, SHOP), output, today=TODAY, environment={})
    assert output.exists()
    with pytest.raises(InvalidInput, match="folder cannot be made"):
        adopt(database(tmp_path, ""), output / "below.md", today=TODAY, environment={})


def test_a_password_in_the_schema_is_refused(tmp_path: Path) -> None:
    live = database(tmp_path, "CREATE TABLE a (url TEXT DEFAULT 'postgresql://ada:hunter2@db/shop');")
    with pytest.raises(Refused, match="password") as caught:
        adopt(live, tmp_path / "DATABASE.md", today=TODAY, environment={})
    assert "hunter2" not in str(caught.value) + caught.value.hint
    assert not (tmp_path / "DATABASE.md").exists()


HOSTILE = {
    "names": 'CREATE TABLE "a`b ""c"" --> [x]" (id INTEGER PRIMARY KEY, "```" TEXT, "<!-- dbdeed:erd -->" TEXT);',
    "two lines": 'CREATE TABLE "a\nb" (id INTEGER PRIMARY KEY, "c\nd" TEXT);',
    "fences": "CREATE TABLE a (id INTEGER PRIMARY KEY, b TEXT DEFAULT '\n```\n````sql\n# Title\n');",
    "comments": "CREATE TABLE a (id INTEGER PRIMARY KEY -- ``` <!-- dbdeed:erd -->\n, b /* ; ``` */ TEXT);",
    "ends in a comment": "CREATE VIEW v AS SELECT 1 AS one -- the last line",
    "letters": "CREATE TABLE größe (id INTEGER PRIMARY KEY, 名 TEXT DEFAULT '\u2028\x85\x0c😀');",
    "tabs and blanks": "CREATE TABLE a (\n\tid\tINTEGER PRIMARY KEY,  \n\n\n   b TEXT DEFAULT '  \n\t\n  x  ');",
    "keywords": 'CREATE TABLE "table" ("select" INTEGER PRIMARY KEY, "order" TEXT UNIQUE);',
}


@pytest.mark.parametrize("sql", HOSTILE.values(), ids=HOSTILE)
def test_names_and_texts_come_back_as_they_are(tmp_path: Path, sql: str) -> None:
    output = adopted(tmp_path, sql)
    assert diff(str(output), str(tmp_path / "library.db"), environment={}).same


@pytest.mark.parametrize(
    "number", range(len(cases("sqlite"))) or [pytest.param(0, marks=pytest.mark.skip(NO_CASES))]
)
def test_public_cases(tmp_path: Path, number: int) -> None:
    case = cases("sqlite")[number]
    for side in ("from_sql", "to_sql"):
        folder = tmp_path / side
        folder.mkdir()
        try:
            live = database(folder, case[side])
        except sqlite3.Error as error:
            pytest.skip(f"does not load here: {error}")
        Path(live).touch()
        result = adopt(live, folder / "DATABASE.md", today=TODAY, environment={})
        assert diff(str(result.path), live, environment={}).same
