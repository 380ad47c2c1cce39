"""Connections: files that are missing, no databases, locked; transactions; the one lock."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dbdeed.engines.faults import CannotConnect, LockTimeout, SqlRejected
from dbdeed.engines.seam import Target
from dbdeed.engines.sqlite.engine import ENGINE
from dbdeed.engines.sqlite.location import file_of
from dbdeed.engines.sqlite.lock import locked
from dbdeed.engines.sqlite.session import SqliteSession
from dbdeed.errors import InvalidInput, OurFault, Unavailable
from dbdeed.planning.plan import assemble
from dbdeed.planning.render import render_sql
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from tests.engines.sqlite.conftest import Bench


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///shop.db", Path.cwd() / "shop.db"),
        ("sqlite:////srv/shop.db", Path("/srv/shop.db")),
        ("SQLITE:////srv/my%20shop.db", Path("/srv/my shop.db")),
        ("shop.db", Path.cwd() / "shop.db"),
        ("/srv/a?b.db", Path("/srv/a?b.db")),
    ],
)
def test_urls(url: str, file: Path) -> None:
    assert file_of(url) == file


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:",
        "sqlite:///",
        "sqlite:///:memory:",
        "",
        "sqlite:///a?mode=ro",
        "sqlite://host/a",
        "a\0b",
    ],
)
def test_urls_that_name_no_file(url: str) -> None:
    with pytest.raises(InvalidInput):
        file_of(url)


def test_looking_at_a_missing_file_does_not_make_it(bench: Bench) -> None:
    path = bench.path("new.db")
    session = bench.open(path)
    assert ENGINE.inspect(session).objects == {}
    with pytest.raises(SqlRejected, match="no such table"):
        session.fetch("SELECT id FROM dbdeed_journal")
    assert not path.exists()
    with session.transaction():
        session.execute("CREATE TABLE t (a)")
    session.fetch("INSERT INTO t VALUES ($1)", 5)
    session.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT a FROM t").fetchall() == [(5,)]


def test_what_is_no_database(bench: Bench) -> None:
    junk = bench.path("junk.db")
    junk.write_bytes(os.urandom(5000))
    missing = Target("sqlite:////nowhere/at/all.db", "x")
    folder = Target(f"sqlite:///{bench.folder}", "x")
    for target in (Target(f"sqlite:///{junk}", "junk"), missing, folder):
        with pytest.raises(CannotConnect):
            SqliteSession.of(target)


def test_a_damaged_database_says_so(bench: Bench) -> None:
    path = bench.file("CREATE TABLE t (a); " + "INSERT INTO t VALUES (hex(randomblob(2000)));" * 20)
    data = bytearray(path.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(data)
    session = bench.open(path)
    with pytest.raises(Unavailable, match="damaged"):
        session.fetch("SELECT * FROM t")
    session.close()


def test_a_write_lock_is_waited_for_and_then_reported(bench: Bench) -> None:
    path = bench.file("CREATE TABLE t (a)")
    session = SqliteSession.of(Target(f"sqlite:///{path}", "shop.db"), wait=0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LockTimeout, match=r"shop\.db"), session.transaction():
            pass
        other.execute("ROLLBACK")
    with session.transaction():
        session.execute("INSERT INTO t VALUES (1)")
    session.close()


def test_a_transaction_is_all_or_nothing(bench: Bench) -> None:
    session = bench.open(bench.file("CREATE TABLE t (a)"))
    with pytest.raises(SqlRejected), session.transaction():  # noqa: PT012 - the last one is refused
        session.execute("INSERT INTO t VALUES (1)")
        session.execute("PRAGMA legacy_alter_table=ON")
        session.execute("INSERT INTO nowhere VALUES (1)")
    assert session.fetch("SELECT count(*) FROM t") == [(0,)]
    assert session.fetch("PRAGMA foreign_keys") == [(1,)]
    assert session.fetch("PRAGMA legacy_alter_table") == [(0,)]
    with pytest.raises(OurFault), session.transaction(), session.transaction():
        pass
    with session.transaction():
        session.execute("INSERT INTO t VALUES (1)")
    assert session.fetch("SELECT count(*) FROM t") == [(1,)]
    session.close()


def test_a_journal_write_checks_no_references(bench: Bench) -> None:
    """What was broken before stays out of it, and so does the cost of looking."""
    session = bench.open(
        bench.file(
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p); CREATE TABLE dbdeed_j (a);"
        )
    )
    seen: list[str] = []
    session.connection.set_trace_callback(seen.append)
    with session.transaction():
        session.fetch("INSERT INTO dbdeed_j VALUES ($1)", 1)
    assert not any("foreign_key_check" in sql for sql in seen)
    with pytest.raises(SqlRejected, match="c row 1 → p"), session.transaction():
        session.execute("INSERT INTO c VALUES (9)")
    assert any("foreign_key_check" in sql for sql in seen)
    session.close()


def test_parameters_by_number(bench: Bench) -> None:
    session = bench.open(bench.file())
    assert session.fetch("SELECT $2, $1, $2", 1, "x") == [("x", 1, "x")]
    assert session.version >= (3, 37)
    session.close()


_HOLDER = """
import sys, time
from pathlib import Path
from dbdeed.engines.sqlite.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_process_at_a_time(bench: Bench) -> None:
    """A second one is refused; a killed one holds nothing."""
    path = bench.file("CREATE TABLE t (a)")
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "held\n"
        session = bench.open(path)
        with pytest.raises(Unavailable, match="Another dbdeed"), ENGINE.exclusive(session):
            pass
        session.fetch("SELECT * FROM t")  # the database itself is free
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
    with ENGINE.exclusive(session), pytest.raises(Unavailable), locked(path):
        pass
    session.close()
    assert sorted(one.name for one in path.parent.iterdir()) == [path.name]


_WRITER = """
import sys
from dbdeed.engines.seam import Target
from dbdeed.engines.sqlite.session import SqliteSession
session = SqliteSession.of(Target("sqlite:///" + sys.argv[1], "x"))
with session.transaction():
    session.execute("CREATE TABLE dbdeed_new_t (a NOT NULL)")
    session.execute("INSERT INTO dbdeed_new_t SELECT a FROM t")
    session.execute("DROP TABLE t")
    print("half", flush=True)
    sys.stdin.read()
"""


def test_killed_half_way_through_a_rebuild(bench: Bench) -> None:
    path = bench.file(
        "CREATE TABLE t (a); WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 20000) INSERT INTO t SELECT x FROM c"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdin is not None
    assert writer.stdout.readline() == "half\n"
    writer.kill()
    writer.wait()
    writer.stdout.close()
    writer.stdin.close()
    session = bench.open(path)
    assert session.fetch("SELECT count(*), sum(a) FROM t") == [(20000, 200010000)]
    bench.apply(session, bench.catalog("CREATE TABLE t (a NOT NULL)"))
    assert session.fetch("SELECT count(*), sum(a) FROM t") == [(20000, 200010000)]
    session.close()


_KEYS = """
    CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p ON DELETE CASCADE, n);
    CREATE TABLE free (p); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, NULL); INSERT INTO free VALUES (9);
"""


@pytest.mark.parametrize(
    ("after", "error"),
    [
        ("p (id INTEGER PRIMARY KEY, n TEXT UNIQUE); c (p NOT NULL REFERENCES p, n); free (p)", ""),
        ("p (id INTEGER PRIMARY KEY); c (p REFERENCES p, n NOT NULL); free (p)", "NOT NULL"),
        ("p (id INTEGER PRIMARY KEY); c (p REFERENCES p, n); free (p REFERENCES p)", "do not exist"),
    ],
)
def test_the_script_runs_in_the_shell(after: str, error: str, bench: Bench) -> None:
    """The plan's script, in SQLite's own program as it comes: the target is reached, or nothing is changed."""
    if shutil.which("sqlite3") is None:
        pytest.skip("the program sqlite3 is not installed")
    target = bench.catalog("; ".join(f"CREATE TABLE {one.strip()}" for one in after.split(";")))
    path = bench.file(_KEYS)
    session = bench.open(path)
    before = ENGINE.inspect(session)
    script = render_sql(assemble(before, target, bench.plan(session, target)), ENGINE)
    done = subprocess.run(["sqlite3", str(path)], input=script, text=True, check=False, capture_output=True)
    assert error in done.stderr
    assert (done.returncode == 0) == (not error)
    assert ENGINE.inspect(session).same_as(before if error else target)
    assert session.fetch("SELECT p FROM c UNION ALL SELECT id FROM p UNION ALL SELECT p FROM free") == [
        (1,),
        (1,),
        (9,),
    ]
    session.close()


def test_the_embedded_file(bench: Bench) -> None:
    server = ENGINE.embedded(bench.folder, ())
    assert (server.running, server.status()) == (False, "never started")
    target = server.start(SILENT)
    assert server.start(SILENT) == target
    assert target.embedded
    assert (target.label, server.running, server.stop()) == (".dbdeed/sqlite/database.db", True, False)
    session = ENGINE.connect(target)
    assert session.fetch("PRAGMA journal_mode") == [("wal",)]
    assert ENGINE.database_settings(session)["journal_mode"] == "wal"
    session.close()
    assert ENGINE.client(target).startswith("sqlite3 ")
