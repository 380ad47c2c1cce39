"""What is lost with a server and its disk: `python -m benchmarks.rounds --page docs/kill-and-restore.md`.

Ten rounds of each method. Four writers keep ledgers of their own of what the database acknowledged; the
server is killed at a random moment under them, its data is gone, and the newest that the store has is
restored. Told for each round are commits acknowledged and lost, and recovery point and recovery time actual.
With synchronous receiving a loss ends this with exit code 1.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.recovery.rounds import WAYS, Outcome, one_round, sqlite_round

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SQLITE = "SQLite, online backup"
_FIRST, _MORE = 500, 100  # commits before the kill, in the first round, and more in each later one


def rounds(name: str, one: Callable[[Path, random.Random, int], Outcome], count: int) -> list[Outcome]:
    """So many rounds of one method, each in an empty folder."""
    found = []
    for number in range(count):
        with tempfile.TemporaryDirectory(prefix="dbdeed-rounds-") as folder:
            outcome = one(Path(folder), random.Random(f"{name} {number}"), _FIRST + _MORE * number)
        found.append(outcome)
        print(f"{name}, round {number + 1}: {_row(outcome)}", file=sys.stderr, flush=True)
    return found


def _row(one: Outcome) -> str:
    return (
        f"{one.acknowledged:,} acknowledged, {one.lost:,} lost, "
        f"recovery point {one.point:.2f} s, recovery time {one.time:.2f} s"
    )


def table(name: str, found: Sequence[Outcome]) -> str:
    """Every round, and the worst of them."""
    when = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}"
    lines = [
        f"### {name}",
        "",
        f"Taken on {when}, {os.cpu_count()} processors, load {os.getloadavg()[1]:.1f}.",
        "",
        "| Round | acknowledged | lost | recovery point actual | recovery time actual |",
        "| --- | --- | --- | --- | --- |",
    ]
    for number, one in enumerate(found, 1):
        lines.append(
            f"| {number} | {one.acknowledged:,} | {one.lost:,} | {one.point:.2f} s | {one.time:.2f} s |"
        )
    acknowledged, lost = sum(one.acknowledged for one in found), sum(one.lost for one in found)
    point, time = max(one.point for one in found), median(one.time for one in found)
    lines.append(f"| all | {acknowledged:,} | {lost:,} | {point:.2f} s at worst | {time:.2f} s, median |")
    return "\n".join(lines)


def put(page: Path, name: str, text: str) -> None:
    """A method's table in a page, in place of the one that was there."""
    first, last = f"<!-- rounds: {name} -->", "<!-- /rounds -->"
    block = f"{first}\n\n{text}\n\n{last}"
    old = page.read_text()
    there = re.compile(f"{re.escape(first)}.*?{re.escape(last)}", re.DOTALL)
    new, count = there.subn(lambda _: block, old)
    page.write_text(new if count else f"{old.rstrip()}\n\n{block}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--major", type=int, default=18, help="of PostgreSQL")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--only", action="append", default=[], help="a method by its name; may be repeated")
    parser.add_argument("--page", type=Path)
    given = parser.parse_args()
    works: dict[str, Callable[[Path, random.Random, int], Outcome]] = {
        f"PostgreSQL {given.major}, {name}": (
            lambda folder, rng, commits, way=way: one_round(folder, way, given.major, rng, commits)
        )
        for name, way in WAYS.items()
    }
    works[_SQLITE] = sqlite_round
    wanted = {name: works[name] for name in given.only or works if name in works}
    if not wanted:
        parser.error(f"--only takes one of: {', '.join(works)}")
    failed = False
    for name, work in wanted.items():
        found = rounds(name, work, given.rounds)
        text = table(name, found)
        print(text, end="\n\n", flush=True)
        if given.page:
            put(given.page, name, text)
        failed = failed or (name.endswith("archiving, synchronous") and any(one.lost for one in found))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
