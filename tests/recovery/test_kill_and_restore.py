"""The server is killed under concurrent writers, its disk is lost, and it is restored: what of that which it
acknowledged is gone?

One bounded round of each method by default; ten rounds, which print what they measured, in the long form:

    python -m pytest tests/recovery/test_kill_and_restore.py -m slow -s
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql.clusters import MAJORS
from tests.recovery.writers import TABLE, Writers, lost

from dbdeed.app.backup import list_backups, run_backup
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.receive import receive
from dbdeed.app.restore import OverLive, restore_backup
from dbdeed.app.server import stop
from dbdeed.app.site import engine_of, open_target
from dbdeed.engines.postgresql.servers.processes import kill_members
from dbdeed.engines.postgresql.session import connect
from dbdeed.errors import InvalidInput, Refused
from dbdeed.progress import SILENT
from dbdeed.recovery import receiving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.postgresql.session import Session
    from dbdeed.recovery.receiving import Health

pytestmark = pytest.mark.postgresql
NEWEST = MAJORS[-1] if MAJORS else 0

DOCUMENT = """\
# Database Architecture

**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: PostgreSQL
**Version**: VERSION

## Schema Design

### Table: `written`
```sql
CREATE TABLE written (writer int, number int, at timestamptz DEFAULT clock_timestamp(), pad text);
```

## Backup and Recovery

- **Frequency**: Weekly full, daily incremental, continuous
- **Method**: METHOD
"""


class Place:
    """A document's embedded database, its writers and its receiver."""

    def __init__(
        self,
        folder: Path,
        major: int,
        method: str = "Snapshots, Continuous archiving",
        environment: dict[str, str] | None = None,
    ) -> None:
        self.environment = environment or {}
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.document = folder / "DATABASE.md"
        text = DOCUMENT.replace("VERSION", str(major)).replace("METHOD", method)
        self.document.write_text(
            text + "".join(f"- **Encryption**: key in `{key}`\n" for key in self.environment)
        )
        with self.opened():
            self.run("DROP TABLE IF EXISTS written", TABLE)
        self.ending = threading.Event()
        self.health: list[Health] = []
        self._thread: threading.Thread | None = None

    @contextmanager
    def opened(self) -> Iterator[None]:
        project = open_project(self.document)
        architecture = read_architecture(project)
        with open_target(
            project, architecture, engine_of(architecture), database="", environment={}, progress=SILENT,
            keep_running=True,
        ) as target:  # fmt: skip
            self.target = target
            yield

    def session(self) -> Session:
        return connect(self.target)

    def run(self, *statements: str) -> None:
        with closing(self.session()) as session:
            for statement in statements:
                session.execute(statement)

    @property
    def data(self) -> Path:
        with closing(self.session()) as session:
            return Path(session.fetch("SHOW data_directory")[0][0])

    def receive(self, *, synchronous: bool) -> None:
        self._thread = threading.Thread(
            target=receive,
            args=(self.document,),
            kwargs={
                "stopped": self.ending.wait, "told": self.health.append, "synchronous": synchronous,
                "environment": self.environment,
            },
        )  # fmt: skip
        self._thread.start()
        deadline = time.monotonic() + 60
        while not (
            self.health
            and self.health[-1].reached
            and self.health[-1].synchronous == synchronous
            and list_backups(self.document, environment=self.environment).spans  # a base was taken
        ):
            assert time.monotonic() < deadline, self.health[-1:]
            time.sleep(0.1)

    def end(self) -> None:
        self.ending.set()
        if self._thread is not None:
            self._thread.join()

    def rows(self) -> set[tuple[int, int]]:
        with closing(self.session()) as session:
            return set(session.fetch("SELECT writer, number FROM written"))

    def close(self) -> None:
        self.end()
        stop(self.document)


def one_round(folder: Path, major: int, method: str, commits: int) -> dict[str, float]:
    """Write, kill, lose the disk, restore; what was acknowledged, lost, and how long it took."""
    archived = method != "snapshots"
    place = Place(folder, major, "Snapshots, Continuous archiving" if archived else "Snapshots")
    try:
        if archived:
            place.receive(synchronous=method == "synchronous")
        else:
            run_backup(place.document, environment={})
        writers = Writers(place.target.url, folder / "ledger")
        writers.start()
        try:
            writers.wait_for(commits)
            data = place.data
            kill_members(data)
        finally:
            writers.stop()
        died = time.time()
        place.end()
        for left in data.iterdir():  # its disk is gone, and a new one is there
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        shutil.rmtree(data)
        begun = time.monotonic()
        copy = folder / "copy"
        restore_backup(place.document, to="latest" if archived else "", into=str(copy), environment={})
        copy.rename(data)
        with place.opened():
            there = place.rows()
            took = time.monotonic() - begun
        ledger = writers.acknowledged()
        missing = lost(ledger, there)
        oldest = min((at for _, _, at in missing), default=died)
        return {
            "acknowledged": sum(map(len, ledger.values())), "lost": len(missing),
            "recovery_point": died - oldest, "recovery_time": took,
        }  # fmt: skip
    finally:
        place.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "SENT_EVERY", 2.0)


def test_nothing_acknowledged_is_lost_where_commits_wait(tmp_path: Path) -> None:
    found = one_round(tmp_path, NEWEST, "synchronous", 300)
    assert found["lost"] == 0, found
    assert found["acknowledged"] >= 300


@pytest.mark.slow
@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize("method", ["synchronous", "asynchronous", "snapshots"])
def test_ten_rounds(tmp_path: Path, major: int, method: str) -> None:
    results = [one_round(tmp_path / str(number), major, method, 1000 + 400 * number) for number in range(10)]
    print(f"\nPostgreSQL {major}, {method}:")
    for found in results:
        print("  " + ", ".join(f"{name} {value:.2f}" for name, value in found.items()))
    if method == "synchronous":
        assert [found["lost"] for found in results] == [0] * 10
    if method == "asynchronous":
        assert max(found["recovery_point"] for found in results) < 15


@pytest.mark.slow
def test_a_moment_from_a_sealed_store(tmp_path: Path) -> None:
    place = Place(tmp_path / "place", NEWEST, environment={"BACKUP_KEY": os.urandom(32).hex()})
    try:
        place.receive(synchronous=False)
        place.run("INSERT INTO written (writer, number) VALUES (0, 1)")
        place.end()
        place.run("INSERT INTO written (writer, number) VALUES (0, 2)")
        file = tmp_path / "written.sql"
        restore_backup(
            place.document, to="latest", tables=["written"], into=str(file), environment=place.environment
        )
        assert [line[:3] for line in file.read_text().splitlines() if line.startswith("0\t")] == ["0\t1"]
        kept = [one for one in (place.folder / "backups" / "wal").rglob("*") if one.is_file()]
        assert kept
        open_ = (b"\x28\xb5\x2f\xfd", b"\x18\xd1")  # how zstd begins, and a file of 18's log
        assert not any(one.read_bytes().startswith(open_) for one in kept)
        assert not (place.folder / "backups" / "receiving").exists(), (
            "nothing lies open beside what is sealed"
        )
    finally:
        place.close()


def until_passes(place: Place, moment: datetime) -> bool:
    """Wait until everything up to a moment is known to be in the store."""
    for _ in range(300):
        spans = list_backups(place.document, environment={}).spans
        if spans and spans[-1].until is not None and spans[-1].until > moment:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize(
    "major", [pytest.param(one, marks=[pytest.mark.slow] * (one != NEWEST)) for one in MAJORS]
)
def test_a_moment_a_position_and_single_tables(tmp_path: Path, major: int) -> None:
    place = Place(tmp_path / "place", major)
    try:
        place.run("CREATE TABLE other (a int PRIMARY KEY)", "INSERT INTO other VALUES (1)")
        place.receive(synchronous=False)
        place.run("INSERT INTO written (writer, number) VALUES (0, 1)")
        with closing(place.session()) as session:
            [(time_, position)] = session.fetch("SELECT clock_timestamp(), pg_current_wal_insert_lsn()::text")
        time.sleep(0.01)
        run_backup(place.document, environment={})  # an increment; the moment lies before it
        place.run("INSERT INTO written (writer, number) VALUES (0, 2)", "DELETE FROM other")
        place.run(
            "SELECT pg_switch_wal()", "CREATE TABLE more ()", "SELECT pg_switch_wal()", "DROP TABLE more"
        )
        assert until_passes(place, time_), "the server is told every ten seconds what has come"
        place.end()  # what has come is sent

        def at(to: str) -> set[str]:
            """The rows of that moment, as COPY writes the first two columns."""
            file = tmp_path / f"{to.replace('/', '-')}.sql"
            restore_backup(place.document, to=to, tables=["written"], into=str(file), environment={})
            return {line[:3] for line in file.read_text().splitlines() if line.startswith("0\t")}

        listed = list_backups(place.document, environment={})
        [span] = listed.spans
        assert span.until is not None
        assert span.since < time_ < span.until
        assert listed.gaps == ()
        assert at(position) == {"0\t1"}
        assert at("latest") == {"0\t1", "0\t2"}
        restored = restore_backup(
            place.document, to=time_.isoformat(), into=str(tmp_path / "copy"), environment={}
        )
        assert restored.replayed is not None
        assert restored.replayed.time is not None
        assert restored.replayed.time <= time_
        assert opened(place, tmp_path / "copy") == {(0, 1)}

        with pytest.raises(Refused, match="cannot be restored") as raised:
            restore_backup(place.document, to="2001-01-01 00:00:00", environment={})
        assert "What can be restored: " in raised.value.hint
        late = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        with pytest.raises(Refused, match="cannot be restored"):
            restore_backup(place.document, to=late, environment={})

        with pytest.raises(InvalidInput, match="no table nothing"):
            restore_backup(
                place.document, to="latest", tables=["nothing"], into=str(tmp_path / "x"), environment={}
            )
        with pytest.raises(Refused, match=r"has public\.other already"):
            restore_backup(place.document, to=time_.isoformat(), tables=["other"], environment={})
        back = restore_backup(
            place.document, to=time_.isoformat(), tables=["other"], agreed=OverLive(yes=True), environment={}
        )
        assert back.kept
        with place.opened(), closing(place.session()) as session:
            assert session.fetch("SELECT a FROM other") == [(1,)]

        over = restore_backup(
            place.document, to=time_.isoformat(), over_live=OverLive(yes=True, safety=False), environment={}
        )
        assert over.kept
        with place.opened():
            assert place.rows() == {(0, 1)}

        shelf = place.folder / "backups" / "wal"
        whole = sorted(one for one in shelf.rglob("*") if len(one.name) == 24)
        whole[-2].unlink()  # the newest backup leads on through it
        assert len(list_backups(place.document, environment={}).gaps) == 1
        with pytest.raises(Refused, match=r"has a gap after .* is missing"):
            restore_backup(place.document, to="latest", environment={})
    finally:
        place.close()


def opened(place: Place, data: Path) -> set[tuple[int, int]]:
    """What a restored cluster holds once it is started; it takes the embedded one's place for that long."""
    stop(place.document)
    with place.opened():
        here = place.data
    stop(place.document)
    aside = here.with_name("aside")
    here.rename(aside)
    data.rename(here)
    try:
        with place.opened():
            return place.rows()
    finally:
        stop(place.document)
        shutil.rmtree(here)
        aside.rename(here)
        with place.opened():
            pass
