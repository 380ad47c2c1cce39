"""The server is killed under concurrent writers, its disk is lost, and it is restored: what of that which it
acknowledged is gone?

One bounded round by default, one of each method in the long form; `python -m benchmarks.rounds` runs ten of each and
writes what they measured.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql.clusters import MAJORS
from tests.recovery.archived import Archived
from tests.recovery.rounds import WAYS, one_round, sqlite_round

from dbdeed.app.backup import list_backups, run_backup
from dbdeed.app.restore import OverLive, restore_backup
from dbdeed.app.server import stop
from dbdeed.errors import InvalidInput, Refused
from dbdeed.recovery import receiving

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.postgresql
NEWEST = MAJORS[-1] if MAJORS else 0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "SENT_EVERY", 2.0)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (way.synchronous is not True))
        for name, way in WAYS.items()
    ],
)
def test_what_a_round_loses(tmp_path: Path, name: str) -> None:
    way = WAYS[name]
    found = one_round(tmp_path, way, NEWEST, random.Random(name), 300, longest=1)
    assert found.acknowledged >= 300
    if way.synchronous:
        assert found.lost == 0, found
    else:
        assert found.lost < found.acknowledged, "some of it was in the backup"


def test_what_a_round_of_sqlite_loses(tmp_path: Path) -> None:
    found = sqlite_round(tmp_path, random.Random(1), 100, longest=0.5)
    assert 0 <= found.lost < found.acknowledged, found
    assert found.acknowledged >= 100


@pytest.mark.slow
def test_a_moment_from_a_sealed_store(tmp_path: Path) -> None:
    place = Archived(tmp_path / "place", NEWEST, environment={"BACKUP_KEY": os.urandom(32).hex()})
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


def until_passes(place: Archived, moment: datetime) -> bool:
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
    place = Archived(tmp_path / "place", major)
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


def opened(place: Archived, data: Path) -> set[tuple[int, int]]:
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
