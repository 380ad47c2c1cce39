"""The project's own server: made once, found again, and right after any kill."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dbdeed.engines.postgresql.servers import embedded as module
from dbdeed.engines.postgresql.servers.account import STATE, account
from dbdeed.engines.postgresql.servers.embedded import Embedded, database_name
from dbdeed.engines.postgresql.servers.processes import kill_members, members, running
from dbdeed.engines.postgresql.session import connect
from dbdeed.errors import Unavailable
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator

START = """
    import sys
    from pathlib import Path
    from dbdeed.engines.postgresql.servers.embedded import Embedded
    from dbdeed.progress import SILENT
    print(Embedded(Path(sys.argv[1]), (int(sys.argv[2]),)).start(SILENT).url, flush=True)
"""


def _place(root: Path) -> Path:
    return module._place(root, make=False)


def _remove(root: Path) -> None:
    place = _place(root)
    kill_members(place / "data")
    if account().foreign and place.parent == STATE:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "My Shop"
    folder.mkdir()
    yield folder
    _remove(folder)


def _spawn(root: Path, major: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(START), str(root), str(major)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_its_life(root: Path, major: int) -> None:
    server = Embedded(root, (major,))
    assert (server.status(), server.running, server.stop()) == ("never started", False, False)
    target = server.start(SILENT)
    try:
        assert Embedded(root).running
        assert server.status().startswith(f"running, PostgreSQL {major}, socket /")
        assert (target.embedded, target.label) == (True, "my_shop (embedded)")
        with closing(connect(target)) as session:
            assert session.fetch(
                "SELECT current_database()::text, current_setting('fsync'), current_setting('listen_addresses'), "
                "current_setting('wal_level'), current_setting('data_checksums')"
            ) == [("my_shop", "on", "", "replica", "on")]
            session.execute("CREATE TABLE kept AS SELECT 1 AS a")
        assert server.start(SILENT) == target
        assert oct(_place(root).stat().st_mode)[-3:] == "700"
        with pytest.raises(Unavailable, match=f"is PostgreSQL {major}; the document asks for 9"):
            Embedded(root, (9,)).start(SILENT)
        psql = shutil.which("psql")
        if psql:
            done = subprocess.run(
                [psql, target.url, "-Atc", "TABLE kept"], capture_output=True, text=True, check=True
            )
            assert done.stdout == "1\n"
        found = running(_place(root) / "data")
        assert found is not None
        os.kill(found.pid, signal.SIGKILL)
        with closing(connect(Embedded(root).start(SILENT))) as session:
            assert session.fetch("TABLE kept") == [(1,)]
    finally:
        assert server.stop()
    assert not server.running
    assert server.status().startswith(f"stopped, PostgreSQL {major}")


@pytest.mark.postgresql
def test_data_moved_aside_by_a_killed_restore_comes_back(root: Path) -> None:
    server = Embedded(root)
    session = connect(server.start(SILENT))
    session.execute("CREATE TABLE kept (id integer)")
    session.close()
    server.stop()
    data = _place(root) / "data"
    data.rename(data.with_name("data.before-20260101T000000Z"))
    session = connect(server.start(SILENT))
    assert session.fetch("SELECT count(*) FROM kept") == [(0,)]
    session.close()
    assert not list(data.parent.glob("data.before-*"))


def test_it_outlives_the_command_and_holds_nothing_of_it(root: Path, major: int) -> None:
    starter = _spawn(root, major)
    out, error = starter.communicate(timeout=120)  # returns only when nobody holds the pipes
    assert starter.returncode == 0, error
    assert Embedded(root).running
    found = running(_place(root) / "data")
    assert found is not None
    assert os.getsid(found.pid) != os.getsid(0)
    assert out.strip() == Embedded(root).start(SILENT).url


def test_two_at_once_make_one(root: Path, major: int) -> None:
    starters = [_spawn(root, major) for _ in range(3)]
    ends = [starter.communicate(timeout=180) for starter in starters]
    assert [starter.returncode for starter in starters] == [0, 0, 0], ends
    assert len({out for out, _ in ends}) == 1


@pytest.mark.parametrize("rounds", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_kill_9_at_any_moment(root: Path, major: int, rounds: int) -> None:
    moments = random.Random(major)
    for _ in range(rounds):
        starter = _spawn(root, major)
        time.sleep(moments.uniform(0.05, 2.5))
        starter.kill()
        starter.communicate()
    target = Embedded(root, (major,)).start(SILENT)
    with closing(connect(target)) as session:
        session.execute("CREATE TABLE IF NOT EXISTS t (a int)")
    assert not list(_place(root).glob(".new-*"))
    assert Embedded(root).stop()
    assert members(_place(root) / "data") == []


def test_a_lock_that_is_held_is_said(root: Path, major: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOCK_SECONDS", 0.1)
    place = module._place(root, make=True)
    place.mkdir(parents=True, exist_ok=True)
    with module._held(place), pytest.raises(Unavailable, match="Another command"):
        Embedded(root, (major,)).start(SILENT)


@pytest.mark.skipif(os.geteuid() != 0, reason="as root the data lies apart from the project")
class TestAsRoot:
    def test_a_moved_project_keeps_its_database_and_a_copied_one_gets_its_own(self, root: Path) -> None:
        first = module._place(root, make=True)
        assert module._place(root, make=True) == first
        assert first.parent == STATE
        moved = root.rename(root.with_name("moved"))
        assert module._place(moved, make=True) == first
        copied = shutil.copytree(moved, root.with_name("copied"))
        assert module._place(copied, make=False) != first
        second = module._place(copied, make=True)
        assert second != first
        assert module._place(moved, make=True) == first
        for place in (first, second):
            shutil.rmtree(place)

    @pytest.mark.parametrize("text", ["", "../../etc", "zzzzzzzzzzzz", "0123456789ab/../x", "\xff"])
    def test_an_id_that_is_none_is_replaced(self, root: Path, text: str) -> None:
        (root / ".dbdeed").mkdir()
        (root / ".dbdeed" / "postgresql-id").write_text(text)
        place = module._place(root, make=True)
        assert place.parent == STATE
        assert module._ID.match(place.name)
        shutil.rmtree(place)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("shop", "shop"),
        ("My Shop!", "my_shop"),
        ("2024-report", "db_2024_report"),
        ("postgres", "postgres_db"),
        ("template1", "template1_db"),
        ("größe", "gr_e"),
        ("漢字", "db"),
        ("", "db"),
        ("x" * 200, "x" * 60),
        ("'; DROP DATABASE x; --", "drop_database_x"),
    ],
)
def test_database_names(folder: str, name: str) -> None:
    assert database_name(folder) == name
