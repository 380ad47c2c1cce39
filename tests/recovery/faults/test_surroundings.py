"""A full disk, a wrong key, a wrong clock, a store that goes away, two at once: each with its verdict, and nothing is lost.

Each has a shorter sibling that every change must pass, in `test_s3`, `test_packed` and `test_agent`.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.recovery.disks import filled, small_disk
from tests.recovery.faults.places import Place

from dbdeed.app import backup as app_backup
from dbdeed.app.drill import run_drill
from dbdeed.app.prune import prune_backups
from dbdeed.app.restore import restore_backup
from dbdeed.engines.sqlite import backup as sqlite_backup
from dbdeed.errors import Unavailable
from dbdeed.recovery.keys import WrongKey
from dbdeed.recovery.manifest import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.recovery import gateway
    from tests.recovery.faults.conftest import Make


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "4m") as place:
        yield place


@pytest.mark.parametrize("kind", [pytest.param("folder", marks=pytest.mark.slow), "sealed"])
def test_a_full_disk(make: Make, disk: Path, kind: str) -> None:
    place = make(kind)
    place.store = disk / "store"
    place.environment["STORE"] = str(place.store)
    first = place.back_up()
    with filled(disk):
        with pytest.raises(Unavailable, match=r"space|full"):
            place.back_up()
        assert place.ids() == [first.id]
    assert place.drilled(first.id) is Verdict.PROVEN
    place.writing()
    place.require_sound()


@pytest.mark.parametrize("kind", [pytest.param(one, marks=pytest.mark.slow) for one in ("sealed", "s3")])
def test_a_wrong_key(make: Make, kind: str) -> None:
    place = make(kind)
    place.back_up()
    right, place.environment["BACKUP_KEY"] = place.environment["BACKUP_KEY"], "cd" * 32
    assert place.drilled() is not Verdict.PROVEN
    assert Verdict.PROVEN not in place.verified()
    with pytest.raises(WrongKey):
        place.back_up()
    place.environment["BACKUP_KEY"] = right
    place.require_sound()


@pytest.mark.parametrize(
    "kind", ["folder", *(pytest.param(one, marks=pytest.mark.slow) for one in ("sealed", "s3"))]
)
def test_a_clock_that_was_a_year_ahead_for_a_while(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    """What was backed up then is not taken for the newest once the clock is right, and pushes nothing out."""
    place = make(kind, 1)
    place.document.write_text(place.document.read_text().replace("2 backups", "1 backup"))
    with monkeypatch.context() as wrong:
        for module in (app_backup, sqlite_backup):
            name = "utc_now" if module is app_backup else "_now"
            wrong.setattr(module, name, lambda: datetime.now(UTC) + timedelta(days=365))
        ahead = place.back_up()
    assert ahead.consistent_at > datetime.now(UTC) + timedelta(days=300)
    with closing(sqlite3.connect(place.project.file)) as live, live:
        live.execute("INSERT INTO notes (text) VALUES ('acknowledged after')")
    right = place.back_up()
    prune_backups(place.document, environment=place.environment)
    assert right.id in place.ids()
    proof = run_drill(place.document, environment=place.environment).proof
    assert (proof.backup, proof.verdict) == (right.id, Verdict.PROVEN)
    restored = restore_backup(place.document, into=str(tmp_path / "copy.db"), environment=place.environment)
    assert restored.backup.id == right.id
    place.require_sound()


@pytest.mark.slow
def test_a_store_that_goes_away_and_comes_back(make: Make, s3: gateway.Gateway) -> None:
    place = make("s3")
    first = place.back_up()
    process = place.start("backup", "run")
    try:
        s3.stop()
        assert process.wait(120) == 3
    finally:
        s3.start()
    place.a_minute_passes()
    assert first.id in place.ids()
    place.require_sound()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["s3", "sealed"])
def test_two_agents_of_one_store(make: Make, tmp_path: Path, kind: str) -> None:
    """Two machines with the same document: one works, the other is told so and tries again."""
    here = make(kind)
    there = Place(kind, tmp_path / "another machine", here.gateway)
    there.store = here.store
    for name in ("STORE",):
        there.environment[name] = here.environment[name]
    (there.project.folder / ".dbdeed").mkdir(exist_ok=True)
    made = here.back_up()
    (there.project.folder / ".dbdeed" / "id").write_text((here.project.folder / ".dbdeed" / "id").read_text())
    for _ in range(1 if kind == "s3" else 5):
        both = [one.start("backup", "run") for one in (here, there)]
        codes = sorted(one.wait(120) for one in both)
        assert codes in ([0, 0], [0, 3])
    assert made.id in here.ids()
    assert here.ids() == there.ids()
    assert len(here.ids()) >= 2
    here.require_sound()
