"""The benchmark of access runs from end to end, and what it is made of counts and judges rightly."""

from __future__ import annotations

import socket
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from benchmarks.access import main
from benchmarks.accessing.measure import Block, Taken
from benchmarks.accessing.report import BEGIN, END, quartiles, ratios, tables, verdict
from benchmarks.accessing.roster import ROSTER, Contestant, prepared
from benchmarks.accessing.trips import Proxy
from benchmarks.accessing.works import ASYNC, SQLITE, SYNC, WORKS, Goal

if TYPE_CHECKING:
    from pathlib import Path

RAW = Contestant("raw", ASYNC, "raw", base=True)
OURS = Contestant("ours", ASYNC, "ours", ours=True)


@pytest.mark.slow
@pytest.mark.postgresql
def test_a_quick_run_measures_every_work_and_writes_its_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{BEGIN}\nold\n{END}\n\nThe end.\n")
    main(["--quick", "--groups", "sync,sqlite", "--peers", "", "--cache", str(tmp_path), "--page", str(page)])
    assert capsys.readouterr().err == ""
    text = page.read_text()
    assert text.startswith(f"# Title\n\n{BEGIN}\n\nTaken on ")
    assert text.endswith(f"{END}\n\nThe end.\n")
    assert "ot measured" not in text
    for group, base in ((SYNC, "psycopg by hand"), (SQLITE, "sqlite3 by hand")):
        table = text.partition(f"\n### {group}\n")[2].partition("\n### ")[0]
        for work in WORKS:
            for name in (base, "dbdeed"):
                assert (f"| {work.title} | {name} |" in table) == (work.name != "pooled")
    sync = text.partition(f"\n### {SYNC}\n")[2].partition("\n### ")[0]
    single = [row for row in sync.splitlines() if "| dbdeed |" in row and row.startswith(("| get", "| up"))]
    assert [row.rsplit("|", 2)[1].strip() for row in single] == ["1", "1"]


def test_ratios_compare_the_blocks_of_one_round() -> None:
    taken, work = Taken(), WORKS[0]
    for number, (raw, ours) in enumerate([(2.0, 1.0), (4.0, 1.0), (1.0, 9.0)]):
        taken.blocks[RAW, work.name][number] = Block(raw, raw, 0.0)
        if number != 1:  # it took no part in that round
            taken.blocks[OURS, work.name][number] = Block(ours, ours, 1.0)
    assert ratios(taken, OURS, RAW, work) == [0.5, 9.0]
    assert ratios(taken, OURS, None, work) == []
    assert quartiles([3.0]) == (3.0, 3.0, 3.0)
    assert quartiles([1.0, 2.0, 3.0, 4.0, 5.0]) == (2.0, 3.0, 4.0)


def test_a_goal_is_judged_by_what_is_shown() -> None:
    goal = Goal(must=0.95, aim=0.85)
    assert verdict(0.854, goal) == "reached"
    assert verdict(0.86, goal) == "holds, aim not met"
    assert verdict(0.954, goal) == "holds, aim not met"
    assert verdict(0.96, goal) == "**not met**"


def test_the_tables_say_what_was_not_measured() -> None:
    taken, work = Taken(), WORKS[0]
    taken.blocks[RAW, work.name][0] = Block(0.0001, 0.00004, 0.00002)
    taken.failed[OURS, work.name] = "ours: ValueError: no"
    text = tables(taken, [RAW, OURS])
    assert f"| {ASYNC} | {work.title} | raw | not measured | | | 0.95 | 0.85 |  |" in text
    assert "| get by primary key | raw | 100 µs | 1.00 | 1.00 to 1.00 | 40 µs + 20 µs | 1.00 |  |" in text
    assert f"Not measured: ours ({ASYNC}) in {work.title}: ours: ValueError: no." in text
    assert "| raw | 100 µs |" in tables(taken, [Contestant("raw", ASYNC, "raw"), RAW, OURS])


def test_without_its_base_a_group_has_times_only() -> None:
    taken, work = Taken(), WORKS[0]
    taken.blocks[OURS, work.name][0] = Block(0.0001, 0.00004, 0.0)
    assert "| get by primary key | ours | 100 µs |  |  | 40 µs |  |  |" in tables(taken, [OURS])


def test_who_cannot_be_installed_is_named(tmp_path: Path) -> None:
    (tmp_path / "apsw").write_text("in the way")
    found, absent = prepared({"apsw by hand"}, tmp_path, {SQLITE})
    assert [one.name for one, _ in found] == ["sqlite3 by hand", "dbdeed"]
    assert [one.name for one in absent] == ["apsw by hand"]
    assert absent[0].reason


def test_each_group_has_one_base_and_one_of_ours() -> None:
    for group in {one.group for one in ROSTER}:
        members = [one for one in ROSTER if one.group == group]
        assert (sum(one.base for one in members), sum(one.ours for one in members)) == (1, 1)


def test_the_proxy_counts_who_waits_for_whom(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "server"))
    listener.listen()

    def serve() -> None:
        session, _ = listener.accept()
        with session:
            while data := session.recv(100):
                if data.endswith(b"?"):  # else there is more to come
                    session.sendall(b"a long")
                    session.sendall(b" answer.")

    server = Thread(target=serve)
    server.start()
    with Proxy(tmp_path / "proxy", tmp_path / "server") as proxy, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "proxy"))

        def ask(*parts: bytes) -> None:
            for part in parts:
                client.sendall(part)
            answer = b""
            while not answer.endswith(b"."):
                answer += client.recv(100)
            assert answer == b"a long answer."

        ask(b"one?")
        assert proxy.trips == 1
        ask(b"the first part, ", b"the second?")
        assert proxy.trips == 2
        ask(b"three?")
        assert proxy.trips == 3
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b""
    server.join(5)
    assert not server.is_alive()
    listener.close()
