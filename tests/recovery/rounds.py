"""Kill and restore: one round writes, kills, loses the disk and restores, and says what of the acknowledged is gone.

`python -m benchmarks.rounds` runs ten of each method and writes the page; tests run one.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.recovery.archived import DOCUMENT, Archived
from tests.recovery.faults.killing import kill_after
from tests.recovery.writers import Writers, lost

from dbdeed.app.backup import run_backup
from dbdeed.app.restore import restore_backup
from dbdeed.engines.postgresql.servers.processes import kill_members

if TYPE_CHECKING:
    import random
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Way:
    """One method as the document declares it.

    Attributes:
        method, frequency: as in the document.
        backups: how many are taken while the writers write.
        synchronous: commits wait for the receiver; None where no log is archived.
        alone: the receiver dies with the server, and its disk is lost too: only the store is left.
    """

    method: str
    frequency: str = "Daily"
    backups: int = 1
    synchronous: bool | None = None
    alone: bool = False


LONGEST = 5.0
"""Seconds for which a round goes on at most once it has its commits."""

SQLITE_DOCUMENT = (
    DOCUMENT.replace("PostgreSQL", "SQLite")
    .replace("**Version**: VERSION\n", "")
    .replace("at timestamptz DEFAULT clock_timestamp(), ", "")
    .replace("METHOD", "Snapshots")
    .replace("FREQUENCY", "Daily")
)
WAYS: dict[str, Way] = {
    "logical dump": Way("Logical dumps"),
    "snapshot": Way("Snapshots"),
    "snapshot and increment": Way("Snapshots", "Weekly full, daily incremental", 2),
    "continuous archiving, asynchronous": Way(
        "Snapshots, Continuous archiving", "Daily, continuous", 0, synchronous=False
    ),
    "continuous archiving, asynchronous, only the store is left": Way(
        "Snapshots, Continuous archiving", "Daily, continuous", 0, synchronous=False, alone=True
    ),
    "continuous archiving, synchronous": Way(
        "Snapshots, Continuous archiving", "Daily, continuous", 0, synchronous=True
    ),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one round.

    Attributes:
        acknowledged: commits, by the writers' own ledgers.
        lost: those of them that the restored database has not.
        point: the recovery point actual: seconds from the oldest lost commit to the end of the server.
        time: the recovery time actual: seconds from the call of `restore` to the first right answer.
    """

    acknowledged: int
    lost: int
    point: float
    time: float


def one_round(
    folder: Path, way: Way, major: int, rng: random.Random, commits: int, longest: float = LONGEST
) -> Outcome:
    """A round on PostgreSQL: `commits` at least, then up to `longest` seconds more of them, then the kill."""
    place = Archived(folder, major, way.method, frequency=way.frequency)
    try:
        receiver = None
        if way.alone:
            receiver = place.receive_apart(synchronous=False)
        elif way.synchronous is not None:
            place.receive(synchronous=way.synchronous)
        writers = Writers(place.target.url, folder / "ledger")
        writers.start()
        try:
            _backed_up_meanwhile(place.document, writers, way.backups, commits)
            time.sleep(rng.uniform(0, longest))
            data = place.data
            if receiver is not None:
                kill_after(receiver, 0)
            kill_members(data)
        finally:
            writers.stop()
        died = time.time()
        if way.alone:
            place.lose_spool()
        place.end()
        place.lose_disk(data)
        begun = time.monotonic()
        if way.method == "Logical dumps":
            with place.opened():  # a new server
                url = place.target.url
            restore_backup(place.document, into=url, environment={})
        else:
            copy = folder / "copy"
            to = "" if way.synchronous is None else "latest"
            restore_backup(place.document, to=to, into=str(copy), environment={})
            copy.rename(data)
        with place.opened():
            there = place.rows()
            took = time.monotonic() - begun
        return _outcome(writers, there, died, took)
    finally:
        place.close()


def sqlite_round(folder: Path, rng: random.Random, commits: int, longest: float = LONGEST) -> Outcome:
    """A round on SQLite: there the writers are what is killed, in the middle of their commits."""
    folder.mkdir(exist_ok=True)
    path, file = folder / "DATABASE.md", folder / "live.db"
    path.write_text(SQLITE_DOCUMENT)
    environment = {"DATABASE_URL": f"sqlite:///{file}"}
    with closing(sqlite3.connect(file)) as live:
        live.execute("PRAGMA journal_mode = WAL")
        live.execute("CREATE TABLE written (writer INTEGER, number INTEGER, pad TEXT)")
    writers = Writers(environment["DATABASE_URL"], folder / "ledger")
    writers.start()
    try:
        _backed_up_meanwhile(path, writers, 1, commits, environment)
        time.sleep(rng.uniform(0, longest))
    finally:
        writers.stop()
    died = time.time()
    for one in folder.glob("live.db*"):
        one.unlink()
    begun = time.monotonic()
    restore_backup(path, into=str(file), environment=environment)
    with closing(sqlite3.connect(file)) as live:
        there = set(live.execute("SELECT writer, number FROM written"))
        took = time.monotonic() - begun
    return _outcome(writers, there, died, took)


def _backed_up_meanwhile(
    document: Path, writers: Writers, backups: int, commits: int, environment: dict[str, str] | None = None
) -> None:
    """Take backups while the writers write, each after its share of the commits."""
    for number in range(backups):
        writers.wait_for(commits * (number + 1) // (backups + 1))
        [made] = run_backup(document, environment=environment or {}).made
        assert bool(made.needs) == (number > 0)
    writers.wait_for(commits)


def _outcome(writers: Writers, there: set[tuple[int, int]], died: float, took: float) -> Outcome:
    ledger = writers.acknowledged()
    missing = lost(ledger, there)
    oldest = min((at for _, _, at in missing), default=died)
    return Outcome(sum(map(len, ledger.values())), len(missing), died - oldest, took)
