"""Diff: any two of documents, files of SQL, folders and databases; nothing is written to either."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from dbdeed.app.diff import diff
from dbdeed.app.side import side_of
from dbdeed.document.values.types import System
from dbdeed.errors import InvalidInput, Unavailable
from dbdeed.planning.render import render_sql

ONE = "CREATE TABLE lamps (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"
TWO = "CREATE TABLE lamps (id INTEGER PRIMARY KEY, name TEXT NOT NULL, watts INTEGER);\nCREATE INDEX lamps_name ON lamps (name);"
DOCUMENT = """# Lamps

## Overview

**Database System**: {system}
**Version**: {version}

## Schema Design

### Table: `lamps`
```sql
{sql}
```
"""


def sql_file(folder: Path, sql: str, name: str = "one.sql") -> str:
    (folder / name).write_text(sql)
    return str(folder / name)


def document(folder: Path, sql: str, system: str = "SQLite", version: str = ">=3.37") -> str:
    path = folder / f"{system}-{version.strip('>=')}.md"
    path.write_text(DOCUMENT.format(sql=sql, system=system, version=version))
    return str(path)


def database(folder: Path, sql: str) -> str:
    path = folder / "lamps.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
    return str(path)


def folder_of(folder: Path, sql: str) -> str:
    inside = folder / "schema" / "tables"
    inside.mkdir(parents=True)
    for number, part in enumerate(sql.split("\n")):
        (inside / f"{number}.sql").write_text(part)
    return str(folder / "schema")


MAKERS: dict[str, Callable[[Path, str], str]] = {
    "document": document,
    "file": sql_file,
    "folder": folder_of,
    "database": database,
}


@pytest.mark.parametrize("first", MAKERS)
@pytest.mark.parametrize("second", MAKERS)
def test_any_two_sides_are_compared(tmp_path: Path, first: str, second: str) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    one = MAKERS[first](tmp_path / "a", ONE)
    two = MAKERS[second](tmp_path / "b", TWO)
    found = diff(one, two, system=System.SQLITE, environment={})
    assert not found.same
    assert found.plan.proven
    assert {one.object.name[-1] for one in found.plan.differences} >= {"lamps", "lamps_name"}
    same = MAKERS[second](tmp_path / "c", TWO)
    assert diff(two, same, system=System.SQLITE, environment={}).same


def test_the_script_of_a_diff_makes_the_difference_go_away(tmp_path: Path) -> None:
    live, wanted = database(tmp_path, ONE), sql_file(tmp_path, TWO)
    before = Path(live).read_bytes()
    found = diff(live, wanted, environment={})
    assert Path(live).read_bytes() == before
    script = tmp_path / "script.sql"
    script.write_text(render_sql(found.plan, found.engine))
    shell = shutil.which("sqlite3")
    if shell is None:
        pytest.skip("no sqlite3 here")
    subprocess.run([shell, "-bail", live, f".read {script}"], check=True, capture_output=True)
    assert diff(live, wanted, environment={}).same


def test_files_alone_do_not_say_whose_sql_it_is(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="do not say"):
        diff(sql_file(tmp_path, ONE), sql_file(tmp_path, TWO, "two.sql"), environment={})


def test_different_systems_are_not_compared(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="different systems"):
        diff(document(tmp_path, ONE), document(tmp_path, ONE, "PostgreSQL", "18"), environment={})


def test_different_major_versions_are_not_compared(tmp_path: Path) -> None:
    old, new = (document(tmp_path, ONE, "PostgreSQL", version) for version in ("15", "18"))
    with pytest.raises(InvalidInput, match="15 and 18"):
        diff(old, new, environment={})


def test_a_system_without_an_engine_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no engine"):
        diff(document(tmp_path, ONE, "MySQL", "8"), document(tmp_path, TWO, "MySQL", "8"), environment={})


@pytest.mark.parametrize(
    "text", ["nowhere.md", "nowhere.sql", "nowhere", "env:UNSET", "mysql+x://", "http://x/y", "", "\x00"]
)
def test_what_means_nothing_is_refused_with_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((InvalidInput, Unavailable)) as caught:
        diff(text, sql_file(tmp_path, ONE), environment={})
    assert caught.value.message


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match=r"no \.sql file"):
        diff(str(tmp_path / "empty"), sql_file(tmp_path, ONE), environment={})


def test_an_error_in_a_file_is_told_at_its_line(tmp_path: Path) -> None:
    bad = sql_file(tmp_path, "\ufeff" + ONE.replace(" (", "\r\n  (") + "\r\n\r\n  CREATE TABEL x;", "bad.sql")
    with pytest.raises(InvalidInput) as caught:
        diff(database(tmp_path, ""), bad, environment={})
    assert caught.value.where.endswith("bad.sql:4:3") or ":4:" in caught.value.where


def test_line_ends_and_a_mark_in_front_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthr\xc3\xa9e\n")
    (block,) = side_of(str(path), {}).blocks
    assert block.text == "one\ntwo\nthrée\n"
    assert [block.position(block.text.index(word)).line for word in ("one", "two", "thrée")] == [1, 2, 3]
    assert block.source_offset(block.text.index("two")) == path.read_bytes().index(b"two")
