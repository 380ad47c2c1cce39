"""Backups: taken while others write, verified, brought back; damage is found; the commands work as printed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dbdeed.document.values.types import Method
from dbdeed.engines.faults import RestoreFailed, SqlRejected
from dbdeed.engines.seam import Target
from dbdeed.engines.sqlite.backup import METHODS, Logical, Online
from dbdeed.engines.sqlite.digests import table_digests
from dbdeed.engines.sqlite.engine import ENGINE
from dbdeed.errors import DbdeedError, Refused, Unavailable
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.sqlite.conftest import Bench

    from dbdeed.engines.recovering import BackupFacts, BackupMethod

_SQL = """
    PRAGMA user_version=7; PRAGMA journal_mode=WAL;
    CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a, "b c" TEXT, d AS (a) STORED, e AS (a));
    CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT * FROM t;
    CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET a = 'triggered'; END;
    CREATE TABLE hidden (rowid TEXT, x);
    CREATE TABLE plain (x); CREATE TABLE norow (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
    CREATE VIRTUAL TABLE own USING fts5(body); CREATE VIRTUAL TABLE ext USING fts5(x, content='plain');
    CREATE VIRTUAL TABLE box USING rtree(id, a, b);
    CREATE TABLE dbdeed_journal (a);
    INSERT INTO dbdeed_journal VALUES ('kept');
    DROP TRIGGER g;
    INSERT INTO t (id, a, "b c") VALUES (1, 1, 'it''s; '), (2, 1.0, 'two
lines;
'), (3, '1', char(0) || 'nul'), (4, x'31', NULL), (5, 9e999, 'é'), (6, -9e999, ''), (9, 0.1, CAST(x'ff' AS TEXT)),
        (7, 9223372036854775807, 'x'), (8, -9223372036854775808, x''); DELETE FROM t WHERE id = 9;
    INSERT INTO t (id, a, "b c") VALUES (19, 1, 2); DELETE FROM t WHERE id = 19;
    INSERT INTO t (a, "b c") VALUES (0.1, CAST(x'ff41' AS TEXT));
    INSERT INTO plain (rowid, x) VALUES (5, 'green apples'); INSERT INTO norow VALUES ('a', 1), ('b', NULL);
    INSERT INTO hidden VALUES ('r', 1); INSERT INTO own(rowid, body) VALUES (3, 'red pears');
    INSERT INTO box VALUES (1, 2, 3); INSERT INTO ext(ext) VALUES ('rebuild');
    CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET a = 'triggered'; END;
"""


def _target(path: Path) -> Target:
    return Target(f"sqlite:///{path}", "shop.db")


@pytest.fixture(params=METHODS, ids=lambda method: method.name)
def method(request: pytest.FixtureRequest) -> BackupMethod:
    return request.param  # type: ignore[no-any-return]


def _taken(method: BackupMethod, path: Path, folder: Path) -> BackupFacts:
    folder.mkdir()
    return method.take(_target(path), folder, SILENT)


def _contents(path: Path) -> dict[str, object]:
    """Everything, read by other means than a backup's."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        names = [
            name.decode()
            for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        names = [name for name in names if not name.startswith(("own_", "ext_", "box_"))]
        found: dict[str, object] = {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in names
        }
        found["schema"] = sorted(
            connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql NOT NULL").fetchall()
        )
        found["rowid"] = connection.execute(
            "SELECT rowid FROM plain UNION ALL SELECT _rowid_ FROM hidden"
        ).fetchall()
        found["version"] = connection.execute("PRAGMA user_version").fetchall()
        found["match"] = connection.execute(
            "SELECT rowid FROM own WHERE own MATCH 'pears' UNION ALL SELECT rowid FROM ext WHERE ext MATCH 'apples'"
        ).fetchall()
        return found


def test_everything_comes_back(method: BackupMethod, bench: Bench) -> None:
    path = bench.file(_SQL)
    facts = _taken(method, path, bench.folder / "backup")
    assert facts.started <= facts.consistent_at <= facts.finished
    assert facts.tables["t"][0] == 9
    assert set(facts.tables) == {"t", "hidden", "plain", "norow", "own", "box"}
    assert facts.size > 0
    assert method.verify(bench.folder / "backup", facts) == []
    into = bench.path("restored.db")
    method.restore(bench.folder / "backup", into, SILENT)
    assert _contents(into) == _contents(path)
    session = bench.open(into)
    assert dict(table_digests(session)) == dict(facts.tables)
    session.execute("INSERT INTO t (a) VALUES (0)")
    assert session.fetch("SELECT max(id) FROM t") == [(21,)]  # the counter came along
    session.close()


def test_a_drill(method: BackupMethod, bench: Bench) -> None:
    path = bench.file(_SQL)
    facts = _taken(method, path, bench.folder / "backup")
    work = bench.folder / "work"
    work.mkdir()
    with method.restored(bench.folder / "backup", work, SILENT) as session:
        assert ENGINE.table_digests(session) == facts.tables
        with closing(bench.open(path)) as live:
            assert ENGINE.inspect(session).same_as(ENGINE.inspect(live))
        assert [one.problems for one in method.examine(session)] == [(), (), ()]
        with pytest.raises(SqlRejected):
            session.execute(f"ATTACH '{bench.folder / 'reached'}' AS x")
    assert not (bench.folder / "reached").exists()


def test_what_is_wrong_in_the_database_is_found(bench: Bench) -> None:
    path = bench.file(
        "CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE c (p REFERENCES p);"
        "INSERT INTO c VALUES (5); INSERT INTO p VALUES (3); UPDATE sqlite_sequence SET seq = 1;"
    )
    session = bench.open(path)
    problems = [problem for one in Online().examine(session) for problem in one.problems]
    assert problems == [
        "c, row 1, refers to a row of p that is not there.",
        "The counter of p is behind its rows.",
    ]
    session.close()


def _require_programs(method: BackupMethod) -> None:
    for program in ("sqlite3", *(("zstd",) if method.name == "logical" else ())):
        if shutil.which(program) is None:
            pytest.skip(f"the program {program} is not installed")


_BEFORE_ITS_KEY = "CREATE TABLE {} (a, b {}, k INTEGER NOT NULL PRIMARY KEY) WITHOUT ROWID"


def test_a_table_that_sqlite_misreads_is_sound(method: BackupMethod, bench: Bench) -> None:
    """3.40 finds NULL in its column b, in every row, and puts every other finding out of sight by it."""
    made = _BEFORE_ITS_KEY.format('"w x"', "NOT NULL")
    path = bench.file(
        f"{made};"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) "
        'INSERT INTO "w x" (k, b) SELECT i, i FROM n;'
    )
    facts = _taken(method, path, bench.folder / "backup")
    assert method.verify(bench.folder / "backup", facts) == []
    session = bench.open(path)
    assert [one.problems for one in method.examine(session)] == [(), (), ()]
    session.close()
    _require_programs(method)
    environment = {**os.environ, "BACKUP": str(bench.folder / "backup"), "DATABASE": str(path)}
    for command in method.commands(_target(path)):
        subprocess.run(command, shell=True, env=environment, check=True, capture_output=True)


def test_the_commands_find_what_leads_nowhere_in_a_table_of_any_name(bench: Bench) -> None:
    path = bench.file("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE ok (p REFERENCES p);")
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("INSERT INTO ok VALUES (5)")
    _require_programs(Online())
    _taken(Online(), path, bench.folder / "backup")
    environment = {**os.environ, "BACKUP": str(bench.folder / "backup"), "DATABASE": str(path)}
    ran = [
        subprocess.run(command, shell=True, env=environment, check=False, capture_output=True, text=True)
        for command in Online().commands(_target(path))
    ]
    assert [one.stderr.strip() for one in ran if one.returncode] == ["[('ok', 1, 'p', 0)]"]


def test_null_where_none_may_be_is_found(bench: Bench) -> None:
    made, sound = _BEFORE_ITS_KEY.format("t", "NOT NULL"), _BEFORE_ITS_KEY.format("u", "NOT NULL")
    path = bench.file(
        f"{_BEFORE_ITS_KEY.format('t', '')}; INSERT INTO t (k) VALUES (1); {sound};"
        "INSERT INTO u (k, b) VALUES (1, 1);"
    )
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("PRAGMA writable_schema=ON")
        raw.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 't'", [made])
    session = bench.open(path)
    assert Online().examine(session)[0].problems == ("NULL value in t.b.",)
    session.close()


def test_damage_is_found(method: BackupMethod, bench: Bench) -> None:
    path = bench.file(_SQL + "INSERT INTO plain SELECT hex(randomblob(500)) FROM t, t t2;")
    facts = _taken(method, path, bench.folder / "backup")
    (file,) = (bench.folder / "backup").iterdir()
    good = file.read_bytes()
    for damaged in (
        good[: len(good) // 2],
        good[:-8] if method.name == "logical" else b"",
        os.urandom(3000),
        _flipped(good),
    ):
        file.write_bytes(damaged)
        assert method.verify(bench.folder / "backup", facts) != []
    file.write_bytes(good)
    assert method.verify(bench.folder / "backup", facts) == []
    wrong = replace(facts, tables={**facts.tables, "norow": (2, "0" * 32)})
    assert [problem for problem in method.verify(bench.folder / "backup", wrong) if "norow" in problem]
    file.unlink()
    assert method.verify(bench.folder / "backup", facts) != []
    with pytest.raises(RestoreFailed):
        method.restore(bench.folder / "backup", bench.path("none.db"), SILENT)
    assert not (bench.folder / "none.db").exists()


def _flipped(data: bytes) -> bytes:
    """One page of nonsense in the middle."""
    middle = len(data) // 2
    return data[:middle] + bytes(byte ^ 0xFF for byte in data[middle : middle + 4096]) + data[middle + 4096 :]


def test_one_row_changed_is_found(bench: Bench) -> None:
    path = bench.file(_SQL)
    facts = _taken(Online(), path, bench.folder / "backup")
    with closing(sqlite3.connect(bench.folder / "backup" / "database.db")) as copy, copy:
        copy.execute("UPDATE norow SET v = 1.0 WHERE k = 'a'")
    problems = Online().verify(bench.folder / "backup", facts)
    assert len(problems) == 1
    assert "norow" in problems[0]


def test_digests_tell_types_and_repetition_apart(bench: Bench) -> None:
    def digest(values: str) -> tuple[int, str]:
        session = bench.open(bench.file(f"CREATE TABLE t (a, b); INSERT INTO t VALUES {values}"))
        found = ENGINE.table_digests(session)["t"]
        session.close()
        return found

    assert digest("(1, 2), (3, 4)") == digest("(3, 4), (1, 2)")
    kinds = [
        "(1, 2)",
        "(2, 1)",
        "(1.0, 2)",
        "('1', 2)",
        "(x'31', 2)",
        "(NULL, 2)",
        "('12', '')",
        "('1', '2')",
        "('', '12')",
    ]
    assert len({digest(one) for one in kinds}) == len(kinds)
    assert digest("(1, 1), (1, 1)") != digest("(2, 2), (2, 2)")


def test_nothing_is_overwritten(method: BackupMethod, bench: Bench) -> None:
    path = bench.file(_SQL)
    _taken(method, path, bench.folder / "backup")
    before = path.read_bytes()
    with pytest.raises(Refused):
        method.restore(bench.folder / "backup", _target(path), SILENT)
    assert path.read_bytes() == before
    left = bench.path("new.db-journal")
    left.write_bytes(b"remains")
    with pytest.raises(Refused, match="played into"):
        method.restore(bench.folder / "backup", bench.folder / "new.db", SILENT)
    with pytest.raises(DbdeedError):
        method.restore(bench.folder / "backup", bench.folder / "backup" / "database.db" / "x", SILENT) if (
            method.name == "online"
        ) else method.take(_target(bench.folder / "missing.db"), bench.folder / "backup", SILENT)


def test_there_is_nothing_to_back_up(method: BackupMethod, bench: Bench) -> None:
    with pytest.raises(Unavailable, match="nothing to back up"):
        _taken(method, bench.folder / "missing.db", bench.folder / "backup")


def test_in_place_of_a_live_database(method: BackupMethod, bench: Bench) -> None:
    path = bench.file(_SQL)
    _taken(method, path, bench.folder / "backup")
    expected = _contents(path)
    with closing(sqlite3.connect(path)) as reader:  # a program that has it open meanwhile
        with closing(sqlite3.connect(path)) as writer, writer:
            writer.execute("DELETE FROM norow")
        said = method.replace(bench.folder / "backup", _target(path), SILENT)
        assert reader.execute("SELECT count(*) FROM norow").fetchone() == (2,)
    assert _contents(path) == expected
    (kept,) = bench.folder.glob(f"{path.name}.before-*")
    assert str(kept) in said
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("SELECT count(*) FROM norow").fetchone() == (0,)


def test_in_place_of_a_destroyed_database(method: BackupMethod, bench: Bench) -> None:
    path = bench.file(_SQL)
    expected = _contents(path)
    _taken(method, path, bench.folder / "backup")
    path.write_bytes(b"not a database at all" * 1000)
    method.replace(bench.folder / "backup", _target(path), SILENT)
    assert _contents(path) == expected
    (kept,) = bench.folder.glob(f"{path.name}.before-*")
    assert kept.read_bytes().startswith(b"not a database")
    path.unlink()
    assert "nothing had to be kept" in method.replace(bench.folder / "backup", _target(path), SILENT)


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_taken_while_others_write(mode: str, method: BackupMethod, bench: Bench) -> None:
    """Two tables that change together are equal in the backup, and so are its facts."""
    path = bench.file(
        f"PRAGMA journal_mode={mode}; CREATE TABLE a (n); CREATE TABLE b (n); CREATE TABLE big (x)"
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO big VALUES (randomblob(1000))", [()] * 3000)
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection:
            number = 0
            while not stop.is_set():
                number += 1
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO a VALUES (?)", [number])
                connection.execute("INSERT INTO b VALUES (?)", [number])
                connection.execute("COMMIT")
                stop.wait(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        facts = _taken(method, path, bench.folder / "backup")
    finally:
        stop.set()
        writer.join()
    assert method.verify(bench.folder / "backup", facts) == []
    assert facts.tables["a"] == facts.tables["b"]


def test_the_commands_work_as_they_are_written(method: BackupMethod, bench: Bench) -> None:
    _require_programs(method)
    path = bench.file(_SQL)
    expected = _contents(path)
    _taken(method, path, bench.folder / "backup")
    path.write_bytes(b"lost")
    environment = {**os.environ, "BACKUP": str(bench.folder / "backup"), "DATABASE": str(path)}
    for command in method.commands(_target(path)):
        done = subprocess.run(
            command, shell=True, env=environment, check=True, capture_output=True, text=True
        )
        assert done.stdout in ("", "ok\n")
    assert _contents(path) == expected


def test_methods() -> None:
    assert [(one.name, one.method) for one in ENGINE.backup_methods()] == [
        ("online", Method.SNAPSHOTS),
        ("logical", Method.LOGICAL_DUMPS),
    ]


def test_a_dump_cannot_reach_out(bench: Bench) -> None:
    """Somebody may have changed it since."""
    folder = bench.folder / "backup"
    folder.mkdir()
    reached = bench.folder / "reached"
    for sql in (
        f"ATTACH '{reached}' AS x;\n",
        f"VACUUM INTO '{reached}';\n",
        "CREATE TABLE t (a);\nSELECT 1",
    ):
        (folder / "database.sql").write_text(sql)
        with pytest.raises(RestoreFailed):
            Logical().restore(folder, bench.path(), SILENT)
    assert not reached.exists()
