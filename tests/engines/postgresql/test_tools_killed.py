"""What a program of PostgreSQL's forks is gone with us, as pg_basebackup's stream of the log must be."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dbdeed.engines.postgresql.backup.tools import run_tool

FORKS = """
import os, sys, time
from pathlib import Path
child = os.fork()
if child == 0:
    time.sleep(300)
Path(sys.argv[1]).write_text(f"{os.getpid()} {child}")
time.sleep(300)
"""
RUNS = """
import sys
from pathlib import Path
from dbdeed.engines.postgresql.backup.tools import run_tool
run_tool(Path(sys.executable), ["-c", sys.argv[1], sys.argv[2]], {})
"""


LAUNCHES = """
import os, signal, subprocess, sys
from dbdeed.engines.postgresql.servers.account import Account, Launch
signal.signal(signal.SIGQUIT, signal.SIG_IGN)  # as a shell does for what it runs in the background
launch = Launch((sys.executable, "-c", sys.argv[1], sys.argv[2]), parent=os.getpid())
subprocess.Popen(launch.arguments(Account("", os.geteuid(), os.getegid()))).wait()
"""
WAITS = """
import os, sys, time
from pathlib import Path
Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(300)
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_nothing_goes_on_alone(tmp_path: Path, how: signal.Signals) -> None:
    note = tmp_path / "pids"
    process = subprocess.Popen(
        [sys.executable, "-c", RUNS, FORKS, str(note)], stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    pids = [int(one) for one in note.read_text().split()]
    assert all(map(alive, pids))
    process.send_signal(how)
    process.wait(60)
    while any(map(alive, pids)):
        assert time.monotonic() < deadline, "it goes on alone"
        time.sleep(0.05)


def test_nothing_goes_on_that_was_started_in_the_background(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    process = subprocess.Popen([sys.executable, "-c", LAUNCHES, WAITS, str(note)])
    deadline = time.monotonic() + 60
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.wait(60)
    while alive(int(note.read_text())):
        assert time.monotonic() < deadline, "it goes on alone"
        time.sleep(0.05)


def test_its_exit_code_and_its_words_come_through() -> None:
    said = run_tool(Path(sys.executable), ["-c", "print('hello')"], {})
    assert said.strip() == "hello"
    with pytest.raises(Exception, match="no more"):
        run_tool(Path(sys.executable), ["-c", "import sys; sys.exit('no more')"], {})
