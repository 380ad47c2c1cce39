"""`check` on files: fixes, what is not checked, and errors of a file."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from dbdeed.app.check import check
from dbdeed.document.findings import Severity
from dbdeed.document.template import template
from dbdeed.engines.faults import NotYet
from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 22)
HEAD = b"**Status**: Draft\n**Target State**: As-To-Be\n\n## Overview\n\n**Database System**: MySQL\n"


def write(folder: Path, data: bytes, name: str = "DATABASE.md") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_fixes_are_written_and_everything_else_is_kept(tmp_path: Path) -> None:
    before = (
        b"**Status**:  draft  \r\n**Target State**: As-To-Be\r\n\r\n## Overview\r\n"
        b"**Database System**: mysql \r\n**Hosting**: self hosted (a shed)\x0c\r\n"
        b"prose \xe2\x80\xa8 with `5 m`\r\n\r\n## Backup and Recovery\r\n- **Retentoin**: 2 Weeks, twice"
    )
    path = write(tmp_path, before.replace(b", twice", b""))
    path.chmod(0o640)
    result = check(path, fix=True, today=TODAY)
    assert path.read_bytes() == (
        b"**Status**:  draft  \r\n**Target State**: As-To-Be\r\n\r\n## Overview\r\n"
        b"**Database System**: mysql \r\n**Hosting**: Self-hosted on a shed\x0c\r\n"
        b"prose \xe2\x80\xa8 with `5 m`\r\n\r\n## Backup and Recovery\r\n- **Retention**: 14 days"
    )
    assert path.stat().st_mode & 0o777 == 0o640
    assert [finding.code for finding in result.fixed] == [
        "nonstandard-form",
        "unknown-key",
        "nonstandard-form",
    ]
    assert [finding.code for finding in result.findings] == []
    assert check(path, fix=True, today=TODAY).fixed == ()


def test_without_fix_nothing_is_written(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + b"**Hosting**: self hosted (a shed)\n")
    stamp = path.stat().st_mtime_ns
    result = check(path, today=TODAY)
    assert [finding.code for finding in result.findings] == ["nonstandard-form"]
    assert path.stat().st_mtime_ns == stamp
    assert result.ok
    assert result.fixed == ()
    assert list(tmp_path.iterdir()) == [path]


def test_a_fix_in_a_linked_file_is_written_there(tmp_path: Path) -> None:
    main = write(tmp_path, HEAD + b"\n## Backup and Recovery\n\n[more](backup.md)\n")
    linked = write(tmp_path, b"- **Frequency**: every day\n", "backup.md")
    kept = main.read_bytes()
    result = check(main, fix=True, today=TODAY)
    assert linked.read_bytes() == b"- **Frequency**: Daily\n"
    assert main.read_bytes() == kept
    assert result.findings == ()


def test_findings_stand_in_the_documents_order(tmp_path: Path) -> None:
    result = check(write(tmp_path, template()), today=TODAY)
    places = [finding.place.span.start for finding in result.findings if finding.place]
    assert places == sorted(places)
    assert not result.ok
    assert "No Database System is known" in result.not_checked[0]
    assert "foreign-key-without-index" in result.not_checked[0]


def test_a_system_without_an_engine_is_checked_without_it(tmp_path: Path) -> None:
    sql = b"\n## Schema Design\n\n```sql\nCREATE TABLE a (id int);\n```\n"
    path = write(tmp_path, HEAD + sql)
    result = check(path, today=TODAY)
    assert result.ok
    assert result.not_checked[0].startswith("MySQL has no engine here yet; not checked: ")
    with pytest.raises(NotYet):
        check(path, engine=True, today=TODAY)


def test_without_sql_there_is_nothing_to_ask_the_engine(tmp_path: Path) -> None:
    assert check(write(tmp_path, HEAD), engine=True, today=TODAY).not_checked == ()


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"\x00\x01\x80"])
def test_what_is_no_text_is_an_error(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InvalidInput):
        check(write(tmp_path, data), today=TODAY)


@pytest.mark.parametrize(("encoding", "named"), [("utf-16", "UTF-16"), ("latin-1", "LATIN1")])
def test_the_way_out_names_the_encoding(tmp_path: Path, encoding: str, named: str) -> None:
    with pytest.raises(InvalidInput) as error:
        check(write(tmp_path, "# Café\n".encode(encoding)), today=TODAY)
    assert f"iconv -f {named} -t UTF-8" in error.value.hint


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere.md"):
        with pytest.raises(InvalidInput):
            check(path, today=TODAY)


def test_an_empty_document_only_misses_what_it_needs(tmp_path: Path) -> None:
    result = check(write(tmp_path, b""), today=TODAY)
    assert {finding.code for finding in result.findings} == {"missing"}
    assert not result.ok


SQLITE = """**Status**: Draft
**Target State**: As-To-Be

## Overview

**Database System**: SQLite

## Data Models

### Book
- **Attributes**:
    - `id`: integer
    - `titel`: text

## Schema Design

### Table: `books`

```sql
CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, author_id INTEGER REFERENCES authors (id));
```

### Table: `author`

```sql
CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
```
"""


def test_what_the_engine_knows_is_held_against_the_document(tmp_path: Path) -> None:
    path = write(tmp_path, SQLITE.encode())
    before = check(path, today=TODAY)
    assert before.findings == ()
    assert before.not_checked[0].startswith(
        "The engine has not read this SQL yet (`dbdeed check --engine` asks it)"
    )
    asked = check(path, engine=True, today=TODAY)
    found = {(finding.code, finding.place.start.line) for finding in asked.findings if finding.place}
    assert found == {
        ("model-differs", 10),
        ("model-differs", 13),
        ("foreign-key-without-index", 17),
        ("table-heading", 23),
        ("table-without-model", 15),
    }
    assert asked.not_checked == ()


def test_what_the_engine_said_once_is_known_without_it(tmp_path: Path) -> None:
    path = write(tmp_path, SQLITE.encode())
    asked = check(path, engine=True, today=TODAY)
    path.write_bytes(b"\n" + SQLITE.encode())
    again = check(path, today=TODAY)
    assert [finding.message for finding in again.findings] == [finding.message for finding in asked.findings]
    assert again.not_checked == ()
    path.write_text(SQLITE.replace("name TEXT", "name VARCHAR"))
    assert check(path, today=TODAY).not_checked


def test_sql_that_the_engine_rejects_is_an_error_at_its_place(tmp_path: Path) -> None:
    path = write(tmp_path, SQLITE.replace("REFERENCES authors (id)", "REFERENCE authors (id)").encode())
    result = check(path, engine=True, today=TODAY)
    errors = [finding for finding in result.findings if finding.severity is Severity.ERROR]
    assert [finding.code for finding in errors] == ["sql-rejected"]
    assert errors[0].place is not None
    assert errors[0].place.start.line == 20
    assert result.not_checked[0].startswith("The engine rejected the SQL; not checked: ")
    assert not result.ok


def test_sql_with_placeholders_is_not_put_to_the_engine(tmp_path: Path) -> None:
    path = write(tmp_path, SQLITE.replace("CREATE TABLE authors", "CREATE TABLE [table_name_1]").encode())
    result = check(path, engine=True, today=TODAY)
    assert [finding.code for finding in result.findings] == ["unfilled"]
    assert result.not_checked[0].startswith("The SQL has placeholders; not checked: ")


def test_fixes_of_the_engines_own_rules_are_applied_too(tmp_path: Path) -> None:
    path = tmp_path / "DATABASE.md"
    path.write_text(
        "# Notes\n\n**Status**: Draft\n**Target State**: As-To-Be\n\n## Overview\n\n**Database System**: SQLite\n\n"
        "## Schema Design\n\n### Table: `notes`\n```sql\nCREATE TABLE notes (id SERIAL PRIMARY KEY, body TEXT);\n```\n"
    )
    result = check(path, fix=True, engine=True)
    assert "sqlite-serial" in {one.code for one in result.fixed}
    assert "id INTEGER PRIMARY KEY" in path.read_text()
    assert "sqlite-serial" not in {one.code for one in result.findings}


def test_the_heading_of_a_virtual_table_and_of_a_partition_names_a_table(tmp_path: Path) -> None:
    virtual = "### Table: `words`\n```sql\nCREATE VIRTUAL TABLE words USING fts5(body);\n```\n"
    text = f"## Overview\n**Database System**: SQLite\n\n## Schema Design\n{virtual}"
    result = check(write(tmp_path, text.encode()), engine=True, today=TODAY)
    assert "table-heading" not in [finding.code for finding in result.findings]
    parts = (
        "### Table: `early`\n```sql\nCREATE TABLE early PARTITION OF days FOR VALUES FROM (1) TO (2);\n```\n"
    )
    days = "### Table: `days`\n```sql\nCREATE TABLE days (day integer) PARTITION BY RANGE (day);\n```\n"
    text = f"## Overview\n**Database System**: PostgreSQL\n\n## Schema Design\n{days}{parts}"
    result = check(write(tmp_path, text.encode()), engine=True, today=TODAY)
    assert [one.code for one in result.findings if one.severity is Severity.ERROR] == []
    assert "table-heading" not in [finding.code for finding in result.findings]
