"""Servers of our own: start, crash, kill, recover, and leave nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dbdeed.engines.postgresql.servers import account as accounts
from dbdeed.engines.postgresql.servers.account import Launch, account, environment, own, reachable, run
from dbdeed.engines.postgresql.servers.processes import (
    clear_stale,
    kill_members,
    members,
    postmaster,
    running,
)
from dbdeed.engines.postgresql.servers.room import locked, room
from dbdeed.engines.postgresql.servers.server import ServerFailed, initialise, socket_url, throwaway
from dbdeed.engines.postgresql.servers.template import SUPERUSER, copy, template
from dbdeed.engines.postgresql.session import connect
from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbdeed.engines.postgresql.servers.programs import Programs
    from dbdeed.engines.postgresql.servers.scratch import PrivateScratch

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def place(programs: Programs, cache: Path) -> Iterator[Path]:
    """A room with a fresh data folder."""
    with room("test") as folder:
        copy(template(programs, cache, account()), folder / "data", account())
        yield folder


def _until(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_a_throwaway_server_ends_with_its_context(programs: Programs, place: Path) -> None:
    with throwaway(programs, place / "data", place / "s", {}) as server:
        assert running(server.data) == postmaster(server.data)
        assert server.pid in members(server.data)
        assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
        assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert members(place / "data") == []


def _network(pid: int | str) -> str:
    return str(Path(f"/proc/{pid}/ns/net").readlink())


def test_it_listens_on_no_network(private: PrivateScratch) -> None:
    assert private.admin.fetch("SELECT current_setting('listen_addresses')") == [("",)]
    if _network(private.server.pid) == _network("self"):
        pytest.skip("the system gives no network namespace to this user")
    for table in ("tcp", "tcp6", "udp", "udp6"):
        assert Path(f"/proc/{private.server.pid}/net/{table}").read_text().splitlines()[1:] == []


@root_only
def test_as_root_it_has_a_network_of_its_own_and_another_user(private: PrivateScratch) -> None:
    pid = private.server.pid
    assert _network(pid) != _network("self")
    status = Path(f"/proc/{pid}/status").read_text()
    (uids,) = (line.split()[1:] for line in status.splitlines() if line.startswith("Uid:"))
    (groups,) = (line.split()[1:] for line in status.splitlines() if line.startswith("Groups:"))
    assert set(uids) == {str(account().user)}
    assert "0" not in groups


def test_it_sees_nothing_of_our_environment(
    programs: Programs, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:very-secret@h/d")
    with throwaway(programs, place / "data", place / "s", {}) as server:
        seen = Path(f"/proc/{server.pid}/environ").read_bytes()
        assert b"very-secret" not in seen
        assert {one.split(b"=")[0].decode() for one in seen.split(b"\0") if one} <= {
            *environment(), "PGDATA", "PGLOCALEDIR", "PGSYSCONFDIR",
        }  # fmt: skip


def test_a_failed_start_shows_the_log(programs: Programs, place: Path) -> None:
    with (
        pytest.raises(ServerFailed) as caught,
        throwaway(programs, place / "data", place / "s", {"shared_buffers": "nonsense"}),
    ):
        pytest.fail("it started")
    assert "shared_buffers" in caught.value.message
    assert members(place / "data") == []


def test_initdb_that_fails_says_why(programs: Programs, tmp_path: Path) -> None:
    with room("test") as folder:
        data = own(folder / "data", account())
        (data / "stranger").write_text("x")
        with pytest.raises(ServerFailed, match="not empty"):
            initialise(programs, data, account(), superuser="x")


def test_crash_recovery_is_waited_for(programs: Programs, place: Path, cache: Path) -> None:
    password = template(programs, cache, account()).password
    with throwaway(programs, place / "data", place / "s", {"fsync": "off"}) as server:
        with closing(connect(server.target("postgres", user=SUPERUSER), password=password)) as session:
            session.execute("CREATE TABLE t AS SELECT generate_series(1, 50000) AS a")
        os.kill(server.pid, signal.SIGKILL)
    assert (place / "data" / "postmaster.pid").exists()
    with (
        throwaway(programs, place / "data", place / "s", {}) as server,
        closing(connect(server.target("postgres", user=SUPERUSER), password=password)) as session,
    ):
        assert session.fetch("SELECT count(*) FROM t") == [(50000,)]


def test_a_pid_file_of_a_stranger_is_no_obstacle(programs: Programs, place: Path) -> None:
    sleeper = subprocess.Popen(["sleep", "60"], **({"user": account().user} if account().foreign else {}))  # type: ignore[call-overload]
    try:
        (place / "data" / "postmaster.pid").write_text(
            f"{sleeper.pid}\n{place / 'data'}\n1\n5432\n/x\n\n\nready\n"
        )
        assert running(place / "data") is None
        with throwaway(programs, place / "data", place / "s", {}) as server:
            assert server.pid != sleeper.pid
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


@pytest.mark.parametrize("text", ["", "x", "\n\n", "99999999999999999999\n", "123"])
def test_a_broken_pid_file_means_no_server(tmp_path: Path, text: str) -> None:
    (tmp_path / "postmaster.pid").write_text(text)
    assert running(tmp_path) is None


OWNER = """
    import sys, time
    from pathlib import Path
    from dbdeed.engines.postgresql.servers.scratch import open_scratch
    from dbdeed.engines.seam import ScratchNeeds
    from dbdeed.progress import SILENT
    with open_scratch(ScratchNeeds(Path(sys.argv[1]), (int(sys.argv[2]),)), SILENT) as scratch:
        with scratch.database() as session:
            print(scratch.server.data, flush=True)
            session.execute("DO $$ BEGIN LOOP END LOOP; END $$")
"""


def test_kill_9_of_the_owner_leaves_no_server_and_the_next_start_no_folder(
    major: int, cache: Path, new_scratch: Callable[[], object]
) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OWNER), str(cache), str(major)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    data = Path(owner.stdout.readline().strip())
    assert len(members(data)) > 2
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert _until(lambda: members(data) == [])
    assert data.exists()
    with new_scratch():  # type: ignore[attr-defined]
        assert not data.parent.exists()


def test_a_living_owner_keeps_its_folder() -> None:
    with room("test") as first, room("test") as second:
        assert first.exists()
        assert second.exists()
    assert not first.exists()


def test_a_lock_says_that_it_is_held(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "lock"),
        pytest.raises(Unavailable, match="at work"),
        locked(tmp_path / "lock", patience=0.1, busy="Somebody is at work."),
    ):
        pytest.fail("both hold it")
    with locked(tmp_path / "lock", patience=0):
        pass


def test_a_launch_whose_parent_is_gone_does_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    launch = Launch(("/usr/bin/touch", str(mark)), parent=1)
    done = subprocess.run(launch.arguments(accounts.ourselves()), capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert not mark.exists()


def test_processes_of_a_removed_folder_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    sleeper = subprocess.Popen(["sleep", "60"], cwd=folder)
    try:
        assert _until(lambda: members(folder) == [sleeper.pid])
        shutil.rmtree(folder)
        assert members(folder) == [sleeper.pid]
        kill_members(folder)
        assert sleeper.wait(timeout=10) == -signal.SIGKILL
    finally:
        sleeper.kill()
        sleeper.wait()


def test_stale_files_go_and_orphans_are_waited_for(tmp_path: Path) -> None:
    socket = tmp_path / "s"
    socket.mkdir()
    for left in (tmp_path / "postmaster.pid", socket / ".s.PGSQL.5432", socket / ".s.PGSQL.5432.lock"):
        left.write_text("1\n")
    orphan = subprocess.Popen(["sleep", "60"], cwd=tmp_path)
    try:
        assert _until(lambda: members(tmp_path) == [orphan.pid])
        clear_stale(tmp_path, socket, patience=0.1)
        assert orphan.wait(timeout=10) == -signal.SIGKILL
    finally:
        orphan.kill()
        orphan.wait()
    assert list(socket.iterdir()) == []
    assert not (tmp_path / "postmaster.pid").exists()


def test_urls_quote_what_they_must() -> None:
    from psycopg.conninfo import conninfo_to_dict

    found = conninfo_to_dict(socket_url(Path("/a b/&c?d=e%"), "my/d?b", "us er&x"))
    assert found == {"host": "/a b/&c?d=e%", "dbname": "my/d?b", "user": "us er&x", "port": "5432"}


@root_only
def test_programs_that_the_user_cannot_read_are_copied_once(programs: Programs, tmp_path: Path) -> None:
    if not programs.also:
        pytest.skip("this installation's files are spread over the system")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = programs.folder.parent.parent
    shutil.copytree(package, closed / package.name, ignore=shutil.ignore_patterns("include"))
    for also in programs.also:
        shutil.copytree(also, closed / also.name)
    from dataclasses import replace

    hidden = replace(
        programs,
        folder=closed / programs.folder.relative_to(package.parent),
        also=tuple(closed / also.name for also in programs.also),
    )
    first = reachable(hidden, account())
    try:
        assert first.folder != hidden.folder
        assert first.folder.is_relative_to(accounts.STATE / "programs")
        assert first.folder.stat().st_uid == 0
        stamp = first.folder.stat().st_ino
        assert reachable(hidden, account()) == first
        assert first.folder.stat().st_ino == stamp
        with room("test") as folder:
            initialise(
                first, own(folder / "data", account()), account(), superuser="x", options=["--no-sync"]
            )
    finally:
        shutil.rmtree(first.folder.parents[2])


@root_only
def test_a_program_that_cannot_run_is_named() -> None:
    with pytest.raises(Unavailable, match=r"/root/nowhere cannot be run as"):
        run(["/root/nowhere"], account())
