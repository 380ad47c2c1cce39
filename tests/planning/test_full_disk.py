"""A disk that is full in the middle of a plan: nothing is half done, and the next apply goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dbdeed.engines.seam import Target
from dbdeed.planning.apply import apply_plan
from dbdeed.planning.artifact import dump_plan
from dbdeed.planning.journal import Journal

Place = Any  # tests/planning/conftest.py has it; test modules cannot import each other

BEFORE = "CREATE TABLE big (id integer PRIMARY KEY, note text NOT NULL);"
AFTER = "CREATE TABLE big (id integer PRIMARY KEY); CREATE TABLE other (id integer PRIMARY KEY);"
ROWS = 4000

APPLY = """
import resource, signal, sys
from pathlib import Path
from dbdeed.engines.registry import engine_named
from dbdeed.engines.seam import Target
from dbdeed.errors import DbdeedError
from dbdeed.planning.apply import apply_plan
from dbdeed.planning.artifact import load_plan

plan = load_plan(Path(sys.argv[1]).read_bytes()).plan
engine = engine_named(plan.engine)
session = engine.connect(Target(sys.argv[2], "live"))
limit = int(sys.argv[3])
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that writing fails, as on a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    apply_plan(engine, session, plan, tool="test")
except DbdeedError as error:
    print(error.code, error.message)
    raise SystemExit(3)
"""


def filled(place: Place) -> Target:
    target: Target = place.new()
    session = place.open(target)
    place.run(session, BEFORE)
    session.execute(
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 3999) "
        f"INSERT INTO big SELECT i, CAST(i AS text) || ' {'x' * 200}' FROM n"
    )
    session.close()
    return target


def applied(place: Place, folder: Path, target: Target, limit: int) -> subprocess.CompletedProcess[str]:
    path = folder / "plan.json"
    if not path.exists():
        session = place.open(target)
        path.write_bytes(dump_plan(place.plan(session, AFTER)[0]))
        session.close()
    command = [sys.executable, "-c", APPLY, str(path), target.url, str(limit)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def nothing_half_done_then_on(place: Place, target: Target) -> None:
    session = place.open(target)
    try:
        notes = session.fetch("SELECT count(*), min(length(note)) FROM big")
        assert notes == [(ROWS, 202)]
        for one in Journal(place.engine, session).unfinished():
            assert one.done == 0
        plan, catalog = place.plan(session, AFTER)
        apply_plan(place.engine, session, plan, catalog, tool="test")
        assert Journal(place.engine, session).unfinished() == []
        place.settle(session)
        assert place.plan(session, AFTER)[0].empty
    finally:
        session.close()


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX's")
def test_a_file_that_cannot_grow(sqlite: Place, tmp_path: Path) -> None:
    """SQLite's file or journal reaches the limit of its process while values are copied."""
    target = filled(sqlite)
    size = Path(target.url.removeprefix("sqlite:///")).stat().st_size
    done = applied(sqlite, tmp_path, target, size + 64 * 1024)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    nothing_half_done_then_on(sqlite, target)


@contextmanager
def tiny_disk(folder: Path) -> Iterator[Path]:
    """A file system of a few megabytes in memory."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m,mode=0777", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_tablespace_that_is_full(place: Place, tmp_path: Path) -> None:
    """PostgreSQL's copy goes to a disk that has no room for it."""
    if place.name != "postgresql-18":
        pytest.skip("one server is enough")
    with tiny_disk(Path(f"/tmp/dbdeed-full-{os.getpid()}")) as disk:
        room = disk / "space"
        room.mkdir(mode=0o700)
        target = filled(place)
        session = place.open(target)
        owner = Path(session.fetch("SHOW data_directory")[0][0]).stat()
        os.chown(room, owner.st_uid, owner.st_gid)
        session.execute(f"CREATE TABLESPACE tiny LOCATION '{room}'")
        session.execute(f"ALTER DATABASE {target.label} SET default_tablespace = tiny")
        try:
            session.close()
            (disk / "ballast").write_bytes(b"x" * 2_400_000)
            done = applied(place, tmp_path, target, 0)
            assert done.returncode == 3, done.stderr
            assert "No space left" in done.stdout
            (disk / "ballast").unlink()
            session = place.open(target)
            session.execute(f"ALTER DATABASE {target.label} RESET default_tablespace")
            session.close()
            nothing_half_done_then_on(place, target)
        finally:
            admin = place.scratch.admin
            admin.execute(f"DROP DATABASE {target.label} WITH (FORCE)")
            admin.execute("DROP TABLESPACE tiny")
