"""Sync where the database leads: what changed there is carried into the document, and a person's words stay."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbdeed.app.diff import diff
from dbdeed.app.sync import sync
from dbdeed.document.read import read
from dbdeed.document.source import Source
from dbdeed.errors import Refused

TODAY = date(2031, 5, 4)
DOCUMENT = """\
# Library

**Last Updated**: 2020-01-01
**Status**: Active
**Target State**: As-Is

## Overview

**Database System**: SQLite

## Data Models

### Reader
- **Description**: Somebody with a card.

### Loan

## Schema Design

Prose before.

### Table: `readers`
Somebody wrote this.

```sql
-- Readers come first.
CREATE TABLE readers (
    id INTEGER PRIMARY KEY, -- the card's number
    -- as on the card
    name TEXT NOT NULL,
    born TEXT -- ISO date
);
CREATE INDEX readers_name ON readers (name); -- for the desk
```

Words between.

### Table: `loans`
```sql
CREATE TABLE loans (id INTEGER PRIMARY KEY, reader_id INTEGER NOT NULL REFERENCES readers, due TEXT);
-- Kept for good.
CREATE TRIGGER loans_kept BEFORE DELETE ON loans BEGIN SELECT RAISE(ABORT, 'kept'); END;
```

### Views

What the desk sees.

```sql
CREATE VIEW open_loans AS
    SELECT * FROM loans -- all columns
    WHERE due > date();
```

## Migrations

**Tool**: dbdeed
"""
HUMAN = [
    "Prose before.", "Somebody wrote this.", "-- Readers come first.", "-- the card's number", "-- as on the card",
    "-- ISO date", "-- for the desk", "Words between.", "-- Kept for good.", "What the desk sees.", "Somebody with a card.",
]  # fmt: skip


def project(folder: Path, text: str = DOCUMENT, ending: str = "\n") -> tuple[Path, str]:
    """A document, and a database that is what it says."""
    document = folder / "DATABASE.md"
    document.write_bytes(text.replace("\n", ending).encode())
    live = folder / "library.db"
    with closing(sqlite3.connect(live)) as connection:
        for block in read(Source("DATABASE.md", text.encode())).schema.blocks:
            connection.executescript(block.text)
    return document, str(live)


def change(live: str, *statements: str) -> None:
    with closing(sqlite3.connect(live)) as connection:
        for statement in statements:
            connection.executescript(statement)


def follow(document: Path, live: str) -> str:
    """Sync, and hold that nothing differs then."""
    sync(document, today=TODAY, database=live, environment={})
    assert diff(str(document), live, environment={}).same
    data = document.read_bytes()
    assert not sync(document, today=TODAY, database=live, environment={}).changes
    assert document.read_bytes() == data
    return document.read_text()


def lines(text: str) -> list[str]:
    return text.splitlines()


CHANGES = {
    "a new column": (
        ["ALTER TABLE readers ADD COLUMN phone TEXT DEFAULT '-'"],
        {"    born TEXT, -- ISO date", "    phone TEXT DEFAULT '-'"},
        {"    born TEXT -- ISO date"},
    ),
    "a column that goes": (
        ["ALTER TABLE readers DROP COLUMN born"],
        {"    name TEXT NOT NULL", "    -- ISO date"},
        {"    name TEXT NOT NULL,", "    born TEXT -- ISO date"},
    ),
    "a column on a line with others": (
        ["DROP VIEW open_loans", "ALTER TABLE loans DROP COLUMN due"],
        {"CREATE TABLE loans (id INTEGER PRIMARY KEY, reader_id INTEGER NOT NULL REFERENCES readers);"},
        None,
    ),
    "an index that changed": (
        ["DROP INDEX readers_name", "CREATE UNIQUE INDEX readers_name ON readers (name, born)"],
        {"CREATE UNIQUE INDEX readers_name ON readers (name, born); -- for the desk"},
        {"CREATE INDEX readers_name ON readers (name); -- for the desk"},
    ),
    "a new index": (
        ["CREATE INDEX readers_born ON readers (born)"],
        {"CREATE INDEX readers_born ON readers (born);"},
        set(),
    ),
    "a trigger that goes": (
        ["DROP TRIGGER loans_kept"],
        set(),
        {"CREATE TRIGGER loans_kept BEFORE DELETE ON loans BEGIN SELECT RAISE(ABORT, 'kept'); END;"},
    ),
}


@pytest.mark.parametrize("case", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_only_the_lines_that_changed_change(
    tmp_path: Path, case: tuple[list[str], set[str], set[str] | None], ending: str
) -> None:
    statements, added, removed = case
    document, live = project(tmp_path, ending=ending)
    follow(document, live)
    before = lines(document.read_bytes().decode())
    change(live, *statements)
    follow(document, live)
    data = document.read_bytes()
    after = lines(data.decode())
    assert added <= set(after)
    if removed is not None:
        start = before.index("## Schema Design")
        assert {line for line in before[start:] if line not in after} == removed
    assert all(any(words in line for line in after) for words in HUMAN)
    assert "**Last Updated**: 2031-05-04" in after
    if ending == "\r\n":
        assert data.count(b"\n") == data.count(b"\r\n")


def test_a_new_table_stands_behind_its_neighbour_with_a_model(tmp_path: Path) -> None:
    document, live = project(tmp_path)
    change(live, "CREATE TABLE books (id INTEGER PRIMARY KEY)", "CREATE INDEX books_id ON books (id)")
    text = follow(document, live)
    assert (
        "### Table: `books`\n```sql\nCREATE TABLE books (id INTEGER PRIMARY KEY);\n\nCREATE INDEX books_id"
        in text
    )
    assert text.index("### Table: `books`") < text.index("### Views")
    assert "### Book\n" in text


def test_what_nobody_wrote_of_a_table_that_is_gone_goes_with_it(tmp_path: Path) -> None:
    document, live = project(tmp_path)
    follow(document, live)
    change(live, "DROP VIEW open_loans", "DROP TABLE loans")
    text = follow(document, live)
    assert "### Loan\n" not in text
    assert "### Table: `loans`" in text  # a comment stands there
    assert "-- Kept for good." in text
    assert "What the desk sees." in text


def test_prose_of_a_table_that_is_gone_stays(tmp_path: Path) -> None:
    document, live = project(tmp_path)
    follow(document, live)
    change(live, "DROP VIEW open_loans", "DROP TABLE loans", "DROP TABLE readers")
    change(live, "CREATE TABLE books (id INTEGER PRIMARY KEY)")
    result = sync(document, today=TODAY, database=live, environment={})
    text = document.read_text()
    assert "Somebody wrote this." in text
    assert "Somebody with a card." in text
    assert any("Model Reader stays" in note for note in result.notes)
    assert any("readers stays" in note for note in result.notes)
    assert diff(str(document), live, environment={}).same


def test_check_and_a_dry_run_write_nothing(tmp_path: Path) -> None:
    document, live = project(tmp_path)
    change(live, "ALTER TABLE readers ADD COLUMN phone TEXT")
    before = document.read_bytes()
    result = sync(document, today=TODAY, check=True, database=live, environment={})
    assert "changed table readers" in result.changes
    assert document.read_bytes() == before
    ((name, old, new),) = result.texts
    assert (name, old) == (str(document), before.decode())
    assert "    phone TEXT\n" in new


def test_the_database_is_only_read(tmp_path: Path) -> None:
    document, live = project(tmp_path)
    change(live, "ALTER TABLE readers ADD COLUMN phone TEXT")
    before = Path(live).read_bytes()
    follow(document, live)
    assert Path(live).read_bytes() == before


def test_an_empty_database_does_not_empty_the_document(tmp_path: Path) -> None:
    document, _ = project(tmp_path)
    empty = tmp_path / "empty.db"
    empty.touch()
    before = document.read_bytes()
    with pytest.raises(Refused, match="empty"):
        sync(document, today=TODAY, database=str(empty), environment={})
    assert document.read_bytes() == before


def test_without_a_database_the_sql_leads(tmp_path: Path) -> None:
    document, _ = project(tmp_path)
    result = sync(document, today=TODAY, environment={})
    assert any("No database" in note for note in result.notes)
    assert "wrote model Reader" in result.changes


def test_nothing_is_drafted_where_the_database_leads(tmp_path: Path) -> None:
    text = DOCUMENT.replace("### Loan\n", "### Loan\n\n### Fine\n- **Attributes**:\n    - `id`: integer\n")
    document, live = project(tmp_path, text)
    assert "CREATE TABLE fines" not in follow(document, live)


def test_sql_in_a_linked_file_is_changed_there(tmp_path: Path) -> None:
    table = re.search(r"```sql\n(CREATE TABLE loans.*?)```", DOCUMENT, re.DOTALL)
    assert table is not None
    text = DOCUMENT.replace(table[0], "[The loans](loans.sql)")
    document, live = project(tmp_path, text)
    (tmp_path / "loans.sql").write_text(table[1])
    change(live, table[1], "ALTER TABLE loans ADD COLUMN note TEXT")
    follow(document, live)
    assert "due TEXT, note TEXT)" in (tmp_path / "loans.sql").read_text()
    assert "note TEXT" not in document.read_text().partition("## Schema Design")[2]


def test_sql_inside_a_list_and_a_quote_keeps_its_place(tmp_path: Path) -> None:
    indexes = "1. For the desk:\n\n   ```sql\n   CREATE INDEX loans_due ON loans (due);\n   ```\n"
    view = "> ```sql\n> CREATE VIEW mine AS\n>   SELECT 1;\n> ```\n"
    text = DOCUMENT.replace("## Migrations", f"### Loans again\n\n{indexes}\n{view}\n## Migrations")
    document, live = project(tmp_path, text)
    change(live, "DROP INDEX loans_due", "CREATE INDEX loans_due ON loans (id, due)")
    change(live, "DROP VIEW mine", "CREATE VIEW mine AS SELECT 2", "CREATE VIEW mines AS SELECT\n3")
    text = follow(document, live)
    assert "   CREATE INDEX loans_due ON loans (id, due);\n   ```\n" in text
    assert "> CREATE VIEW mine AS SELECT 2;\n" in text
    assert "> CREATE VIEW mines AS SELECT\n> 3;\n" in text


EDITS = st.lists(
    st.sampled_from(
        [
            "ALTER TABLE readers ADD COLUMN c{n} TEXT",
            "ALTER TABLE readers ADD COLUMN c{n} INTEGER NOT NULL DEFAULT {n} CHECK (c{n} >= 0)",
            "ALTER TABLE readers DROP COLUMN born",
            "ALTER TABLE readers RENAME COLUMN name TO title{n}",
            "ALTER TABLE loans ADD COLUMN d{n} TEXT COLLATE NOCASE",
            "ALTER TABLE loans RENAME TO lent{n}",
            "DROP TABLE loans",
            "DROP INDEX readers_name",
            "CREATE INDEX i{n} ON readers (id, born)",
            "CREATE TABLE t{n} (id INTEGER PRIMARY KEY, reader_id INTEGER REFERENCES readers) STRICT",
            "CREATE TABLE t{n} (a TEXT PRIMARY KEY, b, UNIQUE (a, b)) WITHOUT ROWID",
            "DROP VIEW open_loans",
            "CREATE VIEW v{n} AS SELECT count(*) AS n FROM readers",
            "DROP TRIGGER loans_kept",
            "CREATE TRIGGER g{n} AFTER INSERT ON readers BEGIN SELECT 1; SELECT 2; END",
            "CREATE VIRTUAL TABLE f{n} USING fts5(body, note)",
        ]
    ),
    max_size=6,
)


@given(edits=EDITS, ending=st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_edits_nothing_differs_and_words_stay(
    tmp_path_factory: pytest.TempPathFactory, edits: list[str], ending: str
) -> None:
    document, live = project(tmp_path_factory.mktemp("any"), ending=ending)
    with closing(sqlite3.connect(live)) as connection:
        for number, edit in enumerate(edits):
            try:
                connection.executescript(edit.format(n=number))
            except sqlite3.OperationalError:
                continue  # what it is about is gone already
    text = follow(document, live)
    data = document.read_bytes()
    assert all(words in text for words in HUMAN)
    if ending == "\r\n":
        assert data.count(b"\n") == data.count(b"\r\n")
