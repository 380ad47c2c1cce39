"""Snapshots and dumps of real servers: what comes back is what was there, and it acts for nobody."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dbdeed.engines.faults import NotYet, RestoreFailed
from dbdeed.engines.postgresql.backup.copy import copy_cluster
from dbdeed.engines.postgresql.backup.methods import METHODS, table_digests
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.servers.account import account, own, reachable
from dbdeed.engines.postgresql.servers.processes import members
from dbdeed.engines.postgresql.servers.programs import find, found
from dbdeed.engines.postgresql.servers.room import room
from dbdeed.engines.postgresql.servers.server import initialise, throwaway
from dbdeed.engines.postgresql.session import connect
from dbdeed.engines.seam import Target
from dbdeed.errors import DbdeedError, InvalidInput, Refused, Unavailable
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from dbdeed.engines.postgresql.servers.server import Server
    from dbdeed.engines.recovering import BackupMethod
    from dbdeed.progress import Task

pytestmark = pytest.mark.postgresql

PHYSICAL, LOGICAL = METHODS
MAJORS = sorted({one.major for one in found()} & {15, 18})


@contextmanager
def running(major: int, **settings: str) -> Iterator[Server]:
    programs, who = find(major), account()
    with room("backuptest") as place:
        data = own(place / "data", who)
        options = ("--locale=C", "--auth=trust", "--no-sync")
        initialise(reachable(programs, who), data, who, superuser="boss", options=options)
        settings = {"fsync": "off", "autovacuum": "off", "max_logical_replication_workers": "0", **settings}
        with throwaway(programs, data, place / "s", settings, who=who) as server:
            yield server


@dataclass(frozen=True)
class Place:
    server: Server
    target: Target

    def run(self, *statements: str) -> None:
        with closing(connect(self.target)) as session:
            for statement in statements:
                session.execute(statement)

    @property
    def tables(self) -> dict[str, tuple[int, str]]:
        with closing(connect(self.target)) as session:
            return dict(table_digests(session))


# Every test on the newest; the slow run has them all on the older one as well.
EACH = [pytest.param(one, marks=[pytest.mark.slow] * (one != MAJORS[-1])) for one in MAJORS]


@pytest.fixture(scope="module", params=EACH)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with running(request.param) as one:
        yield one


@pytest.fixture
def place(server: Server, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A database with an odd name on the module's server."""
    name = f'it\'s "{request.node.originalname[5:25]}"'
    with closing(connect(server.target("template1", user="boss"))) as admin:
        admin.execute(f"CREATE DATABASE {ident(name)}")
        yield Place(server, server.target(name, user="boss"))
        admin.execute(f"DROP DATABASE IF EXISTS {ident(name)} WITH (FORCE)")


@pytest.fixture(params=METHODS, ids=lambda method: method.name)
def method(request: pytest.FixtureRequest) -> BackupMethod:
    chosen: BackupMethod = request.param
    return chosen


ODD = (
    'CREATE SCHEMA "a.b"',
    'CREATE TABLE "a.b".c (id int PRIMARY KEY)',
    'CREATE SCHEMA a CREATE TABLE "b.c" (id int, t text, "x y" jsonb)',
    'CREATE TABLE "Qu""ote; DROP" (id serial PRIMARY KEY, "select" text, at timestamptz DEFAULT now())',
    'INSERT INTO "Qu""ote; DROP" ("select") SELECT repeat(md5(g::text), 50) FROM generate_series(1, 500) AS g',
    'INSERT INTO "a.b".c SELECT generate_series(1, 7)',
    "INSERT INTO a.\"b.c\" VALUES (1, 'ünï\n\t\\', '{\"k\": [1, null]}'), (1, NULL, NULL), (1, NULL, NULL)",
    "CREATE TABLE nothing ()",
    "INSERT INTO nothing DEFAULT VALUES",
    "CREATE TABLE empty (f float8, n numeric, i interval, b bytea)",
    "INSERT INTO empty VALUES ('NaN', 1.10, '1 mon -3 days', '\\x00ff'), (0.1::float8 + 0.2, 1.1, NULL, NULL)",
    'CREATE TABLE child (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, up int REFERENCES "a.b".c)',
    "INSERT INTO child (up) VALUES (1), (7), (NULL)",
    "CREATE TABLE parted (k int, v text) PARTITION BY HASH (k)",
    "CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
    "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
    "INSERT INTO parted SELECT g, g::text FROM generate_series(1, 50) AS g",
    "SELECT lo_from_bytea(0, '\\xdeadbeef'::bytea)",
)


@pytest.mark.parametrize("server", MAJORS, indirect=True)
def test_everything_comes_back(place: Place, method: BackupMethod, tmp_path: Path) -> None:
    place.run(*ODD)
    folder = tmp_path / "backup"
    folder.mkdir()
    facts = method.take(place.target, folder, SILENT)
    assert facts.tables == place.tables
    assert {"a.b.c", '"a.b".c', 'a."b.c"', "pg_catalog.pg_largeobject"} & facts.tables.keys() == {
        '"a.b".c', 'a."b.c"', "pg_catalog.pg_largeobject",
    }  # fmt: skip
    assert facts.tables["public.nothing"][0] == 1
    assert facts.started <= facts.consistent_at <= facts.finished
    assert list(method.verify(folder, facts)) == []
    with method.restored(folder, tmp_path, SILENT) as session:
        assert dict(table_digests(session)) == facts.tables
        for one in method.examine(session):
            assert (one.problems, one.skipped) == ((), "")


def test_an_empty_database_comes_back_empty(place: Place, method: BackupMethod, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    folder.mkdir()
    facts = method.take(place.target, folder, SILENT)
    assert facts.tables == {}
    assert facts.notes == ()
    with method.restored(folder, tmp_path, SILENT) as session:
        assert session.fetch("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [
            (0,)
        ]


def test_one_changed_value_changes_the_digest(place: Place) -> None:
    place.run("CREATE TABLE t (a int, b text)", "INSERT INTO t VALUES (1, 'x'), (2, 'y'), (2, 'y')")
    before = place.tables
    place.run("UPDATE t SET b = 'z' WHERE a = 1")
    assert before["public.t"] != place.tables["public.t"]
    place.run("UPDATE t SET b = 'x' WHERE a = 1")
    assert before == place.tables
    place.run("TRUNCATE t", "INSERT INTO t VALUES (2, 'y'), (1, 'x'), (2, 'y')")
    assert before == place.tables  # the order of rows does not count
    place.run("TRUNCATE t", "INSERT INTO t VALUES (2, 'y'), (1, 'x'), (1, 'x')")
    assert before != place.tables  # how often each occurs does


# Values that their type's own hash, or its comparison, takes for one.
ALIKE = (
    ("numeric", "1.0", "1.00"),
    ("float8", "'0'", "'-0'"),
    ("bigint", "1", "4294967296"),
    ("timestamptz", "'2000-01-01 00:00:00.000001Z'", "'2000-01-01 01:11:34.967296Z'"),
    ("interval", "'1 day'", "'24 hours'"),
    ("bpchar", "'a'", "'a '"),
    ("inet", "'10.0.0.1/32'", "'10.0.0.1/8'"),
    ("numeric[]", "'{1.0}'", "'{1.00}'"),
    ("jsonb", "'1.0'", "'1.00'"),
    ("json", "'{}'", "'{ }'"),
    ("positive", "1.0", "1.00"),
    ("mood", "'sad'", "'glad'"),
    ("text", "''", "NULL"),
)


def test_values_that_count_as_equal_are_told_apart(place: Place) -> None:
    place.run(
        "CREATE DOMAIN positive AS numeric CHECK (VALUE > 0)",
        "CREATE TYPE mood AS ENUM ('sad', 'glad')",
        'CREATE TABLE "a {} b" ('
        + ", ".join(f'"c%{number}" {kind}' for number, (kind, *_) in enumerate(ALIKE))
        + ")",
        f'INSERT INTO "a {{}} b" VALUES ({", ".join(one for _, one, _ in ALIKE)})',
    )
    seen = {place.tables["public.a {} b"]}
    for number, (_, _, other) in enumerate(ALIKE):
        place.run(f'UPDATE "a {{}} b" SET "c%{number}" = {other}')
        now = place.tables["public.a {} b"]
        assert now not in seen, ALIKE[number]
        seen.add(now)


def test_rows_that_exchange_a_value_change_the_digest(place: Place) -> None:
    place.run("CREATE TABLE t (a int, b int)", "INSERT INTO t VALUES (1, 10), (2, 20)")
    before = place.tables
    place.run("UPDATE t SET b = 30 - b")
    assert before != place.tables
    place.run("UPDATE t SET a = b, b = a")
    assert before != place.tables


@contextmanager
def writers(place: Place, count: int) -> Iterator[None]:
    """Write as fast as one can: rows come, change and go, and some of it is taken back."""
    stop = threading.Event()

    def write(number: int) -> None:
        with closing(connect(place.target)) as session:
            session.execute("SET synchronous_commit = " + ("on" if number % 2 else "off"))
            turn = 0
            while not stop.is_set():
                turn += 1
                session.execute(f"INSERT INTO busy VALUES ({number}, {turn})")
                session.execute(f"UPDATE busy SET turn = -turn WHERE writer = {number} AND turn = {turn}")
                session.execute(f"DELETE FROM busy WHERE writer = {number} AND turn = {5 - turn}")
                session.execute(f"BEGIN; INSERT INTO busy VALUES ({number}, 0); ROLLBACK")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.3)
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("server", MAJORS, indirect=True)
def test_a_busy_database_is_counted_exactly(place: Place, method: BackupMethod, tmp_path: Path) -> None:
    place.run("CREATE TABLE busy (writer int, turn int)", "CREATE INDEX ON busy (writer, turn)")
    folder = tmp_path / "backup"
    folder.mkdir()
    with writers(place, 6):
        facts = method.take(place.target, folder, SILENT)
    assert facts.tables["public.busy"][0] > 0, facts.notes
    assert facts.tables != place.tables
    with method.restored(folder, tmp_path, SILENT) as session:
        assert dict(table_digests(session)) == facts.tables
    assert list(method.verify(folder, facts)) == []


def test_what_has_settled_stays_as_it_is(place: Place, tmp_path: Path) -> None:
    def looked() -> dict[Path, tuple[int, int]]:
        return {one: (one.stat().st_size, one.stat().st_mtime_ns) for one in every_file(tmp_path)}

    class Looker:
        def step(self, name: str, *, total: int | None = None) -> AbstractContextManager[Task]:
            return SILENT.step(name, total=total)

        def settled(self) -> None:
            told.append(looked())

    told: list[dict[Path, tuple[int, int]]] = []
    place.run("CREATE TABLE busy (writer int, turn int)")
    with writers(place, 2):
        PHYSICAL.take(place.target, tmp_path, Looker())
    [before] = told
    after = looked()
    assert before == {one: facts for one, facts in after.items() if one in before}
    assert [one.name for one in after if one not in before] == ["counted.json"]


def test_unlogged_tables_are_named(place: Place, tmp_path: Path) -> None:
    place.run(
        "CREATE UNLOGGED TABLE fleeting (a int)", "INSERT INTO fleeting VALUES (1)", "CREATE TABLE kept ()"
    )
    facts = PHYSICAL.take(place.target, tmp_path, SILENT)
    assert set(facts.tables) == {"public.kept"}
    assert "public.fleeting is unlogged" in facts.notes[0]


def every_file(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file() and not one.is_symlink()]


def test_a_damaged_snapshot_is_noticed_by_its_own_manifest(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE t AS SELECT g FROM generate_series(1, 20000) AS g")
    facts = PHYSICAL.take(place.target, tmp_path, SILENT)
    largest = max(every_file(tmp_path / "cluster" / "base"), key=lambda one: one.stat().st_size)
    with largest.open("r+b") as file:
        file.seek(9000)
        byte = file.read(1)
        file.seek(9000)
        file.write(bytes([byte[0] ^ 1]))
    assert "checksum mismatch" in " ".join(PHYSICAL.verify(tmp_path, facts))
    largest.unlink()
    assert "present in the manifest but not on disk" in " ".join(PHYSICAL.verify(tmp_path, facts))


def test_a_backup_without_its_parts_fails_to_restore(
    place: Place, method: BackupMethod, tmp_path: Path
) -> None:
    method.take(place.target, tmp_path, SILENT)
    broken = tmp_path / ("cluster/global/pg_control" if method is PHYSICAL else "dump/toc.dat")
    broken.unlink()
    with pytest.raises(RestoreFailed), method.restored(tmp_path, tmp_path, SILENT):
        pass
    (tmp_path / "source.json").write_text("{}")
    with pytest.raises(RestoreFailed, match=r"source\.json"), method.restored(tmp_path, tmp_path, SILENT):
        pass


def test_no_server_and_no_folder_is_left(place: Place, method: BackupMethod, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    folder.mkdir()
    method.take(place.target, folder, SILENT)
    with method.restored(folder, tmp_path, SILENT) as session:
        data = Path(session.fetch("SHOW data_directory")[0][0])
        assert members(data)
    assert not data.exists()
    assert not members(data)
    assert [one.name for one in tmp_path.iterdir()] == ["backup"]


def test_a_restore_overwrites_nothing(place: Place, method: BackupMethod, tmp_path: Path) -> None:
    place.run("CREATE TABLE t (a int)")
    folder, occupied = tmp_path / "backup", tmp_path / "occupied"
    folder.mkdir()
    occupied.mkdir()
    (occupied / "file").write_text("mine")
    method.take(place.target, folder, SILENT)
    into: Target | Path = occupied if method is PHYSICAL else place.target
    with pytest.raises(Refused, match="not empty"):
        method.restore(folder, into, SILENT)
    other: Target | Path = place.target if method is PHYSICAL else occupied
    with pytest.raises(InvalidInput):
        method.restore(folder, other, SILENT)
    assert (occupied / "file").read_text() == "mine"


def test_a_dump_fills_an_empty_database(place: Place, tmp_path: Path) -> None:
    place.run(*ODD)
    facts = LOGICAL.take(place.target, tmp_path, SILENT)
    empty = place.server.target("fresh", user="boss")
    with closing(connect(place.server.target("template1", user="boss"))) as admin:
        admin.execute("CREATE DATABASE fresh TEMPLATE template0")
        try:
            LOGICAL.restore(tmp_path, empty, SILENT)
            assert Place(place.server, empty).tables == facts.tables
        finally:
            admin.execute("DROP DATABASE fresh WITH (FORCE)")


def test_a_dump_takes_the_place_of_a_live_database_and_keeps_it(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)")
    facts = LOGICAL.take(place.target, tmp_path, SILENT)
    place.run("INSERT INTO t VALUES (2)", "CREATE TABLE later ()")
    live = place.tables
    with closing(connect(place.target)):  # somebody holds it open
        said = LOGICAL.replace(tmp_path, place.target, SILENT)
    assert place.tables == facts.tables
    with closing(connect(place.server.target("template1", user="boss"))) as admin:
        names = [one for (one,) in admin.fetch("SELECT datname FROM pg_database WHERE datname ~ '_before_'")]
        [kept] = [one for one in names if one in said]
        assert Place(place.server, place.server.target(kept, user="boss")).tables == live
        admin.execute(f"DROP DATABASE {ident(kept)}")


def test_a_dump_that_does_not_restore_leaves_the_live_database_as_it_was(
    place: Place, tmp_path: Path
) -> None:
    place.run("CREATE TABLE t (a int)", "INSERT INTO t SELECT generate_series(1, 1000)")
    LOGICAL.take(place.target, tmp_path, SILENT)
    live = place.tables
    for file in (tmp_path / "dump").glob("*.dat*"):
        if file.name != "toc.dat":
            file.write_bytes(b"\x1f\x8b not a dump")
    with pytest.raises(DbdeedError):
        LOGICAL.replace(tmp_path, place.target, SILENT)
    assert place.tables == live


def test_roles_come_back_without_passwords(place: Place, method: BackupMethod, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    folder.mkdir()
    place.run(
        "CREATE ROLE \"app's\" LOGIN PASSWORD 'hunter2'",
        "CREATE TABLE t ()",
        'ALTER TABLE t OWNER TO "app\'s"',
    )
    try:
        method.take(place.target, folder, SILENT)
        if method is LOGICAL:
            assert b"hunter2" not in b"".join(one.read_bytes() for one in every_file(folder))
            assert b"SCRAM" not in b"".join(one.read_bytes() for one in every_file(folder))
        with method.restored(folder, tmp_path, SILENT) as session:
            assert session.fetch("SELECT tableowner FROM pg_tables WHERE tablename = 't'") == [("app's",)]
    finally:
        place.run("DROP TABLE t", 'DROP ROLE "app\'s"')


def test_tablespaces_come_along(place: Place, tmp_path: Path) -> None:
    who = account()
    with room("spacetest") as space:
        outside = own(space / "outside", who)
        place.run(f"CREATE TABLESPACE spare LOCATION '{outside}'")
        try:
            place.run("CREATE TABLE t TABLESPACE spare AS SELECT generate_series(1, 100) AS a")
            folder = tmp_path / "first"
            folder.mkdir()
            facts = PHYSICAL.take(place.target, folder, SILENT)
            moved = folder.rename(tmp_path / "moved")  # as the store does
            assert list(PHYSICAL.verify(moved, facts)) == []
            before = sorted(one.name for one in every_file(outside))
            with PHYSICAL.restored(moved, tmp_path, SILENT) as session:
                assert table_digests(session) == facts.tables
                [(location,)] = session.fetch(
                    "SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'spare'"
                )
                assert str(outside) not in location
            assert sorted(one.name for one in every_file(outside)) == before
        finally:
            place.run("DROP TABLE IF EXISTS t", "DROP TABLESPACE spare")


def test_passwords_are_never_on_a_command_line(
    place: Place, method: BackupMethod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess

    seen: list[str] = []
    original = subprocess.Popen

    def watch(command: list[str], *args: object, **options: object) -> object:
        seen.extend(command)
        return original(command, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", watch)
    secret = Target(f"{place.target.url}&password=hunter2", "it")
    method.take(secret, tmp_path, SILENT)
    assert any("pg_basebackup" in one or "pg_dump" in one for one in seen)
    assert not [one for one in seen if "hunter2" in one]


def test_a_server_that_gives_no_snapshot_says_what_to_change(tmp_path: Path) -> None:
    with running(MAJORS[-1], wal_level="minimal", max_wal_senders="0") as server:
        with pytest.raises(Unavailable, match="pg_basebackup failed") as caught:
            PHYSICAL.take(server.target("postgres", user="boss"), tmp_path, SILENT)
        assert "wal_level" in caught.value.hint


def test_a_live_cluster_that_is_not_embedded_is_not_replaced(place: Place, tmp_path: Path) -> None:
    with pytest.raises(NotYet):
        PHYSICAL.replace(tmp_path, place.target, SILENT)


def test_examination_finds_what_is_wrong(place: Place) -> None:
    place.run(
        "CREATE TABLE up (id int PRIMARY KEY)",
        "CREATE TABLE down (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, up int REFERENCES up)",
        "ALTER TABLE down DISABLE TRIGGER ALL",
        "INSERT INTO down VALUES (5, 99)",
        "CREATE TABLE serials (id serial PRIMARY KEY)",
        "INSERT INTO serials DEFAULT VALUES",
    )
    with closing(connect(place.target)) as session:
        found = {one.name: one for one in PHYSICAL.examine(session)}
    assert found["references"].problems == (
        "1 row of public.down without the row that down_up_fkey refers to.",
    )
    assert found["sequences"].problems == (
        "The sequence public.down_id_seq gives 1 next, and public.down.id is at 5.",
    )
    assert found["pages"].problems == ()


class Listener:
    """A socket that counts who calls."""

    def __init__(self, folder: Path) -> None:
        self.calls = 0
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(folder / ".s.PGSQL.5432"))
        (folder / ".s.PGSQL.5432").chmod(0o777)
        self._socket.listen()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.calls += 1
            connection.close()

    def close(self) -> None:
        self._socket.close()


@pytest.mark.parametrize("major", MAJORS)
def test_a_hostile_copy_reaches_nobody(major: int, tmp_path: Path) -> None:
    who = account()
    with room("hostile") as trap, running(major) as server:
        marks = own(trap / "marks", who)
        listener = Listener(own(trap / "l", who))
        try:
            _set_trap(server, marks, trap / "l")
            folder = tmp_path / "backup"
            folder.mkdir()
            PHYSICAL.take(server.target("postgres", user="boss"), folder, SILENT)
            assert _sprung(major, folder, marks, listener)  # left alone, the copy does all of it
            for one in marks.iterdir():
                one.unlink()
            listener.calls = 0
            with PHYSICAL.restored(folder, tmp_path, SILENT) as session:
                session.execute("CREATE TABLE more AS SELECT 1")
                session.execute("SELECT pg_switch_wal()")
                time.sleep(2)
                assert session.fetch("SHOW listen_addresses") == [("",)]
                assert session.fetch("SHOW shared_preload_libraries") == [("",)]
                assert session.fetch("SELECT current_setting('auto_explain.log_min_duration', true)") == [
                    (None,)
                ]
                assert (
                    session.fetch("SELECT backend_type FROM pg_stat_activity WHERE backend_type ~ 'logical'")
                    == []
                )
            assert [one.name for one in marks.iterdir()] == []
            assert listener.calls == 0
        finally:
            listener.close()


def _set_trap(server: Server, marks: Path, call: Path) -> None:
    """Everything by which a cluster acts on its own."""
    with closing(connect(server.target("postgres", user="boss"))) as session:
        for name, value in (
            ("archive_mode", "on"),
            ("archive_command", f"touch {marks}/archived"),
            ("archive_cleanup_command", f"touch {marks}/cleaned"),
            ("recovery_end_command", f"touch {marks}/ended"),
            ("restore_command", f"touch {marks}/restored; false"),
            ("listen_addresses", "127.0.0.1"),
            ("shared_preload_libraries", "pg_stat_statements"),
        ):
            session.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        session.execute("ALTER DATABASE postgres SET session_preload_libraries = 'auto_explain'")
        session.execute(
            f"CREATE SUBSCRIPTION calls CONNECTION 'host={call} port=5432 dbname=x' PUBLICATION p "
            "WITH (connect = false, slot_name = 's')"
        )
        session.execute("ALTER SUBSCRIPTION calls ENABLE")


def _sprung(major: int, folder: Path, marks: Path, listener: Listener) -> bool:
    """Run a copy as it is, and wait until the archiver and the subscription have acted."""
    who, programs = account(), find(major)
    with room("control") as place:
        copy_cluster(folder / "cluster", folder / "tablespaces", place / "data", who)
        control = place / "data" / "postgresql.auto.conf"
        text = "".join(
            line
            for line in control.read_text().splitlines(keepends=True)
            if "listen" not in line and "preload" not in line
        )
        control.write_text(text)
        with throwaway(programs, place / "data", place / "s", {}, who=who) as server:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                if listener.calls and (marks / "archived").exists():
                    return True
                _write_something(server)
                time.sleep(0.2)
    return False


def _write_something(server: Server) -> None:
    with closing(connect(server.target("template1", user="boss"))) as session:
        session.execute("CREATE TABLE IF NOT EXISTS x (a int)")
        session.execute("INSERT INTO x VALUES (1)")
        session.execute("SELECT pg_switch_wal()")
