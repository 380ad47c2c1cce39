"""Concurrent writers, each with a ledger of what the database acknowledged."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TABLE = "CREATE TABLE written (writer int, number int, at timestamptz DEFAULT clock_timestamp(), pad text)"

# Outside of this process, so that what kills the server does not disturb them. A line is written after the
# server acknowledged the commit, and before the next one begins.
_WRITER = """
import sys, time
url, writer, file, pause = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
if url.startswith("sqlite"):
    import sqlite3
    db = sqlite3.connect(url.partition("///")[2], timeout=60, isolation_level=None)
    insert = "INSERT INTO written (writer, number, pad) VALUES (?, ?, ?)"
else:
    import psycopg
    db = psycopg.connect(url, autocommit=True)
    insert = "INSERT INTO written (writer, number, pad) VALUES (%s, %s, %s)"
number = 0
with open(file, "w", buffering=1) as ledger:
    while True:
        number += 1
        db.execute(insert, (writer, number, "x" * 200))
        ledger.write(f"{number} {time.time()}\\n")
        time.sleep(pause)
"""


@dataclass
class Writers:
    """`count` processes that write as fast as they are let, until they are stopped or the server dies.

    Attributes:
        url: a connection string of psycopg's, or `sqlite:///PATH`.
        folder: for their ledgers.
        first: number of the first writer.
    """

    url: str
    folder: Path
    count: int = 4
    pause: float = 0.0
    first: int = 0
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        for writer in range(self.first, self.first + self.count):
            command = [
                sys.executable,
                "-c",
                _WRITER,
                self.url,
                str(writer),
                str(self.file(writer)),
                str(self.pause),
            ]
            self._processes.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def file(self, writer: int) -> Path:
        return self.folder / f"writer-{writer}"

    def acknowledged(self) -> dict[int, list[tuple[int, float]]]:
        """Per writer, in order: (number, when it was acknowledged)."""
        found = {}
        for writer in range(self.first, self.first + self.count):
            lines = self.file(writer).read_text().splitlines() if self.file(writer).exists() else []
            pairs = [line.split() for line in lines]
            found[writer] = [(int(pair[0]), float(pair[1])) for pair in pairs if len(pair) == 2]
        return found

    def wait_for(self, number: int, seconds: float = 60) -> None:
        """Until all together have had so many commits acknowledged."""
        deadline = time.monotonic() + seconds
        while sum(map(len, self.acknowledged().values())) < number:
            assert time.monotonic() < deadline, "the writers get nowhere"
            time.sleep(0.05)


def lost(
    ledger: dict[int, list[tuple[int, float]]], present: set[tuple[int, int]]
) -> list[tuple[int, int, float]]:
    """What was acknowledged and is not there: (writer, number, when)."""
    return [
        (writer, number, at)
        for writer, entries in ledger.items()
        for number, at in entries
        if (writer, number) not in present
    ]
