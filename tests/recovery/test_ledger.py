"""The ledger: what was acknowledged is in it, and what is in it was acknowledged, whatever dies."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from dbdeed.document.values.types import System
from dbdeed.engines.registry import engine_for
from dbdeed.engines.seam import Target
from dbdeed.recovery.exposure import Safe, at_moment, lost, safe_points, worst_exposure
from dbdeed.recovery.ledger import Beat, LedgerBusy, Mark, beat, mark, number_in, read_beats, writing

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = engine_for(System.SQLITE)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def made(number: int, seconds: float, *, jump: float = 0.0) -> Beat:
    return Beat(
        number=number, begun=at(seconds - 0.1), ended=at(seconds), acknowledged=at(seconds), jump=jump
    )


@pytest.fixture
def target(tmp_path: Path) -> Target:
    sqlite3.connect(tmp_path / "live.db").close()
    return Target(f"sqlite:///{tmp_path / 'live.db'}", "live.db")


def test_beats_are_read_back_as_they_were_made(target: Target, tmp_path: Path) -> None:
    with closing(ENGINE.connect(target)) as session, writing(ENGINE, tmp_path / "ledger", "me") as ledger:
        beats = tuple(beat(session, ledger, at(number)) for number in range(3))
        assert number_in(ENGINE, session, "me") == 3
        assert number_in(ENGINE, session, "you") is None
        assert [str(one) for one in ENGINE.inspect(session).objects] == []  # no part of any catalog
    known = read_beats(tmp_path / "ledger")
    assert (known.beats, known.torn) == (beats, 0)
    assert [one.number for one in beats] == [1, 2, 3]
    assert beats[0].begun <= beats[0].ended <= beats[1].begun


def test_a_database_without_beats_holds_none(target: Target) -> None:
    with closing(ENGINE.connect(target)) as session:
        assert number_in(ENGINE, session, "me") is None


def test_two_ledgers_of_one_folder_are_refused(tmp_path: Path) -> None:
    with writing(ENGINE, tmp_path, "me"), pytest.raises(LedgerBusy), writing(ENGINE, tmp_path, "me"):
        pass


def test_numbers_go_on_whichever_of_the_two_was_lost(target: Target, tmp_path: Path) -> None:
    with closing(ENGINE.connect(target)) as session:
        with writing(ENGINE, tmp_path / "ledger", "me") as ledger:
            assert [beat(session, ledger, at(n)).number for n in range(3)] == [1, 2, 3]
        (tmp_path / "ledger").rename(tmp_path / "gone")
        with writing(ENGINE, tmp_path / "ledger", "me") as ledger:
            assert beat(session, ledger, at(9)).number == 4
        session.execute("UPDATE dbdeed_heartbeat SET number = 1")  # an old backup took its place
        with writing(ENGINE, tmp_path / "ledger", "me") as ledger:
            assert beat(session, ledger, at(10)).number == 5


def test_a_torn_line_is_left_out_and_nothing_is_appended_to_it(target: Target, tmp_path: Path) -> None:
    folder = tmp_path / "ledger"
    with closing(ENGINE.connect(target)) as session:
        with writing(ENGINE, folder, "me") as ledger:
            beat(session, ledger, at(1))
            beat(session, ledger, at(2))
        [day] = folder.glob("*.jsonl")
        whole = day.read_bytes()
        for cut in range(len(whole) - 40, len(whole) - 1):
            day.write_bytes(whole[:cut])
            assert [one.number for one in read_beats(folder).beats] == [1]
            assert read_beats(folder).torn == 1
        with writing(ENGINE, folder, "me") as ledger:
            assert beat(session, ledger, at(3)).number == 3
    assert [one.number for one in read_beats(folder).beats] == [1, 3]
    changed = bytearray(whole)
    changed[20] ^= 1
    day.write_bytes(changed)
    assert [one.number for one in read_beats(folder).beats] == [2]


def test_marks_of_what_is_archived_are_kept_among_the_beats(target: Target, tmp_path: Path) -> None:
    with closing(ENGINE.connect(target)) as session, writing(ENGINE, tmp_path, "me") as ledger:
        beat(session, ledger, at(0))
        mark(ledger, at(-3), at(1))
        beat(session, ledger, at(2))
    known = read_beats(tmp_path)
    assert [one.number for one in known.beats] == [1, 2]
    assert known.marks == (Mark(at(1), at(-3)),)
    assert safe_points((), known.marks) == [Safe(at(1), at(-3))]


def test_a_clock_that_was_set_is_noted(target: Target, tmp_path: Path) -> None:
    with closing(ENGINE.connect(target)) as session, writing(ENGINE, tmp_path, "me") as ledger:
        beat(session, ledger, at(0))
        assert beat(session, ledger, at(3600)).jump == pytest.approx(3600, abs=5)
        assert beat(session, ledger, at(0)).jump == pytest.approx(-3600, abs=5)
        assert beat(session, ledger, at(0)).jump == 0
    assert [one.number for one in read_beats(tmp_path).beats] == [1, 2, 3, 4]


def test_old_days_go_and_as_many_stay_whatever_the_clock_says(target: Target, tmp_path: Path) -> None:
    with closing(ENGINE.connect(target)) as session, writing(ENGINE, tmp_path, "me") as ledger:
        for day in range(40):
            beat(session, ledger, NOON + timedelta(days=day))
        assert len(list(tmp_path.glob("*.jsonl"))) == 32
        beat(session, ledger, NOON + timedelta(days=9000))
    assert len(read_beats(tmp_path).beats) == 32


BEATS = [made(n, 10.0 * n) for n in range(1, 7)]


def test_what_a_copy_lacks_is_counted_and_timed() -> None:
    assert lost(BEATS, 6) == lost(BEATS, 99) == lost([], 0)
    assert (lost(BEATS, 4).beats, lost(BEATS, 4).seconds) == (2, 20)
    assert (lost(BEATS, 0).beats, lost(BEATS, 0).seconds) == (6, 50)
    jumped = [*BEATS[:4], made(5, 50 + 3600, jump=3600), made(6, 60 + 3600)]
    assert lost(jumped, 4).seconds == 20


def test_a_moment_is_held_against_what_was_acknowledged() -> None:
    assert at_moment(BEATS, 3, at(35)) == []
    assert "Beat 3 was acknowledged" in at_moment(BEATS, 2, at(35))[0]
    assert "Beat 4 came after" in at_moment(BEATS, 4, at(35))[0]
    for there in (3, 4):  # under way at that moment
        assert at_moment(BEATS, there, at(39.95)) == []
    assert at_moment([], 0, at(0)) == []


def test_the_worst_moment_is_the_last_beat_before_a_backup_is_there() -> None:
    safe = [Safe(at(5), at(0)), Safe(at(45), at(20)), Safe(at(46), at(12))]
    found = worst_exposure(BEATS, safe, at(70))
    assert found is not None
    assert (found.seconds, found.at) == (40, at(40))
    assert worst_exposure(BEATS, [], at(70)) is None
    assert worst_exposure([], safe, at(70)) is None
    assert worst_exposure(BEATS, safe, at(86400 * 40)) is None
    early = [Safe(at(5), at(0)), *(Safe(at(s), at(s)) for s in range(15, 65, 10))]
    best = worst_exposure(BEATS, early, at(70))
    assert best is not None
    assert best.seconds == 10


KEEPER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from dbdeed.document.values.types import System
from dbdeed.engines.registry import engine_for
from dbdeed.engines.seam import Target
from dbdeed.recovery.ledger import beat, writing

engine = engine_for(System.SQLITE)
session = engine.connect(Target(f"sqlite:///{sys.argv[1]}", "live"))
with writing(engine, Path(sys.argv[2]), "me") as ledger:
    print("ready", flush=True)
    while True:
        beat(session, ledger, datetime.now(UTC))
"""


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(one, marks=pytest.mark.slow) for one in range(3, 20))]
)
def test_killed_at_any_moment_it_has_nothing_that_was_not_committed(
    target: Target, tmp_path: Path, seed: int
) -> None:
    command = [sys.executable, "-c", KEEPER, str(tmp_path / "live.db"), str(tmp_path / "ledger")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(random.Random(seed).uniform(0.02, 0.4))
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    known = read_beats(tmp_path / "ledger")
    with closing(ENGINE.connect(target)) as session:
        there = number_in(ENGINE, session, "me") or 0
        newest = known.beats[-1].number if known.beats else 0
        assert newest <= there <= newest + 1  # the last may be committed and not yet written down
        assert [one.number for one in known.beats] == list(range(1, newest + 1))
        with writing(ENGINE, tmp_path / "ledger", "me") as ledger:
            assert beat(session, ledger, datetime.now(UTC)).number == there + 1
