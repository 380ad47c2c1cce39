"""What access to rows costs, beside the raw drivers and other layers: `python -m benchmarks.access`.

Makes a PostgreSQL server of its own and a file of SQLite with 1,000 users and 10,000 orders, and generates
dbdeed's repositories for them. Each contestant is a process of its own, in an environment of its own that is
made under the cache folder; one that cannot be installed is named and left out. All are driven in turn, in
small blocks of calls, in an order that is shuffled for each round, and each is compared with the raw driver
of its group within the same round. Before, all must find the same rows; in a pass of its own, a proxy before
the server counts the round trips of a call.

    python -m benchmarks.access                               # everybody
    python -m benchmarks.access --quick --peers ""            # whether it works
    python -m benchmarks.access --page docs/benchmarks.md     # also writes the page's generated part
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.accessing import measure, report, roster
from benchmarks.accessing.drive import Driver
from benchmarks.accessing.places import PostgresqlPlace, SqlitePlace
from benchmarks.accessing.trips import Proxy
from benchmarks.accessing.works import ASYNC, SQLITE, SQLITE_ASYNC, SYNC
from benchmarks.planning.peers import CACHE
from benchmarks.planning.report import write
from benchmarks.planning.server import server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.accessing.roster import Contestant
    from benchmarks.planning.peers import Absent

GROUPS = {"asyncio": ASYNC, "sync": SYNC, "sqlite": SQLITE, "sqlite-asyncio": SQLITE_ASYNC}
_QUICK_ROUNDS, _QUICK_SCALE = 2, 0.05
_WITHOUT_SERVER = 6  # times as many calls in a block, since each is so much shorter


def run(
    names: Sequence[str],
    groups: Sequence[str],
    rounds: int,
    scale: float,
    cache: Path,
    major: int | None = None,
) -> str:
    """All tables, as Markdown."""
    contestants, absent = roster.prepared(set(names), cache, set(groups))
    taken = measure.Taken()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        noise = stack.enter_context((folder / "noise").open("wb"))
        version = ""
        if {ASYNC, SYNC} & set(groups):
            one = stack.enter_context(server(major))
            version = ".".join(map(str, one.programs.version))
            place = PostgresqlPlace(one, folder)
            chosen = [pair for pair in contestants if pair[0].group in (ASYNC, SYNC)]
            _measure(chosen, place, rounds, scale, noise.fileno(), taken)
            _count(chosen, place, folder, noise.fileno(), taken)
        if {SQLITE, SQLITE_ASYNC} & set(groups):
            chosen = [pair for pair in contestants if pair[0].group in (SQLITE, SQLITE_ASYNC)]
            memory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=_memory())))
            _measure(chosen, SqlitePlace(memory), rounds, scale * _WITHOUT_SERVER, noise.fileno(), taken)
    return _text(taken, [one for one, _ in contestants], absent, rounds, version)


def _memory() -> str | None:
    """A folder that waits for no disk, where there is one."""
    shared = Path("/dev/shm")
    return str(shared) if shared.is_dir() and os.access(shared, os.W_OK) else None


def _measure(
    contestants: Sequence[tuple[Contestant, str]],
    place: PostgresqlPlace | SqlitePlace,
    rounds: int,
    scale: float,
    noise: int,
    taken: measure.Taken,
) -> None:
    with ExitStack() as stack:
        drivers = _started(contestants, noise, stack)
        for driver in drivers:
            driver.order("open", place=place.at())
        measure.check(drivers, place, taken)
        measure.blocks(drivers, rounds, scale, place, taken)


def _count(
    contestants: Sequence[tuple[Contestant, str]],
    place: PostgresqlPlace,
    folder: Path,
    noise: int,
    taken: measure.Taken,
) -> None:
    with ExitStack() as stack:
        before = folder / "wire"
        before.mkdir()
        name = next(place.socket.glob(".s.PGSQL.*[0-9]")).name
        proxy = stack.enter_context(Proxy(before / name, place.socket / name))
        drivers = _started(contestants, noise, stack)
        measure.count_trips(drivers, place.at(before), proxy, taken)


def _started(contestants: Sequence[tuple[Contestant, str]], noise: int, stack: ExitStack) -> list[Driver]:
    drivers = []
    for one, python in contestants:
        drivers.append(Driver(one, python, noise))
        stack.callback(drivers[-1].end)
    return drivers


def _text(
    taken: measure.Taken,
    contestants: Sequence[Contestant],
    absent: Sequence[Absent],
    rounds: int,
    version: str,
) -> str:
    postgresql = f"PostgreSQL {version}, " if version else ""
    place = f"{postgresql}Python {platform.python_version()}, {os.cpu_count()} processors"
    lines = [
        f"Taken on {datetime.now(UTC):%Y-%m-%d}: {place}, {rounds} rounds.",
        "",
        report.tables(taken, contestants),
        *(f"Not measured: {each.name} ({each.reason}).\n" for each in absent),
    ]
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", default=",".join(roster.PEERS), help="which others; empty for none")
    parser.add_argument("--groups", default=",".join(GROUPS), help="which groups of contestants")
    parser.add_argument("--rounds", type=int, default=60, help="blocks in each work; of peers a quarter")
    parser.add_argument("--quick", action="store_true", help="tiny blocks, to see that it works")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the peers are installed")
    parser.add_argument(
        "--major", type=int, default=None, help="the server's version; the newest found if left out"
    )
    parser.add_argument("--page", type=Path, default=None, help="a page whose generated part is written")
    asked = parser.parse_args(arguments)
    text = run(
        [name for name in asked.peers.split(",") if name],
        [GROUPS[name] for name in asked.groups.split(",")],
        _QUICK_ROUNDS if asked.quick else asked.rounds,
        _QUICK_SCALE if asked.quick else 1.0,
        asked.cache,
        asked.major,
    )
    print(text)
    if asked.page is not None:
        write(asked.page, text, report.BEGIN, report.END)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped
    main()
