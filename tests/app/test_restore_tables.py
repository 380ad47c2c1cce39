"""`restore --table` on SQLite: into the live file, another one, or a file of SQL, by the rules of `restore`."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tests.app.test_restore import Project, taken

from dbdeed.app.restore import OverLive, restore_backup
from dbdeed.engines.faults import SqlRejected
from dbdeed.errors import InvalidInput, Refused

if TYPE_CHECKING:
    from pathlib import Path

YES = OverLive(yes=True)
MADE = (
    'CREATE TABLE "Odd ""name" (id INTEGER PRIMARY KEY AUTOINCREMENT, t TEXT, b BLOB, r REAL, n AS (id * 2))',
    'CREATE INDEX odd_t ON "Odd ""name" (t)',
    'CREATE TRIGGER odd_new AFTER INSERT ON "Odd ""name" BEGIN DELETE FROM notes WHERE id = 99; END',
    "CREATE TABLE lines (id INTEGER PRIMARY KEY, note INTEGER REFERENCES notes (id))",
    "INSERT INTO lines VALUES (1, 1)",
)
VALUES: list[tuple[Any, ...]] = [(7, "a\0b", b"\0\xff", 1e999), (9, "l'été\r\n;\n", None, -0.5)]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    for statement in MADE:
        made.run(statement)
    with closing(sqlite3.connect(made.file)) as live, live:
        live.executemany('INSERT INTO "Odd ""name" (id, t, b, r) VALUES (?, ?, ?, ?)', VALUES)
        live.execute("UPDATE sqlite_sequence SET seq = 20")
    return made


def back(project: Project, method: str, table: str, into: str = "", agreed: OverLive | None = None) -> Any:
    return restore_backup(
        project.document,
        backup=taken_once(project, method),
        tables=[table],
        into=into,
        agreed=agreed,
        environment=project.environment,
    )


def taken_once(project: Project, method: str) -> str:
    known: str | None = getattr(project, method, None)
    if known is None:
        known = taken(project, method)
        setattr(project, method, known)
    return known


def everything(file: Path) -> tuple[Any, ...]:
    with closing(sqlite3.connect(file)) as live:
        rows = live.execute('SELECT id, t, b, r, n FROM "Odd ""name" ORDER BY id').fetchall()
        made = live.execute(
            "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name LIKE 'odd%' ORDER BY 1, 2"
        )
        return rows, made.fetchall(), live.execute("SELECT name, seq FROM sqlite_sequence").fetchall()


@pytest.fixture(params=["online", "logical"])
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_dropped_table_comes_back_with_all_that_belongs_to_it(project: Project, method: str) -> None:
    before = everything(project.file)
    taken_once(project, method)
    project.run('DROP TABLE "Odd ""name"')
    project.run("INSERT INTO notes VALUES (2, 'stays')")
    result = back(project, method, 'odd "NAME')
    assert result.tables == ('Odd "name',)
    assert result.kept == ""
    assert everything(project.file) == before
    assert project.notes() == ["hello", "stays"]


def test_one_that_is_there_only_with_consent_and_is_kept_first(project: Project, method: str) -> None:
    taken_once(project, method)
    project.run("INSERT INTO notes VALUES (2, 'newer')")
    with pytest.raises(Refused, match="has notes already"):
        back(project, method, "notes")
    assert project.notes() == ["hello", "newer"]
    result = back(project, method, "notes", agreed=YES)
    assert project.notes() == ["hello"]
    found = re.search(r"kept in (.*)\.$", result.kept)
    assert found is not None
    with closing(sqlite3.connect(":memory:")) as copy, open(found[1]) as kept:  # noqa: PTH123 - the sentence's words
        copy.executescript(kept.read())
        assert copy.execute("SELECT text FROM notes ORDER BY id").fetchall() == [("hello",), ("newer",)]


def test_rows_that_others_refer_to_are_not_taken_away(project: Project, method: str) -> None:
    taken_once(project, method)
    project.run("INSERT INTO notes VALUES (2, 'newer')")
    project.run("INSERT INTO lines VALUES (2, 2)")
    with pytest.raises(SqlRejected, match="would refer to rows that do not exist"):
        back(project, method, "notes", agreed=YES)
    assert project.notes() == ["hello", "newer"]


def test_into_a_file_of_sql_a_new_database_and_one_that_is_there(project: Project, method: str) -> None:
    text = project.folder / "odd.sql"
    back(project, method, 'odd "name', into=str(text))
    fresh = project.folder / "fresh.db"
    with closing(sqlite3.connect(fresh)) as copy:
        copy.executescript(text.read_bytes().decode())
    assert everything(fresh) == everything(project.file)
    with pytest.raises(Refused, match="overwrite"):
        back(project, method, "notes", into=str(text))
    other = project.folder / "other.db"
    back(project, method, 'odd "name', into=f"sqlite:///{other}")
    assert everything(other) == everything(project.file)
    back(project, method, "notes", into=str(other))
    assert project.notes(other) == ["hello"]
    with pytest.raises(Refused, match="nobody agreed"):
        back(project, method, "notes", into=str(other))


def test_texts_are_the_same_in_a_file_of_another_encoding(project: Project) -> None:
    other = project.folder / "wide.db"
    with closing(sqlite3.connect(other)) as wide:
        wide.execute("PRAGMA encoding = 'UTF-16le'")
        wide.execute("CREATE TABLE here (a)")
    back(project, "online", 'odd "name', into=f"sqlite:///{other}")
    assert everything(other) == everything(project.file)


def test_full_text_comes_along(project: Project, method: str) -> None:
    project.run("CREATE VIRTUAL TABLE words USING fts5(body)")
    project.run("INSERT INTO words VALUES ('where is it')")
    taken_once(project, method)
    project.run("DROP TABLE words")
    back(project, method, "words")
    with closing(sqlite3.connect(project.file)) as live:
        assert live.execute("SELECT rowid FROM words WHERE words MATCH 'where'").fetchall() == [(1,)]


def test_a_table_that_was_not_there_is_said(project: Project) -> None:
    with pytest.raises(InvalidInput, match="no table nothing") as raised:
        back(project, "online", "nothing")
    assert "notes" in raised.value.hint
