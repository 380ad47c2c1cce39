"""A document's SQL is hostile: what it must not reach, and what must not run without end."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.seam import ScratchNeeds
from dbdeed.engines.sql_text import read
from dbdeed.engines.sqlite.engine import ENGINE
from dbdeed.engines.sqlite.guard import Guard, guard
from dbdeed.engines.sqlite.session import memory
from dbdeed.engines.sqlite.text import RULES
from dbdeed.errors import DbdeedError, InvalidInput
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.sqlite.conftest import Bench

_REFUSED = [
    "ATTACH '{file}' AS other",
    "ATTACH DATABASE 'file:{file}?mode=rwc' AS other",
    "VACUUM INTO '{file}'",
    "DETACH main",
    "SELECT load_extension('{file}')",
    "SELECT writefile('{file}', 'x')",
    "SELECT fts3_tokenizer('simple')",
    "SELECT fts3_tokenizer('simple', x'4141414141414141')",
    "PRAGMA writable_schema=ON",
    "PRAGMA journal_mode=WAL",
    "PRAGMA temp_store_directory='/tmp'",
    "PRAGMA data_store_directory='/tmp'",
    "PRAGMA max_page_count=1073741823",
    "PRAGMA hard_heap_limit=1",
    "PRAGMA trusted_schema=ON",
    "PRAGMA key='x'",
    "PRAGMA user_version=7",
    "UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a)'",
    "INSERT INTO sqlite_master VALUES ('table', 't', 't', 2, 'CREATE TABLE t (a)')",
    "DELETE FROM sqlite_schema",
    "CREATE TEMP TABLE t (a)",
    "CREATE TEMPORARY VIEW v AS SELECT 1",
    "CREATE VIRTUAL TABLE t USING csv(filename='/etc/passwd')",
    "CREATE VIRTUAL TABLE t USING zipfile('{file}')",
    "CREATE VIRTUAL TABLE t USING fsdir('/')",
    "CREATE VIRTUAL TABLE t USING dbstat",
    "SAVEPOINT a",
    "ROLLBACK",
    "RELEASE a",
    "CREATE TABLE sqlite_mine (a)",
    "CREATE TABLE dbdeed_journal (a)",
    "CREATE TABLE t (a); CREATE INDEX dbdeed_i ON t (a)",
]


@pytest.mark.parametrize("sql", _REFUSED)
def test_refused(sql: str, bench: Bench) -> None:
    file = bench.folder / "reached"
    with pytest.raises(SqlRejected):
        bench.load(sql.format(file=file))
    assert not file.exists()


def test_what_is_only_stored_is_not_run(bench: Bench) -> None:
    with ENGINE.scratch(ScratchNeeds(bench.folder), SILENT) as scratch, scratch.database() as session:
        ENGINE.load(
            session,
            read(
                "CREATE VIEW v AS SELECT load_extension('x'); CREATE TABLE t (a, b DEFAULT (load_extension('x')))",
                RULES,
            ),
        )
        for sql in ("SELECT * FROM v", "INSERT INTO t (a) VALUES (1)"):
            with pytest.raises(SqlRejected, match="load_extension"):
                session.execute(sql)


@pytest.mark.parametrize("sql", ["SELECT 1; ATTACH ':memory:' AS x", "CREATE TABLE t (a)\0; ATTACH 'x' AS y"])
def test_one_statement_is_one(sql: str) -> None:
    session = memory("x")
    guard(session)
    with pytest.raises(SqlRejected):
        session.execute(sql)
    session.close()


@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c WHERE x < 0",
    ],
)
def test_endless_statements_are_stopped(sql: str) -> None:
    session = memory("x")
    guard(session, seconds=0.05)
    with pytest.raises(SqlRejected, match="longer than it may"):
        session.execute(sql)
    assert session.fetch("SELECT 1") == [(1,)]
    session.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT randomblob(1000000000)",
        "SELECT hex(zeroblob(100000000))",
        (
            "INSERT INTO t WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 400)"
            " SELECT randomblob(1000000) FROM c"
        ),
    ],
)
def test_growth_is_bounded(sql: str) -> None:
    session = memory("x")
    guard(session, seconds=30)
    session.execute("CREATE TABLE t (a)")
    with pytest.raises(DbdeedError):
        session.execute(sql)
    session.close()


def test_the_clock_is_asked_and_set_again_for_each_statement() -> None:
    now = [0.0]
    watched = Guard(seconds=5, clock=lambda: now[0])
    assert not watched.late()
    now[0] = 6
    assert watched.late()
    watched.begin()
    assert not watched.late()


def test_a_transaction_keeps_the_guard(bench: Bench) -> None:
    with ENGINE.scratch(ScratchNeeds(bench.folder), SILENT) as scratch, scratch.database() as session:
        with pytest.raises(SqlRejected), session.transaction():  # noqa: PT012 - the second one is refused
            session.execute("CREATE TABLE t (a)")
            session.execute(f"ATTACH '{bench.folder / 'reached'}' AS x")
        with pytest.raises(SqlRejected):
            session.execute(f"ATTACH '{bench.folder / 'reached'}' AS x")
    assert not (bench.folder / "reached").exists()


def test_another_major_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput), ENGINE.scratch(ScratchNeeds(tmp_path, version=(4,)), SILENT):
        pass


@pytest.mark.parametrize(
    "name",
    [
        'a"; DROP TABLE x; --',
        "a'b",
        "[a]",
        "`a`",
        "ü",
        "select",
        "a b",
        "a\nb",
        "--",
        "/*",
        "$1",
        "",
        "é\U0001f600",
    ],
)
def test_names_stay_names(name: str, bench: Bench) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    before = f"CREATE TABLE x (i); CREATE TABLE {quoted} ({quoted} INTEGER, b); CREATE INDEX i ON {quoted} ({quoted}, b);"
    after = f"CREATE TABLE x (i); CREATE TABLE {quoted} ({quoted} TEXT, c); CREATE INDEX i ON {quoted} ({quoted});"
    path = bench.file(before)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"INSERT INTO {quoted} VALUES (1, 2)")
    session = bench.open(path)
    bench.apply(session, bench.catalog(after))
    assert session.fetch(f"SELECT * FROM {quoted}") == [("1", None)]
    assert set(ENGINE.table_digests(session)) == {"x", name}
    session.close()


@pytest.mark.parametrize("sql", ["\ud800", "SELECT '\ud800'", "\x00", "CREATE TABLE t (a)\x00"])
def test_texts_that_are_no_sql(sql: str) -> None:
    session = memory("x")
    with pytest.raises(SqlRejected):
        session.execute(sql)
    session.close()
