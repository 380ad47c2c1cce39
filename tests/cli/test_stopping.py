"""Whenever a command that runs until it is told to end is told, it ends."""

from __future__ import annotations

import subprocess
import sys

# Tells this process to end at the n-th line of what waits, for every n until there is no such line.
AT_EVERY_LINE = """
import signal, sys
from dbdeed.cli.stopping import until_told

def told_at(line, number):
    count = 0
    def trace(frame, event, arg):
        nonlocal count
        if event == "line":
            if count == line:
                signal.raise_signal(number)
            count += 1
        return trace
    with until_told() as stopped:
        sys.settrace(trace)
        stopped(0.001)
        sys.settrace(None)
        assert stopped(0) == (count > line), f"told at line {line} of {count}"
        return count > line

for number in (signal.SIGTERM, signal.SIGINT):
    line = 0
    while told_at(line, number):
        line += 1
    assert line, "nothing was told"
"""


def test_a_signal_at_any_moment_of_waiting_ends_it() -> None:
    subprocess.run([sys.executable, "-c", AT_EVERY_LINE], check=True, timeout=30)
