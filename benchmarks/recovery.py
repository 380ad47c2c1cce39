"""Backups and restores beside other tools: `python -m benchmarks.recovery --sizes 1,5`.

A throwaway server with pgbench's tables of about so many GB. Each contestant takes a full backup, an
incremental one after a hundredth of the rows was changed, restores the newest, and, where it archives the
log, a moment after it. A restore ends when the restored server gives the first right answer. All in turn,
whole processes from start to end, in each round, and every round begins with another one; told are medians.
`--write FILE` and `--page FILE` keep it.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.recovering.bench import Bench, opened
from benchmarks.recovering.contestants import CONTESTANTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.recovering.bench import Contestant

WORKS = ("backup", "incremental", "restore", "moment")
TITLES = {
    "backup": "full backup",
    "incremental": "incremental backup",
    "restore": "restore to the first answer",
    "moment": "a moment between backups",
}
_BLOCK = r"<!-- benchmark:{0} -->.*?<!-- /benchmark:{0} -->"


def measure(
    bench: Bench, contestants: Sequence[Contestant], rounds: int
) -> dict[tuple[str, str], list[float]]:
    """Seconds by (contestant, work)."""
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds):
        first = number % max(len(contestants), 1)
        for one in (*contestants[first:], *contestants[:first]):
            try:
                _round(bench, one, number, found)
            except SystemExit as error:  # one that fails is told of, and the others go on
                print(f"{one.name} failed: {error}", file=sys.stderr)
    return found


def _round(bench: Bench, one: Contestant, number: int, found: dict[tuple[str, str], list[float]]) -> None:
    bench.quiet()
    one.prepare(bench)
    try:
        for work in WORKS:
            action = getattr(one, work)
            if work in ("incremental", "moment"):
                bench.change()
            one.ready(bench, work)
            begun = time.monotonic()
            done = action(bench)
            if done is None:
                continue
            seconds = time.monotonic() - begun
            found.setdefault((one.name, work), []).append(seconds)
            print(f"round {number + 1}: {one.name}, {TITLES[work]}: {seconds:.2f} s", file=sys.stderr)
            bench.check(done)
    finally:
        one.clean(bench)


def table(found: dict[tuple[str, str], list[float]], names: Sequence[str], rounds: int) -> str:
    """Medians, and in brackets their ratio to dbdeed's; it is said where fewer rounds came to an end."""
    lines = [
        f"| | {' | '.join(TITLES[work] for work in WORKS)} |",
        f"| --- |{' --- |' * len(WORKS)}",
    ]
    for name in names:
        cells = []
        for work in WORKS:
            seconds, ours = found.get((name, work)), found.get(("dbdeed", work))
            if not seconds:
                cells.append("–")
                continue
            ratio = f" ({median(seconds) / median(ours):.2f})" if ours and name != "dbdeed" else ""
            fewer = f", {len(seconds)} rounds" if len(seconds) < rounds else ""
            cells.append(f"{median(seconds):.2f} s{ratio}{fewer}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1", help="GB, in turn")
    parser.add_argument("--majors", default="18,15", help="of the servers, in turn")
    parser.add_argument("--rounds", type=int, default=3, help="an odd number: told are medians")
    parser.add_argument("--only", default="", help="contestants by name, parted by commas")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp/dbdeed-benchmark"))
    parser.add_argument("--write", type=Path)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--block", default="recovery", help="the name of its place on the page")
    given = parser.parse_args()
    if given.rounds % 2 == 0:
        parser.error("--rounds is an odd number.")
    machine = f"Python {platform.python_version()}, {os.cpu_count()} processors"
    load = f"load {os.getloadavg()[1]:.1f} at the beginning"
    head = f"Taken on {datetime.now(UTC):%Y-%m-%d}: {machine}, medians of {given.rounds} rounds, {load}."
    parts = [f"{head} In brackets the ratio to dbdeed: above 1 is slower than dbdeed."]
    for size in map(float, given.sizes.split(",")):
        for major in map(int, given.majors.split(",")):
            found, names = _measured(given.work, size, major, given)
            parts.append(f"PostgreSQL {major}, {size:g} GB:\n\n{table(found, names, given.rounds)}")
            print(parts[-1], file=sys.stderr)
    shutil.rmtree(given.work, ignore_errors=True)
    text = "\n\n".join(parts)
    print(text)
    if given.write:
        given.write.write_text(text + "\n")
    if given.page:
        block = f"<!-- benchmark:{given.block} -->\n\n{text}\n\n<!-- /benchmark:{given.block} -->"
        place = re.compile(_BLOCK.format(re.escape(given.block)), re.DOTALL)
        given.page.write_text(place.sub(lambda _: block, given.page.read_text()))


def _measured(
    work: Path, size: float, major: int, given: argparse.Namespace
) -> tuple[dict[tuple[str, str], list[float]], list[str]]:
    """What was found of one size and server, and the names of those that took part."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    work.chmod(0o755)
    chosen = given.only.split(",") if given.only else [one.name for one in CONTESTANTS]
    wanted = [one() for one in CONTESTANTS if one.name in chosen]
    with opened(major, size, work) as bench:
        able = [one for one in wanted if not one.absent(bench)]
        for one in wanted:
            if one not in able:
                print(f"{one.name}: {one.absent(bench)}", file=sys.stderr)
        return measure(bench, able, given.rounds), [one.name for one in able]


if __name__ == "__main__":
    main()
