"""What planning between two live databases costs, beside other tools: `python -m benchmarks.plan`.

Makes a PostgreSQL server of its own with schemas of some sizes, each with a copy that is the same and one of
which a hundredth is changed. On the same databases, in turn, it runs: merely reading both catalogs (the
floor), dbdeed, and the peers, each in an environment of its own that is made under the cache folder; one that
cannot be installed is named and left out. Every run is a whole process, from its start to its end, that
reads, compares and plans; nothing is proven there. What proving costs beside executing the same statements
is measured apart.

    python -m benchmarks.plan                              # all sizes and peers: takes a while
    python -m benchmarks.plan --sizes 100 --peers "" --rounds 1
    python -m benchmarks.plan --page docs/benchmarks.md    # also writes the page's generated part
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.planning import peers, proof, report, schema
from benchmarks.planning.measure import Run, ToolFailed, run
from benchmarks.planning.report import Case
from benchmarks.planning.server import Server, server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHARE = 0.01
CACHE = peers.CACHE


def measure(
    sizes: Sequence[int], names: Sequence[str], rounds: int, cache: Path, major: int | None = None
) -> str:
    """The tables of all sizes and tools, as Markdown."""
    tools: list[peers.Tool] = [peers.FLOOR, peers.OURS]
    absent: list[peers.Absent] = []
    for name in names:
        found = peers.install(name, cache)
        if isinstance(found, peers.Absent):
            absent.append(found)
        else:
            tools.append(found)
    taken: dict[Case, dict[str, list[Run]]] = {}
    with server(major) as one:
        for size in sizes:
            _prepare(one, size)
            for tool in tools:
                _attempt(tool, one, size, "same")  # its bytecode is compiled, as an installed package's is
            for case, database in _cases(size):
                print(f"{size} tables, {case.changed} changed, {case.caches}", file=sys.stderr)
                taken[case] = _runs(one, tools, case, database, rounds)
        proofs = proof.table(one, sizes, cache)
    return _text(report.table(taken), proofs, absent, one)


def _prepare(one: Server, size: int) -> None:
    one.create(f"bench_{size}", schema.statements(size))
    one.create(f"bench_{size}_same", (), f"bench_{size}")
    one.create(f"bench_{size}_changed", schema.changes(size, SHARE), f"bench_{size}")


def _cases(size: int) -> Iterator[tuple[Case, str]]:
    for caches in ("cold", "warm"):
        yield Case(size, "nothing", caches), "same"
        yield Case(size, "1 %", caches), "changed"


def _runs(
    one: Server, tools: Sequence[peers.Tool], case: Case, database: str, rounds: int
) -> dict[str, list[Run]]:
    """Each tool's runs, taken in turn; a tool that fails once is not run again."""
    taken: dict[str, list[Run]] = {tool.name: [] for tool in tools}
    failed: set[str] = set()
    for _ in range(rounds):
        for tool in tools:
            if tool.name in failed:
                continue
            if case.caches == "cold":
                one.restart()
            found = _attempt(tool, one, case.tables, database)
            if found is None:
                failed.add(tool.name)
            else:
                taken[tool.name].append(found)
    return taken


def _attempt(tool: peers.Tool, one: Server, size: int, database: str) -> Run | None:
    try:
        return run(tool, one, f"bench_{size}", f"bench_{size}_{database}")
    except ToolFailed as error:
        print(error, file=sys.stderr)
        return None


def _text(plans: str, proofs: str, absent: Sequence[peers.Absent], one: Server) -> str:
    version = ".".join(map(str, one.programs.version))
    place = f"PostgreSQL {version}, Python {platform.python_version()}, {os.cpu_count()} processors"
    lines = [
        f"Taken on {datetime.now(UTC):%Y-%m-%d}: {place}.",
        "",
        plans,
        *(f"Not measured: {each.name} ({each.reason}).\n" for each in absent),
        proofs,
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="100,1000,5000", help="numbers of tables")
    parser.add_argument("--peers", default=",".join(peers.NAMES), help="which other tools; empty for none")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each tool in each case")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the peers are installed")
    parser.add_argument(
        "--major", type=int, default=None, help="the server's version; the newest found if left out"
    )
    parser.add_argument("--page", type=Path, default=None, help="a page whose generated part is written")
    asked = parser.parse_args(arguments)
    sizes = [int(size) for size in asked.sizes.split(",")]
    names = [name for name in asked.peers.split(",") if name]
    text = measure(sizes, names, asked.rounds, asked.cache, asked.major)
    print(text)
    if asked.page is not None:
        report.write(asked.page, text)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped
    main()
