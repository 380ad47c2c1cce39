"""Runs many commands, each in a process of its own that is forked when the imports are done.

Reads one JSON array of arguments from each line of its input and answers on a line with the exit code and what
was printed. A hundred real commands so cost what ten do when each starts an interpreter.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile

from dbdeed.cli.catalogue import SUMMARIES
from dbdeed.cli.loading import load_command
from dbdeed.cli.main import main


def _child(arguments: list[str], output: int, errors: int) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(errors, 2)
    code = 70
    try:
        main(arguments)
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _run(arguments: list[str]) -> dict[str, object]:
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            _child(arguments, output.fileno(), errors.fileno())
        _, status = os.waitpid(child, 0)
        said = []
        for file in (output, errors):
            file.seek(0)
            said.append(file.read().decode("utf-8", "replace"))
        return {"code": os.waitstatus_to_exitcode(status), "out": said[0], "err": said[1]}


if __name__ == "__main__":
    for name in SUMMARIES:
        load_command(name)
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)
