"""A receiver of a real server's log under supervision: killed, away, behind, and what is in the store then."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql.clusters import MAJORS, cluster
from tests.recovery.disks import filled, small_disk

from dbdeed.engines.postgresql.backup.physical import Physical
from dbdeed.engines.postgresql.log import receiver as receiver_module
from dbdeed.engines.postgresql.log.archiving import WalArchiving
from dbdeed.engines.postgresql.servers.processes import members, signal_all
from dbdeed.errors import Unavailable
from dbdeed.progress import SILENT
from dbdeed.recovery import receiving as module
from dbdeed.recovery.drill_plan import Clocks
from dbdeed.recovery.logs import Logs, NotOurs, gap
from dbdeed.recovery.objects import FolderObjects
from dbdeed.recovery.receiving import SENT_EVERY, Receiving, State, alone
from dbdeed.recovery.shelf import Compressed, Shelf
from dbdeed.rules.rpo_unreachable import ARCHIVED_WITHIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.engines.postgresql.clusters import Cluster

    from dbdeed.engines.postgresql.log.receiver import WalReceiver
    from dbdeed.engines.recovering import LogRange

pytestmark = pytest.mark.postgresql
ARCHIVING = WalArchiving()
EACH = [pytest.param(one, marks=[pytest.mark.slow] * (one != MAJORS[-1])) for one in MAJORS]
FILL = "INSERT INTO t SELECT g, repeat(md5(g::text), 30) FROM generate_series(1, 2000) AS g"


@pytest.fixture(scope="module", params=EACH)
def server(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with cluster(request.param, segment=1) as one:
        one.run("CREATE TABLE t (a int, b text)")
        yield one


class Bench:
    """A receiver of one server, with a store of its own."""

    def __init__(self, server: Cluster, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.owner = os.urandom(16).hex()
        self.system = ARCHIVING.system(server.target)
        self.logs = Logs(ARCHIVING, Shelf(FolderObjects(folder / "store"), Compressed()))
        self.opened = ExitStack()

    def open(self, *, synchronous: bool = False, patience: int = 10) -> Receiving:
        spool = self.folder / "spool"
        target = replace(self.server.target, url=f"{self.server.target.url}&connect_timeout={patience}")
        self.receiver: WalReceiver = ARCHIVING.receiver(
            target, spool, owner=self.owner, synchronous=synchronous
        )
        clocks = Clocks(lambda: datetime.now(UTC), time.monotonic)
        self.receiving = Receiving(self.receiver, self.logs, self.system, clocks)
        return self.receiving

    def until(self, true: Callable[[], bool], *, seconds: float = 40) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, self.receiving.health
            self.receiving.tick()
            time.sleep(0.1)

    def caught_up(self) -> None:
        """All that is committed now is in the store."""
        now = self.server.fetch("SELECT clock_timestamp()")[0][0]
        self.until(lambda: bool(self.receiving.health.reached and self.receiving.health.reached > now))

    def base(self, folder: Path | None = None) -> LogRange:
        folder = folder or self.folder / f"base-{time.monotonic_ns()}"
        folder.mkdir()
        facts = Physical().take(self.server.target, folder, SILENT)
        assert facts.log is not None
        return facts.log


@contextmanager
def benched(server: Cluster, folder: Path) -> Iterator[Bench]:
    made = Bench(server, folder)
    try:
        yield made
    finally:
        made.receiving.close()
        ARCHIVING.forget(server.target, made.owner)


@contextmanager
def standing_still(server: Cluster) -> Iterator[None]:
    """All processes of a server are stopped where they are, and go on afterwards."""
    pids = members(server.server.data)
    signal_all(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        signal_all(pids, signal.SIGCONT)


@pytest.fixture
def bench(server: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(module, "SENT_EVERY", 0.5)
    with benched(server, tmp_path) as made:
        yield made


def test_everything_reaches_the_store_whoever_is_killed(bench: Bench, tmp_path: Path) -> None:
    receiving = bench.open()
    bench.until(lambda: receiving.health.ok)
    log = bench.base()
    for round_ in range(3):
        bench.server.run(FILL, FILL)
        process = bench.receiver._process
        assert process is not None
        if round_ == 1:  # the supervisor dies with all that it knew
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            bench.receiver.close()
            receiving = bench.open()
        elif round_ == 2:
            os.kill(process.pid, signal.SIGKILL)
            bench.until(lambda: bench.receiving.health.restarts == 1)
        bench.caught_up()
    reach = bench.logs.reach(log)
    assert reach.connected
    assert gap(reach) == []
    (tmp_path / "work").mkdir()
    assert bench.logs.damages(log, tmp_path / "work", SILENT) == []
    [(flushed,)] = bench.server.fetch("SELECT pg_current_wal_flush_lsn()::text")
    assert ARCHIVING.position_of(reach.end) + 8192 >= ARCHIVING.position_of(flushed)
    assert bench.logs.until(log, reach) == receiving.health.reached
    whole = [one for one in (bench.folder / "spool").iterdir() if len(one.name) == 24]
    assert len(whole) <= 1, "what is in the store does not stay in the spool"
    assert receiving.close().state is State.STOPPED
    assert bench.server.fetch("SELECT count(*) FROM pg_replication_slots") == [(1,)]


def test_one_that_is_ended_has_all_that_was_committed_and_says_so(bench: Bench) -> None:
    receiving = bench.open()
    bench.until(lambda: receiving.health.ok)
    log = bench.base()
    bench.caught_up()
    bench.server.run(FILL)
    [(now, flushed)] = bench.server.fetch("SELECT clock_timestamp(), pg_current_wal_flush_lsn()::text")
    health = receiving.close()
    reach = bench.logs.reach(log)
    assert ARCHIVING.position_of(reach.end) + 8192 >= ARCHIVING.position_of(flushed)
    assert health.reached is not None
    assert health.reached > now
    assert bench.logs.until(log, reach) == health.reached


def test_a_part_that_is_lost_is_named(bench: Bench, tmp_path: Path) -> None:
    receiving = bench.open()
    bench.until(lambda: receiving.health.ok)
    log = bench.base()
    bench.server.run(FILL, FILL, FILL)
    bench.caught_up()
    receiving.close()
    names = [one for one in bench.logs.reach(log).files if len(one.rpartition("/")[2]) == 24]
    victim = names[len(names) // 2]
    shelf = bench.logs.shelf
    kept = shelf.objects.get(victim)
    shelf.delete(victim)
    (tmp_path / "work").mkdir()
    [problem] = gap(bench.logs.reach(log))
    assert victim.rpartition("/")[2] in problem
    assert bench.logs.until(log, bench.logs.reach(log)) is None
    shelf.objects.put(victim, kept[:-3] + b"abc")
    problems = bench.logs.damages(log, tmp_path / "work", SILENT)
    assert len(problems) == 1
    assert victim in problems[0]
    whole = next(bench.receiver.parcels(unfinished=False), None)
    if whole is not None:
        shelf.put(whole.name, whole.data[::-1])
        with pytest.raises(NotOurs, match="with other contents"):
            bench.logs.keep(whole)


def test_a_server_that_gave_up_keeping_the_log_is_said(bench: Bench) -> None:
    receiving = bench.open()
    bench.until(lambda: receiving.health.ok)
    log = bench.base()
    bench.caught_up()
    receiving.close()
    bench.server.run("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'", "SELECT pg_reload_conf()")
    bench.server.run(*[FILL] * 3, "SELECT pg_switch_wal()", "CHECKPOINT", *[FILL] * 3, "CHECKPOINT")
    bench.server.run("ALTER SYSTEM RESET max_slot_wal_keep_size", "SELECT pg_reload_conf()")
    assert bench.server.fetch("SELECT wal_status FROM pg_replication_slots") == [("lost",)]
    receiving = bench.open()
    bench.until(lambda: any("there is a gap" in one for one in receiving.health.warnings))
    bench.until(lambda: receiving.health.ok)
    bench.server.run(FILL)
    bench.caught_up()
    assert gap(bench.logs.reach(log))
    assert gap(bench.logs.reach(bench.base())) == []


def test_one_whose_server_stands_still_says_so_and_can_be_ended(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that hangs, or a network that drops everything: no answer comes, and no refusal."""
    for name in ("_PATIENCE", "_STOPPING"):
        monkeypatch.setattr(receiver_module, name, 1.0)
    receiving = bench.open(patience=2)
    bench.until(lambda: receiving.health.ok)
    with standing_still(bench.server):
        health = receiving.tick()
        assert "connection" in health.problem
        assert not receiving.tick().ok
    bench.until(lambda: receiving.health.ok)
    bench.caught_up()
    with standing_still(bench.server):
        assert receiving.close().state is State.STOPPED


@pytest.mark.slow
def test_a_full_disk_is_said_and_nothing_of_the_log_is_lost(
    server: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On which both lie, what was received and the store."""
    monkeypatch.setattr(module, "_LONGEST_PAUSE", 2.0)
    with small_disk(tmp_path / "disk", "12m") as disk, benched(server, disk) as bench:
        receiving = bench.open()
        bench.until(lambda: receiving.health.ok)
        log = bench.base(tmp_path / "base")
        bench.caught_up()
        with filled(disk):
            bench.server.run(*[FILL] * 4)
            bench.until(lambda: receiving.health.problem.startswith("pg_receivewal: no space is left"))
            bench.until(lambda: "No space is left" in receiving.health.problem)
        bench.server.run(*[FILL] * 2)
        bench.caught_up()
        bench.until(lambda: receiving.health.ok)
        assert gap(bench.logs.reach(log)) == []
        (tmp_path / "work").mkdir()
        assert bench.logs.damages(log, tmp_path / "work", SILENT) == []


def test_the_rule_promises_no_more_than_is_kept() -> None:
    assert ARCHIVED_WITHIN.total_seconds() >= 1.3 * SENT_EVERY


def test_one_receiver_is_enough_and_absence_is_waited_for(bench: Bench, tmp_path: Path) -> None:
    bench.open()
    with (
        alone(tmp_path / "spool"),
        pytest.raises(Unavailable, match="Another receiver"),
        alone(tmp_path / "spool"),
    ):
        pass
    nowhere = ARCHIVING.receiver(
        type(bench.server.target)("postgresql:///x?host=/nowhere", "nowhere"), tmp_path / "spool",
        owner="x", synchronous=False,
    )  # fmt: skip
    ticks = iter(range(0, 1000, 1))
    clocks = Clocks(lambda: datetime.now(UTC), lambda: float(next(ticks)))
    away = Receiving(nowhere, bench.logs, bench.system, clocks)
    seen = [away.tick() for _ in range(20)]
    assert {one.state for one in seen} == {State.WAITING}
    assert seen[-1].problem
    assert 1 <= seen[-1].restarts < 8, "each pause is longer than the one before"
