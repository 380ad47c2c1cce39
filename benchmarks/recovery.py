"""Backups and restores beside other tools: `python -m benchmarks.recovery --size 1`.

A throwaway server with pgbench's tables of about so many GB. Each contestant takes a full backup, an
incremental one after a hundredth of the rows was changed, restores the newest, and, where it archives the
log, a moment after it. A restore ends when the restored server gives the first right answer. All in turn,
whole processes from start to end, in each round; told are medians. `--write FILE` and `--page FILE` keep it.
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
_BLOCK = re.compile(r"<!-- benchmark:recovery -->.*?<!-- /benchmark:recovery -->", re.DOTALL)


def measure(
    bench: Bench, contestants: Sequence[Contestant], rounds: int
) -> dict[tuple[str, str], list[float]]:
    """Seconds by (contestant, work)."""
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds):
        for one in contestants:
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


def table(found: dict[tuple[str, str], list[float]], names: Sequence[str]) -> str:
    """Medians, and in brackets their ratio to dbdeed's."""
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
            cells.append(f"{median(seconds):.2f} s{ratio}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=float, default=1.0, help="GB")
    parser.add_argument("--majors", default="18,15", help="of the servers, in turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="contestants by name, parted by commas")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp/dbdeed-benchmark"))
    parser.add_argument("--write", type=Path)
    parser.add_argument("--page", type=Path)
    given = parser.parse_args()
    when = f"{datetime.now(UTC):%Y-%m-%d}: {given.size:g} GB, Python {platform.python_version()}"
    where = f"{os.cpu_count()} processors, {given.rounds} rounds, load {os.getloadavg()[1]:.1f}"
    parts = [f"Taken on {when}, {where}. In brackets the ratio to dbdeed: above 1 is slower than dbdeed."]
    for major in map(int, given.majors.split(",")):
        shutil.rmtree(given.work, ignore_errors=True)
        given.work.mkdir(parents=True)
        given.work.chmod(0o755)
        wanted = [one() for one in CONTESTANTS]
        if given.only:
            wanted = [one for one in wanted if one.name in given.only.split(",")]
        with opened(major, given.size, given.work) as bench:
            able = [one for one in wanted if not one.absent(bench)]
            for one in wanted:
                if one not in able:
                    print(f"{one.name}: {one.absent(bench)}", file=sys.stderr)
            found = measure(bench, able, given.rounds)
        parts.append(f"PostgreSQL {major}:\n\n{table(found, [one.name for one in able])}")
    shutil.rmtree(given.work, ignore_errors=True)
    text = "\n\n".join(parts)
    print(text)
    if given.write:
        given.write.write_text(text + "\n")
    if given.page:
        block = f"<!-- benchmark:recovery -->\n\n{text}\n\n<!-- /benchmark:recovery -->"
        given.page.write_text(_BLOCK.sub(lambda _: block, given.page.read_text()))


if __name__ == "__main__":
    main()
