"""What starting costs, as multiples of a bare `python -c pass`: `python benchmarks/startup.py`.

Medians of twenty runs of each command, taken in turn. Counted is the processor time of each process, user
and system, so that other work on the machine changes little. Bytecode is compiled beforehand, as an installed
package's is, and `check` finds what the engine said of the example's SQL in its cache.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROUNDS = 20
EXAMPLE = Path(__file__).parents[1] / "examples" / "shop" / "DATABASE.md"
BARE, HELP, CHECK = "python -c pass", "dbdeed --help", "dbdeed check"
COMMANDS = {BARE: ("-c", "pass"), HELP: ("-m", "dbdeed", "--help"), CHECK: ("-m", "dbdeed", "check")}


def prepare(folder: Path) -> None:
    """Make a folder a project of the example, its engine facts and the bytecode cached.

    Raises `subprocess.CalledProcessError` where no engine can be asked.
    """
    shutil.copy(EXAMPLE, folder)
    for arguments in (("-m", "dbdeed", "check", "--engine"), *COMMANDS.values()):
        _seconds(arguments, folder)


def medians(folder: Path, rounds: int = ROUNDS) -> dict[str, float]:
    """The processor seconds of each command in a prepared folder."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, arguments in COMMANDS.items():
            taken[name].append(_seconds(arguments, folder))
    return {name: median(seconds) for name, seconds in taken.items()}


def _seconds(arguments: tuple[str, ...], folder: Path) -> float:
    command = [sys.executable, *arguments]
    process = subprocess.Popen(
        command, cwd=folder, env=_environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / ".bytecode")}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        found = medians(Path(folder))
    print(f"{'command':<16}{'ms':>8}{'ratio':>8}")
    for name, seconds in found.items():
        print(f"{name:<16}{seconds * 1000:>8.1f}{seconds / found[BARE]:>8.1f}")


if __name__ == "__main__":
    main()
