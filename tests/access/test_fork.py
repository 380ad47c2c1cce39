"""A process that forks with an open database, as servers that load a program before they fork do."""

from __future__ import annotations

import subprocess
import sys

BEFORE = """
import os, sys
from dbdeed import access
from dbdeed.access import sync

database = sync.Database(sys.argv[1], pool=access.PoolSettings(min=2, max=3))
database.open()
database.execute("CREATE TABLE t (id integer PRIMARY KEY)")
"""
ON_A_SERVER = """
children = []
for number in range(3):
    child = os.fork()
    if child == 0:
        for key in range(number * 100, number * 100 + 20):
            database.execute(f"INSERT INTO t VALUES ({key})")
            assert database.rows(access.Statement(f"SELECT id FROM t WHERE id = {key}")) == [(key,)]
        database.close()
        os._exit(0)
    children.append(child)
for key in range(1000, 1020):
    database.execute(f"INSERT INTO t VALUES ({key})")
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
# The parent's own sessions were not ended by its children.
assert database.rows("SELECT count(*) FROM t") == [(80,)]
assert (database.metrics().dropped, database.metrics().opened) == ({}, 2)
database.close()
"""
ON_A_FILE = """
child = os.fork()
if child == 0:
    try:
        database.rows("SELECT 1")
    except access.PoolClosed as error:
        os._exit(7 if "open it in each process" in str(error) else 1)
    os._exit(2)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert database.rows("SELECT 1") == [(1,)]
database.close()
"""


def run(script: str, address: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEFORE + script, address],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_children_open_connections_of_their_own(postgresql: str) -> None:
    run(ON_A_SERVER, postgresql)


def test_an_open_file_is_not_taken_over_by_a_child(sqlite: str) -> None:
    run(ON_A_FILE, sqlite)
