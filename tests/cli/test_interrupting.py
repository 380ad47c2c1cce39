"""Whenever a command is told to end, it does: no lock is left held, and no signal is forgotten."""

from __future__ import annotations

import subprocess
import sys

# Tells this process to end at the n-th line of an import, for every n until there is no such line.
WHILE_IMPORTING = """
import _imp, signal, sys, time
from dbdeed.cli.interrupting import unwind_when_told

unwind_when_told()

def told_at(line):
    count = 0
    def trace(frame, event, arg):
        nonlocal count
        if event == "line" and frame.f_code.co_filename.startswith("<frozen importlib"):
            count += 1
            if count - 1 == line:
                signal.raise_signal(signal.SIGTERM)
        return trace
    sys.modules.pop("colorsys", None)
    try:
        sys.settrace(trace)
        import colorsys
        sys.settrace(None)
        if count <= line:
            return False
        time.sleep(10)
    except KeyboardInterrupt:
        sys.settrace(None)
        assert not _imp.lock_held(), f"told at line {line}: the lock of all imports stays held"
        return True
    raise AssertionError(f"told at line {line}: that was forgotten")

line = 0
while told_at(line):
    line += 1
assert line > 20, line
"""

WHILE_AN_OBJECT_GOES = """
import signal, time
from dbdeed.cli.interrupting import unwind_when_told

class Going:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

unwind_when_told()
try:
    Going()
    time.sleep(10)
except KeyboardInterrupt:
    pass
else:
    raise AssertionError("that was forgotten")
"""


def test_an_import_leaves_no_lock_behind() -> None:
    subprocess.run([sys.executable, "-c", WHILE_IMPORTING], check=True, timeout=60)


def test_one_that_no_one_can_catch_is_raised_again() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WHILE_AN_OBJECT_GOES], check=True, timeout=60, stderr=subprocess.PIPE
    )
    assert done.stderr == b""
