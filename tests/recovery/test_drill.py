"""Drills on real databases: what is green was looked at, and what is wrong is never green."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from dbdeed.document.values.types import System
from dbdeed.engines.faults import RestoreFailed
from dbdeed.engines.recovering import BackupFacts
from dbdeed.engines.registry import engine_for
from dbdeed.engines.seam import Session, Target
from dbdeed.errors import DbdeedError, InvalidInput, Unavailable
from dbdeed.progress import SILENT
from dbdeed.recovery.drill import drill
from dbdeed.recovery.drill_plan import Clocks, Plan, Promises
from dbdeed.recovery.manifest import Proof, Verdict
from dbdeed.recovery.take import take_backup

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.recovering import BackupMethod
    from dbdeed.engines.seam import Engine
    from dbdeed.progress import Progress
    from dbdeed.recovery.manifest import Manifest
    from dbdeed.recovery.store import FolderStore

ENGINE: Engine = engine_for(System.SQLITE)
ONLINE = next(one for one in ENGINE.backup_methods() if one.name == "online")


@pytest.fixture
def target(tmp_path: Path) -> Target:
    file = tmp_path / "live.db"
    with closing(sqlite3.connect(file)) as live, live:
        live.executescript(
            """
            CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
            CREATE TABLE books (id INTEGER PRIMARY KEY, author INTEGER REFERENCES authors, title TEXT);
            INSERT INTO authors VALUES (1, 'Ursula'), (2, 'Stanisław');
            INSERT INTO books VALUES (1, 1, 'The Dispossessed'), (2, 2, 'Solaris'), (3, NULL, NULL);
            """
        )
    return Target(f"sqlite:///{file}", "live.db")


def catalog_of(target: Target) -> Catalog:
    with closing(ENGINE.connect(target)) as session:
        return ENGINE.inspect(session)


def take(
    store: FolderStore, target: Target, method: BackupMethod = ONLINE, engine: Engine = ENGINE
) -> Manifest:
    return take_backup(
        engine, method, target, store, project="me", progress=SILENT,
        now=lambda: datetime.now(UTC), token=lambda: os.urandom(4).hex(),
    )  # fmt: skip


@pytest.fixture
def prove(store: FolderStore, target: Target, tmp_path: Path) -> Prove:
    return Prove(store, target, tmp_path)


class Prove:
    """Runs a drill with everything right but what a test changes."""

    def __init__(self, store: FolderStore, target: Target, tmp_path: Path) -> None:
        self.store, self.tmp_path = store, tmp_path
        self.expected: Catalog | None = catalog_of(target)

    def __call__(
        self,
        *,
        promises: Promises | None = None,
        backup: str = "",
        engine: Engine = ENGINE,
        later: timedelta = timedelta(),
    ) -> Proof:
        work = self.tmp_path / "work"
        work.mkdir(exist_ok=True)
        plan = Plan(engine, self.store, "me", work, self.expected, promises or Promises(), backup)
        proof = drill(plan, Clocks(lambda: datetime.now(UTC) + later, time.monotonic), SILENT)
        for one in work.iterdir():
            one.unlink()
        return proof


def verdicts(proof: Proof) -> dict[str, Verdict]:
    return {check.name: check.verdict for check in proof.checks}


def problems(proof: Proof) -> str:
    return " ".join(problem for check in proof.checks for problem in check.problems)


def test_a_sound_backup_is_proven_and_timed(store: FolderStore, target: Target, prove: Prove) -> None:
    manifest = take(store, target)
    proof = prove(promises=Promises(timedelta(hours=1), timedelta(minutes=1)))
    assert proof.verdict is Verdict.PROVEN, problems(proof)
    assert proof.backup == manifest.id
    assert {"restore", "tables", "schema", "files", "recovery point", "recovery time"} <= verdicts(
        proof
    ).keys()
    assert proof.phases[0].name == "Find the backup"
    assert proof.phases[-1].name == "First right answer"
    assert proof.recovery_seconds is not None
    assert sum(phase.seconds for phase in proof.phases) <= proof.recovery_seconds
    assert proof.loss_seconds is not None
    assert 0 <= proof.loss_seconds < 60


def test_without_a_backup_nothing_is_verified(prove: Prove) -> None:
    assert prove().verdict is Verdict.NOT_VERIFIED
    with pytest.raises(InvalidInput):
        prove(backup="20260301T120000Z-online-00000000")


def test_the_newest_backup_is_the_one_that_is_drilled(
    store: FolderStore, target: Target, prove: Prove
) -> None:
    older, newer = take(store, target), take(store, target)
    assert prove().backup == newer.id
    assert prove(backup=older.id).backup == older.id


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    match how:
        case "flipped at the start":
            path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
        case "flipped in the middle":
            middle = len(data) // 2
            path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
        case "truncated":
            path.write_bytes(data[: len(data) // 2])
        case "emptied":
            path.write_bytes(b"")
        case "removed":
            path.unlink()


@pytest.mark.parametrize("file", ["manifest.json", "data/database.db"])
@pytest.mark.parametrize(
    "how", ["flipped at the start", "flipped in the middle", "truncated", "emptied", "removed"]
)
def test_damage_anywhere_fails_the_drill(
    store: FolderStore, target: Target, prove: Prove, file: str, how: str
) -> None:
    take(store, target)
    damaged = take(store, target)
    damage(store.root / damaged.id / file, how)
    proof = prove()
    assert proof.verdict is Verdict.FAILED
    assert proof.damages


def test_a_row_that_is_not_there_fails_the_drill(store: FolderStore, target: Target, prove: Prove) -> None:
    class Forgets(type(ONLINE)):  # type: ignore[misc]
        """Counts what it does not copy."""

        def take(self, target: Target, folder: Path, progress: Progress) -> BackupFacts:
            facts: BackupFacts = super().take(target, folder, progress)
            with closing(sqlite3.connect(folder / "database.db")) as copy, copy:
                copy.execute("DELETE FROM books WHERE id = 3")
                copy.execute("UPDATE authors SET name = 'Stanislaw' WHERE id = 2")
            return facts

    take(store, target, Forgets())
    proof = prove()
    assert verdicts(proof)["tables"] is Verdict.FAILED
    assert "has 2 rows in place of 3" in problems(proof)
    assert "not the same ones" in problems(proof)


def test_another_schema_fails_the_drill(store: FolderStore, target: Target, prove: Prove) -> None:
    take(store, target)
    with closing(ENGINE.connect(target)) as session:
        session.execute("ALTER TABLE books ADD COLUMN year INTEGER")
    prove.expected = catalog_of(target)
    proof = prove()
    assert verdicts(proof)["schema"] is Verdict.FAILED
    assert verdicts(proof)["tables"] is Verdict.PROVEN
    assert "year" in problems(proof)


def test_what_was_not_looked_at_is_never_green(store: FolderStore, target: Target, prove: Prove) -> None:
    take(store, target)
    prove.expected = None
    proof = prove()
    assert proof.verdict is Verdict.NOT_VERIFIED
    assert verdicts(proof)["schema"] is Verdict.NOT_VERIFIED


def test_a_backup_without_counts_is_not_verified(store: FolderStore, target: Target, prove: Prove) -> None:
    class Blind(type(ONLINE)):  # type: ignore[misc]
        def take(self, target: Target, folder: Path, progress: Progress) -> BackupFacts:
            facts: BackupFacts = super().take(target, folder, progress)
            return replace(facts, tables={}, notes=("Somebody wrote.",))

    take(store, target, Blind())
    proof = prove()
    assert verdicts(proof)["tables"] is Verdict.NOT_VERIFIED
    assert proof.verdict is Verdict.NOT_VERIFIED
    assert "Somebody wrote." in problems(proof)


class Broken:
    """The engine, its restores failing."""

    def __init__(self, error: DbdeedError) -> None:
        self.error = error

    def __getattr__(self, name: str) -> object:
        return getattr(ENGINE, name)

    def backup_methods(self) -> list[object]:
        error: DbdeedError | None = self.error

        class Fails(type(ONLINE)):  # type: ignore[misc]
            @contextmanager
            def restored(
                self, folder: Path, work: Path, progress: Progress, *, spend: bool = False
            ) -> Iterator[Session]:
                if error is not None:
                    raise error
                with super().restored(folder, work, progress, spend=spend) as session:
                    yield session

        return [Fails()]


def test_what_could_not_be_run_is_not_verified(store: FolderStore, target: Target, prove: Prove) -> None:
    take(store, target)
    engine: Engine = Broken(Unavailable("No programs.", hint="Install them."))  # type: ignore[assignment]
    proof = prove(engine=engine)
    assert proof.verdict is Verdict.NOT_VERIFIED
    assert not proof.damages
    assert proof.recovery_seconds is None
    assert "No programs. Install them." in problems(proof)


def test_a_restore_that_fails_is_a_no(store: FolderStore, target: Target, prove: Prove) -> None:
    take(store, target)
    engine: Engine = Broken(RestoreFailed("The log has a hole."))  # type: ignore[assignment]
    proof = prove(engine=engine, promises=Promises(rto=timedelta(hours=1)))
    assert proof.verdict is Verdict.FAILED
    assert verdicts(proof)["recovery time"] is Verdict.NOT_VERIFIED


def test_broken_references_fail_the_drill(store: FolderStore, target: Target, prove: Prove) -> None:
    with closing(ENGINE.connect(target)) as session:
        session.execute("PRAGMA foreign_keys = off")
        session.execute("INSERT INTO books VALUES (4, 99, 'Nobody''s')")
    take(store, target)
    proof = prove()
    assert verdicts(proof)["foreign keys"] is Verdict.FAILED


def test_a_missed_objective_is_a_no_and_not_the_backups_fault(
    store: FolderStore, target: Target, prove: Prove
) -> None:
    take(store, target)
    proof = prove(promises=Promises(timedelta(hours=1), timedelta(0)), later=timedelta(hours=2))
    assert verdicts(proof)["recovery point"] is Verdict.FAILED
    assert verdicts(proof)["recovery time"] is Verdict.FAILED
    assert proof.verdict is Verdict.FAILED
    assert not proof.damages
    assert proof.loss_seconds is not None
    assert proof.loss_seconds > 7000
