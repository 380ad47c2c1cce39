"""Runs many commands, each in a process of its own that is forked when the imports are done.

Reads one JSON array of arguments from each line of its input and answers on a line with the exit code and what
was printed. A hundred real commands so cost what ten do when each starts an interpreter. With a user's id as
its argument the commands run as that user, who need not be able to read the code.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import pkgutil
import sys
import tempfile

import dbdeed
from dbdeed.cli.catalogue import SUMMARIES
from dbdeed.cli.loading import load_command
from dbdeed.cli.main import main


def _child(arguments: list[str], output: int, errors: int, user: int | None) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(errors, 2)
    if user is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
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


def _run(arguments: list[str], user: int | None) -> dict[str, object]:
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            _child(arguments, output.fileno(), errors.fileno(), user)
        _, status = os.waitpid(child, 0)
        said = []
        for file in (output, errors):
            file.seek(0)
            said.append(file.read().decode("utf-8", "replace"))
        return {"code": os.waitstatus_to_exitcode(status), "out": said[0], "err": said[1]}


def _import_everything() -> None:
    """Afterwards nothing is read from the disk that another user may not be able to read."""
    for module in pkgutil.walk_packages(dbdeed.__path__, "dbdeed."):
        if not module.name.endswith(("__main__", ".launch")):
            importlib.import_module(module.name)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        document = os.path.join(folder, "DATABASE.md")  # noqa: PTH118 - no more than a name
        for arguments in (["init", document], ["check", document]):
            with contextlib.suppress(SystemExit):
                main(arguments)


if __name__ == "__main__":
    whom = int(sys.argv[1]) if sys.argv[1:] else None
    if whom is None:
        for name in SUMMARIES:
            load_command(name)
    else:
        _import_everything()
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line), whom)), flush=True)
